/**
 * The rows of the list. Virtualised: only what is seen exists, whatever the number. One tab stop: arrow keys, Page Up, Page
 * Down, Home and End move between rows, space chooses one, enter opens its page, 1 to 4 set its level; Tab goes on to what is in it.
 */
import type { Range } from '@tanstack/react-virtual';
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import type { KeyboardEvent, ReactNode } from 'react';
import { useCallback, useEffect, useId, useMemo, useRef } from 'react';
import { useStore } from 'zustand';
import { listWords, stateTitles } from '#contract/sentences.ts';
import { levels } from '#contract/words.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { usePanel } from '../../panel-context.tsx';
import type { ListItem } from './arrange.ts';
import { ServerRow } from './server-row.tsx';

const groupHeight = 34;
const rowHeight = 176;

export function ServerList({ items }: { items: readonly ListItem[] }): ReactNode {
  const panel = usePanel();
  const { actions } = panel.list;
  const chosen = useStore(panel.list, (state) => state.chosen);
  const active = useStore(panel.list, (state) => state.active);
  const scroller = useRef<HTMLDivElement>(null);
  const focusNext = useRef(false);
  const id = useId();
  const rowIndexes = useMemo(() => items.flatMap((item, index) => (item.kind === 'server' ? [index] : [])), [items]);
  const activeIndex = active === null ? -1 : items.findIndex(({ key }) => key === active);
  const tabIndexAt = activeIndex === -1 ? (rowIndexes[0] ?? -1) : activeIndex;

  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (items[index]?.kind === 'group' ? groupHeight : rowHeight),
    overscan: 4,
    getItemKey: useCallback((index: number) => items[index]?.key ?? index, [items]),
    // The row that holds the focus stays in the page while it is scrolled out of sight.
    rangeExtractor: useCallback(
      (range: Range) => {
        const indexes = defaultRangeExtractor(range);
        if (tabIndexAt === -1 || indexes.includes(tabIndexAt)) return indexes;
        return [...indexes, tabIndexAt].toSorted((a, b) => a - b);
      },
      [tabIndexAt],
    ),
  });

  /** `to`: a place among the rows, headings left out. */
  function move(to: number): void {
    const index = rowIndexes[Math.max(0, Math.min(rowIndexes.length - 1, to))];
    const item = index === undefined ? undefined : items[index];
    if (index === undefined || item === undefined) return;
    focusNext.current = true;
    actions.activate(item.key);
    virtualizer.scrollToIndex(index, { align: 'auto' });
    // It may be the one that is active already.
    if (item.key === active) document.getElementById(`${id}-${item.key}`)?.focus({ preventScroll: true });
  }

  function onKeyDown(event: KeyboardEvent): void {
    const isOnRow = event.target instanceof HTMLElement && event.target.classList.contains('server');
    if (!isOnRow || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = rowIndexes.indexOf(tabIndexAt);
    const item = items[tabIndexAt];
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? rowHeight) / rowHeight));
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rowIndexes.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) {
      event.preventDefault();
      if (event.shiftKey && item?.kind === 'server' && !chosen.has(item.key)) actions.toggle(item.key);
      move(to);
      return;
    }
    if (item?.kind !== 'server') return;
    const { server } = item;
    const level = levels[Number(event.key) - 1];
    if (event.key === ' ') actions.toggle(server.id);
    else if (event.key === 'Enter') panel.navigation.actions.go({ name: 'server', server: server.id });
    else if (event.key === 'Escape') actions.choose([]);
    else if (level !== undefined && chosen.has(server.id) && chosen.size > 1) panel.chooseLevel([...chosen], level);
    else if (level !== undefined) panel.chooseLevel([server.id], level);
    else return;
    event.preventDefault();
  }

  // Whoever comes back from a server's page is where he left.
  const cameBack = useRef(active);
  useEffect(() => {
    const index = items.findIndex(({ key }) => key === cameBack.current);
    if (index > 0) virtualizer.scrollToIndex(index, { align: 'center' });
    // Once, when the list comes.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  return (
    <div
      ref={scroller}
      className="pane-scroll"
      role="group"
      tabIndex={-1}
      aria-label={listWords.list}
      aria-description={listWords.keys}
      onKeyDown={onKeyDown}
    >
      <div className="server-space" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((place) => {
          const item = items[place.index];
          if (item === undefined) return null;
          const style = { transform: `translateY(${place.start.toString()}px)` };
          if (item.kind === 'group') {
            return (
              <h3
                key={item.key}
                ref={virtualizer.measureElement}
                data-index={place.index}
                className="client-title"
                style={style}
              >
                <HostileText text={item.title} longest={60} /> <span className="client-count">{item.count}</span>
              </h3>
            );
          }
          const titleId = `${id}-title-${item.key}`;
          return (
            <div
              key={item.key}
              ref={(element) => {
                virtualizer.measureElement(element);
                if (element === null || !focusNext.current || item.key !== active) return;
                focusNext.current = false;
                element.focus({ preventScroll: true });
              }}
              id={`${id}-${item.key}`}
              data-index={place.index}
              className="server"
              role="group"
              aria-labelledby={titleId}
              aria-description={listWords.row(
                stateTitles[item.server.state],
                item.server.denialsLastHour,
                rowIndexes.indexOf(place.index) + 1,
                rowIndexes.length,
              )}
              data-server={item.key}
              data-state={item.server.state}
              data-chosen={chosen.has(item.key) || undefined}
              style={style}
              tabIndex={place.index === tabIndexAt ? 0 : -1}
              onFocus={() => {
                if (active !== item.key) actions.activate(item.key);
              }}
            >
              <ServerRow server={item.server} titleId={titleId} chosen={chosen.has(item.key)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}
