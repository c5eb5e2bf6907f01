/** One server: how it is held, what it can reach and why, what would happen if, its runs, and what no wall can help with. */
import { ArrowLeft, FileDiff, FlaskConical, Undo2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { ErrorBody } from '#contract/errors.ts';
import {
  historyWords,
  listWords,
  residualRiskSentences,
  resourceWords,
  serverPageWords,
  sightWords,
  stateTitles,
  withheldTitle,
} from '#contract/sentences.ts';
import type { CheckResult, FileDiff as Diff, Server, ServerDetail } from '#contract/server.ts';
import { DiffView } from '../../lib/components/diff-view.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote } from '../../lib/components/note.tsx';
import { Progress } from '../../lib/components/progress.tsx';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { DecisionList } from '../decisions/decision-list.tsx';
import { RouteLink } from '../navigation/route-link.tsx';
import { ViewHeading } from '../navigation/view-heading.tsx';
import { NetworkLine } from '../network/network-line.tsx';
import { ResourceLimits } from '../resources/resource-limits.tsx';
import { CheckReport } from '../servers/check-report.tsx';
import { nameLongest, ServerLevel, WhatRunsLine } from '../servers/server-row.tsx';
import { RiskReasons, RiskWord } from '../servers/server-risk.tsx';
import { StatePill } from '../servers/server-state.tsx';
import { GrantForm } from './grant-form.tsx';
import { ReachMap } from './reach-map.tsx';
import { residualRisks } from './residual-risks.ts';
import { AskSwitch, KeptBackNames, PassingRules, RuleTable, Waiting } from './rules.tsx';
import { RunList } from './run-list.tsx';
import { ServerSight } from '../sight/server-sight.tsx';
import { OpenTerminalButton } from '../terminal/open-terminal-button.tsx';
import { SecretsLine, ServerSecrets } from './server-secrets.tsx';
import { ServerPin } from './server-pin.tsx';
import { TimelineList } from './timeline-list.tsx';
import { WhatIf } from './what-if.tsx';
import './server-page.css';

function Section({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <section className="card" aria-label={title} tabIndex={-1}>
      <h3 className="card-title">{title}</h3>
      {children}
    </section>
  );
}

/** Its own entry asks for these, and that is not enough: to be said where the level is. */
function KeptBack({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  if (server.withheld.length === 0 || server.level === 'off' || server.level === 'watch') return null;
  return (
    <div className="kept-back">
      <p>{withheldTitle}</p>
      <ul>
        {server.withheld.map((path) => (
          <li key={path}>
            <code>
              <HostileText text={path} />
            </code>
            <button
              type="button"
              className="row-allow"
              aria-label={`Allow ${visibleText(path)} for ${visibleText(server.name)}`}
              onClick={() => {
                panel.grant.actions.open([{ server: server.id, kind: 'file.read', target: path }]);
              }}
            >
              Allow …
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

type Check =
  | { kind: 'none' }
  | { kind: 'working'; startedAt: number }
  | { kind: 'done'; check: CheckResult }
  | { kind: 'failed'; error: ErrorBody };

function Actions({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const [check, setCheck] = useState<Check>({ kind: 'none' });
  const [diff, setDiff] = useState<Diff | ErrorBody | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const isAble = server.state !== 'cannot' && server.drift?.how !== 'removed';

  async function tryIt(): Promise<void> {
    const controller = new AbortController();
    running.current = controller;
    setCheck({ kind: 'working', startedAt: panel.clock.now() });
    const answer = await panel.about.actions.check(server.id, controller.signal);
    if (controller.signal.aborted) return;
    setCheck('verdict' in answer ? { kind: 'done', check: answer } : { kind: 'failed', error: answer });
  }

  if (!isAble) return null;
  return (
    <div className="server-actions-place" tabIndex={-1}>
      <div className="server-actions">
        <button type="button" className="button" disabled={check.kind === 'working'} onClick={() => void tryIt()}>
          <FlaskConical aria-hidden="true" /> {serverPageWords.check}
        </button>
        <button
          type="button"
          className="button"
          aria-expanded={diff !== null}
          onClick={() => {
            if (diff !== null) setDiff(null);
            else void panel.about.actions.diff(server.id).then(setDiff);
          }}
        >
          <FileDiff aria-hidden="true" /> {serverPageWords.diff}
        </button>
        <OpenTerminalButton server={server} />
        {server.level !== 'off' && (
          <button type="button" className="button" onClick={() => void panel.change.actions.choose(server, 'off')}>
            <Undo2 aria-hidden="true" /> {serverPageWords.putBack}
          </button>
        )}
      </div>
      {check.kind === 'working' && (
        <div className="server-checking">
          <Progress text={serverPageWords.checking} startedAt={check.startedAt} />
          <button
            type="button"
            className="button button-small"
            onClick={() => {
              running.current?.abort();
              setCheck({ kind: 'none' });
            }}
          >
            {serverPageWords.stopCheck}
          </button>
        </div>
      )}
      {check.kind === 'failed' && <ErrorNote error={check.error} />}
      {check.kind === 'done' && <CheckReport check={check.check} />}
      {diff !== null &&
        ('unified' in diff ? <DiffView file={diff.file} unified={diff.unified} /> : <ErrorNote error={diff} />)}
    </div>
  );
}

/** The same start in other clients' files, as these are called. */
function SameServers({ ids }: { ids: readonly string[] }): ReactNode {
  const servers = useStore(usePanel().servers, (state) => state.servers);
  const others = ids.flatMap((id) => servers.get(id) ?? []);
  return (
    <ul>
      {others.map((other) => (
        <li key={other.id}>
          <RouteLink to={{ name: 'server', server: other.id }}>
            <HostileText text={`${other.clientTitle} (${stateTitles[other.state]})`} />
          </RouteLink>
        </li>
      ))}
    </ul>
  );
}

function EntryFacts({ server }: { server: Server }): ReactNode {
  return (
    <dl className="facts">
      <dt>File</dt>
      <dd>
        <code>
          <HostileText text={server.file} />
        </code>
      </dd>
      {server.command !== null && (
        <>
          <dt>Command</dt>
          <dd>
            <code>
              <HostileText text={[server.command, ...server.args].join(' ')} />
            </code>
          </dd>
        </>
      )}
      {server.env.length > 0 && (
        <>
          <dt>Environment</dt>
          <dd>
            <HostileText text={server.env.join(', ')} />
          </dd>
        </>
      )}
      <dt>Named</dt>
      <dd>
        <code>
          <HostileText text={server.handle} />
        </code>
      </dd>
      <dt>Changes</dt>
      <dd>
        <HostileText text={server.uptakeSentence} />
      </dd>
      {server.risk !== null && (
        <>
          <dt>Uncontained</dt>
          <dd>
            <RiskWord risk={server.risk} />
            <RiskReasons risk={server.risk} />
          </dd>
        </>
      )}
      {server.sharedWith.length > 0 && (
        <>
          <dt>Read by</dt>
          <dd>
            <HostileText text={[server.clientTitle, ...server.sharedWith].join(', ')} />
          </dd>
        </>
      )}
      {server.sameAs.length > 0 && (
        <>
          <dt>Also stands</dt>
          <dd>
            <SameServers ids={server.sameAs} />
          </dd>
        </>
      )}
    </dl>
  );
}

function Reach({ server, detail }: { server: Server; detail: ServerDetail }): ReactNode {
  const [asTable, setAsTable] = useState(false);
  const { policy } = detail;
  if (policy === null) return <p className="reach-open">{serverPageWords.off}</p>;
  return (
    <>
      <div className="switch-row" role="group" aria-label={serverPageWords.reach}>
        {[false, true].map((table) => (
          <button
            key={String(table)}
            type="button"
            className="button button-small"
            aria-pressed={asTable === table}
            onClick={() => {
              setAsTable(table);
            }}
          >
            {table ? serverPageWords.asTable : serverPageWords.asMap}
          </button>
        ))}
      </div>
      <Waiting detail={detail} />
      <PassingRules detail={detail} />
      {asTable ? <RuleTable server={server} policy={policy} /> : <ReachMap server={server} policy={policy} />}
      <KeptBackNames server={server} rules={policy.rules} />
      {policy.level !== 'watch' && <AskSwitch server={server} policy={policy} />}
      <GrantForm server={server} />
      <WhatIf server={server} />
    </>
  );
}

function Residual({ detail }: { detail: ServerDetail }): ReactNode {
  return (
    <ul className="residual">
      {residualRisks(detail).map(({ code, what }) => (
        <li key={code}>
          <HostileText text={residualRiskSentences[code](what.join(', '))} longest={700} />
        </li>
      ))}
    </ul>
  );
}

function Page({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const about = useStore(panel.about, (state) => state.open.get(server.id));
  useEffect(() => panel.about.actions.show(server.id), [panel, server.id]);
  const detail = about?.detail ?? null;
  const name = <HostileText text={server.name} longest={nameLongest} />;
  return (
    <>
      <header className="server-head">
        <RouteLink to={{ name: 'servers' }} className="back-link">
          <ArrowLeft aria-hidden="true" /> {serverPageWords.back}
        </RouteLink>
        <div className="server-top">
          <ViewHeading title={visibleText(server.name).slice(0, 100)}>{name}</ViewHeading>
          <StatePill state={server.state} />
          <span className="server-scope">
            <HostileText text={server.clientTitle} longest={40} />
          </span>
        </div>
        <WhatRunsLine server={server} />
      </header>
      <div className="server-columns">
        <div className="server-column">
          <section className="card server-card" aria-label={listWords.open} data-server={server.id}>
            <ServerLevel server={server} />
            <NetworkLine server={server} />
            {server.filesUnseen === true && <p className="kept-back">{sightWords.unseen}</p>}
            <KeptBack server={server} />
            <ServerPin server={server} />
            <SecretsLine server={server} />
            <Actions server={server} />
          </section>
          <Section title={serverPageWords.reach}>
            {about?.error !== null && about?.error !== undefined && (
              <ErrorNote error={about.error}>
                <button
                  type="button"
                  className="button button-small"
                  onClick={() => void panel.about.actions.refresh(server.id)}
                >
                  {serverPageWords.refresh}
                </button>
              </ErrorNote>
            )}
            {detail === null && about?.error === null && (
              <span className="skeleton skeleton-line" role="status" aria-label="Loading" />
            )}
            {detail !== null && <Reach server={server} detail={detail} />}
          </Section>
        </div>
        <div className="server-column">
          {detail !== null && (
            <>
              <Section title={serverPageWords.residual}>
                <Residual detail={detail} />
              </Section>
              <Section title={resourceWords.title}>
                <ResourceLimits server={server} resources={detail.resources} />
              </Section>
              {detail.policy !== null && (
                <Section title={sightWords.title}>
                  <ServerSight server={server} policy={detail.policy} />
                </Section>
              )}
              <Section title={serverPageWords.runs}>
                <RunList server={server} runs={detail.runs} />
              </Section>
              <Section title={serverPageWords.timeline}>
                <TimelineList server={server} events={detail.events} decisions={about?.decisions ?? []} />
              </Section>
              <Section title={historyWords.title}>
                <DecisionList entries={about?.decisions ?? []} />
              </Section>
            </>
          )}
          <Section title="Secrets">
            <ServerSecrets server={server} />
          </Section>
          <Section title={serverPageWords.entry}>
            <EntryFacts server={server} />
          </Section>
        </div>
      </div>
    </>
  );
}

export function ServerPageView(): ReactNode {
  const panel = usePanel();
  const id = useStore(panel.navigation, ({ route }) => (route.name === 'server' ? route.server : ''));
  const server = useStore(panel.servers, (state) => state.servers.get(id));
  const loaded = useStore(panel.servers, (state) => state.loaded);
  return (
    <main className="view server-page" tabIndex={-1}>
      {server !== undefined ? (
        <Page key={id} server={server} />
      ) : (
        <>
          <RouteLink to={{ name: 'servers' }} className="back-link">
            <ArrowLeft aria-hidden="true" /> {serverPageWords.back}
          </RouteLink>
          <ViewHeading title={id} />
          {loaded ? (
            <p>{serverPageWords.gone}</p>
          ) : (
            <span className="skeleton skeleton-line" role="status" aria-label="Loading" />
          )}
        </>
      )}
    </main>
  );
}
