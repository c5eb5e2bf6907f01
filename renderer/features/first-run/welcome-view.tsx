/** The first minutes: what was found, a try of the three riskiest, and one change for all that one click takes back. */
import {
  Check,
  ChevronRight,
  CircleCheck,
  CircleDashed,
  CircleSlash,
  FlaskConical,
  Loader,
  RotateCw,
  TriangleAlert,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import {
  bulkWords,
  levelSentences,
  levelTitles,
  riskReasonSentence,
  rolloutWords,
  welcomeWords,
} from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { launchedLevels } from '#contract/words.ts';
import { DiffView } from '../../lib/components/diff-view.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { Progress } from '../../lib/components/progress.tsx';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { RouteLink } from '../navigation/route-link.tsx';
import { ViewHeading } from '../navigation/view-heading.tsx';
import { BulkResults } from '../servers/bulk-dialog.tsx';
import type { BulkState } from '../servers/bulk-store.ts';
import { CheckReport } from '../servers/check-report.tsx';
import { Empty } from '../servers/servers-pane.tsx';
import { RiskWord } from '../servers/server-risk.tsx';
import { whatRuns } from '../servers/what-runs.ts';
import type { Choice, FirstRunStep, Trying } from './first-run-store.ts';
import { standingOf } from './first-run-store.ts';
import './first-run.css';

const stepOrder: readonly FirstRunStep[] = ['found', 'try', 'apply'];
const nameLongest = 48;

function Steps({ step }: { step: FirstRunStep }): ReactNode {
  return (
    <ol className="first-steps" aria-label={welcomeWords.stepsTitle}>
      {stepOrder.map((one, index) => (
        <li
          key={one}
          aria-current={one === step ? 'step' : undefined}
          data-done={stepOrder.indexOf(step) > index || undefined}
        >
          <span className="first-step-number" aria-hidden="true">
            {stepOrder.indexOf(step) > index ? <Check /> : index + 1}
          </span>
          {welcomeWords.steps[one]}
        </li>
      ))}
    </ol>
  );
}

/** What a step is about. It has the focus where the control that led here, which is gone, had it. */
function Lead({ take = true, children }: { take?: boolean; children: ReactNode }): ReactNode {
  const lead = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const holder = document.activeElement;
    if (take && (holder === document.body || holder === lead.current?.closest('main'))) lead.current?.focus();
    // Once, when the step comes.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  return (
    <div ref={lead} className="first-lead" tabIndex={-1}>
      {children}
    </div>
  );
}

/** By client, in the host's order. */
function byClient(servers: Iterable<Server>): [string, Server[]][] {
  const groups = new Map<string, Server[]>();
  for (const server of servers) groups.set(server.clientTitle, [...(groups.get(server.clientTitle) ?? []), server]);
  return [...groups];
}

function FoundServer({ server }: { server: Server }): ReactNode {
  const { name } = whatRuns(server);
  const reason = server.risk?.reasons[0];
  return (
    <li className="found-server">
      <strong>
        <HostileText text={server.name} longest={nameLongest} />
      </strong>
      {name !== '' && (
        <code>
          <HostileText text={name} longest={60} />
        </code>
      )}
      <RiskWord risk={server.risk} />
      <span className="found-reads">
        {welcomeWords.reads[server.state === 'cannot' ? 'elsewhere' : server.level]}
        {reason !== undefined && (
          <>
            {' '}
            <HostileText text={riskReasonSentence(reason)} longest={300} />
          </>
        )}
      </span>
    </li>
  );
}

function Found(): ReactNode {
  const panel = usePanel();
  const servers = useStore(panel.servers, (state) => state.servers);
  const plan = useStore(panel.firstRun, (state) => state.plan);
  const groups = useMemo(() => byClient(servers.values()), [servers]);
  const count = plan === null ? 0 : panel.firstRun.riskiest(plan).length;
  if (servers.size === 0) return <Empty />;
  return (
    <>
      <Lead take={false}>
        <p>{welcomeWords.found(servers.size, groups.length)}</p>
      </Lead>
      <div className="found-clients">
        {groups.map(([title, list]) => (
          <section key={title} className="card" aria-label={visibleText(title)}>
            <h3 className="card-title">
              <HostileText text={title} longest={60} />
            </h3>
            <ul>
              {list.map((server) => (
                <FoundServer key={server.id} server={server} />
              ))}
            </ul>
          </section>
        ))}
      </div>
      <Foot>
        <button type="button" className="button" onClick={() => void panel.demo.actions.open()}>
          <FlaskConical aria-hidden="true" /> {welcomeWords.demo}
        </button>
        {count > 0 ? (
          <button
            type="button"
            className="button button-primary"
            onClick={() => void panel.firstRun.actions.tryRiskiest()}
          >
            {welcomeWords.try(count)}
          </button>
        ) : (
          plan !== null && <p>{rolloutWords.nothing}</p>
        )}
      </Foot>
    </>
  );
}

