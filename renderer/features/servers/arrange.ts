/** The list of servers as it is shown: what matches the search, in groups, in order. Pure. */
import type { Server } from '#contract/server.ts';
import { runsKindTitles, stateTitles } from '#contract/sentences.ts';
import type { ServerState } from '#contract/words.ts';
import type { RunsKind } from './what-runs.ts';
import { runsKinds, whatRuns } from './what-runs.ts';

export const groupings = ['client', 'runs'] as const;
export type Grouping = (typeof groupings)[number];
export const orders = ['listed', 'attention', 'name', 'risk', 'refused'] as const;
export type Order = (typeof orders)[number];

export interface ListOptions {
  search: string;
  grouping: Grouping;
  order: Order;
}

export type ListItem =
  { kind: 'group'; key: string; title: string; count: number } | { kind: 'server'; key: string; server: Server };

/** What asks for something first; contained and off last. */
const attention: readonly ServerState[] = [
  'failing',
  'drifted',
  'moved',
  'copied',
  'restart-needed',
  'off',
  'watched',
  'locked',
  'contained',
  'cannot',
];

const compares: Record<Exclude<Order, 'listed'>, (a: Server, b: Server) => number> = {
  attention: (a, b) => attention.indexOf(a.state) - attention.indexOf(b.state),
  name: (a, b) => a.name.localeCompare(b.name, 'en'),
  risk: (a, b) => (b.risk?.score ?? -1) - (a.risk?.score ?? -1),
  refused: (a, b) => b.denialsLastHour - a.denialsLastHour,
};

/** Every word must be found somewhere in it. */
export function matches(server: Server, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/u).filter(Boolean);
  if (words.length === 0) return true;
  const { name, handle, clientTitle, command, args, file, state, level, scope } = server;
  const text = [name, handle, clientTitle, command ?? '', ...args, file, stateTitles[state], level, scope]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

function groupOf(server: Server, grouping: Grouping): { key: string; title: string; place: number } {
  if (grouping === 'client') return { key: server.client, title: server.clientTitle, place: 0 };
  const kind: RunsKind = server.reason === 'remote' ? 'elsewhere' : whatRuns(server).kind;
  return { key: kind, title: runsKindTitles[kind], place: runsKinds.indexOf(kind) };
}

interface Group {
  title: string;
  place: number;
  servers: Server[];
}

export function arrange(servers: Iterable<Server>, { search, grouping, order }: ListOptions): ListItem[] {
  const groups = new Map<string, Group>();
  for (const server of servers) {
    if (!matches(server, search)) continue;
    const { key, title, place } = groupOf(server, grouping);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { title, place, servers: [server] });
    else group.servers.push(server);
  }
  // Sorting is stable: what is equal, and the clients, stay in the host's order.
  const listed = [...groups].toSorted(([, a], [, b]) => a.place - b.place);
  return inOrder(listed, order).flatMap(([key, group]): ListItem[] => [
    { kind: 'group', key: `group ${key}`, title: group.title, count: group.servers.length },
    ...group.servers.map((server) => ({ kind: 'server' as const, key: server.id, server })),
  ]);
}

/** Each group in order, and the groups by their first: what comes first of all stands at the top. */
function inOrder(groups: readonly [string, Group][], order: Order): readonly [string, Group][] {
  if (order === 'listed') return groups;
  const compare = compares[order];
  return groups
    .map(([key, group]): [string, Group] => [key, { ...group, servers: group.servers.toSorted(compare) }])
    .toSorted(([, { servers: a }], [, { servers: b }]) =>
      a[0] === undefined || b[0] === undefined ? 0 : compare(a[0], b[0]),
    );
}
