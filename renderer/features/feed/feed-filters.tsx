/** What the feed is filtered by: text, server, kind, verdict and time. One filter for every view that shows the feed. */
import { Search, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { Verdict } from '#contract/words.ts';
import { verdictSchema } from '#contract/words.ts';
import { elideMiddle, visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import type { KindGroup, TimeRange } from './feed-filter.ts';
import {
  filterTextMax,
  isEverything,
  kindGroups,
  kindGroupTitles,
  timeRanges,
  timeRangeTitles,
} from './feed-filter.ts';

const verdictTitles: Record<Verdict, string> = { refused: 'Refused', allowed: 'Allowed', asked: 'Asked' };
/** Typing filters when it pauses: a search through a full feed takes longer than a keystroke. */
const typingMs = 120;

function isKindGroup(value: string): value is KindGroup {
  return Object.hasOwn(kindGroups, value);
}

function isTimeRange(value: string): value is TimeRange {
  return Object.hasOwn(timeRanges, value);
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
        maxLength={filterTextMax}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setTyped(event.target.value);
        }}
      />
    </label>
  );
}

export function FeedFilters(): ReactNode {
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
        {!known && <option value={filter.server ?? ''}>{elideMiddle(visibleText(filter.server ?? ''), 60)}</option>}
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
      <select
        className="field"
        aria-label="Time"
        value={filter.range ?? ''}
        onChange={(event) => {
          const { value } = event.target;
          const range = isTimeRange(value) ? value : null;
          actions.setFilter({ range, sinceMs: range === null ? null : panel.clock.now() - timeRanges[range] });
        }}
      >
        <option value="">All times</option>
        {Object.entries(timeRangeTitles).map(([range, title]) => (
          <option key={range} value={range}>
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