function TryIcon({ trying }: { trying: Trying | undefined }): ReactNode {
  if (trying === undefined || trying.kind === 'waiting') return <CircleDashed aria-hidden="true" />;
  if (trying.kind === 'trying') return <Loader className="spin" aria-hidden="true" />;
  if (trying.kind === 'failed') return <CircleSlash className="tone-refused" aria-hidden="true" />;
  return trying.check.verdict.startsWith('works') ? (
    <CircleCheck className="tone-good" aria-hidden="true" />
  ) : (
    <TriangleAlert className="tone-warn" aria-hidden="true" />
  );
}

function Try(): ReactNode {
  const panel = usePanel();
  const { plan, tries } = useStore(panel.firstRun);
  const servers = useStore(panel.servers, (state) => state.servers);
  if (plan === null) return null;
  const steps = panel.firstRun.riskiest(plan);
  const isDone = steps.every(({ id }) => tries.get(id)?.kind === 'tried' || tries.get(id)?.kind === 'failed');
  return (
    <>
      <Lead>
        <p>{welcomeWords.tryIntro}</p>
      </Lead>
      <ol className="tries">
        {steps.map(({ id, handle, level }) => {
          const trying = tries.get(id);
          return (
            <li key={id} className="card">
              <p className="result-head">
                <TryIcon trying={trying} />
                <strong>
                  <HostileText text={servers.get(id)?.name ?? handle} longest={nameLongest} />
                </strong>
                <span className="result-level">{levelTitles[level]}</span>
              </p>
              {trying?.kind === 'trying' && <Progress text={welcomeWords.trying} startedAt={trying.startedAt} />}
              {trying?.kind === 'failed' && <ErrorNote error={trying.error} />}
              {trying?.kind === 'tried' && <CheckReport check={trying.check} />}
            </li>
          );
        })}
      </ol>
      <Foot>
        <button
          type="button"
          className={isDone ? 'button button-primary' : 'button'}
          onClick={() => void panel.firstRun.actions.plan()}
        >
          {isDone ? welcomeWords.plan : welcomeWords.planNow}
        </button>
      </Foot>
    </>
  );
}

const choices: readonly Choice[] = [...launchedLevels, 'leave'];

