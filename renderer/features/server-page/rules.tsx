/** What a server may do, rule by rule: what each opens, where it comes from, and the way to take back what a person gave. */
import { ChevronRight, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useId, useState } from 'react';
import { keptBack, type EffectivePolicy, type Rule } from '#contract/policy.ts';
import {
  areaWords,
  grantSentences,
  holdWords,
  nameNotChecked,
  networkTitles,
  questionWords,
  ruleReasons,
  ruleTableWords,
  ruleTitle,
  sourceTitles,
} from '#contract/sentences.ts';
import type { Server, ServerDetail } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { Note } from '../../lib/components/note.tsx';
import { plural, visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { isKeptBack } from './reach.ts';

const ownShown = 200;

/** What a rule lets a server do, where its words do not say all. */
export function RuleWords({ rule }: { rule: Rule }): ReactNode {
  const words = grantSentences(rule.verb, rule.what);
  return (
    <>
      {words !== null && (
        <span className="rule-words">
          Lets it {words.use}. {words.risk}
        </span>
      )}
      {rule.brokered === true && <span className="rule-words">{areaWords.brokered}.</span>}
    </>
  );
}

/** Where a rule comes from; what a person gave can be taken back. */
export function RuleSource({ server, rule }: { server: Server; rule: Rule }): ReactNode {
  const panel = usePanel();
  return (
    <>
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
    </>
  );
}

function Rows({ server, rules }: { server: Server; rules: readonly Rule[] }): ReactNode {
  return (
    <table className="rule-table">
      <thead>
        <tr>
          <th scope="col">{ruleTableWords.may}</th>
          <th scope="col">{ruleTableWords.what}</th>
          <th scope="col">{ruleTableWords.from}</th>
        </tr>
      </thead>
      <tbody>
        {rules.map((rule) => (
          <tr key={rule.id}>
            <td className="rule-verb">{ruleTitle(rule)}</td>
            <td className="rule-what">
              <code>
                <HostileText text={rule.what} />
              </code>
              <RuleWords rule={rule} />
            </td>
            <td className="rule-from">
              <RuleSource server={server} rule={rule} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Whether what it is refused waits for a person. */
export function AskSwitch({ server, policy }: { server: Server; policy: EffectivePolicy }): ReactNode {
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

export function RuleTable({ server, policy }: { server: Server; policy: EffectivePolicy }): ReactNode {
  const [all, setAll] = useState(false);
  // What people gave comes first: it is what they look for. What every server of the level gets is the same everywhere.
  const own = policy.rules
    .filter((rule) => rule.source !== 'level')
    .toSorted((a, b) => Number(b.source === 'person') - Number(a.source === 'person'));
  const ofLevel = policy.rules.filter((rule) => rule.source === 'level' && !isKeptBack(rule));
  return (
    <>
      <p className="about-faint">Network: {networkTitles[policy.network]}.</p>
      {own.length > 0 && <Rows server={server} rules={all ? own : own.slice(0, ownShown)} />}
      {own.length > ownShown && (
        <button
          type="button"
          className="button button-small rules-all"
          aria-expanded={all}
          onClick={() => {
            setAll(!all);
          }}
        >
          {all ? ruleTableWords.fewer(ownShown) : ruleTableWords.all(own.length)}
        </button>
      )}
      {ofLevel.length > 0 && (
        <details className="level-rules">
          <summary>
            <ChevronRight className="chevron" aria-hidden="true" />
            {plural(ofLevel.length, 'rule', 'rules')} of the level: system folders, certificates, devices, variables
          </summary>
          <Rows server={server} rules={ofLevel} />
        </details>
      )}
    </>
  );
}

/** What is kept back inside granted folders, by the reason for it; each can be allowed again. */
export function KeptBackNames({ server, rules }: { server: Server; rules: readonly Rule[] }): ReactNode {
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
          <h4>
            {ruleReasons[first.reason ?? '']}{' '}
            <span className="about-faint">{first.verb === 'deny' ? areaWords.never : areaWords.unchanged}</span>
          </h4>
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

/** What was granted until it stops, with the way to take it back before. */
export function PassingRules({ detail }: { detail: ServerDetail }): ReactNode {
  const panel = usePanel();
  const { server, untilStop } = detail;
  if (untilStop.length === 0) return null;
  return (
    <section className="passing" aria-label={holdWords.listTitle}>
      <h4>{holdWords.listTitle}</h4>
      <p className="about-faint">{holdWords.listHint}</p>
      <ul>
        {untilStop.map((rule) => (
          <li key={`${rule.verb} ${rule.what} ${rule.byAnswer === true ? 'answered' : ''}`}>
            <span className="rule-verb">{ruleTitle(rule)}</span>{' '}
            <code>
              <HostileText text={rule.what} />
            </code>
            {rule.byAnswer === true ? (
              <span className="about-faint">{holdWords.answered}</span>
            ) : (
              <button
                type="button"
                className="button button-small"
                aria-label={`${holdWords.takeBack}: ${ruleTitle(rule)} ${visibleText(rule.what)}`}
                onClick={() => void panel.about.actions.revokePassing(server.id, rule)}
              >
                {holdWords.takeBack}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What a running server does not have yet. */
export function Waiting({ detail }: { detail: ServerDetail }): ReactNode {
  const { comes, goes } = detail.afterRestart;
  const lines = [
    ...comes.map((line) => ({ title: areaWords.comes, line })),
    ...goes.map((line) => ({ title: areaWords.goes, line })),
  ];
  if (lines.length === 0) return null;
  return (
    <Note tone="warn">
      <ul className="after-restart">
        {lines.slice(0, ownShown).map(({ title, line }) => (
          <li key={`${title} ${line}`}>
            {title}:{' '}
            <code>
              <HostileText text={line} />
            </code>
          </li>
        ))}
        {lines.length > ownShown && <li>… {plural(lines.length - ownShown, 'line', 'lines')} more</li>}
      </ul>
    </Note>
  );
}
