/** A checklist of what is not contained, riskiest first: why, at which level, and how far it has come. */
import { Check, CircleSlash } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { RolloutStep } from '#contract/rollout.ts';
import { levelTitles, rolloutReasonSentences, rolloutWords } from '#contract/sentences.ts';
import { Dialog } from '../../lib/components/dialog.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { Progress } from '../../lib/components/progress.tsx';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { RiskReasons, RiskWord } from '../servers/server-risk.tsx';
import type { RolloutState, StepResult } from './rollout-store.ts';

function Step({ step, left }: { step: RolloutStep; left: boolean }): ReactNode {
  const { actions } = usePanel().rollout;
  return (
    <li className="rollout-step">
      <label className="rollout-head">
        <input
          type="checkbox"
          checked={step.applies && !left}
          disabled={!step.applies}
          aria-label={`Contain ${visibleText(step.handle)}`}
          onChange={() => {
            actions.toggle(step.id);
          }}
        />
        <strong>
          <HostileText text={step.handle} longest={80} />
        </strong>
        <RiskWord risk={step.risk} />
      </label>
      <RiskReasons risk={step.risk} />
      <p className="rollout-why">
        <strong>{levelTitles[step.level]}:</strong> {rolloutReasonSentences[step.reason]}{' '}
        {!step.applies && rolloutWords.restart}
      </p>
    </li>
  );
}

function Results({ results }: { results: readonly StepResult[] }): ReactNode {
  return (
    <ul className="results">
      {results.map(({ step, result, error }) => (
        <li key={step.id} className="result">
          <p className="result-head">
            {error === null ? (
              <Check className="tone-good" aria-hidden="true" />
            ) : (
              <CircleSlash className="tone-refused" aria-hidden="true" />
            )}
            <strong>
              <HostileText text={step.handle} longest={80} />
            </strong>
            {error === null && <span className="result-hint">{levelTitles[step.level]}</span>}
          </p>
          {error !== null && <ErrorNote error={error} />}
          {result?.check !== undefined && error === null && result.check.verdict === 'works-but-refused' && (
            <p className="result-hint">
              <HostileText text={result.check.sentence} longest={300} />
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

function Body({ state }: { state: RolloutState }): ReactNode {
  switch (state.kind) {
    case 'closed':
      return null;
    case 'loading':
      return <p role="status">Looking at the servers …</p>;
    case 'failed':
      return <ErrorNote error={state.error} />;
    case 'ready': {
      const { steps, cannot } = state.plan;
      return (
        <>
          {steps.length === 0 && <Note tone="good">{rolloutWords.nothing}</Note>}
          <ol className="rollout">
            {steps.map((step) => (
              <Step key={step.id} step={step} left={state.left.has(step.id)} />
            ))}
          </ol>
          {cannot.length > 0 && (
            <Note>
              <p>{rolloutWords.cannot}:</p>
              <ul className="rollout-cannot">
                {cannot.map(({ id, handle, risk }) => (
                  <li key={id}>
                    <HostileText text={handle} longest={80} /> <RiskWord risk={risk} />
                  </li>
                ))}
              </ul>
            </Note>
          )}
        </>
      );
    }
    case 'working': {
      const at = state.results.length;
      return (
        <>
          <Progress text={rolloutWords.working(at + 1, state.steps.length)} startedAt={state.startedAt} />
          <p className="rollout-now">
            <HostileText text={state.steps[at]?.handle ?? ''} longest={80} />
          </p>
          <Results results={state.results} />
        </>
      );
    }
    case 'done': {
      const failed = state.results.some(({ error }) => error !== null);
      const contained = state.results.filter(({ error }) => error === null).length;
      return (
        <>
          <Note tone={failed ? 'refused' : 'good'}>
            <p role="status">
              <strong>{rolloutWords.done(contained)}</strong> {failed && rolloutWords.stopped(state.notTouched)}
              {!failed && state.notTouched > 0 && `${state.notTouched.toString()} were not touched.`}
            </p>
          </Note>
          <Results results={state.results} />
        </>
      );
    }
  }
}

export function RolloutDialog(): ReactNode {
  const panel = usePanel();
  const { actions } = panel.rollout;
  const state = useStore(panel.rollout, (store) => store.state);
  if (state.kind === 'closed') return null;
  const count = state.kind === 'ready' ? panel.rollout.chosen(state.plan, state.left).length : 0;
  return (
    <Dialog
      open
      onClose={actions.close}
      title={rolloutWords.title}
      {...(state.kind === 'ready' && state.plan.steps.length > 0 ? { description: rolloutWords.intro } : {})}
      footer={
        state.kind === 'working' ? (
          <button type="button" className="button" disabled={state.stopping} onClick={actions.close}>
            {state.stopping ? 'It stops after this one' : 'Stop after this one'}
          </button>
        ) : (
          <>
            <button type="button" className={count > 0 ? 'button' : 'button button-primary'} onClick={actions.close}>
              {count > 0 ? 'Cancel' : 'Done'}
            </button>
            {count > 0 && (
              <button type="button" className="button button-primary" onClick={() => void actions.confirm()}>
                {rolloutWords.confirm(count)}
              </button>
            )}
          </>
        )
      }
    >
      <Body state={state} />
    </Dialog>
  );
}