function Uptakes({ ids }: { ids: readonly string[] }): ReactNode {
  const panel = usePanel();
  const servers = useStore(panel.servers, (state) => state.servers);
  const own = ids.flatMap((id) => servers.get(id) ?? []);
  return (
    <section className="card" aria-label={welcomeWords.restart}>
      <h3 className="card-title">{welcomeWords.restart}</h3>
      <ul className="uptakes">
        {byClient(own).map(([title, list]) => {
          const waits = list.some(
            ({ state, oldProcesses }) => state === 'restart-needed' || (oldProcesses ?? []).length > 0,
          );
          const isDone = !waits && list.every(({ level, lastRun }) => level !== 'off' && lastRun !== null);
          return (
            <li key={title} data-done={isDone || undefined}>
              {isDone ? <CircleCheck aria-hidden="true" /> : <CircleDashed aria-hidden="true" />}
              <HostileText text={list[0]?.uptakeSentence ?? title} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** `used`: whose choice was just changed; what that writes is read anew, and the choice has the focus again. */
function Planned({
  state,
  used,
  onUse,
}: {
  state: Extract<BulkState, { kind: 'ready' }>;
  used: string | null;
  onUse: (id: string) => void;
}): ReactNode {
  const panel = usePanel();
  const { plan, choices: chosen } = useStore(panel.firstRun);
  const servers = useStore(panel.servers, (store) => store.servers);
  return (
    <>
      <Lead take={used === null}>
        <p>{welcomeWords.applyIntro}</p>
      </Lead>
      <ul className="planned">
        {(plan?.steps ?? []).map(({ id, handle, applies }) => {
          const choice = chosen.get(id) ?? 'leave';
          const diff = state.planned.find((one) => one.id === id)?.diff;
          const error = state.planned.find((one) => one.id === id)?.error;
          const name = servers.get(id)?.name ?? handle;
          return (
            <li key={id} className="card">
              <div className="planned-head">
                <strong>
                  <HostileText text={name} longest={nameLongest} />
                </strong>
                <RiskWord risk={servers.get(id)?.risk ?? null} />
                <select
                  className="field"
                  aria-label={welcomeWords.choice(visibleText(name))}
                  value={choice}
                  autoFocus={used === id}
                  disabled={!applies}
                  onChange={(event) => {
                    const found = choices.find((one) => one === event.target.value);
                    if (found === undefined) return;
                    onUse(id);
                    void panel.firstRun.actions.choose(id, found);
                  }}
                >
                  {choices.map((one) => (
                    <option key={one} value={one}>
                      {one === 'leave' ? welcomeWords.leave : levelTitles[one]}
                    </option>
                  ))}
                </select>
              </div>
              <p className="about-faint">{choice === 'leave' ? levelSentences.off : levelSentences[choice]}</p>
              {error !== undefined && <ErrorNote error={error} />}
              {diff !== undefined && (
                <details className="planned-diff">
                  <summary>
                    <ChevronRight className="chevron" aria-hidden="true" />
                    {bulkWords.changes}
                    <span className="visually-hidden">: {visibleText(name)}</span>
                  </summary>
                  <DiffView file={diff.file} unified={diff.unified} />
                </details>
              )}
            </li>
          );
        })}
      </ul>
      <Uptakes ids={state.steps.map(({ id }) => id)} />
      <Foot>
        {state.steps.length === 0 ? (
          <RouteLink to={{ name: 'servers' }} className="button">
            {welcomeWords.toServers}
          </RouteLink>
        ) : (
          <button
            type="button"
            className="button button-primary"
            onClick={() => void panel.firstRun.bulk.actions.confirm()}
          >
            {welcomeWords.apply(state.steps.length)}
          </button>
        )}
      </Foot>
    </>
  );
}

function Done({ state }: { state: Extract<BulkState, { kind: 'done' }> }): ReactNode {
  const panel = usePanel();
  const servers = useStore(panel.servers, (store) => store.servers);
  const standing = useMemo(() => standingOf(servers.values()), [servers]);
  const failed = state.results.some(({ error }) => error !== undefined);
  return (
    <>
      <Lead>
        <Note tone={failed ? 'warn' : 'good'}>
          <p role="status">
            <strong>{welcomeWords.end(standing)}</strong> {welcomeWords.endBack}
          </p>
        </Note>
      </Lead>
      <Uptakes ids={state.results.filter(({ error }) => error === undefined).map(({ id }) => id)} />
      <BulkResults results={state.results} done />
      <Foot>
        <RouteLink to={{ name: 'servers' }} className="button button-primary">
          {welcomeWords.toServers}
        </RouteLink>
      </Foot>
    </>
  );
}

function Apply(): ReactNode {
  const { firstRun } = usePanel();
  const { state } = useStore(firstRun.bulk);
  const [used, setUsed] = useState<string | null>(null);
  switch (state.kind) {
    case 'closed':
    case 'loading':
      return <p role="status">{bulkWords.reading}</p>;
    case 'failed':
      return <ErrorNote error={state.error} />;
    case 'ready':
      return <Planned state={state} used={used} onUse={setUsed} />;
    case 'working':
      return (
        <>
          <Progress
            text={bulkWords.working(Math.min(state.results.length + 1, state.steps.length), state.steps.length)}
            startedAt={state.startedAt}
          />
          <BulkResults results={state.results} done />
          <Foot>
            <button type="button" className="button" disabled={state.stopping} onClick={firstRun.bulk.actions.close}>
              {state.stopping ? bulkWords.stopping : bulkWords.stop}
            </button>
          </Foot>
        </>
      );
    case 'done':
      return <Done state={state} />;
  }
}

/** The next decision, always at the same place. */
function Foot({ children }: { children: ReactNode }): ReactNode {
  return <div className="first-foot">{children}</div>;
}

export function WelcomeView(): ReactNode {
  const panel = usePanel();
  const { step, error, plan } = useStore(panel.firstRun);
  const loaded = useStore(panel.servers, (state) => state.loaded);
  const any = useStore(panel.servers, (state) => state.servers.size > 0);
  const { actions } = panel.firstRun;
  useEffect(() => {
    if (loaded && panel.firstRun.getState().plan === null) void actions.begin();
    return actions.leave;
  }, [loaded, panel, actions]);
  return (
    <main className="view first-run" tabIndex={-1}>
      <header className="first-head">
        <ViewHeading title={welcomeWords.title} />
        {(any || !loaded) && <Steps step={step} />}
        <RouteLink to={{ name: 'servers' }} className="back-link">
          {welcomeWords.skip}
        </RouteLink>
      </header>
      {error !== null && (
        <ErrorNote error={error}>
          <button type="button" className="button button-small" onClick={() => void actions.begin()}>
            <RotateCw aria-hidden="true" /> Try now
          </button>
        </ErrorNote>
      )}
      {plan === null && error === null && <p role="status">{welcomeWords.looking}</p>}
      {plan !== null && step === 'found' && <Found />}
      {step === 'try' && <Try />}
      {step === 'apply' && <Apply />}
    </main>
  );
}
