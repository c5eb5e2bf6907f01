/** What a check found: the server started once as it is and once contained, compared. */
import { ChevronDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { eventSentence } from '#contract/sentences.ts';
import type { CheckResult, Trial } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import type { Tone } from '../../lib/components/note.tsx';
import { Note } from '../../lib/components/note.tsx';

const tones: Record<CheckResult['verdict'], Tone> = {
  works: 'good',
  'works-but-refused': 'good',
  differs: 'warn',
  'does-not-start': 'refused',
  'cannot-be-tried': 'warn',
};

const listed = 12;

function trialWords(trial: Trial | null): ReactNode {
  if (trial === null) return 'not tried';
  const facts: string[] = [];
  if (trial.initializeMs !== null) facts.push(`answers after ${Math.round(trial.initializeMs).toString()} ms`);
  if (trial.tools !== null) facts.push(`${trial.tools.toString()} tools`);
  return (
    <>
      {facts.join(', ')}
      {trial.error !== null && <HostileText text={trial.error} />}
    </>
  );
}

export function CheckReport({ check }: { check: CheckResult }): ReactNode {
  return (
    <div className="check">
      <Note tone={tones[check.verdict]}>
        <strong>
          <HostileText text={check.sentence} />
        </strong>
      </Note>
      <dl className="facts">
        <dt>As it is</dt>
        <dd>{trialWords(check.bare)}</dd>
        <dt>Contained</dt>
        <dd>{trialWords(check.contained)}</dd>
      </dl>
      {check.differences.length > 0 && (
        <>
          <h3 className="check-title">What differs</h3>
          <ul className="check-list">
            {check.differences.slice(0, listed).map((difference, index) => (
              <li key={index}>
                <HostileText text={difference} longest={400} />
              </li>
            ))}
          </ul>
        </>
      )}
      {check.refused.length > 0 && (
        <details className="check-refused" open={check.verdict !== 'works'}>
          <summary>
            <ChevronDown className="chevron" aria-hidden="true" />
            What it was refused while it was tried ({check.refused.length})
          </summary>
          <ul className="check-list">
            {check.refused.slice(0, listed).map((event) => {
              const sentence = eventSentence(event);
              return (
                <li key={`${event.run} ${event.seq.toString()}`}>
                  {sentence.phrase} {sentence.known !== null && <strong>{sentence.known} </strong>}
                  <code>
                    <HostileText text={event.target} longest={200} />
                  </code>
                </li>
              );
            })}
            {check.refused.length > listed && <li>… {check.refused.length - listed} more</li>}
          </ul>
        </details>
      )}
    </div>
  );
}
