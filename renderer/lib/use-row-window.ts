/**
 * Which rows of a long list are in view, where all are equally high: nothing is kept, measured or computed for the others, so a
 * list of a hundred thousand that changes with every frame costs as much as one of ten.
 */
import type { RefObject } from 'react';
import { useCallback, useEffect, useState } from 'react';

/** Rows that exist beyond both edges of what is seen. */
const around = 10;
/** Drawn anew when the edge has moved by so many. */
const step = 4;

export interface RowWindow {
  /** Indexes from `first` up to, not including, `end`. */
  first: number;
  end: number;
  /** To be called when the list is scrolled. */
  follow: () => void;
  /** Scrolls as little as is needed to see it whole; for the last row, to the end. */
  reveal: (index: number) => void;
}

export function useRowWindow(scroller: RefObject<HTMLElement | null>, count: number, height: number): RowWindow {
  const [{ top, room }, setView] = useState({ top: 0, room: 0 });

  const follow = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    const next = { top: Math.floor(element.scrollTop / height / step) * step, room: element.clientHeight };
    setView((view) => (view.top === next.top && view.room === next.room ? view : next));
  }, [scroller, height]);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    // It tells of the size that it finds, too.
    const observer = new ResizeObserver(follow);
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [scroller, follow]);

  const reveal = useCallback(
    (index: number) => {
      const element = scroller.current;
      if (element === null) return;
      const above = index * height;
      const below = above + height - element.clientHeight;
      // With the last row comes what stands behind it.
      if (index === count - 1) element.scrollTop = element.scrollHeight;
      else if (element.scrollTop > above) element.scrollTop = above;
      else if (element.scrollTop < below) element.scrollTop = below;
      follow();
    },
    [scroller, count, height, follow],
  );

  // A list that became shorter is scrolled back by the browser only after it was drawn.
  const shown = Math.ceil(room / height) + step;
  const first = Math.max(0, Math.min(top, count - shown) - around);
  return { first, end: Math.min(count, Math.max(0, Math.min(top, count)) + shown + around), follow, reveal };
}
