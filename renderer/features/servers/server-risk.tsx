/** What speaks against an entry: a word, its reasons behind it, and that few reasons are no proof of anything. */
import { ChevronRight, Gauge } from 'lucide-react';
import type { ReactNode } from 'react';
import { riskReasonSentence, riskSentences, riskTitles } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { visibleText } from '../../lib/text.ts';

type Risk = Server['risk'];

export function RiskWord({ risk }: { risk: Risk }): ReactNode {
  if (risk === null) return null;
  return <span className={`risk-word risk-${risk.grade}`}>{riskTitles[risk.grade]}</span>;
}

export function RiskReasons({ risk }: { risk: Risk }): ReactNode {
  if (risk === null) return null;
  return (
    <ul className="risk-reasons">
      {risk.reasons.map((reason) => (
        <li key={reason.code}>
          <HostileText text={riskReasonSentence(reason)} longest={400} />
        </li>
      ))}
      {risk.grade === 'low' && <li>{riskSentences.low}</li>}
    </ul>
  );
}

/** On the card. Walls stand around a contained server: there the reasons are among what is behind the card. */
export function ServerRisk({ server }: { server: Server }): ReactNode {
  const { risk } = server;
  if (risk === null || server.state === 'contained' || server.state === 'failing') return null;
  return (
    <details className="server-risk">
      <summary>
        <ChevronRight className="chevron" aria-hidden="true" />
        <Gauge aria-hidden="true" />
        <RiskWord risk={risk} />
        <span className="visually-hidden"> of {visibleText(server.name)}</span>
      </summary>
      <RiskReasons risk={risk} />
    </details>
  );
}
