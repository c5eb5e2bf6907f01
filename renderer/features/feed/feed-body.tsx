/** The rows of the feed with everything around them: what waits above, nothing to see, still loading. */
import { ArrowUp, BellOff, Pause, Play, Radio, Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { useCallback, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { activityWords } from '#contract/sentences.ts';
import { countWords, plural } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { isEverything } from './feed-filter.ts';
import type { FeedListProps } from './feed-list.tsx';
import { FeedList } from './feed-list.tsx';

function Nothing(): ReactNode {
  const panel = usePanel();
  const filter = useStore(panel.feed, (state) => state.filter);
  const total = useStore(panel.feed, (state) => state.total);
  const anyServer = useStore(panel.servers, (state) => state.servers.size > 0);
  const anySeen = useStore(panel.servers, (state) =>
    [...state.servers.values()].some((server) => server.level !== 'off'),
  );
  const muted = useStore(panel.feed, (state) => (state.showMuted ? 0 : state.muted));
  if (total > 0 && muted === total) {
    return (
      <div className="feed-nothing">
        <BellOff aria-hidden="true" />
        <h3>{activityWords.allMuted}</h3>
        <p>{activityWords.allMutedWhy}</p>
        <button
          type="button"
          className="button"
          onClick={() => {
            panel.feed.actions.showMuted(true);
          }}
        >
          {activityWords.showMuted(countWords(muted))}
        </button>
      </div>
    );
  }
  if (!isEverything(filter) && total > 0) {
    return (
      <div className="feed-nothing">
        <Search aria-hidden="true" />
        <h3>Nothing matches</h3>
        <p>
          {plural(total, 'row is', 'rows are')} hidden by the filter{muted > 0 && ', or muted'}.
        </p>
        <button type="button" className="button" onClick={panel.feed.actions.clearFilter}>
          Show everything
        </button>
      </div>
    );
  }
  return (
    <div className="feed-nothing">
      <Radio aria-hidden="true" />
      <h3>{anySeen ? 'Quiet so far' : 'Nothing to see yet'}</h3>
      <p>
        {anySeen
          ? 'As soon as a server reads, starts or reaches something, it stands here.'
          : anyServer
            ? 'Choose a level for a server. What it does and what it is refused then stands here as it happens.'
            : 'What servers do, and what they are refused, stands here as it happens.'}
      </p>
    </div>
  );
}

export function PauseButton(): ReactNode {
  const panel = usePanel();
  const { actions } = panel.feed;
  const paused = useStore(panel.feed, (state) => state.holds.has('paused'));
  return (
    <button
      type="button"
      className="button button-small"
      aria-pressed={paused}
      onClick={() => {
        if (paused) actions.letGo('paused');
        else actions.hold('paused');
      }}
    >
      {paused ? <Play aria-hidden="true" /> : <Pause aria-hidden="true" />}
      {paused ? 'Resume' : 'Pause'}
    </button>
  );
}

/** `nothing`: what stands there instead of "nothing to see". */
export function FeedBody({
  nothing,
  ...list
}: Omit<FeedListProps, 'onTop' | 'onDeep'> & { nothing?: ReactNode }): ReactNode {
  const panel = usePanel();
  const { actions } = panel.feed;
  const loaded = useStore(panel.feed, (state) => state.loaded);
  const waiting = useStore(panel.feed, (state) => state.waiting);
  const paused = useStore(panel.feed, (state) => state.holds.has('paused'));
  const [deep, setDeep] = useState(false);
  const visible = list.rows.length;
  const toTop = useRef<() => void>(() => undefined);
  const keepToTop = useCallback((scrollToTop: () => void) => {
    toTop.current = scrollToTop;
  }, []);

  function showWaiting(): void {
    toTop.current();
    actions.letGo('paused');
    actions.letGo('in-use');
    actions.letGo('scrolled');
  }

  return (
    <div className="feed-body">
      {(waiting > 0 || paused || deep) && (
        <button
          type="button"
          className="waiting"
          data-paused={paused || undefined}
          onClick={showWaiting}
          onBlur={({ relatedTarget: to }) => {
            if (!(to instanceof Element) || to.closest('.feed-scroll') === null) actions.letGo('in-use');
          }}
        >
          {paused ? <Pause aria-hidden="true" /> : <ArrowUp aria-hidden="true" />}
          {paused && 'Paused'}
          {paused && waiting > 0 && ' · '}
          {waiting > 0 && `${plural(waiting, 'row', 'rows')} waiting`}
          {!paused && waiting === 0 && activityWords.toNow}
        </button>
      )}
      {visible > 0 && <FeedList {...list} onTop={keepToTop} onDeep={setDeep} />}
      {loaded && visible === 0 && (nothing ?? <Nothing />)}
      {!loaded && (
        <div className="loading" aria-hidden="true">
          {[0, 1, 2, 3, 4].map((index) => (
            <div key={index} className="loading-row">
              <span className="skeleton skeleton-dot" />
              <span className="skeleton skeleton-line" />
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
