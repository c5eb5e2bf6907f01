/** How much waits in a view, behind its name in the navigation. */
import type { ReactNode } from 'react';

/** A number behind a view's name; `words` say what is counted. */
export function NavigationCount({ count, words, tone }: { count: number; words: string; tone?: 'warn' }): ReactNode {
  if (count === 0) return null;
  return (
    <span className={tone === 'warn' ? 'navigation-count navigation-count-warn' : 'navigation-count'} title={words}>
      <span aria-hidden="true">{count > 999 ? '999+' : count}</span>
      <span className="visually-hidden">, {words}</span>
    </span>
  );
}
