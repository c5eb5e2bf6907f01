/** How much a server may use, who holds that here, and changing it: what is typed is what `belljar resources` takes. */
import type { FormEvent, ReactNode } from 'react';
import { useId, useRef, useState } from 'react';
import type { ErrorBody } from '#contract/errors.ts';
import { limitHolderSentence, limitTitles, limitValue, resourceWords, sourceTitles } from '#contract/sentences.ts';
import type { Resource, Server } from '#contract/server.ts';
import { limitNames, type LimitName } from '#contract/words.ts';
import { ErrorNote } from '../../lib/components/note.tsx';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';

type Typed = Record<LimitName, string>;

function typedOf(resources: readonly Resource[]): Typed {
  const text = (name: LimitName): string => {
    const value = resources.find((one) => one.name === name)?.value ?? null;
    return value === null ? 'none' : limitValue(name, value);
  };
  return Object.fromEntries(limitNames.map((name) => [name, text(name)])) as Typed;
}

function Line({ resource: { name, value, source, by } }: { resource: Resource }): ReactNode {
  return (
    <li className="resource">
      <span>{limitTitles[name]}</span>
      <strong>{limitValue(name, value)}</strong>
      <span className="rule-source">
        from {sourceTitles[source]}
        {by !== null && `, ${limitHolderSentence(name, by)}`}
      </span>
    </li>
  );
}

function Editor({
  server,
  resources,
  onClose,
}: {
  server: Server;
  resources: readonly Resource[];
  onClose: () => void;
}): ReactNode {
  const panel = usePanel();
  const id = useId();
  const [before] = useState(() => typedOf(resources));
  const [typed, setTyped] = useState(before);
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<ErrorBody | null>(null);

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    const changed = limitNames.filter((name) => typed[name].trim() !== before[name]);
    if (changed.length === 0) {
      onClose();
      return;
    }
    setSaving(true);
    const limits = Object.fromEntries(changed.map((name) => [name, typed[name].trim() || 'none']));
    const failure = await panel.about.actions.setResources(server.id, limits);
    setSaving(false);
    setError(failure);
    if (failure === null) onClose();
  }

  return (
    <form
      className="resource-form"
      aria-label={`${resourceWords.title}, ${visibleText(server.name)}`}
      onSubmit={(event) => void save(event)}
    >
      {limitNames.map((name, index) => (
        <div key={name} className="resource-field">
          <label htmlFor={`${id}-${name}`}>{limitTitles[name]}</label>
          <input
            id={`${id}-${name}`}
            className="field"
            autoFocus={index === 0}
            autoComplete="off"
            spellCheck={false}
            maxLength={32}
            aria-describedby={`${id}-how`}
            value={typed[name]}
            onChange={(event) => {
              setTyped({ ...typed, [name]: event.target.value });
            }}
          />
        </div>
      ))}
      <p className="about-faint" id={`${id}-how`}>
        {resourceWords.how}
      </p>
      {error !== null && <ErrorNote error={error} />}
      <div className="note-actions">
        <button type="submit" className="button button-small button-primary" disabled={saving}>
          {saving ? resourceWords.saving : resourceWords.save}
        </button>
        <button type="button" className="button button-small" onClick={onClose}>
          {resourceWords.cancel}
        </button>
      </div>
    </form>
  );
}

export function ResourceLimits({ server, resources }: { server: Server; resources: readonly Resource[] }): ReactNode {
  const [editing, setEditing] = useState(false);
  const change = useRef<HTMLButtonElement>(null);
  if (resources.length === 0) return <p className="about-faint">{resourceWords.unlimited}</p>;
  if (editing) {
    return (
      <Editor
        server={server}
        resources={resources}
        onClose={() => {
          setEditing(false);
          // Whoever used it by key goes on where he began.
          setTimeout(() => change.current?.focus());
        }}
      />
    );
  }
  return (
    <>
      <ul className="resources">
        {resources.map((resource) => (
          <Line key={resource.name} resource={resource} />
        ))}
      </ul>
      <div>
        <button
          ref={change}
          type="button"
          className="button button-small"
          onClick={() => {
            setEditing(true);
          }}
        >
          {resourceWords.change}
          <span className="visually-hidden">
            {' '}
            {resourceWords.title}, {visibleText(server.name)}
          </span>
        </button>
      </div>
    </>
  );
}
