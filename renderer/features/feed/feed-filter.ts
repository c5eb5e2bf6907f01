/** What the feed shows: by server, by kind of access, by verdict, by time, by text; in rows, in the address, and as a search. */
import type { EventSearch } from '#contract/event-search.ts';
import { foldText, searchWords, sharedText } from '#contract/event-search.ts';
import type { EventKind, Verdict } from '#contract/words.ts';
import { eventKinds, serverIdSchema, verdictSchema } from '#contract/words.ts';
import type { FeedRow, RowGroup } from './feed-rows.ts';

export const kindGroups = {
  files: ['file.read', 'file.write', 'file.create', 'file.delete', 'file.rename', 'file.attr'],
  programs: ['exec'],
  network: ['net.connect', 'net.dns', 'net.listen'],
  sockets: ['unix.connect'],
  links: ['link.open'],
  system: ['signal', 'syscall', 'limit'],
  runs: ['run.start', 'run.end', 'plan.change', 'spool.dropped'],
} as const satisfies Record<string, readonly EventKind[]>;
export type KindGroup = keyof typeof kindGroups;

export const kindGroupTitles: Record<KindGroup, string> = {
  files: 'Files',
  programs: 'Programs',
  network: 'Network',
  sockets: 'Sockets',
  links: 'Links',
  system: 'System calls',
  runs: 'Starts and ends',
};

const groupOfKind = new Map<EventKind, KindGroup>(
  Object.entries(kindGroups).flatMap(([group, kinds]) => kinds.map((kind) => [kind, group as KindGroup] as const)),
);

export function groupOf(kind: EventKind): KindGroup {
  return groupOfKind.get(kind) ?? 'system';
}

export const timeRanges = { '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;
export type TimeRange = keyof typeof timeRanges;

export const timeRangeTitles: Record<TimeRange, string> = {
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
};

export interface FeedFilter {
  server: string | null;
  kind: KindGroup | null;
  verdict: Verdict | null;
  text: string;
  range: TimeRange | null;
  /** Where the range began when it was chosen, in milliseconds since 1970. */
  sinceMs: number | null;
}

export const everything: FeedFilter = {
  server: null,
  kind: null,
  verdict: null,
  text: '',
  range: null,
  sinceMs: null,
};

export function isEverything(filter: FeedFilter): boolean {
  return (
    filter.server === null &&
    filter.kind === null &&
    filter.verdict === null &&
    filter.range === null &&
    filter.text.trim() === ''
  );
}

/** Starts and ends have a verdict in form only: who asks for what was refused does not mean them, unless they are asked for. */
function leavesRunsOut({ kind, verdict }: FeedFilter): boolean {
  return verdict !== null && kind !== 'runs';
}

/** A test for one row, which means the same as the search of the history; a server is also found by its name. */
export function matcher(filter: FeedFilter, nameOf: (server: string) => string): (row: FeedRow) => boolean {
  const words = searchWords(filter.text);
  const since = filter.sinceMs === null ? null : new Date(filter.sinceMs).toISOString();
  const decided = new Map<RowGroup, readonly string[] | null>();

  /** The words that a row of this group must have itself; null where none of them can match. */
  function wordsLeft({ server, kind, verdict }: RowGroup): readonly string[] | null {
    if (filter.server !== null && server !== filter.server) return null;
    if (filter.verdict !== null && verdict !== filter.verdict) return null;
    if (leavesRunsOut(filter) && groupOf(kind) === 'runs') return null;
    if (filter.kind !== null && groupOf(kind) !== filter.kind) return null;
    if (words.length === 0) return words;
    const shared = `${sharedText(server, kind, verdict)}\n${foldText(nameOf(server))}`;
    return words.filter((word) => !shared.includes(word));
  }

  return ({ group, event, text }) => {
    let left = decided.get(group);
    if (left === undefined) {
      left = wordsLeft(group);
      decided.set(group, left);
    }
    if (left === null) return false;
    // Instants have one form, so their texts are in the order of their times.
    if (since !== null && event.at < since) return false;
    for (const word of left) if (!text.includes(word)) return false;
    return true;
  };
}

/** The same question to the history. */
export function searchOf(filter: FeedFilter): Pick<EventSearch, 'server' | 'kinds' | 'verdict' | 'text' | 'since'> {
  const runs: readonly EventKind[] = kindGroups.runs;
  const kinds = filter.kind === null ? (leavesRunsOut(filter) ? eventKinds : undefined) : kindGroups[filter.kind];
  const wanted = kinds?.filter((kind) => !leavesRunsOut(filter) || !runs.includes(kind));
  return {
    ...(filter.server === null ? {} : { server: filter.server }),
    ...(wanted === undefined ? {} : { kinds: [...wanted] }),
    ...(filter.verdict === null ? {} : { verdict: filter.verdict }),
    ...(filter.text.trim() === '' ? {} : { text: filter.text }),
    ...(filter.sinceMs === null ? {} : { since: new Date(filter.sinceMs).toISOString() }),
  };
}

/** In the address: what is not the default, in one order. */
export function formatFilter(filter: FeedFilter): string {
  const query = new URLSearchParams();
  for (const key of ['server', 'kind', 'verdict', 'range'] as const) {
    const value = filter[key];
    if (value !== null) query.set(key, value);
  }
  if (filter.text.trim() !== '') query.set('text', filter.text);
  return query.toString();
}

/** Longest text that the history takes. */
export const filterTextMax = 400;

/** Whatever the address holds: what is not understood is left out. */
export function parseFilter(query: string, now: number): FeedFilter {
  const found = new URLSearchParams(query);
  const server = serverIdSchema.safeParse(found.get('server'));
  const verdict = verdictSchema.safeParse(found.get('verdict'));
  const kind = found.get('kind');
  const range = found.get('range');
  const isRange = range !== null && Object.hasOwn(timeRanges, range);
  return {
    server: server.success ? server.data : null,
    kind: kind !== null && Object.hasOwn(kindGroups, kind) ? (kind as KindGroup) : null,
    verdict: verdict.success ? verdict.data : null,
    text: (found.get('text') ?? '').slice(0, filterTextMax),
    range: isRange ? (range as TimeRange) : null,
    sinceMs: isRange ? now - timeRanges[range as TimeRange] : null,
  };
}
