/**
 * Questions: a run's guardian asks, a person answers, and what was allowed is done. In memory only; a question ends by an
 * answer, by its time, or when its asker goes, and without an answer it was refused.
 *
 * A link is opened here; any other access is carried out by the launcher, whose call waits meanwhile. So those are put only
 * while somebody is there to see them, and refused when he goes.
 *
 * Trust: what is asked for is the server's own text, read anew here. The server and the run are named by the guardian, and
 * only the private door takes a question. Bounds: four questions a server, sixteen together, and one about each target.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Api, RuleChange } from '#contract/methods.ts';
import type { Question, QuestionAbout, QuestionInput, QuestionOutcome, QuestionScope } from '#contract/question.ts';
import { questionFirstWaitMs, questionWaitMs } from '#contract/question.ts';
import type { QuestionAnswer, QuestionRefusal, RuleVerb } from '#contract/words.ts';
import { readLink, type Link } from '#domain/link.ts';
import type { Log } from '../events/ports.ts';
import type { AccessAbout, AccessVerdict } from './access-verdict.ts';
import type { LinkVerdict } from './link-verdict.ts';
import type { Browser } from './ports.ts';

const perServerMax = 4;
const togetherMax = 16;
/** A page that is loaded anew is back by then. */
const absenceMs = 2_000;
/** Answers that are remembered for being shown; a run keeps no more of them itself. */
const answeredMax = 256;

export type QuestionNews = { type: 'question'; question: Question } | { type: 'question-gone'; id: string };

export interface QuestionServiceDeps {
  browser: Browser;
  /** A server by its id as people know it, with what its policy says; null where no entry of that id is left. */
  judge: (server: string, link: Link) => Promise<{ handle: string; verdict: LinkVerdict } | null>;
  judgeAccess: (server: string, about: AccessAbout) => Promise<({ handle: string } & AccessVerdict) | null>;
  grant: (rule: Pick<QuestionScope, 'verb' | 'what'> & { server: string }) => Promise<Pick<RuleChange, 'rule'>>;
  log: Log;
  now: () => number;
  /** For tests: how long a question about a link waits. */
  waitMs?: number;
}

export interface QuestionService {
  list: Api['questions.list'];
  ask: Api['questions.ask'];
  answer: Api['questions.answer'];
  wait: Api['questions.wait'];
  /** What was answered "until it stops", oldest first; also of runs that are over. */
  answeredUntilStop(server: string): { run: string; rule: Pick<QuestionScope, 'verb' | 'what'> & { at: string } }[];
  /** How many pages and command lines show questions as they come. */
  audience(count: number): void;
  subscribe(listener: (news: QuestionNews) => void): () => void;
}

interface Answered {
  answer: QuestionAnswer | 'no-answer';
  scope: QuestionScope | null;
}

interface Open {
  question: Question;
  timer: NodeJS.Timeout;
  settle(answered: Answered): void;
}

/** A question before it is put. */
type Draft = Omit<Question, 'id' | 'askedAt' | 'expiresAt' | 'latestAt'> & { firstMs: number; waitMs: number };

const refused = (reason: QuestionRefusal, asked = false): QuestionOutcome => ({ outcome: 'refused', reason, asked });

const noAnswer: Answered = { answer: 'no-answer', scope: null };

