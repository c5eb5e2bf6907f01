/** Listens for the keys that work everywhere, and tells of all of them (`?`). Nothing is heard while somebody types. */
import { Keyboard } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { questionWords, shortcutWords } from '#contract/sentences.ts';
import { Dialog } from '../../lib/components/dialog.tsx';
import { usePanel } from '../../panel-context.tsx';
import { views } from '../../views.tsx';
import { openQuestionId } from '../questions/question-cards.tsx';
import type { Step } from './shortcuts.ts';
import { areKeysHeard, hearKeys, secondKeyMs, stepOf } from './shortcuts.ts';

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/u.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && /^(?:checkbox|radio|button)$/u.test(target.type))
  );
}

function Keys({ keys, words }: { keys: readonly string[]; words: string }): ReactNode {
  return (
    <>
      <dt>
        {keys.map((key, index) => (
          <kbd key={index}>{key}</kbd>
        ))}
      </dt>
      <dd>{words}</dd>
    </>
  );
}

export function Shortcuts(): ReactNode {
  const { navigation, notices } = usePanel();
  const [heard, setHeard] = useState(areKeysHeard);
  const [isOpen, setOpen] = useState(false);

  useEffect(() => {
    if (!heard) return undefined;
    let before: string | null = null;
    let beforeAt = 0;
    function act(step: Step, event: KeyboardEvent): void {
      if (step.kind === 'go' && views.some(({ name }) => name === step.route.name)) navigation.actions.go(step.route);
      else if (step.kind === 'search') {
        const field = document.querySelector<HTMLInputElement>('main input[type="search"]');
        if (field === null) return;
        field.focus();
        field.select();
      } else if (step.kind === 'question') {
        const card = document.getElementById(openQuestionId);
        if (card === null) notices.actions.say('done', questionWords.noneOpen);
        else card.focus();
      } else if (step.kind === 'help') setOpen(true);
      event.preventDefault();
    }
    function onKeyDown(event: KeyboardEvent): void {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector('[role="dialog"]') !== null) return;
      const step = stepOf(Date.now() - beforeAt < secondKeyMs ? before : null, event.key);
      before = step?.kind === 'wait' ? event.key : null;
      beforeAt = Date.now();
      if (step !== null && step.kind !== 'wait') act(step, event);
    }
    window.addEventListener('keydown', onKeyDown);
    return () => {
      window.removeEventListener('keydown', onKeyDown);
    };
  }, [navigation, notices, heard]);

  return (
    <>
      <button
        type="button"
        className="shortcuts-button"
        aria-keyshortcuts={heard ? '?' : undefined}
        onClick={() => {
          setOpen(true);
        }}
      >
        <Keyboard aria-hidden="true" />
        {shortcutWords.button} {heard && <kbd>?</kbd>}
      </button>
      {isOpen && (
        <Dialog
          open
          onClose={() => {
            setOpen(false);
          }}
          title={shortcutWords.title}
          footer={
            <button
              type="button"
              className="button button-primary"
              onClick={() => {
                setOpen(false);
              }}
            >
              {shortcutWords.close}
            </button>
          }
        >
          <label className="mute-shown">
            <input
              type="checkbox"
              role="switch"
              checked={heard}
              onChange={({ target }) => {
                setHeard(target.checked);
                hearKeys(target.checked);
              }}
            />{' '}
            {shortcutWords.heard}
          </label>
          <h3 className="check-title">{shortcutWords.everywhere}</h3>
          <dl className="keys">
            {shortcutWords.everywhereKeys.map(([keys, words]) => (
              <Keys key={words} keys={keys} words={words} />
            ))}
          </dl>
          <h3 className="check-title">{shortcutWords.inList}</h3>
          <dl className="keys">
            {shortcutWords.listKeys.map(([keys, words]) => (
              <Keys key={words} keys={keys} words={words} />
            ))}
          </dl>
        </Dialog>
      )}
    </>
  );
}
