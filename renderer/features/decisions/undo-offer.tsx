/** What was just decided, with the way back: a bar at the lower edge that stays until it is used or dismissed. */
import { Undo2, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { historyWords } from '#contract/sentences.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';

export function UndoOffer(): ReactNode {
  const panel = usePanel();
  const { offer, working } = useStore(panel.undo);
  const servers = useStore(panel.servers, (state) => state.servers);
  const name = offer === null ? '' : (servers.get(offer.server)?.name ?? offer.server);
  return (
    // Always there, so that screen readers hear what comes into it.
    <section className="undo-offer-place" aria-label={historyWords.offer} role="status" aria-live="polite">
      {offer !== null && (
        <div className="undo-offer">
          <p>
            <strong>
              <HostileText text={name} longest={60} />
            </strong>{' '}
            <HostileText text={offer.summary} longest={160} />
          </p>
          <button
            type="button"
            className="button button-small"
            disabled={working !== null}
            aria-label={`${historyWords.undo}: ${visibleText(name)} ${visibleText(offer.summary)}`}
            onClick={() => void panel.undo.actions.undo(offer)}
          >
            <Undo2 aria-hidden="true" /> {working === offer.id ? historyWords.undoing : historyWords.undo}
          </button>
          <button
            type="button"
            className="button button-quiet button-icon"
            aria-label={`${historyWords.dismiss}: ${visibleText(offer.summary)}`}
            onClick={panel.undo.actions.dismiss}
          >
            <X aria-hidden="true" />
          </button>
        </div>
      )}
    </section>
  );
}
