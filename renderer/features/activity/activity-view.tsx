/**
 * Everything that servers did and were refused, over all of them: live on top, back to the edge of the history below, in
 * rows or in groups. The filter stands in the address, so that a view can be kept and handed on.
 */
import { BellOff, Download, Layers, ListTree } from 'lucide-react';
import type { ReactNode } from 'react';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useStore } from 'zustand';
import type { ErrorBody } from '#contract/errors.ts';
import { activityWords, storageWords } from '#contract/sentences.ts';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { countWords, plural } from '../../lib/text.ts';
import { dayAndTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';
import { FeedBody, PauseButton } from '../feed/feed-body.tsx';
import { formatFilter, isEverything, parseFilter } from '../feed/feed-filter.ts';
import { FeedFilters } from '../feed/feed-filters.tsx';
import { ViewHeading } from '../navigation/view-heading.tsx';
import { groupsShown } from './activity-store.ts';
import { ActivityLog } from './activity-log.tsx';
import { MuteDialog, MutedDialog } from './mute-dialogs.tsx';
import './activity.css';

/** Groups are counted anew so often while something comes in. */
const regroupMs = 5000;

/** The address and the filter say the same: the address wins when it changes, the filter when somebody uses it. */
function useFilterInAddress(): void {
  const panel = usePanel();
  const route = useStore(panel.navigation, (state) => state.route);
  const filter = useStore(panel.feed, (state) => state.filter);
  const query = route.name === 'activity' ? route.query : null;
  const seen = useRef<string | null>(null);
  useEffect(() => {
    if (query === null) return;
    const said = formatFilter(panel.feed.getState().filter);
    if (query !== seen.current) {
      seen.current = query;
      if (query !== said) panel.feed.actions.setFilter(parseFilter(query, panel.clock.now()));
    } else if (query !== said) {
      seen.current = said;
      panel.navigation.actions.go({ name: 'activity', query: said }, { replace: true });
    }
  }, [panel, query, filter]);
}

function Facts(): ReactNode {
  const panel = usePanel();
  const live = useStore(panel.feed, (state) => state.visible.length);
  const total = useStore(panel.feed, (state) => state.total);
  const muted = useStore(panel.feed, (state) => (state.showMuted ? 0 : state.muted));
  const filtered = useStore(panel.feed, (state) => !isEverything(state.filter));
  const earlier = useStore(panel.activity, (state) => state.earlier.length);
  const grouped = useStore(panel.activity, (state) => state.grouped);
  const groups = useStore(panel.activity, (state) => state.groups.length);
  if (total === 0 && earlier === 0 && groups === 0) return null;
  const rows = filtered ? `${countWords(live)} of ${plural(total, 'row', 'rows')}` : plural(live, 'row', 'rows');
  return (
    <p className="pane-facts">
      {grouped ? plural(groups, 'group', 'groups') : rows}
      {!grouped && earlier > 0 && `, ${activityWords.earlier(countWords(earlier))}`}
      {muted > 0 && `, ${activityWords.muted(countWords(muted))}`}
    </p>
  );
}

function Tools({ onMuted }: { onMuted: () => void }): ReactNode {
  const panel = usePanel();
  const { actions } = panel.activity;
  const grouped = useStore(panel.activity, (state) => state.grouped);
  const exporting = useStore(panel.activity, (state) => state.exporting);
  const mutes = useStore(panel.feed, (state) => state.mutes.length);
  return (
    <div className="pane-actions" role="group" aria-label={activityWords.tools}>
      <button
        type="button"
        className="button button-small"
        aria-pressed={grouped}
        onClick={() => {
          actions.group(!grouped);
        }}
      >
        {grouped ? <ListTree aria-hidden="true" /> : <Layers aria-hidden="true" />} {activityWords.group}
      </button>
      <button type="button" className="button button-small" onClick={onMuted}>
        <BellOff aria-hidden="true" /> {activityWords.mutedButton(mutes)}
      </button>
      {exporting === null ? (
        <>
          <button type="button" className="button button-small" onClick={() => void actions.exportEvents('jsonl')}>
            <Download aria-hidden="true" /> {activityWords.exportAs.jsonl}
          </button>
          <button type="button" className="button button-small" onClick={() => void actions.exportEvents('csv')}>
            <Download aria-hidden="true" /> {activityWords.exportAs.csv}
          </button>
        </>
      ) : (
        <button type="button" className="button button-small" onClick={actions.cancelExport}>
          {activityWords.exporting(countWords(exporting.events))}
        </button>
      )}
      <PauseButton />
    </div>
  );
}

function FailedTail({ error }: { error: ErrorBody }): ReactNode {
  const panel = usePanel();
  return (
    <div className="feed-tail">
      <ErrorNote error={error} />
      <button type="button" className="button" onClick={() => void panel.activity.actions.retry()}>
        {activityWords.retry}
      </button>
    </div>
  );
}

/** What stands behind the last row. */
function Tail(): ReactNode {
  const panel = usePanel();
  const { phase, error, searchedTo, behind } = useStore(panel.activity);
  const now = panel.clock.now();
  if (phase === 'failed' && error !== null) return <FailedTail error={error} />;
  return (
    <div className="feed-tail">
      {behind !== null && <Note tone="warn">{storageWords.behind[behind]}</Note>}
      {phase === 'loading' && <p>{activityWords.loadingEarlier}</p>}
      {phase === 'full' && <p>{activityWords.full}</p>}
      {phase === 'done' && <p>{activityWords.noMore}</p>}
      {phase === 'idle' && (
        <>
          {searchedTo !== null && <p>{activityWords.searchedTo(dayAndTime(searchedTo, now))}</p>}
          <button type="button" className="button" onClick={() => void panel.activity.actions.loadEarlier()}>
            {activityWords.loadMore}
          </button>
        </>
      )}
    </div>
  );
}

function GroupsTail(): ReactNode {
  const panel = usePanel();
  const { groups, groupsPhase, error, countedSince, behind } = useStore(panel.activity);
  if (groupsPhase === 'failed' && error !== null) return <FailedTail error={error} />;
  return (
    <div className="feed-tail">
      {behind !== null && <Note tone="warn">{storageWords.behind[behind]}</Note>}
      {groupsPhase === 'loading' && <p>{activityWords.counting}</p>}
      {groups.length >= groupsShown && <p>{activityWords.groupsCut(groupsShown)}</p>}
      {countedSince !== null && <p>{storageWords.countedSince(dayAndTime(countedSince, panel.clock.now()))}</p>}
    </div>
  );
}

function Groups(): ReactNode {
  const panel = usePanel();
  const groups = useStore(panel.activity, (state) => state.groups);
  const phase = useStore(panel.activity, (state) => state.groupsPhase);
  const heard = useRef(panel.feed.getState().heard.events);
  useEffect(() => {
    const timer = setInterval(() => {
      const { holds, heard: now } = panel.feed.getState();
      if (now.events === heard.current || holds.size > 0) return;
      heard.current = now.events;
      void panel.activity.actions.loadGroups();
    }, regroupMs);
    return () => {
      clearInterval(timer);
    };
  }, [panel]);
  return (
    <FeedBody
      rows={groups}
      label={activityWords.groupsLabel}
      tail={<GroupsTail />}
      onMute={panel.activity.actions.askToMute}
      {...(phase === 'loading' || phase === 'failed' ? { nothing: <GroupsTail /> } : {})}
    />
  );
}

function Rows(): ReactNode {
  const panel = usePanel();
  const live = useStore(panel.feed, (state) => state.visible);
  const earlier = useStore(panel.activity, (state) => state.earlier);
  const phase = useStore(panel.activity, (state) => state.phase);
  const behind = useStore(panel.activity, (state) => state.behind);
  const loaded = useStore(panel.feed, (state) => state.loaded);
  const rows = useMemo(() => (earlier.length === 0 ? live : [...live, ...earlier]), [live, earlier]);
  const { loadEarlier, askToMute } = panel.activity.actions;
  const onNearEnd = useCallback(() => void loadEarlier(), [loadEarlier]);
  // Nothing on the screen: what there is may all be in the history.
  useEffect(() => {
    if (loaded && rows.length === 0 && phase === 'idle') void loadEarlier();
  }, [loaded, rows, phase, loadEarlier]);
  return (
    <FeedBody
      rows={rows}
      label={activityWords.label}
      onNearEnd={onNearEnd}
      tail={<Tail />}
      earlierFrom={earlier.length === 0 ? -1 : live.length}
      onMute={askToMute}
      {...(phase === 'done' && behind === null ? {} : { nothing: <Tail /> })}
    />
  );
}

export function ActivityView(): ReactNode {
  const panel = usePanel();
  const grouped = useStore(panel.activity, (state) => state.grouped);
  const mutedDialog = useRef<() => void>(() => undefined);
  useFilterInAddress();
  return (
    <main className="view activity">
      <section className="pane pane-feed" aria-labelledby="view-title">
        <header className="pane-head">
          <ViewHeading title={activityWords.title} />
          <Facts />
          <Tools
            onMuted={() => {
              mutedDialog.current();
            }}
          />
        </header>
        <FeedFilters />
        {grouped ? <Groups /> : <Rows />}
        <ActivityLog />
      </section>
      <MuteDialog />
      <MutedDialog
        onOpener={(open) => {
          mutedDialog.current = open;
        }}
      />
    </main>
  );
}
