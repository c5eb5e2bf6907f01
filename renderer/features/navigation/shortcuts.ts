/** Keys that work everywhere on the page, one after the other, as on a keyboard without a mouse. Pure: keys in, step out. */
import type { Route } from './routes.ts';

export type Step =
  { kind: 'go'; route: Route } | { kind: 'search' } | { kind: 'question' } | { kind: 'help' } | { kind: 'wait' };

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
    if (key === 'q') return { kind: 'question' };
    const route = places[key];
    return route === undefined ? null : { kind: 'go', route };
  }
  if (key === '?') return { kind: 'help' };
  if (key === '/') return { kind: 'search' };
  return key === 'g' ? { kind: 'wait' } : null;
}

const offKey = 'belljar.shortcuts';

/** Whether single keys are heard: who speaks to his machine, or hits keys by accident, switches them off. */
export function areKeysHeard(): boolean {
  try {
    return localStorage.getItem(offKey) !== 'off';
  } catch {
    return true;
  }
}

/** Storage that is switched off loses this and nothing else: it then holds for as long as the page is open. */
export function hearKeys(heard: boolean): void {
  try {
    localStorage.setItem(offKey, heard ? 'on' : 'off');
  } catch {
    // Then it is not remembered.
  }
}
