/** What a server's page offers to begin, and where it goes on: the button, the place in which it is told, and its failure. */
import type { ReactNode } from 'react';
import { useEffect, useRef } from 'react';
import type { ErrorBody } from '#contract/errors.ts';
import type { Server } from '#contract/server.ts';
import { ErrorNote } from '../../lib/components/note.tsx';
import { visibleText } from '../../lib/text.ts';

/** Whoever hears the button alone also hears whose it is. */
export function StepButton({
  server,
  text,
  onClick,
}: {
  server: Server;
  text: string;
  onClick: () => void;
}): ReactNode {
  return (
    <button type="button" className="button button-small" onClick={onClick}>
      {text}
      <span className="visually-hidden">, {visibleText(server.name)}</span>
    </button>
  );
}

/** Stays until it is understood; `children` are other ways on, and come first. */
export function FailedStep({
  server,
  error,
  onUnderstood,
  children,
}: {
  server: Server;
  error: ErrorBody;
  onUnderstood: () => void;
  children?: ReactNode;
}): ReactNode {
  return (
    <ErrorNote error={error}>
      {children}
      <StepButton server={server} text="Understood" onClick={onUnderstood} />
    </ErrorNote>
  );
}

/**
 * The buttons change places with what they began; whoever used one by key stays where he was. They change with `step` and
 * with `outcome`, what the server has of it.
 */
export function StepPlace({
  step,
  outcome,
  children,
}: {
  step: unknown;
  outcome: unknown;
  children: ReactNode;
}): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const hadFocus = useRef(false);
  useEffect(() => {
    if (hadFocus.current && document.activeElement === document.body) place.current?.focus();
  }, [step, outcome]);
  return (
    <div
      className="server-pin-place"
      ref={place}
      tabIndex={-1}
      onFocus={() => {
        hadFocus.current = true;
      }}
      onBlur={(event) => {
        hadFocus.current = event.relatedTarget === null;
      }}
    >
      {children}
    </div>
  );
}
