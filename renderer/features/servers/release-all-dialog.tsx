/** Put everything back: which entries in which files, then what became of each. */
import { Check, CircleSlash } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { ChangeResult } from '#contract/methods.ts';
import { Dialog } from '../../lib/components/dialog.tsx';
import { DiffView } from '../../lib/components/diff-view.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { plural } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';

function Results({ results, done }: { results: readonly ChangeResult[]; done: boolean }): ReactNode {
  const panel = usePanel();
  const servers = useStore(panel.servers, (state) => state.servers);
  return (
    <ul className="results">
      {results.map((result) => (
        <li key={result.id} className="result">
          <p className="result-head">
            {result.error !== undefined ? (
              <CircleSlash className="tone-refused" aria-hidden="true" />
            ) : (
              <Check className="tone-good" aria-hidden="true" />
            )}
            <strong>
              <HostileText text={servers.get(result.id)?.name ?? result.id} longest={60} />
            </strong>
            <code>
              <HostileText text={result.file} longest={90} />
            </code>
          </p>
          {result.error !== undefined && <ErrorNote error={result.error} />}
          {!done && result.diff !== undefined && (
            <details>
              <summary>What changes</summary>
              <DiffView file={result.diff.file} unified={result.diff.unified} />
            </details>
          )}
          {done && result.error === undefined && result.changed && (
            <p className="result-hint">
              <HostileText text={servers.get(result.id)?.uptakeSentence ?? ''} />
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

export function ReleaseAllDialog(): ReactNode {
  const panel = usePanel();
  const { actions } = panel.releaseAll;
  const state = useStore(panel.releaseAll, (store) => store.state);
  if (state.kind === 'closed') return null;

  const nothing = state.kind === 'ready' && state.planned.length === 0;
  const failed = state.kind === 'done' ? state.results.filter((result) => result.error !== undefined).length : 0;
  const changed = state.kind === 'done' ? state.results.filter((result) => result.changed).length : 0;
  const confirmable = state.kind === 'ready' && !nothing;
  return (
    <Dialog
      open
      onClose={actions.close}
      title="Put everything back"
      {...(confirmable
        ? {
            description: `${plural(state.planned.length, 'entry gets its', 'entries get their')} original text again. Grants and history are kept.`,
          }
        : {})}
      footer={
        <>
          {confirmable && (
            <button type="button" className="button" onClick={actions.close}>
              Cancel
            </button>
          )}
          {confirmable ? (
            <button type="button" className="button button-primary" onClick={() => void actions.confirm()}>
              Put everything back
            </button>
          ) : (
            <button type="button" className="button button-primary" onClick={actions.close}>
              {state.kind === 'done' || nothing ? 'Done' : 'Close'}
            </button>
          )}
        </>
      }
    >
      {state.kind === 'loading' && <p role="status">Reading the files …</p>}
      {state.kind === 'failed' && <ErrorNote error={state.error} />}
      {nothing && <Note tone="good">Nothing to put back: every entry is as its client wrote it.</Note>}
      {state.kind === 'ready' && !nothing && <Results results={state.planned} done={false} />}
      {state.kind === 'working' && <p role="status">Writing the files …</p>}
      {state.kind === 'done' && (
        <>
          <Note tone={failed > 0 ? 'refused' : 'good'}>
            <p role="status">
              <strong>
                {failed > 0
                  ? `${plural(changed, 'entry is', 'entries are')} put back, ${failed.toString()} could not be.`
                  : `${plural(changed, 'entry is', 'entries are')} put back.`}
              </strong>
            </p>
          </Note>
          <Results results={state.results.filter((result) => result.changed || result.error !== undefined)} done />
        </>
      )}
    </Dialog>
  );
}
