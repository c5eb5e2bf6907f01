/** The heading of the view that is shown: names the page, and takes the focus of whoever came here by a step. */
import type { ReactNode } from 'react';
import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { usePanel } from '../../panel-context.tsx';
import { placeOf } from './routes.ts';

export const viewTitleId = 'view-title';

/** `title`: plain words for the window's title. */
export function ViewHeading({ title, children }: { title: string; children?: ReactNode }): ReactNode {
  const { navigation } = usePanel();
  const place = useStore(navigation, (state) => placeOf(state.route));
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – Belljar`;
  }, [title]);
  useEffect(() => {
    if (navigation.takeFocus()) heading.current?.focus();
  }, [navigation, place]);
  return (
    <h2 ref={heading} id={viewTitleId} className="view-title" tabIndex={-1}>
      {children ?? title}
    </h2>
  );
}
