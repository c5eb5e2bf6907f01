/** What a server's page offers to begin, and where it goes on: the button, the place in which it is told, and its failure. */
import type { ReactNode } from 'react';
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

/** The buttons change places with what they began: here whoever used one by key goes on (lib/keep-focus.ts). */
export function StepPlace({ children }: { children: ReactNode }): ReactNode {
  return (
    <div className="server-pin-place" tabIndex={-1}>
      {children}
    </div>
  );
}
