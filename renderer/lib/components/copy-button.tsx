/** Copies a text, and says for a moment that it did. */
import { Check, Copy } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { usePanel } from '../../panel-context.tsx';

const shownMs = 2_000;

export function CopyButton({ text, label }: { text: string; label: string }): ReactNode {
  const { clock } = usePanel();
  const [state, setState] = useState<'ready' | 'copied' | 'failed'>('ready');
  return (
    <span className="copy">
      <button
        type="button"
        className="button button-quiet button-icon"
        aria-label={label}
        title={label}
        onClick={() => {
          void navigator.clipboard.writeText(text).then(
            () => {
              setState('copied');
            },
            () => {
              setState('failed');
            },
          );
          clock.after(shownMs, () => {
            setState('ready');
          });
        }}
      >
        {state === 'copied' ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
      </button>
      <span role="status" className="visually-hidden">
        {state === 'copied' && 'Copied'}
        {state === 'failed' && 'It could not be copied'}
      </span>
    </span>
  );
}
