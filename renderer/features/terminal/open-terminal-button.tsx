/** Opens a terminal in the sandbox of a server that is contained; others have no inside. */
import { SquareTerminal } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { terminalWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';

export function OpenTerminalButton({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const opening = useStore(panel.terminal, (state) => state.opening);
  const isHeld = server.state === 'contained' || server.state === 'restart-needed' || server.state === 'failing';
  if (!isHeld) return null;
  return (
    <button
      type="button"
      className="button button-small"
      disabled={opening !== null}
      aria-label={terminalWords.open(visibleText(server.name))}
      title={terminalWords.why}
      onClick={() => void panel.terminal.actions.open(server.id)}
    >
      <SquareTerminal aria-hidden="true" /> {opening === server.id ? terminalWords.opening : terminalWords.button}
    </button>
  );
}
