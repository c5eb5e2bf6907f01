/**
 * Questions at the top of the page: who asks, for what, how long he waits, and the answers. A card comes by itself, so its
 * buttons cannot be pressed in the first moment: a click that was meant for something else must not answer.
 */
import { Cable, ChevronRight, ExternalLink, FileQuestion, FolderOpen, Globe } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useId, useState } from 'react';
import { useStore } from 'zustand';
import type { Question, QuestionAbout } from '#contract/question.ts';
import { answerTitles, questionPhrase, questionWords, scopePhrase } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { plural, visibleText } from '../../lib/text.ts';
import { useNow } from '../../lib/use-now.ts';
import { usePanel } from '../../panel-context.tsx';

/** Of the question that is answered next. */
export const openQuestionId = 'open-question';
const cardsShown = 3;
const armedAfterMs = 600;

function useArmed(): boolean {
  const [armed, setArmed] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      setArmed(true);
    }, armedAfterMs);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  return armed;
}

function TimeLeft({ until }: { until: string }): ReactNode {
  const left = Math.max(0, Math.ceil((Date.parse(until) - useNow(250)) / 1000));
  // Not said by screen readers every second: the region around it would.
  return (
    <span className="question-left" role="timer" aria-live="off">
      {left === 0 ? 'no time left' : `${left.toString()} s left`}
    </span>
  );
}

function Icon({ about }: { about: QuestionAbout }): ReactNode {
  const props = { className: 'question-icon', 'aria-hidden': true } as const;
  switch (about.kind) {
    case 'link':
      return <ExternalLink {...props} />;
    case 'file':
      return about.folder ? <FolderOpen {...props} /> : <FileQuestion {...props} />;
    case 'host':
      return <Globe {...props} />;
    default:
      return <Cable {...props} />;
  }
}

/** What answers would change: the lines of the policy that come and go. */
function Change({ title, lines }: { title: string; lines: readonly string[] }): ReactNode {
  return (
    <p className="question-change">
      {title}{' '}
      {lines.map((line) => (
        <code key={line}>
          <HostileText text={line} longest={240} />
        </code>
      ))}
    </p>
  );
}

/** What is asked in full, and what the answers mean. */
function More({
  question,
  scope,
  onScope,
}: {
  question: Question;
  scope: number;
  onScope: (scope: number) => void;
}): ReactNode {
  const name = useId();
  const { about, scopes, never } = question;
  if (about.kind === 'link')
    return (
      <details className="question-more">
        <summary>
          <ChevronRight className="chevron" aria-hidden="true" />
          Whole link
        </summary>
        {/* It scrolls when it is long, so the keyboard must get there. */}
        <code tabIndex={0} role="group" aria-label="Whole link">
          <HostileText text={about.url} />
        </code>
      </details>
    );
  const chosen = scopes[scope];
  return (
    <div className="question-more">
      {scopes.length > 1 && (
        <fieldset className="question-scopes">
          <legend>{questionWords.scope}</legend>
          {scopes.map(({ up, what }, index) => (
            <label key={up} title={visibleText(what)}>
              <input type="radio" name={name} checked={index === scope} onChange={() => onScope(index)} />
              {scopePhrase(about, up)}
            </label>
          ))}
        </fieldset>
      )}
      <details>
        <summary>
          <ChevronRight className="chevron" aria-hidden="true" />
          What the answers change
        </summary>
        <p>{questionWords.waits}</p>
        {chosen !== undefined && <Change title={questionWords.change} lines={chosen.diff} />}
        {never !== null && <Change title={questionWords.never} lines={never.diff} />}
        {about.kind === 'host' && about.address !== undefined && <p>Its address: {about.address}</p>}
      </details>
    </div>
  );
}

function Card({
  question,
  server,
  first,
}: {
  question: Question;
  server: Server | undefined;
  first: boolean;
}): ReactNode {
  const panel = usePanel();
  const answering = useStore(panel.questions, (state) => state.answering);
  const armed = useArmed();
  const titleId = useId();
  const [scope, setScope] = useState(0);
  const { about } = question;
  const titles = answerTitles[about.kind];
  return (
    <li className="question" id={first ? openQuestionId : undefined} tabIndex={-1} aria-labelledby={titleId}>
      <Icon about={about} />
      <div className="question-text">
        <p id={titleId}>
          <strong>
            <HostileText text={server?.name ?? question.handle} longest={48} />
          </strong>{' '}
          {questionPhrase(about)}{' '}
          <code className="question-target">
            <HostileText text={question.target} longest={about.kind === 'link' ? 120 : 240} />
          </code>
          <TimeLeft until={question.expiresAt} />
          {question.expiresAt !== question.latestAt && (
            <button
              type="button"
              className="row-allow"
              aria-describedby={titleId}
              onClick={() => void panel.questions.actions.wait(question)}
            >
              {questionWords.wait}
            </button>
          )}
        </p>
        <More question={question} scope={scope} onScope={setScope} />
      </div>
      <div className="question-actions">
        {question.answers.map((answer) => (
          <button
            key={answer}
            type="button"
            className={answer === 'never' ? 'button button-quiet' : 'button'}
            aria-describedby={titleId}
            disabled={!armed || answering !== null}
            onClick={() => void panel.questions.actions.answer(question, answer, scope)}
          >
            {titles[answer]}
          </button>
        ))}
      </div>
    </li>
  );
}

export function QuestionCards(): ReactNode {
  const panel = usePanel();
  const questions = useStore(panel.questions, (state) => state.questions);
  const servers = useStore(panel.servers, (state) => state.servers);
  // The region stands always, so that screen readers notice what comes into it; at once, since somebody waits.
  return (
    <section
      className="questions"
      tabIndex={-1}
      aria-label="Questions"
      aria-live="assertive"
      aria-relevant="additions"
      data-empty={questions.length === 0 || undefined}
    >
      {questions.length > 0 && (
        <ul>
          {questions.slice(0, cardsShown).map((question, index) => (
            <Card key={question.id} question={question} server={servers.get(question.server)} first={index === 0} />
          ))}
          {questions.length > cardsShown && (
            <li className="question-rest">
              {plural(questions.length - cardsShown, 'more question waits', 'more questions wait')}.
            </li>
          )}
        </ul>
      )}
    </section>
  );
}
