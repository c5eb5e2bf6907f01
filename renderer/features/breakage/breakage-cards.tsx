/** A server that broke, as one card: what happened, and the three ways on. */
import { HeartCrack, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { useStore } from 'zustand';
import type { RunEnd } from '#contract/event.ts';
import { runEndPhrase } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { isSandboxCall } from '#contract/words.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { plural, visibleText } from '../../lib/text.ts';
import { clockTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';
import { denialSentence } from '../grants/grant-dialog.tsx';
import type { Denial } from '../grants/grant-store.ts';
import { proposalsFor } from '../grants/proposals.ts';
import type { Breakage } from './breakage-rules.ts';

const cardsShown = 3;

/**
 * The denials before the end, each once; words for well-known targets from the feed. Those that a rule can allow come
 * first, and of them those that hold no secrets: they are the likelier reason, and the one that does less harm to allow.
 */
function denialsOf(server: string, end: RunEnd, knownOf: (target: string) => string | undefined): Denial[] {
  const seen = new Set<string>();
  const denials: Denial[] = [];
  for (const { kind, target } of end.justBefore) {
    const key = `${kind} ${target}`;
    if (seen.has(key)) continue;
    seen.add(key);
    denials.push({ server, kind, target, known: knownOf(target) });
  }
  const grantable = (denial: Denial): boolean =>
    proposalsFor({ kind: denial.kind, target: denial.target }, null).kind === 'proposals';
  // A browser that may not make its own sandbox ends at once: nothing else can be the reason.
  const weight = (denial: Denial): number =>
    isSandboxCall(denial.kind, denial.target) ? -1 : (grantable(denial) ? 0 : 2) + (denial.known === undefined ? 0 : 1);
  return denials.toSorted((a, b) => weight(a) - weight(b));
}

function Card({ card, server }: { card: Breakage; server: Server | undefined }): ReactNode {
  const panel = usePanel();
  const denials = useMemo(
    () => denialsOf(card.server, card.end, (target) => panel.feed.actions.knownOf(card.run, target)),
    [card, panel],
  );
  const first = denials[0];
  const sentence = first === undefined ? null : denialSentence(first);
  const name = server?.name ?? card.server;
  return (
    <li className="breakage">
      <HeartCrack className="breakage-icon" aria-hidden="true" />
      <div className="breakage-text">
        <p>
          <strong>
            <HostileText text={name} longest={48} /> {runEndPhrase(card.end)}
          </strong>
          <span className="breakage-when">
            {clockTime(card.at)}
            {card.times > 1 && `, ${card.times.toString()} times in a row`}
          </span>
        </p>
        <p className="breakage-why">
          {first === undefined || sentence === null ? (
            'Nothing was refused in its last two seconds.'
          ) : (
            <>
              Just before, it {sentence.phrase} {sentence.known !== null && <strong>{sentence.known} </strong>}
              <code>
                <HostileText text={first.target} longest={90} />
              </code>
              {denials.length > 1 && ` and was refused ${plural(denials.length - 1, 'other thing', 'other things')}`}.
            </>
          )}
        </p>
      </div>
      <div className="breakage-actions">
        {denials.length > 0 && (
          <button
            type="button"
            className={
              first?.known === undefined || isSandboxCall(first.kind, first.target) ? 'button button-primary' : 'button'
            }
            onClick={() => {
              panel.grant.actions.open(denials, true);
            }}
          >
            Allow and retry
          </button>
        )}
        <button
          type="button"
          className="button"
          onClick={() => {
            if (first === undefined) {
              panel.feed.actions.setFilter({ server: card.server, kind: null, verdict: null, text: '' });
              panel.navigation.actions.go({ name: 'servers' });
              return;
            }
            void panel.details.actions.open({ ...first, event: null, count: 1, firstAt: card.at });
          }}
        >
          Why
        </button>
        {server !== undefined && server.level !== 'off' && (
          <button type="button" className="button" onClick={() => void panel.change.actions.choose(server, 'off')}>
            Put it back
          </button>
        )}
        <button
          type="button"
          className="button button-quiet button-icon"
          aria-label={`Dismiss: ${visibleText(name)}`}
          onClick={() => {
            panel.breakage.actions.dismiss(card.run);
          }}
        >
          <X aria-hidden="true" />
        </button>
      </div>
    </li>
  );
}

export function BreakageCards(): ReactNode {
  const panel = usePanel();
  const cards = useStore(panel.breakage, (state) => state.cards);
  const servers = useStore(panel.servers, (state) => state.servers);
  // The region stands always, so that screen readers notice what comes into it.
  return (
    <section
      className="breakages"
      tabIndex={-1}
      aria-label="Servers that broke"
      aria-live="polite"
      data-empty={cards.length === 0 || undefined}
    >
      {cards.length > 0 && (
        <ul>
          {cards.slice(0, cardsShown).map((card) => (
            <Card key={card.server} card={card} server={servers.get(card.server)} />
          ))}
          {cards.length > cardsShown && (
            <li className="breakage-more">
              {plural(cards.length - cardsShown, 'more server', 'more servers')} broke; dismiss one to see the next.
            </li>
          )}
        </ul>
      )}
    </section>
  );
}
