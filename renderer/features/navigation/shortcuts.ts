/** Keys that work everywhere on the page, one after the other, as on a keyboard without a mouse. Pure: keys in, step out. */
import type { Route } from './routes.ts';

export type Step = { kind: 'go'; route: Route } | { kind: 'search' } | { kind: 'help' } | { kind: 'wait' };

/** How long the second key may take. */
export const secondKeyMs = 1_500;

export const places: Readonly<Record<string, Route>> = {
  s: { name: 'servers' },
  a: { name: 'activity', query: '' },
  r: { name: 'rollout' },
  m: { name: 'machine' },
};

/** `before`: the key before it, where that was one of two. Null: the key is nobody's. */
export function stepOf(before: string | null, key: string): Step | null {
  if (before === 'g') {
    const route = places[key];
    return route === undefined ? null : { kind: 'go', route };
  }
  if (key === '?') return { kind: 'help' };
  if (key === '/') return { kind: 'search' };
  return key === 'g' ? { kind: 'wait' } : null;
}
