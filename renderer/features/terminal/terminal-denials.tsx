/** What the run of a terminal is refused, as it happens, newest first; each with the way to allow it. */
import type { ReactNode } from 'react';
import { useMemo, useRef } from 'react';
import { useStore } from 'zustand';
import type { Event } from '#contract/event.ts';
import { eventSentence, terminalWords } from '#contract/sentences.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { countWords, visibleText } from '../../lib/text.ts';
import { clockTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';
import { PoliteLog } from '../activity/activity-log.tsx';
import { isGrantable } from '../grants/proposals.ts';

const shownMost = 200;

function Denial({ event, count }: { event: Event; count: number }): ReactNode {
  const panel = usePanel();
  const { phrase, known, target } = eventSentence(event);
  return (
    <li className="terminal-denial">
      <p>
        {phrase}{' '}
        {known !== null && (
          <>
            <strong>{known}</strong>{' '}
          </>
        )}
        {target !== null && (
          <code>
            <HostileText text={target} longest={200} />
          </code>
        )}
      </p>
      <p className="terminal-denial-under">
        {clockTime(event.at)}
        {count > 1 && `, ${countWords(count)}`}
        {isGrantable(event.kind, event.target) && (
          <button
            type="button"
            className="button button-small"
            aria-label={`Allow … ${visibleText(event.target)}`}
            onClick={() => {
              // What ends with the server's runs would not reach the terminal, which is none of them.
              panel.grant.actions.open([event], false, 'always');
            }}
          >
            Allow …
          </button>
        )}
      </p>
    </li>
  );
}

export function TerminalDenials({ run }: { run: string | null }): ReactNode {
  const panel = usePanel();
  const rows = useStore(panel.terminalFeed, (state) => state.rows);
  const own = useMemo(() => rows.filter(({ event }) => event.run === run).slice(0, shownMost), [rows, run]);
  const counted = rows.reduce((sum, { event, count }) => (event.run === run ? sum + count : sum), 0);
  const before = useRef(counted);
  function heard(): string | null {
    const refused = counted - before.current;
    before.current = counted;
    return refused > 0 ? terminalWords.heard(refused) : null;
  }
  return (
    <section className="terminal-denials" aria-labelledby="terminal-denials">
      <h3 id="terminal-denials">{terminalWords.refused}</h3>
      {own.length === 0 ? (
        <p className="terminal-nothing">{terminalWords.nothingRefused}</p>
      ) : (
        <ul tabIndex={0} aria-labelledby="terminal-denials">
          {own.map(({ key, event, count }) => (
            <Denial key={key} event={event} count={count} />
          ))}
        </ul>
      )}
      <PoliteLog label={terminalWords.refused} heard={heard} />
    </section>
  );
}
