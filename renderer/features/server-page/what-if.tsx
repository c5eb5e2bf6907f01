/** "What would happen if": the host's own answer, by the rules of now, before anything happens. */
import type { FormEvent, ReactNode } from 'react';
import { useId, useState } from 'react';
import { whatIfWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { usePanel } from '../../panel-context.tsx';
import type { Why } from '../details/details-store.ts';
import { Explained } from '../details/explained.tsx';
import { PathField } from './path-field.tsx';

const accesses = ['read', 'write', 'connect', 'exec'] as const;

export function WhatIf({ server }: { server: Server }): ReactNode {
  const { about } = usePanel();
  const id = useId();
  const [access, setAccess] = useState<(typeof accesses)[number]>('read');
  const [typed, setTyped] = useState('');
  const [why, setWhy] = useState<Why>({ kind: 'none' });

  async function ask(event: FormEvent): Promise<void> {
    event.preventDefault();
    const what = typed.trim();
    if (what === '') return;
    setWhy({ kind: 'loading' });
    const answer = await about.actions.explain({ server: server.id, what, access });
    setWhy('verdict' in answer ? { kind: 'explained', explanation: answer } : { kind: 'failed', error: answer });
  }

  return (
    <form className="rule-form" aria-label={whatIfWords.title} onSubmit={(event) => void ask(event)}>
      <h4 className="about-title">{whatIfWords.title}</h4>
      <div className="rule-form-fields">
        <div className="path-field">
          <label htmlFor={`${id}-access`}>{whatIfWords.access}</label>
          <select
            id={`${id}-access`}
            className="field"
            value={access}
            onChange={(event) => {
              const found = accesses.find((one) => one === event.target.value);
              if (found !== undefined) setAccess(found);
              setWhy({ kind: 'none' });
            }}
          >
            {accesses.map((one) => (
              <option key={one} value={one}>
                {whatIfWords.accesses[one]}
              </option>
            ))}
          </select>
        </div>
        <PathField
          server={server.id}
          label={whatIfWords.what}
          value={typed}
          completes={access !== 'connect'}
          onChange={(value) => {
            setTyped(value);
            setWhy({ kind: 'none' });
          }}
        />
        <button type="submit" className="button" disabled={why.kind === 'loading'}>
          {whatIfWords.ask}
        </button>
      </div>
      <div role="status">
        <Explained why={why} />
      </div>
    </form>
  );
}
