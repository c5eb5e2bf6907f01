/**
 * Questions: a run's guardian asks, a person answers, and what was allowed is done. In memory only; a question ends by an
 * answer, by its time, or when its asker goes, and without an answer it was refused.
 *
 * Trust: what is asked for is the server's own text, read anew here. The server and the run are named by the guardian, and
 * only the private door takes a question. Bounds: four questions a server, sixteen together, and one about each target.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Api } from '#contract/methods.ts';
import type { Question, QuestionOutcome } from '#contract/question.ts';
import { questionWaitMs } from '#contract/question.ts';
import type { QuestionAnswer, QuestionRefusal } from '#contract/words.ts';
import { readLink, type Link } from '#domain/link.ts';
import type { Log } from '../events/ports.ts';
import type { LinkVerdict } from './link-verdict.ts';
import type { Browser } from './ports.ts';

const perServerMax = 4;
const togetherMax = 16;

export type QuestionNews = { type: 'question'; question: Question } | { type: 'question-gone'; id: string };

export interface QuestionServiceDeps {
  browser: Browser;
  /** A server by its id as people know it, with what its policy says; null where no entry of that id is left. */
  judge: (server: string, link: Link) => Promise<{ handle: string; verdict: LinkVerdict } | null>;
  grant: Api['policies.grant'];
  log: Log;
  now: () => number;
  /** For tests: how long a question waits. */
  waitMs?: number;
}

export interface QuestionService {
  list: Api['questions.list'];
  ask: Api['questions.ask'];
  answer: Api['questions.answer'];
  subscribe(listener: (news: QuestionNews) => void): () => void;
}

interface Open {
  question: Question;
  settle(answer: QuestionAnswer | 'no-answer'): void;
}

const refused = (reason: QuestionRefusal, asked = false): QuestionOutcome => ({ outcome: 'refused', reason, asked });

export function createQuestionService(deps: QuestionServiceDeps): QuestionService {
  const open = new Map<string, Open>();
  const listeners = new Set<(news: QuestionNews) => void>();
  const waitMs = deps.waitMs ?? questionWaitMs;

  function tell(news: QuestionNews): void {
    for (const listener of listeners) listener(news);
  }

  /** Takes a question away, once. */
  function take(id: string): Open | null {
    const found = open.get(id) ?? null;
    if (open.delete(id)) tell({ type: 'question-gone', id });
    return found;
  }

  function hasRoom(server: string, target: string): boolean {
    const questions = [...open.values()].map(({ question }) => question);
    const ofServer = questions.filter((question) => question.server === server);
    return (
      questions.length < togetherMax &&
      ofServer.length < perServerMax &&
      !ofServer.some((question) => question.target === target)
    );
  }

  function waitForAnswer(question: Question, signal: AbortSignal | undefined): Promise<QuestionAnswer | 'no-answer'> {
    return new Promise((resolve) => {
      const onGone = (): void => {
        take(question.id)?.settle('no-answer');
      };
      const timer = setTimeout(onGone, waitMs);
      signal?.addEventListener('abort', onGone);
      open.set(question.id, {
        question,
        settle(answer) {
          clearTimeout(timer);
          signal?.removeEventListener('abort', onGone);
          resolve(answer);
        },
      });
      tell({ type: 'question', question });
      if (signal?.aborted === true) onGone();
    });
  }

  async function openLink(link: Link, asked: boolean): Promise<QuestionOutcome> {
    const done = await deps.browser.open(link.url);
    // Never the link: it may hold a token.
    if (!done) deps.log.warn('no-browser', { host: link.host });
    return done ? { outcome: 'allowed', asked } : refused('no-browser', asked);
  }

  return {
    list: () => Promise.resolve({ questions: [...open.values()].map(({ question }) => question) }),

    async ask({ server, run, about, granted }, signal) {
      const link = readLink(about.url);
      if (link === null) return refused('not-a-link');
      const judged = await deps.judge(server, link);
      // Without an entry (`belljar run`), what its plan said is all there is.
      const verdict = judged?.verdict ?? (granted ? 'granted' : 'ask');
      if (verdict === 'never' || verdict === 'not-allowed') return refused(verdict);
      if (verdict === 'granted' && !link.loopback) return await openLink(link, false);
      if (!hasRoom(server, link.host)) return refused('too-many');
      const now = deps.now();
      const answer = await waitForAnswer(
        {
          id: crypto.randomUUID(),
          server,
          handle: judged?.handle ?? server,
          run,
          about: { kind: 'link', url: link.url },
          target: link.host,
          // What can be remembered: for an entry, and never a page of this machine.
          answers:
            judged === null
              ? ['once', 'no']
              : link.loopback
                ? ['once', 'no', 'never']
                : ['once', 'always', 'no', 'never'],
          askedAt: new Date(now).toISOString(),
          expiresAt: new Date(now + waitMs).toISOString(),
        },
        signal,
      );
      return answer === 'once' || answer === 'always' ? await openLink(link, true) : refused(answer, true);
    },

    async answer({ id, answer }) {
      const found = open.get(id);
      if (found === undefined) throw new BelljarError('no-such-question', { params: { id } });
      const { question } = found;
      if (!question.answers.includes(answer))
        throw new BelljarError('invalid-input', { params: { detail: `answers are: ${question.answers.join(', ')}` } });
      // From here nobody else answers it, and its time no longer runs.
      take(id);
      const rule = rules[answer]?.(question.target) ?? null;
      try {
        const change = rule === null ? null : await deps.grant({ server: question.server, ...rule });
        found.settle(answer);
        return { id, answer, rule: change?.rule ?? null };
      } catch (error) {
        // What could not be remembered was not answered: refused this time, and the person sees why.
        found.settle('no');
        throw error;
      }
    },

    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** The rule that an answer leaves behind. */
const rules: Partial<Record<QuestionAnswer, (target: string) => { verb: 'link' | 'deny'; what: string }>> = {
  always: (host) => ({ verb: 'link', what: host }),
  never: (host) => ({ verb: 'deny', what: `link:${host}` }),
};
