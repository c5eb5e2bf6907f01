import { act, renderHook } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { useRowWindow, type RowWindow } from './use-row-window.ts';

const height = 50;

interface Opened {
  element: HTMLElement;
  shown: { readonly current: RowWindow };
  become: (count: number) => void;
}

/** A list with room for ten rows. */
function open(count: number): Opened {
  const element = document.createElement('div');
  Object.defineProperty(element, 'clientHeight', { value: 10 * height });
  const scroller = { current: element };
  const { result, rerender } = renderHook((rows: number) => useRowWindow(scroller, rows, height), {
    initialProps: count,
  });
  act(() => {
    result.current.follow();
  });
  return { element, shown: result, become: rerender };
}

function scrollTo({ element, shown }: Opened, row: number): void {
  act(() => {
    element.scrollTop = row * height;
    shown.current.follow();
  });
}

describe('the rows in view', () => {
  it('are all that is seen wherever it is scrolled, and few more', () => {
    const list = open(1000);
    for (const row of [0, 1, 3, 4, 250, 251, 989, 990]) {
      scrollTo(list, row);
      const { first, end } = list.shown.current;
      expect(first).toBeLessThanOrEqual(row);
      expect(end).toBeGreaterThanOrEqual(Math.min(1000, row + 11));
      expect(end - first).toBeLessThan(50);
    }
  });

  it('are the last ones of a list that became shorter than where it was scrolled to, and none of an empty one', () => {
    const list = open(1000);
    scrollTo(list, 900);
    list.become(20);
    expect(list.shown.current).toMatchObject({ first: 0, end: 20 });
    list.become(0);
    expect(list.shown.current).toMatchObject({ first: 0, end: 0 });
  });

  it('are revealed by scrolling as little as is needed', () => {
    const { element, shown } = open(1000);
    const reveal = (index: number): void => {
      act(() => {
        shown.current.reveal(index);
      });
    };
    reveal(5);
    expect(element.scrollTop).toBe(0);
    reveal(30);
    expect(element.scrollTop).toBe(31 * height - 10 * height);
    reveal(25);
    expect(element.scrollTop).toBe(21 * height);
    reveal(2);
    expect(element.scrollTop).toBe(2 * height);
    Object.defineProperty(element, 'scrollHeight', { value: 1000 * height + 80 });
    reveal(999);
    expect(element.scrollTop).toBe(1000 * height + 80);
  });
});
