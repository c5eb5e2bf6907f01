/** Work of unknown length: what is going on, and for how long already. */
import type { ReactNode } from 'react';
import { useNow } from '../use-now.ts';

export function Progress({ text, startedAt }: { text: string; startedAt: number }): ReactNode {
  const now = useNow(1_000);
  const seconds = Math.max(0, Math.floor((now - startedAt) / 1000));
  return (
    <div className="progress">
      <p>
        <span role="status">{text}</span>
        {seconds > 1 && <span aria-hidden="true"> {seconds.toString()} s</span>}
      </p>
      <div className="progress-track" aria-hidden="true" />
    </div>
  );
}
