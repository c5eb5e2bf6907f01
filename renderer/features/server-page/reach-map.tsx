/**
 * What a server can reach, as a picture: the server under its glass, what lies inside in four lanes, and what stays outside.
 * Every entry names where its rule comes from; what a person gave can be taken back in place.
 */
import { ChevronRight, CircleSlash, Eye, FileText, Globe, PencilLine, SquareTerminal, Variable } from 'lucide-react';
import type { ReactNode } from 'react';
import type { EffectivePolicy } from '#contract/policy.ts';
import { laneTitles, networkTitles, reachWords, ruleTitle, serverPageWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import type { Lane, LaneReach, Reached } from './reach.ts';
import { reachOf } from './reach.ts';
import { RuleSource, RuleWords } from './rules.tsx';

const laneIcons: Record<Lane, typeof Globe> = {
  files: FileText,
  network: Globe,
  processes: SquareTerminal,
  environment: Variable,
};
const howIcons = { read: Eye, change: PencilLine, never: CircleSlash, use: null } as const;
const shown = 40;

function Entry({ server, reached: { rule, how } }: { server: Server; reached: Reached }): ReactNode {
  const Icon = howIcons[how];
  return (
    <li className={`reach-entry reach-${how}`}>
      {Icon !== null && <Icon aria-hidden="true" />}
      <span className="reach-what">
        {how === 'use' ? (
          <span className="reach-how">{ruleTitle(rule)} </span>
        ) : (
          <span className="visually-hidden">{reachWords[how]} </span>
        )}
        <code>
          <HostileText text={rule.what} longest={160} />
        </code>
        <RuleWords rule={rule} />
      </span>
      <span className={`reach-source reach-source-${rule.source}`}>
        <RuleSource server={server} rule={rule} />
      </span>
    </li>
  );
}

function LaneBox({ server, policy, reach }: { server: Server; policy: EffectivePolicy; reach: LaneReach }): ReactNode {
  const Icon = laneIcons[reach.lane];
  return (
    <section className="reach-lane" aria-label={laneTitles[reach.lane]}>
      <h4 className="reach-lane-title">
        <Icon aria-hidden="true" />
        {laneTitles[reach.lane]}
      </h4>
      {reach.lane === 'network' && (
        <p className={policy.network === 'open' ? 'reach-open' : 'about-faint'}>{networkTitles[policy.network]}</p>
      )}
      {reach.own.length === 0 && reach.lane !== 'network' && <p className="about-faint">{serverPageWords.nothing}</p>}
      {reach.own.length > 0 && (
        <ul>
          {reach.own.slice(0, shown).map((reached) => (
            <Entry key={reached.rule.id} server={server} reached={reached} />
          ))}
        </ul>
      )}
      {reach.own.length > shown && <p className="about-faint">… {reach.own.length - shown} more, in the table</p>}
      {reach.ofLevel.length > 0 && (
        <details className="level-rules">
          <summary>
            <ChevronRight className="chevron" aria-hidden="true" />
            {serverPageWords.ofLevel(reach.ofLevel.length)}
          </summary>
          <ul>
            {reach.ofLevel.map((reached) => (
              <Entry key={reached.rule.id} server={server} reached={reached} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

export function ReachMap({ server, policy }: { server: Server; policy: EffectivePolicy }): ReactNode {
  return (
    <div className="reach">
      <section
        className="reach-glass"
        aria-label={serverPageWords.inside}
        data-watched={policy.level === 'watch' || undefined}
      >
        {policy.level === 'watch' && <p className="reach-open">{serverPageWords.watched}</p>}
        <div className="reach-lanes">
          {reachOf(policy).map((reach) => (
            <LaneBox key={reach.lane} server={server} policy={policy} reach={reach} />
          ))}
        </div>
      </section>
      {policy.level !== 'watch' && (
        <section className="reach-outside" aria-label={serverPageWords.outside}>
          <CircleSlash aria-hidden="true" />
          <p>
            <strong>{serverPageWords.outside}:</strong> {serverPageWords.everythingElse}
          </p>
          {policy.withheld.length > 0 && (
            <p>
              <code>
                <HostileText text={policy.withheld.map(({ what }) => what).join(', ')} longest={400} />
              </code>
            </p>
          )}
        </section>
      )}
    </div>
  );
}
