/** The feed beside the servers: what they do and are refused, as it happens. All of it is in the activity view. */
import { BellOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { useRef } from 'react';
import { useStore } from 'zustand';
import { activityWords } from '#contract/sentences.ts';
import { countWords, plural } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { MutedDialog } from '../activity/mute-dialogs.tsx';
import { ActivityLog } from '../activity/activity-log.tsx';
import { RouteLink } from '../navigation/route-link.tsx';
import { FeedBody, PauseButton } from './feed-body.tsx';
import { FeedFilters } from './feed-filters.tsx';
import { formatFilter } from './feed-filter.ts';

export function FeedPane(): ReactNode {
  const panel = usePanel();
  const rows = useStore(panel.feed, (state) => state.visible);
  const loaded = useStore(panel.feed, (state) => state.loaded);
  const total = useStore(panel.feed, (state) => state.total);
  const dropped = useStore(panel.feed, (state) => state.dropped);
  const filter = useStore(panel.feed, (state) => state.filter);
  const muted = useStore(panel.feed, (state) => (state.showMuted ? 0 : state.muted));
  const mutes = useStore(panel.feed, (state) => state.mutes.length);
  const mutedDialog = useRef<() => void>(() => undefined);
  return (
    <section className="pane pane-feed" aria-labelledby="feed-title">
      <header className="pane-head">
        <h2 id="feed-title" className="pane-title" tabIndex={-1}>
          Live feed
        </h2>
        {total > 0 && (
          <p className="pane-facts">
            {rows.length === total
              ? plural(total, 'row', 'rows')
              : `${countWords(rows.length)} of ${plural(total, 'row', 'rows')}`}
            {muted > 0 && `, ${activityWords.muted(countWords(muted))}`}
            {dropped > 0 && <span>, {activityWords.olderElsewhere}</span>}
          </p>
        )}
        <div className="pane-actions">
          <RouteLink
            className="button button-small button-quiet"
            to={{ name: 'activity', query: formatFilter(filter) }}
          >
            {activityWords.all}
          </RouteLink>
          {mutes > 0 && (
            <button
              type="button"
              className="button button-small"
              onClick={() => {
                mutedDialog.current();
              }}
            >
              <BellOff aria-hidden="true" /> {activityWords.mutedButton(mutes)}
            </button>
          )}
          <PauseButton />
        </div>
      </header>
      <FeedFilters />
      <FeedBody rows={rows} label="Live feed, newest first" />
      <MutedDialog
        onOpener={(open) => {
          mutedDialog.current = open;
        }}
      />
      {/* What was there when the page came is no news. */}
      {loaded && <ActivityLog />}
    </section>
  );
}
