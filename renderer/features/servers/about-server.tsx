/** Behind a server's card: its entry, what it may do and where each rule comes from, and its last runs. */
import { ChevronRight, Square, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useId } from 'react';
import { useStore } from 'zustand';
import type { EffectivePolicy, Rule } from '#contract/policy.ts';
import {
  durationWords,
  grantSentences,
  nameNotChecked,
  networkTitles,
  questionWords,
  runEndPhrase,
  sourceTitles,
  stateTitles,
} from '#contract/sentences.ts';
import type { Run, Server, ServerDetail } from '#contract/server.ts';
import type { RuleVerb } from '#contract/words.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote } from '../../lib/components/note.tsx';
import { plural, visibleText } from '../../lib/text.ts';
import { dayAndTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';

const verbTitles: Record<RuleVerb, string> = {
  read: 'Read',
  write: 'Read and change',
  deny: 'Never',
  host: 'Connect to',
  listen: 'Listen on port',
  local: 'Connect to local port',
  socket: 'Connect to socket',
  exec: 'Start',
  env: 'Be told',
  link: 'Open links to',
  permission: 'Permission',
};

const ownShown = 200;
const runsShown = 8;

function RuleItem({ server, rule }: { server: Server; rule: Rule }): ReactNode {
  const panel = usePanel();
  const words = grantSentences(rule.verb, rule.what);
  return (
    <li className="rule">
      <span className="rule-verb">{verbTitles[rule.verb]}</span>
      <span className="rule-what">
        <code>
          <HostileText text={rule.what} />
        </code>
        {words !== null && (
          <span className="rule-words">
            Lets it {words.use}. {words.risk}
          </span>
        )}
      </span>
      <span className="rule-source">
        {rule.checked === false && `${nameNotChecked}, `}from {sourceTitles[rule.source]}
      </span>
      {rule.source === 'person' && (
        <button
          type="button"
          className="button button-quiet button-icon"
          aria-label={`Take back: ${verbTitles[rule.verb]} ${visibleText(rule.what)}`}
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

/** Whether what it is refused waits for a person. */
function AskSwitch({ server, policy }: { server: Server; policy: EffectivePolicy }): ReactNode {
  const panel = usePanel();
  const hint = useId();
  const asks = policy.rules.some((rule) => rule.verb === 'permission' && rule.what === 'ask-access');
  return (
    <div className="ask-switch">
      <label>
        <input
          type="checkbox"
          role="switch"
          checked={asks}
          aria-describedby={hint}
          onChange={() => void panel.about.actions.ask(server.id, !asks)}
        />
        {questionWords.switch}
      </label>
      <p id={hint} className="about-faint">
        {asks ? questionWords.switchOn : questionWords.switchOff}
      </p>
    </div>
  );
}

function Policy({ server, detail }: { server: Server; detail: ServerDetail }): ReactNode {
  const { policy } = detail;
  if (policy === null) return <p className="about-faint">No rules while it is off.</p>;
  // What people gave comes first: it is what they look for. What every server of the level gets is the same everywhere.
  const own = policy.rules
    .filter((rule) => rule.source !== 'level')
    .toSorted((a, b) => Number(b.source === 'person') - Number(a.source === 'person'));
  const ofLevel = policy.rules.filter((rule) => rule.source === 'level');
  return (
    <>
      <p className="about-faint">Network: {networkTitles[policy.network]}.</p>
      {policy.level !== 'watch' && <AskSwitch server={server} policy={policy} />}
      {own.length > 0 && (
        <ul className="rules">
          {own.slice(0, ownShown).map((rule) => (
            <RuleItem key={rule.id} server={server} rule={rule} />
          ))}
        </ul>
      )}
      {own.length > ownShown && <p className="about-faint">… {plural(own.length - ownShown, 'rule', 'rules')} more</p>}
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
