/**
 * The level of one server, as a radio group. A level can rewrite a client's file or take walls down, so moving through
 * the group never chooses: arrow keys move, space, enter or a click choose. The exact sentence of the level that is
 * pointed at or focused, else of the present one, stands below; screen readers hear it as each level's description.
 */
import { Loader } from 'lucide-react';
import type { KeyboardEvent, ReactNode } from 'react';
import { useId, useRef, useState } from 'react';
import { levelSentences, levelTitles } from '#contract/sentences.ts';
import type { Level } from '#contract/words.ts';
import { levels } from '#contract/words.ts';

/** Descriptions for screen readers, once a page: every group refers to them. */
export function LevelDescriptions(): ReactNode {
  return (
    <div hidden>
      {levels.map((level) => (
        <p key={level} id={`level-${level}`}>
          {levelSentences[level]}
        </p>
      ))}
      <p id="level-keys">Arrow keys move through the levels, space chooses one.</p>
    </div>
  );
}

export interface LevelControlProps {
  name: ReactNode;
  level: Level;
  /** Asked for and not answered yet. */
  asked: Level | null;
  disabled: boolean;
  onChoose: (level: Level) => void;
}

export function LevelControl({ name, level, asked, disabled, onChoose }: LevelControlProps): ReactNode {
  const labelId = useId();
  const buttons = useRef(new Map<Level, HTMLButtonElement>());
  const [pointed, setPointed] = useState<Level | null>(null);
  const [focused, setFocused] = useState<Level | null>(null);
  const shown = pointed ?? focused ?? asked ?? level;

  function onKeyDown(event: KeyboardEvent, at: Level): void {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    let index = levels.indexOf(at);
    if (event.key === 'Home') index = 0;
    else if (event.key === 'End') index = levels.length - 1;
    else if (steps[event.key] !== undefined) index = (index + (steps[event.key] ?? 0) + levels.length) % levels.length;
    else return;
    event.preventDefault();
    const next = levels[index];
    if (next !== undefined) buttons.current.get(next)?.focus();
  }

  return (
    <div className="level">
      <div
        className="level-group"
        role="radiogroup"
        aria-labelledby={labelId}
        aria-describedby="level-keys"
        aria-busy={asked !== null}
        onPointerLeave={() => {
          setPointed(null);
        }}
      >
        <span id={labelId} className="visually-hidden">
          Level of {name}
        </span>
        {levels.map((one) => (
          <button
            key={one}
            ref={(button) => {
              if (button === null) buttons.current.delete(one);
              else buttons.current.set(one, button);
            }}
            type="button"
            role="radio"
            className={`level-option level-option-${one}`}
            aria-checked={one === level}
            aria-describedby={`level-${one}`}
            aria-disabled={disabled || asked !== null}
            tabIndex={one === (focused ?? level) ? 0 : -1}
            data-asked={one === asked || undefined}
            onClick={() => {
              if (!disabled && asked === null) onChoose(one);
            }}
            onKeyDown={(event) => {
              onKeyDown(event, one);
            }}
            onPointerEnter={() => {
              setPointed(one);
            }}
            onFocus={() => {
              setFocused(one);
            }}
            onBlur={() => {
              setFocused(null);
            }}
          >
            {one === asked && <Loader className="spin" aria-hidden="true" />}
            {levelTitles[one]}
          </button>
        ))}
      </div>
      <p className="level-sentence" aria-hidden="true" data-preview={shown !== level || undefined}>
        {levelSentences[shown]}
      </p>
    </div>
  );
}
