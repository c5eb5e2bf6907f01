/** Behind a server's card: its entry, what it may do and where each rule comes from, and its last runs. */
import { ChevronRight, Square, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { keptBack, type Rule } from '#contract/policy.ts';
import {
  areaWords,
  durationWords,
  grantSentences,
  nameNotChecked,
  networkTitles,
  ruleReasons,
  ruleTitle,
  runEndPhrase,
  sourceTitles,
  stateTitles,
} from '#contract/sentences.ts';
import type { Run, Server, ServerDetail } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { plural, visibleText } from '../../lib/text.ts';
import { dayAndTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';

const ownShown = 200;
const runsShown = 8;

function RuleItem({ server, rule }: { server: Server; rule: Rule }): ReactNode {
  const panel = usePanel();
  const words = grantSentences(rule.verb, rule.what);
  return (
    <li className="rule">
      <span className="rule-verb">{ruleTitle(rule)}</span>
      <span className="rule-what">
        <code>
          <HostileText text={rule.what} />
        </code>
        {words !== null && (
          <span className="rule-words">
            Lets it {words.use}. {words.risk}
          </span>
        )}
        {rule.brokered === true && <span className="rule-words">{areaWords.brokered}.</span>}
      </span>
      <span className="rule-source">
        {rule.checked === false && `${nameNotChecked}, `}from {sourceTitles[rule.source]}
      </span>
      {rule.source === 'person' && (
        <button
          type="button"
          className="button button-quiet button-icon"
          aria-label={`Take back: ${ruleTitle(rule)} ${visibleText(rule.what)}`}
          title="Take this rule back"
          onClick={() => void panel.about.actions.revoke(server.id, rule)}
        >
          <X aria-hidden="true" />
        </button>
      )}
    </li>
  );
}

/** The same start in other clients' files, as these are called. */
function SameServers({ ids }: { ids: readonly string[] }): ReactNode {
  const servers = useStore(usePanel().servers, (state) => state.servers);
  const others = ids.flatMap((id) => servers.get(id) ?? []);
  return <HostileText text={others.map((other) => `${other.clientTitle} (${stateTitles[other.state]})`).join(', ')} />;
}

function RunItem({ server, run }: { server: Server; run: Run }): ReactNode {
  const panel = usePanel();
  const now = panel.clock.now();
  return (
    <li className="run">
      <span>{dayAndTime(run.startedAt, now)}</span>
      <span className="run-what">
        {run.live
          ? `has run for ${durationWords(Math.max(0, now - Date.parse(run.startedAt)))}`
          : run.end === null
            ? 'ended without a word'
            : runEndPhrase(run.end)}
        {run.denials > 0 && `, ${plural(run.denials, 'refusal', 'refusals')}`}
      </span>
      {run.live && (
        <button
          type="button"
          className="button button-small"
          onClick={() => void panel.about.actions.stop(server.id, run.run)}
        >
          <Square aria-hidden="true" /> Stop
        </button>
      )}
    </li>
  );
}

function Policy({ server, detail }: { server: Server; detail: ServerDetail }): ReactNode {
  const { policy } = detail;
  if (policy === null) return <p className="about-faint">No rules while it is off.</p>;
  // What people gave comes first: it is what they look for. What every server of the level gets is the same everywhere.
  const own = policy.rules
    .filter((rule) => rule.source !== 'level')
    .toSorted((a, b) => Number(b.source === 'person') - Number(a.source === 'person'));
  const isKept = (rule: Rule): boolean => rule.what.startsWith('**/');
  const ofLevel = policy.rules.filter((rule) => rule.source === 'level' && !isKept(rule));
  return (
    <>
      <p className="about-faint">Network: {networkTitles[policy.network]}.</p>
      <Waiting detail={detail} />
      {own.length > 0 && (
        <ul className="rules">
          {own.slice(0, ownShown).map((rule) => (
            <RuleItem key={rule.id} server={server} rule={rule} />
          ))}
        </ul>
      )}
      {own.length > ownShown && <p className="about-faint">… {plural(own.length - ownShown, 'rule', 'rules')} more</p>}
      <KeptBack server={server} rules={policy.rules} />
      {ofLevel.length > 0 && (
        <details className="level-rules">
          <summary>
            <ChevronRight className="chevron" aria-hidden="true" />
            {plural(ofLevel.length, 'rule', 'rules')} of the level: system folders, certificates, devices, variables
          </summary>
          <ul className="rules">
            {ofLevel.map((rule) => (
              <RuleItem key={rule.id} server={server} rule={rule} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

/** What is kept back inside granted folders, by the reason for it; each can be allowed again. */
function KeptBack({ server, rules }: { server: Server; rules: readonly Rule[] }): ReactNode {
  const panel = usePanel();
  const groups = keptBack(rules.filter((rule) => rule.source === 'level'));
  if (groups.length === 0 || !rules.some((rule) => rule.brokered === true)) return null;
  return (
    <details className="level-rules">
      <summary>
        <ChevronRight className="chevron" aria-hidden="true" />
        {areaWords.keptBack}: files with secrets, and what other programs run by itself
      </summary>
      <p className="about-faint">
        {areaWords.cost} {areaWords.notIn}
      </p>
      {groups.map(({ first, rules: group }) => (
        <section key={first.id} className="held-group">
          <h6>
            {ruleReasons[first.reason ?? '']}{' '}
            <span className="about-faint">{first.verb === 'deny' ? areaWords.never : areaWords.unchanged}</span>
          </h6>
          <ul>
            {group.map((rule) => (
              <li key={rule.id}>
                <code>
                  <HostileText text={rule.what.replace(/^\*\*\//u, '')} />
                </code>
                <button
                  type="button"
                  className="button button-quiet button-small"
                  aria-label={`${areaWords.lift}: ${visibleText(rule.what)}`}
                  onClick={() => void panel.about.actions.lift(server.id, rule)}
                >
                  {areaWords.lift}
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </details>
  );
}

/** What a running server does not have yet. */
function Waiting({ detail }: { detail: ServerDetail }): ReactNode {
  const { comes, goes } = detail.afterRestart;
  const lines = [
    ...comes.map((line) => ({ title: areaWords.comes, line })),
    ...goes.map((line) => ({ title: areaWords.goes, line })),
  ];
  if (lines.length === 0) return null;
  return (
    <Note tone="warn">
      <ul className="waiting">
        {lines.slice(0, ownShown).map(({ title, line }) => (
          <li key={`${title} ${line}`}>
            {title}:{' '}
            <code>
              <HostileText text={line} />
            </code>
          </li>
        ))}
      </ul>
    </Note>
  );
}

export function AboutServer({ id, server }: { id: string; server: Server }): ReactNode {
  const panel = usePanel();
  const about = useStore(panel.about, (state) => state.open.get(server.id));
  const detail = about?.detail ?? null;
  return (
    <div className="about" id={id}>
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
      {about?.error !== null && about?.error !== undefined && <ErrorNote error={about.error} />}
      {about !== undefined && about.error === null && detail === null && (
        <span className="skeleton skeleton-line" role="status" aria-label="Loading" />
      )}
      {detail !== null && (
        <>
          <h5 className="about-title">What it may do</h5>
          <Policy server={server} detail={detail} />
          <h5 className="about-title">Last runs</h5>
          {detail.runs.length === 0 ? (
            <p className="about-faint">None seen yet.</p>
          ) : (
            <ul className="runs">
              {detail.runs.slice(0, runsShown).map((run) => (
                <RunItem key={run.run} server={server} run={run} />
              ))}
            </ul>
          )}
        </>
      )}
    </div>
  );
}
