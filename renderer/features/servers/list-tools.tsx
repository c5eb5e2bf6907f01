/** Above the list: search, grouping and order; and, while servers are chosen, what can be done with them. */
import { Search, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { levelTitles, listWords } from '#contract/sentences.ts';
import { levels } from '#contract/words.ts';
import { usePanel } from '../../panel-context.tsx';
import { groupings, orders } from './arrange.ts';

export function ListTools(): ReactNode {
  const panel = usePanel();
  const { actions } = panel.list;
  const search = useStore(panel.list, (state) => state.search);
  const grouping = useStore(panel.list, (state) => state.grouping);
  const order = useStore(panel.list, (state) => state.order);
  return (
    <div className="filters" role="search" aria-label={listWords.tools}>
      <label className="filter-text">
        <Search aria-hidden="true" />
        <span className="visually-hidden">{listWords.search}</span>
        <input
          type="search"
          className="field"
          placeholder={listWords.search}
          value={search}
          maxLength={400}
          spellCheck={false}
          autoComplete="off"
          aria-keyshortcuts="/"
          onChange={(event) => {
            actions.set({ search: event.target.value });
          }}
        />
      </label>
      <select
        className="field"
        aria-label={listWords.grouping}
        value={grouping}
        onChange={(event) => {
          const found = groupings.find((one) => one === event.target.value);
          if (found !== undefined) actions.set({ grouping: found });
        }}
      >
        {groupings.map((one) => (
          <option key={one} value={one}>
            {listWords.groupings[one]}
          </option>
        ))}
      </select>
      <select
        className="field"
        aria-label={listWords.order}
        value={order}
        onChange={(event) => {
          const found = orders.find((one) => one === event.target.value);
          if (found !== undefined) actions.set({ order: found });
        }}
      >
        {orders.map((one) => (
          <option key={one} value={one}>
            {listWords.orders[one]}
          </option>
        ))}
      </select>
    </div>
  );
}

export function ChosenBar(): ReactNode {
  const panel = usePanel();
  const chosen = useStore(panel.list, (state) => state.chosen);
  // Always there, so that screen readers hear what comes into it.
  return (
    <div className="chosen-place" role="status">
      {chosen.size > 0 && (
        <div className="chosen">
          <strong>{listWords.chosen(chosen.size)}</strong>
          <span className="chosen-levels">
            {levels.map((level) => (
              <button
                key={level}
                type="button"
                className="button button-small"
                onClick={() => {
                  panel.chooseLevel([...chosen], level);
                }}
              >
                {levelTitles[level]}
                <span className="visually-hidden"> for {listWords.chosen(chosen.size)}</span> …
              </button>
            ))}
          </span>
          <button
            type="button"
            className="button button-quiet button-icon"
            aria-label={listWords.clear}
            onClick={() => {
              panel.list.actions.choose([]);
            }}
          >
            <X aria-hidden="true" />
          </button>
        </div>
      )}
    </div>
  );
}
