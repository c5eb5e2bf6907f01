/**
 * The rows on the screen. Virtualised: only what is seen exists, whatever the length. One tab stop: arrow keys, Page Up,
 * Page Down, Home and End move between rows, Enter opens one, Tab goes on to the buttons of the row that has the focus.
 *
 * The list holds still while it is read from further down, used by keyboard, or pointed at by a moving pointer, so that
 * no row moves away from under a click; the store counts what is waiting meanwhile.
 */
import type { FocusEvent, KeyboardEvent, ReactNode } from 'react';
import { memo, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { isDenial } from '#contract/event.ts';
import { useRowWindow } from '../../lib/use-row-window.ts';
import { usePanel } from '../../panel-context.tsx';
import { groupOf } from './feed-filter.ts';
import { FeedRowView, sentenceId } from './feed-row-view.tsx';
import type { FeedRow } from './feed-rows.ts';

export const rowHeight = 58;
/** How long after the last movement of the pointer over the rows they may move again. */
const pointerStillMs = 1_200;
const nearTop = 8;
/** So many rows from the top, there is a way back. */
const deepFrom = 20;
/** So many rows before the end, more are asked for. */
const nearEnd = 30;

function tone(row: FeedRow): string {
  if (isDenial(row.event)) return 'refused';
  if (row.event.verdict === 'asked') return 'asked';
  return groupOf(row.event.kind) === 'runs' ? 'run' : 'allowed';
}

function isKeyboardFocus(element: Element): boolean {
  try {
    return element.matches(':focus-visible');
  } catch {
    return false;
  }
}

export interface FeedListProps {
  rows: readonly FeedRow[];
  label: string;
  onTop: (scrollToTop: () => void) => void;
  /** Whether the top is far away. */
  onDeep: (deep: boolean) => void;
  /** The last rows are near: there may be more behind them. */
  onNearEnd?: () => void;
  /** Stands behind the last row. */
  tail?: ReactNode;
  /** The first row that came from the history. */
  earlierFrom?: number;
  onMute?: (row: FeedRow) => void;
}

export const FeedList = memo(function FeedList(props: FeedListProps): ReactNode {
  const { label, onTop, onDeep, onNearEnd, tail, earlierFrom, onMute } = props;
  const panel = usePanel();
  const { actions } = panel.feed;
  // Drawn in the background: a click or a key is answered before rows that are still coming in.
  const rows = useDeferredValue(props.rows);
  const servers = useStore(panel.servers, (state) => state.servers);
  const scroller = useRef<HTMLDivElement>(null);
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const focusNext = useRef(false);

  const activeIndex = useMemo(
    () => (activeKey === null ? -1 : rows.findIndex((row) => row.key === activeKey)),
    [rows, activeKey],
  );
  const tabIndexAt = activeIndex === -1 ? 0 : activeIndex;

  const { first, end, follow, reveal } = useRowWindow(scroller, rows.length, rowHeight);
  const drawn = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
  // The row that holds the focus stays in the page while it is scrolled out of sight.
  if (activeIndex !== -1 && activeIndex < first) drawn.unshift(activeIndex);
  else if (activeIndex >= end) drawn.push(activeIndex);

  const deep = first > deepFrom;
  useEffect(() => {
    onDeep(deep);
  }, [onDeep, deep]);
  useEffect(
    () => () => {
      onDeep(false);
    },
    [onDeep],
  );

  useEffect(() => {
    if (end - 1 >= rows.length - nearEnd) onNearEnd?.();
  }, [end, rows, onNearEnd]);

  useEffect(() => {
    onTop(() => {
      scroller.current?.scrollTo({ top: 0 });
      // The button that led here goes; on the list itself the focus holds nothing still.
      scroller.current?.focus({ preventScroll: true });
    });
  }, [onTop]);

  // Pointer: hold while it moves over the rows, let go when it rests or leaves.
  const pointerTimer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const pointerStill = useCallback(() => {
    clearTimeout(pointerTimer.current);
    const focus = document.activeElement;
    const usedByKeyboard = focus !== null && scroller.current?.contains(focus) === true && isKeyboardFocus(focus);
    if (!usedByKeyboard || focus === scroller.current) actions.letGo('in-use');
  }, [actions]);
  const pointerMoved = useCallback(() => {
    actions.hold('in-use');
    clearTimeout(pointerTimer.current);
    pointerTimer.current = setTimeout(pointerStill, pointerStillMs);
  }, [actions, pointerStill]);
  useEffect(
    () => () => {
      clearTimeout(pointerTimer.current);
    },
    [],
  );

  function onScroll(): void {
    follow();
    if ((scroller.current?.scrollTop ?? 0) > nearTop) actions.hold('scrolled');
    else actions.letGo('scrolled');
  }

  function onFocus(event: FocusEvent): void {
    if (event.target !== scroller.current && isKeyboardFocus(event.target)) actions.hold('in-use');
  }

  function onBlur(event: FocusEvent): void {
    const to = event.relatedTarget;
    // What waits still waits on the way to the button that shows it.
    if (to instanceof Element && (scroller.current?.contains(to) === true || to.closest('.waiting') !== null)) return;
    actions.letGo('in-use');
  }

  function move(to: number): void {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    const row = rows[index];
    if (row === undefined) return;
    actions.hold('in-use');
    focusNext.current = true;
    setActiveKey(row.key);
    reveal(index);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (!(event.target instanceof HTMLElement) || !event.target.classList.contains('row')) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? rowHeight) / rowHeight) - 1);
    const at = tabIndexAt;
    const targets: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = targets[event.key];
    if (to !== undefined) {
      event.preventDefault();
      move(to);
      return;
    }
    const row = rows[at];
    if (event.key === 'Enter' && row !== undefined) {
      event.preventDefault();
      onDetails(row);
    }
  }

  const onAllow = useCallback(
    (row: FeedRow) => {
      panel.grant.actions.open([row.event]);
    },
    [panel],
  );
  const onDetails = useCallback(
    (row: FeedRow) => {
      void panel.details.actions.open({ ...row.event, event: row.event, count: row.count, firstAt: row.firstAt });
    },
    [panel],
  );

  return (
    <div
      ref={scroller}
      className="feed-scroll"
      role="feed"
      tabIndex={-1}
      aria-label={label}
      onScroll={onScroll}
      onPointerMove={pointerMoved}
      onPointerDown={pointerMoved}
      onPointerLeave={pointerStill}
      onFocus={onFocus}
      onBlur={onBlur}
      onKeyDown={onKeyDown}
    >
      <div className="feed-space" role="presentation" style={{ height: rows.length * rowHeight }}>
        {drawn.map((index) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <article
              key={row.key}
              ref={(element) => {
                if (element === null || !focusNext.current || row.key !== activeKey) return;
                focusNext.current = false;
                element.focus({ preventScroll: true });
              }}
              className={`row row-${tone(row)}${index === earlierFrom ? ' row-first-earlier' : ''}`}
              style={{ transform: `translateY(${(index * rowHeight).toString()}px)` }}
              tabIndex={index === tabIndexAt ? 0 : -1}
              aria-labelledby={sentenceId(row)}
              aria-posinset={index + 1}
              aria-setsize={rows.length}
              onFocus={() => {
                setActiveKey(row.key);
              }}
            >
              <FeedRowView
                row={row}
                serverName={servers.get(row.event.server)?.name ?? row.event.server}
                active={index === tabIndexAt}
                onAllow={onAllow}
                onDetails={onDetails}
                {...(onMute === undefined ? {} : { onMute })}
              />
            </article>
          );
        })}
      </div>
      {tail}
    </div>
  );
});
