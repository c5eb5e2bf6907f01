/** A rule that a person types: what it may, and what that is about. The host says whether it may be granted. */
import type { FormEvent, ReactNode } from 'react';
import { useId, useState } from 'react';
import type { ErrorBody } from '#contract/errors.ts';
import { grantWords, ruleTitle, whenSentence } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { ErrorNote } from '../../lib/components/note.tsx';
import { usePanel } from '../../panel-context.tsx';
import { PathField } from './path-field.tsx';
import type { TypedVerb } from './rule-text.ts';
import { readRuleText, typedVerbs } from './rule-text.ts';

const pathVerbs: ReadonlySet<TypedVerb> = new Set(['read', 'write', 'deny', 'exec']);

export function GrantForm({ server }: { server: Server }): ReactNode {
  const { about } = usePanel();
  const id = useId();
  const [verb, setVerb] = useState<TypedVerb>('read');
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<keyof typeof grantWords.problems | null>(null);
  const [isSaving, setSaving] = useState(false);
  const [error, setError] = useState<ErrorBody | null>(null);

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    const read = readRuleText(verb, typed);
    setError(null);
    if ('problem' in read) {
      setProblem(read.problem);
      return;
    }
    setProblem(null);
    setSaving(true);
    const failure = await about.actions.grant(server.id, verb, read.what);
    setSaving(false);
    setError(failure);
    if (failure === null) setTyped('');
  }

  return (
    <form className="rule-form" aria-label={grantWords.title} onSubmit={(event) => void save(event)}>
      <h4 className="about-title">{grantWords.title}</h4>
      <div className="rule-form-fields">
        <div className="path-field">
          <label htmlFor={`${id}-verb`}>{grantWords.verb}</label>
          <select
            id={`${id}-verb`}
            className="field"
            value={verb}
            onChange={(event) => {
              const found = typedVerbs.find((one) => one === event.target.value);
              if (found !== undefined) setVerb(found);
              setProblem(null);
            }}
          >
            {typedVerbs.map((one) => (
              <option key={one} value={one}>
                {ruleTitle({ verb: one, what: '' })}
              </option>
            ))}
          </select>
        </div>
        <PathField
          server={server.id}
          label={grantWords.whats[verb]}
          value={typed}
          completes={pathVerbs.has(verb)}
          describedBy={`${id}-how`}
          invalid={problem !== null}
          onChange={(value) => {
            setTyped(value);
            setProblem(null);
          }}
        />
        <button type="submit" className="button button-primary" disabled={isSaving}>
          {isSaving ? grantWords.adding : grantWords.add}
        </button>
      </div>
      <p
        id={`${id}-how`}
        className={problem === null ? 'about-faint' : 'rule-problem'}
        role={problem === null ? undefined : 'alert'}
      >
        {problem === null ? whenSentence(verb) : grantWords.problems[problem]}
      </p>
      {error !== null && <ErrorNote error={error} />}
    </form>
  );
}
