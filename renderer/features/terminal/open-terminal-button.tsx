/** Opens a terminal in the sandbox of a server that is contained; others have no inside. */
import { SquareTerminal } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { terminalWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { RouteLink } from '../navigation/route-link.tsx';

/** Those that are open already: what runs in one goes on while another view is shown. */
function OpenOnes({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const terminals = useStore(panel.terminal, (state) => state.terminals);
  useEffect(() => {
    void panel.terminal.actions.refresh();
  }, [panel]);
  const open = terminals.filter((one) => one.server === server.id && one.ended === null);
  if (open.length === 0) return null;
  return (
    <nav className="terminal-links" aria-label={terminalWords.openOnes(visibleText(server.name))}>
      {open.map(({ id }, index) => (
        <RouteLink key={id} className="button button-small" to={{ name: 'terminal', id }}>
          {terminalWords.backTo(index + 1, open.length)}
        </RouteLink>
      ))}
    </nav>
  );
}

export function OpenTerminalButton({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const opening = useStore(panel.terminal, (state) => state.opening);
  const isHeld = server.state === 'contained' || server.state === 'restart-needed' || server.state === 'failing';
  if (!isHeld) return null;
  return (
    <>
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
      <OpenOnes server={server} />
    </>
  );
}
