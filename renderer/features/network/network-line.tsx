/** A server's network on its card: limited or not yet, with the way to change it. */
import { Globe } from 'lucide-react';
import type { ReactNode } from 'react';
import { limitWords, networkSentence } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';

export function NetworkLine({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const { level, network } = server;
  if (network === null || level === 'off') return null;
  const words = network.mode === 'open' ? limitWords.button : limitWords.change;
  return (
    <div className="network-line">
      <Globe aria-hidden="true" />
      <span>{networkSentence(level, network)}</span>
      {/* While it is only watched nothing is limited. */}
      {level !== 'watch' && (
        <button
          type="button"
          className="row-allow"
          aria-label={`${words} ${limitWords.title} ${visibleText(server.name)}`}
          onClick={() => void panel.limit.actions.open(server)}
        >
          {words}
        </button>
      )}
    </div>
  );
}
