/** Whether the host answers, in one word. */
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { usePanel } from '../../panel-context.tsx';

const connectionWords = {
  connecting: 'Connecting',
  live: 'Live',
  gone: 'Host gone',
  unauthorized: 'No key',
  'too-many': 'Waiting',
} as const;

export function Connection(): ReactNode {
  const panel = usePanel();
  const kind = useStore(panel.session, (state) => state.connection.kind);
  const unreadable = useStore(panel.session, (state) => state.unreadable);
  return (
    <p className={`connection connection-${kind}`} role="status">
      <span className="connection-dot" aria-hidden="true" />
      {connectionWords[kind]}
      {unreadable > 0 && (
        <span className="connection-note" title="The host said things that this page does not understand. Reload it.">
          {unreadable.toString()} not understood
        </span>
      )}
    </p>
  );
}
