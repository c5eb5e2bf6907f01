/** A shell in a server's sandbox: its screen, what it may and is not given, and beside it what it is refused. */
import { Accessibility, SquareTerminal, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { terminalWords } from '#contract/sentences.ts';
import type { Terminal } from '#contract/terminal.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { RouteLink } from '../navigation/route-link.tsx';
import { ViewHeading } from '../navigation/view-heading.tsx';
import { createEmulator, type Emulator } from './emulator.ts';
import { TerminalDenials } from './terminal-denials.tsx';
import type { TerminalSession } from './terminal-session.ts';
import './terminal.css';

const hintId = 'terminal-hint';
const screenReaderKey = 'belljar.screen-reader';

/** Kept for this tab; storage that is switched off loses this and nothing else. */
function storedScreenReader(): boolean {
  try {
    return sessionStorage.getItem(screenReaderKey) === 'on';
  } catch {
    return false;
  }
}

function Screen(props: {
  session: TerminalSession;
  label: string;
  screenReader: boolean;
  onLeave: () => void;
}): ReactNode {
  const { session, label, screenReader, onLeave } = props;
  const parent = useRef<HTMLDivElement>(null);
  const emulator = useRef<Emulator | null>(null);
  useEffect(() => {
    const element = parent.current;
    if (element === null) return;
    const made = createEmulator({
      parent: element,
      label,
      description: hintId,
      screenReader,
      onType: session.type,
      onSize: session.resize,
      onLeave,
    });
    emulator.current = made;
    // Not before it can be typed into; and once, so that a connection that comes back takes the focus from nothing.
    const stopWaiting = session.subscribe(({ kind }) => {
      if (kind !== 'live') return;
      stopWaiting();
      made.focus();
    });
    session.start(made);
    const sizes = new ResizeObserver(() => {
      made.fit();
    });
    sizes.observe(element);
    const schemes = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) => matchMedia(query));
    for (const scheme of schemes) scheme.addEventListener('change', made.readTheme);
    return () => {
      stopWaiting();
      session.stop();
      sizes.disconnect();
      for (const scheme of schemes) scheme.removeEventListener('change', made.readTheme);
      emulator.current = null;
      made.close();
    };
    // One emulator a session: what else changes is told to it below.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [session]);
  useEffect(() => {
    emulator.current?.setScreenReader(screenReader);
  }, [screenReader]);
  return <div ref={parent} className="terminal-screen" />;
}

function State({ session, terminal }: { session: TerminalSession; terminal: Terminal | null }): ReactNode {
  const end = terminal?.ended ?? null;
  const kind = useStore(session, (state) => state.kind);
  const error = useStore(session, (state) => state.error);
  const panel = usePanel();
  const again =
    terminal === null ? null : (
      <button
        type="button"
        className="button button-small button-primary"
        onClick={() => void panel.terminal.actions.open(terminal.server)}
      >
        <SquareTerminal aria-hidden="true" /> {terminalWords.again}
      </button>
    );
  switch (kind) {
    case 'connecting':
      return <p role="status">{terminalWords.connecting}</p>;
    case 'live':
      return error === null ? null : <ErrorNote error={error} />;
    case 'broken':
      return (
        <Note tone="warn">
          <p role="status">{terminalWords.broken}</p>
        </Note>
      );
    case 'taken':
      return (
        <Note>
          <p role="status">{terminalWords.taken}</p>
        </Note>
      );
    case 'ended':
      return (
        <Note tone={end?.cause === 'exit' && end.code === 0 ? 'good' : 'plain'}>
          <p role="status">{end === null ? '' : terminalWords.ended(end)}</p>
          <div className="note-actions">{again}</div>
        </Note>
      );
    case 'gone':
      return error === null ? null : (
        <ErrorNote error={error}>
          <RouteLink to={{ name: 'servers' }} className="button button-small">
            {terminalWords.toServers}
          </RouteLink>
        </ErrorNote>
      );
  }
}

/** The others that are open, to change over to. */
function Others({ id }: { id: string }): ReactNode {
  const panel = usePanel();
  const terminals = useStore(panel.terminal, (state) => state.terminals);
  const others = terminals.filter((terminal) => terminal.id !== id && terminal.ended === null);
  if (others.length === 0) return null;
  return (
    <nav className="terminal-others" aria-label={terminalWords.others}>
      {terminalWords.others}:
      {others.map((terminal) => (
        <RouteLink key={terminal.id} to={{ name: 'terminal', id: terminal.id }}>
          <HostileText text={terminal.handle} longest={60} />
        </RouteLink>
      ))}
    </nav>
  );
}

function OpenTerminal({ id }: { id: string }): ReactNode {
  const panel = usePanel();
  const [session] = useState(() => panel.terminal.session(id));
  const [screenReader, setScreenReader] = useState(storedScreenReader);
  const terminal = useStore(session, (state) => state.terminal);
  const kind = useStore(session, (state) => state.kind);
  const leave = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    void panel.terminal.actions.refresh();
  }, [panel]);
  const handle = terminal?.handle ?? '';
  const granted = terminal?.grantedProgram ?? null;
  return (
    <>
      <header className="terminal-head">
        <ViewHeading title={terminalWords.title(visibleText(handle))}>
          <SquareTerminal aria-hidden="true" /> {terminalWords.titleBefore}{' '}
          {terminal !== null && (
            <RouteLink to={{ name: 'server', server: terminal.server }}>
              <HostileText text={handle} longest={80} />
            </RouteLink>
          )}
        </ViewHeading>
        {terminal !== null && (
          <code className="terminal-command">
            <HostileText text={terminal.command.join(' ')} longest={120} />
          </code>
        )}
        <Others id={id} />
        <div className="terminal-actions">
          <button
            type="button"
            className="button button-small"
            aria-pressed={screenReader}
            onClick={() => {
              const next = !screenReader;
              setScreenReader(next);
              try {
                sessionStorage.setItem(screenReaderKey, next ? 'on' : 'off');
              } catch {
                // For as long as it is shown, then.
              }
            }}
          >
            <Accessibility aria-hidden="true" /> {terminalWords.screenReader}
          </button>
          <button
            ref={leave}
            type="button"
            className="button button-small"
            disabled={terminal === null}
            onClick={() => {
              if (terminal !== null) void panel.terminal.actions.close(terminal);
            }}
          >
            <X aria-hidden="true" /> {terminalWords.close}
          </button>
        </div>
      </header>
      {granted !== null && (
        <Note tone="warn">
          <HostileText text={terminalWords.granted(granted)} />
        </Note>
      )}
      {terminal !== null && terminal.withheld.length > 0 && (
        <Note>
          <HostileText text={terminalWords.withheld(terminal.withheld)} />
        </Note>
      )}
      <State session={session} terminal={terminal} />
      <div className="terminal-panes">
        <section className={`terminal-frame terminal-${kind}`} aria-label={terminalWords.screen}>
          <Screen
            session={session}
            label={terminalWords.input}
            screenReader={screenReader}
            onLeave={() => leave.current?.focus()}
          />
          <p id={hintId} className="terminal-hint">
            {terminalWords.leave}
          </p>
        </section>
        <TerminalDenials run={terminal?.run ?? null} />
      </div>
    </>
  );
}

export function TerminalView(): ReactNode {
  const panel = usePanel();
  const route = useStore(panel.navigation, (state) => state.route);
  if (route.name !== 'terminal') return null;
  return (
    <main className="view terminal-view">
      <OpenTerminal key={route.id} id={route.id} />
    </main>
  );
}
