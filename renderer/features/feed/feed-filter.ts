/** What the feed shows: by server, by kind of access, by verdict, by text. */
import type { EventKind, Verdict } from '#contract/words.ts';
import type { FeedRow } from './feed-rows.ts';
import { searchText } from './feed-rows.ts';

export const kindGroups = {
  files: ['file.read', 'file.write', 'file.create', 'file.delete', 'file.rename', 'file.attr'],
  programs: ['exec'],
  network: ['net.connect', 'net.dns', 'net.listen'],
  sockets: ['unix.connect'],
  system: ['signal', 'syscall', 'limit'],
  runs: ['run.start', 'run.end', 'plan.change', 'spool.dropped'],
} as const satisfies Record<string, readonly EventKind[]>;
export type KindGroup = keyof typeof kindGroups;

export const kindGroupTitles: Record<KindGroup, string> = {
  files: 'Files',
  programs: 'Programs',
  network: 'Network',
  sockets: 'Sockets',
  system: 'System calls',
  runs: 'Starts and ends',
};

const groupOfKind = new Map<EventKind, KindGroup>(
  Object.entries(kindGroups).flatMap(([group, kinds]) => kinds.map((kind) => [kind, group as KindGroup] as const)),
);

export function groupOf(kind: EventKind): KindGroup {
  return groupOfKind.get(kind) ?? 'system';
}

export interface FeedFilter {
  server: string | null;
  kind: KindGroup | null;
  verdict: Verdict | null;
  text: string;
}

export const everything: FeedFilter = { server: null, kind: null, verdict: null, text: '' };

export function isEverything(filter: FeedFilter): boolean {
  return filter.server === null && filter.kind === null && filter.verdict === null && filter.text.trim() === '';
}

/** A test for one row; text is matched word by word, in any order. */
export function matcher(filter: FeedFilter, nameOf: (server: string) => string): (row: FeedRow) => boolean {
  const words = filter.text.toLowerCase().split(/\s+/u).filter(Boolean);
  return (row) => {
    const { event } = row;
    if (filter.server !== null && event.server !== filter.server) return false;
    if (filter.verdict !== null && (event.verdict !== filter.verdict || groupOf(event.kind) === 'runs')) return false;
    if (filter.kind !== null && groupOf(event.kind) !== filter.kind) return false;
    if (words.length === 0) return true;
    const text = searchText(row, nameOf(event.server));
    return words.every((word) => text.includes(word));
  };
}
