/** A field for a path: names that the host knows stand below it, moved through with arrow keys; typing goes on without them. */
import type { KeyboardEvent, ReactNode } from 'react';
import { useEffect, useId, useState } from 'react';
import { useStore } from 'zustand';
import { desktopWords, grantWords } from '#contract/sentences.ts';
import type { PathCompletion } from '#contract/path-completion.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';

const typingMs = 90;
const nothing: PathCompletion = { entries: [], more: false, outside: false };

export interface PathFieldProps {
  server: string;
  label: string;
  value: string;
  /** False where no path is typed: then it is a plain field. */
  completes: boolean;
  describedBy?: string | undefined;
  invalid?: boolean;
  onChange: (value: string) => void;
}

export function PathField({
  server,
  label,
  value,
  completes,
  describedBy,
  invalid,
  onChange,
}: PathFieldProps): ReactNode {
  const { about, desktop } = usePanel();
  const isDesktop = useStore(desktop, (state) => state.status !== null);
  const id = useId();
  const [found, setFound] = useState<PathCompletion>(nothing);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const shown = isOpen && completes ? found.entries : [];

  useEffect(() => {
    if (!completes || !isOpen) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      void about.actions.complete(server, value, controller.signal).then((answer) => {
        if (controller.signal.aborted) return;
        setFound(answer ?? nothing);
        setActive(-1);
      });
    }, typingMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [about, completes, isOpen, server, value]);

  function take(path: string, folder: boolean): void {
    onChange(path);
    // A folder can be gone into; a file is whole.
    setOpen(folder);
    setFound(nothing);
    setActive(-1);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (shown.length === 0) {
      if (event.key === 'ArrowDown' && completes) setOpen(true);
      return;
    }
    const chosen = shown[active];
    if (event.key === 'ArrowDown') setActive((active + 1) % shown.length);
    else if (event.key === 'ArrowUp') setActive(active <= 0 ? shown.length - 1 : active - 1);
    else if (event.key === 'Enter' && chosen !== undefined) take(chosen.path, chosen.folder);
    else if (event.key === 'Escape') setOpen(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className="path-field">
      <label htmlFor={`${id}-input`}>{label}</label>
      <input
        id={`${id}-input`}
        className="field"
        role="combobox"
        aria-expanded={shown.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={active === -1 ? undefined : `${id}-${active.toString()}`}
        aria-describedby={describedBy}
        aria-invalid={invalid === true || undefined}
        value={value}
        maxLength={4096}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        onChange={(event) => {
          onChange(event.target.value);
          setOpen(true);
        }}
        onFocus={() => {
          if (value !== '') setOpen(true);
        }}
        onBlur={() => {
          setOpen(false);
        }}
        onKeyDown={onKeyDown}
      />
      <ul
        id={`${id}-list`}
        className="path-names"
        role="listbox"
        aria-label={grantWords.suggestions}
        hidden={shown.length === 0}
      >
        {shown.map((entry, index) => (
          <li
            key={entry.path}
            id={`${id}-${index.toString()}`}
            role="option"
            aria-selected={index === active}
            aria-label={visibleText(entry.path)}
            ref={(element) => {
              if (index === active) element?.scrollIntoView({ block: 'nearest' });
            }}
            // Before the field loses the focus.
            onPointerDown={(event) => {
              event.preventDefault();
              take(entry.path, entry.folder);
            }}
          >
            <HostileText text={entry.path} longest={120} />
          </li>
        ))}
      </ul>
      <p className="visually-hidden" role="status">
        {shown.length > 0 && grantWords.found(shown.length, found.more)}
      </p>
      {completes && isDesktop && (
        <div className="path-choose">
          {(['folder', 'file'] as const).map((kind) => (
            <button
              key={kind}
              type="button"
              className="button button-small"
              onClick={() => {
                void desktop.actions.choose({ kind }).then((path) => {
                  if (path !== null) take(path, false);
                });
              }}
            >
              {desktopWords.choose[kind]}
            </button>
          ))}
        </div>
      )}
      {completes && isOpen && value !== '' && found.outside && <p className="about-faint">{grantWords.outside}</p>}
      {shown.length > 0 && found.more && <p className="about-faint">{grantWords.more}</p>}
    </div>
  );
}
