/** From "written" to "runs contained": a list that ticks itself as the host tells of each fact. */
import { Circle, CircleCheck, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { uptakeWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { Note } from '../../lib/components/note.tsx';
import { visibleText } from '../../lib/text.ts';
import { dayAndTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';
import { uptakeSteps } from './uptake-store.ts';

const pidsShown = 6;

function OldProcesses({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const old = server.oldProcesses ?? [];
  if (old.length === 0) return null;
  const shown = old
    .slice(0, pidsShown)
    .map(({ pid, since }) => `process ${pid.toString()} since ${dayAndTime(since, panel.clock.now())}`)
    .join(', ');
  const rest = old.length - pidsShown;
  return (
    <span className="uptake-old">{uptakeWords.oldRuns(rest > 0 ? `${shown} and ${rest.toString()} more` : shown)}</span>
  );
}

export function UptakeChecklist({ server }: { server: Server }): ReactNode {
  const { uptake } = usePanel();
  const since = useStore(uptake, (state) => state.waiting.get(server.id) ?? null);
  const steps = uptakeSteps(server, since);
  if (steps === null) return null;
  const isDone = steps.every(({ done }) => done);
  return (
    <Note tone={isDone ? 'good' : 'warn'}>
      <div className="uptake">
        <strong role="status">{isDone ? uptakeWords.done : uptakeWords.title}</strong>
        {since !== null && (
          <button
            type="button"
            className="button button-quiet button-icon"
            aria-label={`${uptakeWords.dismiss}: ${visibleText(server.name)}`}
            onClick={() => {
              uptake.actions.forget(server.id);
            }}
          >
            <X aria-hidden="true" />
          </button>
        )}
        <ol>
          {steps.map(({ code, done }) => (
            <li key={code} data-done={done || undefined}>
              {done ? <CircleCheck aria-hidden="true" /> : <Circle aria-hidden="true" />}
              <span>
                {code === 'written' && uptakeWords.written}
                {code === 'old-gone' && <HostileText text={server.uptakeSentence} />}
                {code === 'first-run' && uptakeWords.firstRun}
                <span className="visually-hidden"> ({done ? uptakeWords.ticked : uptakeWords.waits})</span>
                {code === 'old-gone' && !done && <OldProcesses server={server} />}
              </span>
            </li>
          ))}
        </ol>
      </div>
    </Note>
  );
}
