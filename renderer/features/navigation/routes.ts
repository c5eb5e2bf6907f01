/**
 * Where the page is, in the address' hash: `#/servers`, `#/servers/<id>`, `#/activity?…`, `#/rollout`, `#/machine`,
 * `#/terminal/<id>`, `#/welcome`. Pure: text in, route out, and back.
 *
 * Trust: whoever makes a link chooses the hash. What is no route is the list of servers; an id is one by its pattern, a
 * query is bounded here and understood by its view alone.
 */
import { serverIdPattern, terminalIdPattern } from '#contract/words.ts';

export type Route =
  | { name: 'servers' }
  | { name: 'server'; server: string }
  /** `query`: the view's own words, without the question mark. */
  | { name: 'activity'; query: string }
  | { name: 'rollout' }
  | { name: 'machine' }
  | { name: 'terminal'; id: string }
  | { name: 'welcome' };
export type RouteName = Route['name'];

export const home: Route = { name: 'servers' };

const hashMaxCharacters = 4096;

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** Null where the hash is no route. */
export function parseRoute(hash: string): Route | null {
  if (hash.length > hashMaxCharacters || !hash.startsWith('#/')) return null;
  const cut = hash.indexOf('?');
  const path = cut === -1 ? hash : hash.slice(0, cut);
  const [view, part, ...rest] = path.slice(2).split('/');
  const id = part === undefined ? null : decoded(part);
  if (rest.length > 0) return null;
  switch (view) {
    case 'servers':
      if (part === undefined) return { name: 'servers' };
      return id !== null && serverIdPattern.test(id) ? { name: 'server', server: id } : null;
    case 'terminal':
      return id !== null && terminalIdPattern.test(id) ? { name: 'terminal', id } : null;
    case 'activity':
      return part === undefined ? { name: 'activity', query: cut === -1 ? '' : hash.slice(cut + 1) } : null;
    case 'rollout':
    case 'machine':
    case 'welcome':
      return part === undefined ? { name: view } : null;
    default:
      return null;
  }
}

export function formatRoute(route: Route): string {
  switch (route.name) {
    case 'server':
      return `#/servers/${encodeURIComponent(route.server)}`;
    case 'terminal':
      return `#/terminal/${encodeURIComponent(route.id)}`;
    case 'activity':
      return route.query === '' ? '#/activity' : `#/activity?${route.query}`;
    default:
      return `#/${route.name}`;
  }
}

/** What the eye takes for another place: a view's own query is none. */
export function placeOf(route: Route): string {
  return formatRoute(route.name === 'activity' ? { ...route, query: '' } : route);
}
