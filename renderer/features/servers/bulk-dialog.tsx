/** One level for many servers: which entries in which files, then what became of each. */
import { Check, ChevronRight, CircleSlash } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { bulkWords, levelTitles } from '#contract/sentences.ts';
import { Dialog } from '../../lib/components/dialog.tsx';
import { DiffView } from '../../lib/components/diff-view.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { Progress } from '../../lib/components/progress.tsx';
import { usePanel } from '../../panel-context.tsx';
import type { BulkResult, BulkState } from './bulk-store.ts';

/** `done`: it was done, and is not only planned. */
export function BulkResults({ results, done }: { results: readonly BulkResult[]; done: boolean }): ReactNode {
  const panel = usePanel();
  const servers = useStore(panel.servers, (state) => state.servers);
  return (
    <ul className="results">
      {results.map(({ id, to, file, changed, diff, notice, error }) => (
        <li key={id} className="result">
          <p className="result-head">
            {error !== undefined ? (
              <CircleSlash className="tone-refused" aria-hidden="true" />
            ) : (
              <Check className="tone-good" aria-hidden="true" />
            )}
            <strong>
              <HostileText text={servers.get(id)?.name ?? id} longest={60} />
            </strong>
            <span className="result-level">{levelTitles[to]}</span>
            {file === '' ? (
              <span className="result-hint">{bulkWords.policyOnly}</span>
            ) : (
              <code>
                <HostileText text={file} longest={90} />
              </code>
            )}
          </p>
          {error !== undefined && <ErrorNote error={error} />}
          {notice !== undefined && <ErrorNote error={notice} />}
          {!done && diff !== undefined && (
            <details>
              <summary>
                <ChevronRight className="chevron" aria-hidden="true" />
                {bulkWords.changes}
              </summary>
              <DiffView file={diff.file} unified={diff.unified} />
            </details>
          )}
          {done && error === undefined && changed && file !== '' && (
            <p className="result-hint">
              <HostileText text={servers.get(id)?.uptakeSentence ?? ''} />
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

function doneWords(state: Extract<BulkState, { kind: 'done' }>): string {
  const failed = state.results.filter(({ error }) => error !== undefined).length;
  const changed = state.results.filter((result) => result.changed && result.error === undefined);
  const words = changed.every(({ to }) => to === 'off') ? bulkWords.released : bulkWords.contained;
  return `${[
    words(changed.length),
    ...(failed === 0 ? [] : [bulkWords.failed(failed)]),
    ...(state.notTouched === 0 ? [] : [bulkWords.notTouched(state.notTouched)]),
  ].join(', ')}.`;
}

function Body({ state }: { state: BulkState }): ReactNode {
  switch (state.kind) {
    case 'closed':
      return null;
    case 'loading':
      return <p role="status">{bulkWords.reading}</p>;
    case 'failed':
      return <ErrorNote error={state.error} />;
    case 'ready':
      return state.steps.length === 0 ? (
        <Note tone="good">{state.everything ? bulkWords.nothingBack : bulkWords.nothing}</Note>
      ) : (
        <BulkResults results={state.planned} done={false} />
      );
    case 'working':
      return (
        <>
          <Progress
            text={
              state.results.length < state.steps.length && state.steps.length > 1
                ? bulkWords.working(state.results.length + 1, state.steps.length)
                : bulkWords.writing
            }
            startedAt={state.startedAt}
          />
          <BulkResults results={state.results} done />
        </>
      );
    case 'done':
      return (
        <>
          <Note tone={state.results.some(({ error }) => error !== undefined) ? 'refused' : 'good'}>
            <p role="status">
              <strong>{doneWords(state)}</strong>
            </p>
          </Note>
          <BulkResults results={state.results.filter((one) => one.changed || one.error !== undefined)} done />
        </>
      );
  }
}

function titleOf(state: BulkState): string {
  if (state.kind === 'ready' && !state.everything) return bulkWords.titles[state.steps[0]?.to ?? 'standard'];
  if (state.kind === 'working') return bulkWords.titles[state.steps[0]?.to ?? 'off'];
  if (state.kind === 'done') return bulkWords.titles[state.results[0]?.to ?? 'off'];
  return bulkWords.everything;
}

export function BulkDialog(): ReactNode {
  const { bulk } = usePanel();
  const { actions } = bulk;
  const state = useStore(bulk, (store) => store.state);
  if (state.kind === 'closed') return null;
  const count = state.kind === 'ready' ? state.steps.length : 0;
  const isEverything = state.kind === 'ready' && state.everything;
  const isOff = state.kind === 'ready' && state.steps[0]?.to === 'off';
  const intro = isEverything ? bulkWords.everythingIntro(count) : isOff ? bulkWords.introOff : bulkWords.intro;
  return (
    <Dialog
      open
      onClose={actions.close}
      title={titleOf(state)}
      {...(count > 0 ? { description: intro } : {})}
      footer={
        state.kind === 'working' ? (
          <button type="button" className="button" disabled={state.stopping} onClick={actions.close}>
            {state.stopping ? bulkWords.stopping : bulkWords.stop}
          </button>
        ) : count > 0 ? (
          <>
            <button type="button" className="button" onClick={actions.close}>
              Cancel
            </button>
            <button type="button" className="button button-primary" onClick={() => void actions.confirm()}>
              {isEverything ? bulkWords.everything : bulkWords.confirm(count)}
            </button>
          </>
        ) : (
          <button type="button" className="button button-primary" onClick={actions.close}>
            Done
          </button>
        )
      }
    >
      <Body state={state} />
    </Dialog>
  );
}