export function createQuestionService(deps: QuestionServiceDeps): QuestionService {
  const open = new Map<string, Open>();
  const listeners = new Set<(news: QuestionNews) => void>();
  const answered: { server: string; run: string; rule: { verb: RuleVerb; what: string; at: string } }[] = [];
  const linkWaitMs = deps.waitMs ?? questionWaitMs;
  let watching = 0;
  let leftAt = Number.NEGATIVE_INFINITY;
  let leaving: NodeJS.Timeout | null = null;

  function tell(news: QuestionNews): void {
    for (const listener of listeners) listener(news);
  }

  /** Takes a question away, once. */
  function take(id: string): Open | null {
    const found = open.get(id) ?? null;
    if (found !== null) clearTimeout(found.timer);
    if (open.delete(id)) tell({ type: 'question-gone', id });
    return found;
  }

  function hasRoom({ server, target, about }: Draft): boolean {
    const questions = [...open.values()].map(({ question }) => question);
    const ofServer = questions.filter((question) => question.server === server);
    return (
      questions.length < togetherMax &&
      ofServer.length < perServerMax &&
      !ofServer.some((question) => question.target === target && isSameAccess(question.about, about))
    );
  }

  function put(draft: Draft, signal: AbortSignal | undefined): Promise<Answered> {
    const { firstMs, waitMs, ...rest } = draft;
    const now = deps.now();
    const first = Math.min(firstMs, waitMs);
    const question: Question = {
      ...rest,
      id: crypto.randomUUID(),
      askedAt: new Date(now).toISOString(),
      expiresAt: new Date(now + first).toISOString(),
      latestAt: new Date(now + waitMs).toISOString(),
    };
    return new Promise((resolve) => {
      const onGone = (): void => {
        take(question.id)?.settle(noAnswer);
      };
      signal?.addEventListener('abort', onGone);
      open.set(question.id, {
        question,
        timer: setTimeout(onGone, first),
        settle(answered) {
          signal?.removeEventListener('abort', onGone);
          resolve(answered);
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

  async function askForLink(
    { server, run, granted }: QuestionInput,
    url: string,
    signal: AbortSignal | undefined,
  ): Promise<QuestionOutcome> {
    const link = readLink(url);
    if (link === null) return refused('not-a-link');
    const judged = await deps.judge(server, link);
    // Without an entry (`belljar run`), what its plan said is all there is.
    const verdict = judged?.verdict ?? (granted ? 'granted' : 'ask');
    if (verdict === 'never' || verdict === 'not-allowed') return refused(verdict);
    if (verdict === 'granted' && !link.loopback) return await openLink(link, false);
    const scope = (verb: RuleVerb, what: string): QuestionScope => ({ up: 0, verb, what, diff: [`+ ${verb} ${what}`] });
    const { up: _, ...never } = scope('deny', `link:${link.host}`);
    const draft: Draft = {
      server,
      handle: judged?.handle ?? server,
      run,
      about: { kind: 'link', url: link.url },
      target: link.host,
      // What can be remembered: for an entry, and never a page of this machine.
      answers:
        judged === null ? ['once', 'no'] : link.loopback ? ['once', 'no', 'never'] : ['once', 'always', 'no', 'never'],
      scopes: judged === null || link.loopback ? [] : [scope('link', link.host)],
      never: judged === null ? null : never,
      firstMs: linkWaitMs,
      waitMs: linkWaitMs,
    };
    if (!hasRoom(draft)) return refused('too-many');
    const { answer } = await put(draft, signal);
    return answer === 'once' || answer === 'always' ? await openLink(link, true) : outcomeOf({ answer, scope: null });
  }

  async function askForAccess(
    { server, run, waitMs }: QuestionInput,
    about: AccessAbout,
    signal: AbortSignal | undefined,
  ): Promise<QuestionOutcome> {
    const judged = await deps.judgeAccess(server, about);
    if (judged === null) return refused('not-allowed');
    const { handle, verdict, target, scopes, never } = judged;
    if (verdict === 'granted') return { outcome: 'allowed', asked: false };
    if (verdict !== 'ask') return refused(verdict);
    if (watching === 0 && deps.now() - leftAt > absenceMs) return refused('nobody');
    const draft: Draft = {
      server,
      handle,
      run,
      about,
      target,
      answers: [
        'once',
        ...(scopes.length > 0 ? (['run', 'always'] as const) : []),
        'no',
        ...(never === null ? [] : (['never'] as const)),
      ],
      scopes,
      never,
      firstMs: questionFirstWaitMs,
      waitMs: waitMs ?? questionWaitMs,
    };
    if (!hasRoom(draft)) return refused('too-many');
    return outcomeOf(await put(draft, signal));
  }

  return {
    list: () => Promise.resolve({ questions: [...open.values()].map(({ question }) => question) }),

    ask: (input, signal) =>
      input.about.kind === 'link'
        ? askForLink(input, input.about.url, signal)
        : askForAccess(input, input.about, signal),

    async answer({ id, answer, scope: index = 0 }) {
      const found = open.get(id);
      if (found === undefined) throw new BelljarError('no-such-question', { params: { id } });
      const { question } = found;
      if (!question.answers.includes(answer))
        throw new BelljarError('invalid-input', { params: { detail: `answers are: ${question.answers.join(', ')}` } });
      const isWide = answer === 'run' || answer === 'always';
      const scope = isWide ? (question.scopes[index] ?? null) : null;
      if (isWide && scope === null)
        throw new BelljarError('invalid-input', {
          params: { detail: `it has ${question.scopes.length.toString()} scopes` },
        });
      // From here nobody else answers it, and its time no longer runs.
      take(id);
      const rule = answer === 'always' ? scope : answer === 'never' ? question.never : null;
      try {
        const change =
          rule === null ? null : await deps.grant({ server: question.server, verb: rule.verb, what: rule.what });
        found.settle({ answer, scope });
        if (answer === 'run' && scope !== null) {
          const rule = { verb: scope.verb, what: scope.what, at: new Date(deps.now()).toISOString() };
          answered.push({ server: question.server, run: question.run, rule });
          if (answered.length > answeredMax) answered.shift();
        }
        return { id, answer, rule: change?.rule ?? null };
      } catch (error) {
        // What could not be remembered was not answered: refused this time, and the person sees why.
        found.settle({ answer: 'no', scope: null });
        throw error;
      }
    },

    async wait({ id }) {
      const found = open.get(id);
      if (found === undefined) throw new BelljarError('no-such-question', { params: { id } });
      const { question } = found;
      clearTimeout(found.timer);
      found.question = { ...question, expiresAt: question.latestAt };
      found.timer = setTimeout(
        () => take(id)?.settle(noAnswer),
        Math.max(0, Date.parse(question.latestAt) - deps.now()),
      );
      tell({ type: 'question', question: found.question });
      return { question: found.question };
    },

    answeredUntilStop: (server) =>
      answered.filter((one) => one.server === server).map(({ run, rule }) => ({ run, rule })),

    audience(count) {
      if (watching > 0 && count === 0) {
        leftAt = deps.now();
        leaving = setTimeout(() => {
          for (const { question } of open.values())
            if (question.about.kind !== 'link') take(question.id)?.settle(noAnswer);
        }, absenceMs);
        leaving.unref();
      } else if (count > 0 && leaving !== null) {
        clearTimeout(leaving);
        leaving = null;
      }
      watching = count;
    },

    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function isSameAccess(one: QuestionAbout, other: QuestionAbout): boolean {
  if (one.kind === 'file' && other.kind === 'file') return one.access === other.access;
  return one.kind === other.kind;
}

function outcomeOf({ answer, scope }: Answered): QuestionOutcome {
  switch (answer) {
    case 'once':
    case 'always':
      return { outcome: 'allowed', asked: true };
    case 'run':
      return { outcome: 'allowed', asked: true, until: 'stop', up: scope?.up ?? 0 };
    default:
      return refused(answer, true);
  }
}
