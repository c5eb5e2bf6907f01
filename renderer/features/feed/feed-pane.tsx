/** The right half: what servers do and are refused, as it happens. */
import { ArrowUp, Pause, Play, Radio, Search, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { Verdict } from '#contract/words.ts';
import { verdictSchema } from '#contract/words.ts';
import { countWords, elideMiddle, plural, visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import type { KindGroup } from './feed-filter.ts';
import { isEverything, kindGroups, kindGroupTitles } from './feed-filter.ts';
import { FeedList } from './feed-list.tsx';

const verdictTitles: Record<Verdict, string> = { refused: 'Refused', allowed: 'Allowed', asked: 'Asked' };
/** Typing filters when it pauses: a search through a full feed takes longer than a keystroke. */
const typingMs = 120;

function isKindGroup(value: string): value is KindGroup {
  return Object.hasOwn(kindGroups, value);
}

function TextFilter(): ReactNode {
  const panel = usePanel();
  const wanted = useStore(panel.feed, (state) => state.filter.text);
  const [typed, setTyped] = useState(wanted);
  const [seen, setSeen] = useState(wanted);
  // Cleared from elsewhere: the field follows.
  if (seen !== wanted) {
    setSeen(wanted);
    setTyped(wanted);
  }
  useEffect(() => {
    if (typed === wanted) return undefined;
    const timer = setTimeout(() => {
      panel.feed.actions.setFilter({ text: typed });
    }, typingMs);
    return () => {
      clearTimeout(timer);
    };
  }, [typed, wanted, panel]);
  return (
    <label className="filter-text">
      <Search aria-hidden="true" />
      <span className="visually-hidden">Search the feed</span>
      <input
        type="search"
        className="field"
        placeholder="Search paths, hosts, programs"
        value={typed}
        maxLength={400}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setTyped(event.target.value);
        }}
      />
    </label>
  );
}

function Filters(): ReactNode {
  const panel = usePanel();
  const { actions } = panel.feed;
  const filter = useStore(panel.feed, (state) => state.filter);
  const servers = useStore(panel.servers, (state) => state.servers);
  const known = filter.server === null || servers.has(filter.server);
  return (
    <div className="filters" role="search" aria-label="Filter the feed">
      <TextFilter />
      <select
        className="field"
        aria-label="Server"
        value={filter.server ?? ''}
        onChange={(event) => {
          actions.setFilter({ server: event.target.value === '' ? null : event.target.value });
        }}
      >
        <option value="">All servers</option>
        {[...servers.values()].map((server) => (
          <option key={server.id} value={server.id}>
            {elideMiddle(visibleText(server.handle), 60)}
          </option>
        ))}
        {!known && <option value={filter.server ?? ''}>{filter.server}</option>}
      </select>
      <select
        className="field"
        aria-label="Kind"
        value={filter.kind ?? ''}
        onChange={(event) => {
          actions.setFilter({ kind: isKindGroup(event.target.value) ? event.target.value : null });
        }}
      >
        <option value="">All kinds</option>
        {Object.entries(kindGroupTitles).map(([group, title]) => (
          <option key={group} value={group}>
            {title}
          </option>
        ))}
      </select>
      <select
        className="field"
        aria-label="Verdict"
        value={filter.verdict ?? ''}
        onChange={(event) => {
          const verdict = verdictSchema.safeParse(event.target.value);
          actions.setFilter({ verdict: verdict.success ? verdict.data : null });
        }}
      >
        <option value="">All verdicts</option>
        {Object.entries(verdictTitles).map(([verdict, title]) => (
          <option key={verdict} value={verdict}>
            {title}
          </option>
        ))}
      </select>
      {!isEverything(filter) && (
        <button type="button" className="button button-quiet" onClick={actions.clearFilter}>
          <X aria-hidden="true" /> Clear
        </button>
      )}
    </div>
  );
}

function Nothing(): ReactNode {
  const panel = usePanel();
  const filter = useStore(panel.feed, (state) => state.filter);
  const total = useStore(panel.feed, (state) => state.total);
  const anyServer = useStore(panel.servers, (state) => state.servers.size > 0);
  const anySeen = useStore(panel.servers, (state) =>
    [...state.servers.values()].some((server) => server.level !== 'off'),
  );
  if (!isEverything(filter) && total > 0) {
    return (
      <div className="feed-nothing">
        <Search aria-hidden="true" />
        <h3>Nothing matches</h3>
        <p>{plural(total, 'row is', 'rows are')} hidden by the filter.</p>
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

export function FeedPane(): ReactNode {
  const panel = usePanel();
  const { actions } = panel.feed;
  const visible = useStore(panel.feed, (state) => state.visible.length);
  const total = useStore(panel.feed, (state) => state.total);
  const dropped = useStore(panel.feed, (state) => state.dropped);
  const loaded = useStore(panel.feed, (state) => state.loaded);
  const waiting = useStore(panel.feed, (state) => state.waiting);
  const paused = useStore(panel.feed, (state) => state.holds.has('paused'));
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
    <section className="pane pane-feed" aria-labelledby="feed-title">
      <header className="pane-head">
        <h2 id="feed-title" className="pane-title" tabIndex={-1}>
          Live feed
        </h2>
        {total > 0 && (
          <p className="pane-facts">
            {visible === total
              ? plural(total, 'row', 'rows')
              : `${countWords(visible)} of ${plural(total, 'row', 'rows')}`}
            {dropped > 0 && <span title="See them with: belljar events">, older ones left the page</span>}
          </p>
        )}
        <div className="pane-actions">
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
        </div>
      </header>
      <Filters />
      <div className="feed-body">
        {(waiting > 0 || paused) && (
          <button type="button" className="waiting" data-paused={paused || undefined} onClick={showWaiting}>
            {paused ? <Pause aria-hidden="true" /> : <ArrowUp aria-hidden="true" />}
            {paused && 'Paused'}
            {paused && waiting > 0 && ' · '}
            {waiting > 0 && `${plural(waiting, 'row', 'rows')} waiting`}
          </button>
        )}
        {visible > 0 && <FeedList onTop={keepToTop} />}
        {loaded && visible === 0 && <Nothing />}
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
    </section>
  );
}
