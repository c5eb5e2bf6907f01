/** What was decided for one server, newest first, each with what it changed and the way back. */
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { HistoryEntry } from '#contract/decision.ts';
import { changeWords, historyWords } from '#contract/sentences.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { visibleText } from '../../lib/text.ts';
import { dayAndTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';

function Item({ entry }: { entry: HistoryEntry }): ReactNode {
  const panel = usePanel();
  const working = useStore(panel.undo, (state) => state.working);
  const when = dayAndTime(entry.at, panel.clock.now());
  return (
    <li className="decision">
      <details>
        <summary>
          <ChevronRight className="chevron" aria-hidden="true" />
          <span className={entry.undone ? 'decision-undone' : undefined}>
            <HostileText text={entry.summary} longest={200} />
          </span>
          {entry.undone && <span className="decision-when">{historyWords.undone}</span>}
          <span className="decision-when">
            {when}, {historyWords.doors[entry.door]}
          </span>
        </summary>
        <ul className="decision-changes">
          {entry.changes.map((change) => {
            const { what, before, after } = changeWords(change);
            return (
              <li key={what}>
                <HostileText text={`${what}: ${before} → ${after}`} longest={300} />
              </li>
            );
          })}
        </ul>
      </details>
      {!entry.undone && (
        <button
          type="button"
          className="button button-small"
          disabled={working !== null}
          onClick={() => void panel.undo.actions.undo(entry)}
        >
          {working === entry.id ? historyWords.undoing : historyWords.undo}
          <span className="visually-hidden">: {visibleText(entry.summary)}</span>
        </button>
      )}
    </li>
  );
}

export function DecisionList({ entries }: { entries: readonly HistoryEntry[] }): ReactNode {
  if (entries.length === 0) return <p className="about-faint">{historyWords.nothing}</p>;
  return (
    <ul className="decisions">
      {entries.map((entry) => (
        <Item key={entry.id} entry={entry} />
      ))}
    </ul>
  );
}
