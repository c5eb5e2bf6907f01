/** What is not contained, riskiest first, to be contained one by one or in order; beside it what runs past Belljar. */
import { Check, CircleSlash, RotateCw, ShieldOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import type { Audit, AuditFinding, Rollout, RolloutStep } from '#contract/rollout.ts';
import { auditWords, levelTitles, rolloutReasonSentences, rolloutWords } from '#contract/sentences.ts';
import { CopyButton } from '../../lib/components/copy-button.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { Progress } from '../../lib/components/progress.tsx';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { RouteLink } from '../navigation/route-link.tsx';
import { ViewHeading } from '../navigation/view-heading.tsx';
import { RiskReasons, RiskWord } from '../servers/server-risk.tsx';
import type { StepResult, Work } from './rollout-store.ts';
import './rollout.css';

function Step({ step, isLeft, isBusy }: { step: RolloutStep; isLeft: boolean; isBusy: boolean }): ReactNode {
  const { actions } = usePanel().rollout;
  return (
    <li className="rollout-step">
      <div className="rollout-head">
        <label className="rollout-choice">
          <input
            type="checkbox"
            checked={step.applies && !isLeft}
            disabled={!step.applies || isBusy}
            aria-label={`Contain ${visibleText(step.handle)}`}
            onChange={() => {
              actions.toggle(step.id);
            }}
          />
          <strong>
            <HostileText text={step.handle} longest={80} />
          </strong>
        </label>
        <RiskWord risk={step.risk} />
        {step.applies && (
          <button
            type="button"
            className="button button-small"
            disabled={isBusy}
            aria-label={rolloutWords.oneOf(visibleText(step.handle))}
            onClick={() => void actions.applyOne(step)}
          >
            {rolloutWords.one}
          </button>
        )}
      </div>
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
            <RouteLink to={{ name: 'server', server: step.id }}>
              <HostileText text={step.handle} longest={80} />
            </RouteLink>
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

function Working({ work }: { work: Work }): ReactNode {
  const { actions } = usePanel().rollout;
  const at = work.results.length;
  return (
    <section className="rollout-work" aria-label={rolloutWords.workTitle}>
      <Progress text={rolloutWords.working(at + 1, work.steps.length)} startedAt={work.startedAt} />
      <p className="rollout-now">
        <HostileText text={work.steps[at]?.handle ?? ''} longest={80} />
      </p>
      <Results results={work.results} />
      <button type="button" className="button" disabled={work.stopping} onClick={actions.stop}>
        {work.stopping ? rolloutWords.stopping : rolloutWords.stop}
      </button>
    </section>
  );
}

function Done({ results, notTouched }: { results: readonly StepResult[]; notTouched: number }): ReactNode {
  const isFailed = results.some(({ error }) => error !== null);
  const contained = results.filter(({ error }) => error === null).length;
  return (
    <section className="rollout-work" aria-label={rolloutWords.doneTitle}>
      <Note tone={isFailed ? 'refused' : 'good'}>
        <p role="status">
          <strong>{rolloutWords.done(contained)}</strong> {isFailed && rolloutWords.stopped(notTouched)}
          {!isFailed && notTouched > 0 && rolloutWords.notTouched(notTouched)}
        </p>
      </Note>
      <Results results={results} />
    </section>
  );
}

/** How far it has come, of all that can be contained. */
function HowFar({ plan }: { plan: Rollout }): ReactNode {
  const all = plan.contained + plan.steps.length;
  if (all === 0) return null;
  return (
    <div className="rollout-far">
      <progress value={plan.contained} max={all} aria-labelledby="rollout-far" />
      <p id="rollout-far">{rolloutWords.far(plan.contained, all)}</p>
    </div>
  );
}

function Checklist({ plan }: { plan: Rollout }): ReactNode {
  const { rollout } = usePanel();
  const left = useStore(rollout, (state) => state.left);
  const isBusy = useStore(rollout, (state) => state.work !== null);
  const { steps, cannot } = plan;
  const count = rollout.chosen({ ...rollout.getState(), left }).length;
  return (
    <>
      {steps.length === 0 ? (
        <Note tone="good">{rolloutWords.nothing}</Note>
      ) : (
        <div className="rollout-all">
          <p>{rolloutWords.intro}</p>
          <button
            type="button"
            className="button button-primary"
            disabled={isBusy || count === 0}
            onClick={() => void rollout.actions.applyChosen()}
          >
            {rolloutWords.confirm(count)}
          </button>
        </div>
      )}
      <ol className="rollout">
        {steps.map((step) => (
          <Step key={step.id} step={step} isLeft={left.has(step.id)} isBusy={isBusy} />
        ))}
      </ol>
      {cannot.length > 0 && (
        <details className="rollout-cannot">
          <summary>
            {rolloutWords.cannot} ({cannot.length})
          </summary>
          <ul>
            {cannot.map(({ id, handle, risk }) => (
              <li key={id}>
                <RouteLink to={{ name: 'server', server: id }}>
                  <HostileText text={handle} longest={80} />
                </RouteLink>{' '}
                <RiskWord risk={risk} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Finding({ finding }: { finding: AuditFinding }): ReactNode {
  const isCommand = finding.remedy.startsWith('belljar ');
  return (
    <li className="result">
      <p className="result-head">
        <ShieldOff className="tone-refused" aria-hidden="true" />
        {finding.server === null ? (
          <strong>
            <HostileText text={finding.subject} longest={80} />
          </strong>
        ) : (
          <RouteLink to={{ name: 'server', server: finding.server }}>
            <HostileText text={finding.subject} longest={80} />
          </RouteLink>
        )}
        {finding.file !== undefined && (
          <code>
            <HostileText text={finding.file} longest={90} />
          </code>
        )}
      </p>
      <p className="audit-text">
        <HostileText text={finding.sentence} longest={600} />
      </p>
      {finding.remedy !== '' && (
        <p className="audit-text audit-remedy">
          {isCommand ? (
            <>
              <code>
                <HostileText text={finding.remedy} longest={300} />
              </code>
              <CopyButton text={finding.remedy} label={`Copy: ${visibleText(finding.remedy)}`} />
            </>
          ) : (
            <HostileText text={finding.remedy} longest={600} />
          )}
        </p>
      )}
    </li>
  );
}

function AuditFindings({ audit }: { audit: Audit }): ReactNode {
  return (
    <>
      <Note tone={audit.clean ? 'good' : 'warn'}>
        <strong role="status">{audit.clean ? auditWords.clean : auditWords.found(audit.findings.length)}</strong>
      </Note>
      <ul className="results">
        {audit.findings.map((finding, index) => (
          <Finding key={`${finding.code} ${finding.subject} ${index.toString()}`} finding={finding} />
        ))}
      </ul>
      <section className="audit-limits" aria-label={auditWords.limitsTitle}>
        <h4>{auditWords.limitsTitle}</h4>
        <ul>
          {audit.limits.map((limit) => (
            <li key={limit}>{limit}</li>
          ))}
        </ul>
      </section>
    </>
  );
}

export function RolloutView(): ReactNode {
  const panel = usePanel();
  const { rollout } = panel;
  const { plan, audit, work, done } = useStore(rollout);
  const connection = useStore(panel.session, (state) => state.connection.kind);
  useEffect(() => {
    if (connection === 'live') void rollout.actions.look();
  }, [rollout, connection]);
  const isAsking = plan.askingSince !== null || audit.askingSince !== null;
  return (
    <main className="view rollout-view">
      <header className="rollout-view-head">
        <ViewHeading title={rolloutWords.title} />
        <button
          type="button"
          className="button button-small"
          disabled={isAsking || work !== null}
          onClick={() => void rollout.actions.look()}
        >
          <RotateCw aria-hidden="true" /> {rolloutWords.again}
        </button>
      </header>
      <div className="rollout-panes">
        <section className="rollout-pane" aria-labelledby="rollout-title">
          <h3 id="rollout-title">{rolloutWords.listTitle}</h3>
          {plan.value !== null && <HowFar plan={plan.value} />}
          {work !== null && <Working work={work} />}
          {work === null && done !== null && <Done {...done} />}
          {plan.error !== null && <ErrorNote error={plan.error} />}
          {plan.value === null && plan.error === null && <p role="status">{rolloutWords.looking}</p>}
          {plan.value !== null && <Checklist plan={plan.value} />}
        </section>
        <section className="rollout-pane" aria-labelledby="audit-title">
          <h3 id="audit-title">{auditWords.title}</h3>
          {audit.error !== null && <ErrorNote error={audit.error} />}
          {audit.value === null && audit.error === null && <p role="status">{rolloutWords.looking}</p>}
          {audit.value !== null && <AuditFindings audit={audit.value} />}
        </section>
      </div>
    </main>
  );
}
