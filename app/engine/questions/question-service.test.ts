import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import type { EffectivePolicy } from '#contract/policy.ts';
import { questionSchema, type QuestionInput } from '#contract/question.ts';
import { makeRule } from '#domain/rules.ts';
import { readLink, type Link } from '#domain/link.ts';
import type { AccessVerdict } from './access-verdict.ts';
import { linkVerdict, type LinkVerdict } from './link-verdict.ts';
import { createQuestionService, type QuestionNews } from './question-service.ts';

const start = Date.parse('2026-03-01T12:00:00.000Z');

type Judged = { handle: string } & AccessVerdict;

function setUp(
  options: { verdict?: LinkVerdict | null; browser?: boolean; grantFails?: boolean; access?: Judged | null } = {},
) {
  const opened: string[] = [];
  const granted: unknown[] = [];
  const news: QuestionNews[] = [];
  const logged: unknown[] = [];
  const verdict = options.verdict === undefined ? 'ask' : options.verdict;
  const service = createQuestionService({
    browser: {
      async open(url) {
        opened.push(url);
        return options.browser ?? true;
      },
    },
    judgeAccess: async () => options.access ?? null,
    judge: async (server) => (verdict === null ? null : { handle: `client/${server}`, verdict }),
    async grant({ server, verb, what }) {
      if (options.grantFails === true) throw new BelljarError('write-failed');
      granted.push({ server, verb, what });
      const policy: EffectivePolicy | null = null;
      return { id: server, rule: `${verb}:${what}`, level: 'standard', effective: 'now', policy };
    },
    log: { info: () => undefined, warn: (code, facts) => void logged.push([code, facts]) },
    now: Date.now,
    waitMs: 20_000,
  });
  service.subscribe((item) => news.push(item));
  return { service, opened, granted, news, logged };
}

const url = 'https://accounts.example.com/authorize?state=secret';
const input = (changes: Partial<QuestionInput> = {}): QuestionInput => ({
  server: 'one',
  run: 'run-1',
  about: { kind: 'link', url },
  granted: false,
  ...changes,
});
const link = (text: string): QuestionInput['about'] => ({ kind: 'link', url: text });

/** The questions that are open, once whoever asks has come that far. */
async function opened(service: ReturnType<typeof setUp>['service'], count = 1) {
  await vi.waitFor(async () => expect((await service.list({})).questions).toHaveLength(count));
  return (await service.list({})).questions;
}

beforeEach(() => void vi.useFakeTimers({ now: start, shouldAdvanceTime: true }));
afterEach(() => void vi.useRealTimers());

describe('a question', () => {
  it.each([
    ['once', { outcome: 'allowed', asked: true }, [url], []],
    [
      'always',
      { outcome: 'allowed', asked: true },
      [url],
      [{ server: 'one', verb: 'link', what: 'accounts.example.com' }],
    ],
    ['no', { outcome: 'refused', reason: 'no', asked: true }, [], []],
    [
      'never',
      { outcome: 'refused', reason: 'never', asked: true },
      [],
      [{ server: 'one', verb: 'deny', what: 'link:accounts.example.com' }],
    ],
  ] as const)('answered %s', async (answer, outcome, urls, rules) => {
    const stage = setUp();
    const asked = stage.service.ask(input());
    const [question] = await opened(stage.service);
    expect(questionSchema.parse(question)).toMatchObject({
      server: 'one',
      handle: 'client/one',
      target: 'accounts.example.com',
      about: { url },
    });
    await stage.service.answer({ id: question?.id ?? '', answer });
    expect(await asked).toEqual(outcome);
    expect([stage.opened, stage.granted]).toEqual([urls, rules]);
    expect(stage.news.map((item) => item.type)).toEqual(['question', 'question-gone']);
    await expect(stage.service.answer({ id: question?.id ?? '', answer })).rejects.toMatchObject({
      code: 'no-such-question',
    });
  });

  it('that nobody answers is refused when its time is over, and leaves no rule', async () => {
    const stage = setUp();
    const asked = stage.service.ask(input());
    const [question] = await opened(stage.service);
    expect(Date.parse(question?.expiresAt ?? '') - Date.parse(question?.askedAt ?? '')).toBe(20_000);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await asked).toEqual({ outcome: 'refused', reason: 'no-answer', asked: true });
    expect([stage.opened, stage.granted]).toEqual([[], []]);
    expect(stage.news.at(-1)).toEqual({ type: 'question-gone', id: question?.id });
  });

  it('goes when whoever asked it goes', async () => {
    const stage = setUp();
    const caller = new AbortController();
    const asked = stage.service.ask(input(), caller.signal);
    const [question] = await opened(stage.service);
    caller.abort();
    expect(await asked).toEqual({ outcome: 'refused', reason: 'no-answer', asked: true });
    await expect(stage.service.answer({ id: question?.id ?? '', answer: 'once' })).rejects.toMatchObject({
      code: 'no-such-question',
    });
    expect(stage.opened).toEqual([]);
  });

  it('whose answer cannot be remembered is refused, and says why', async () => {
    const stage = setUp({ grantFails: true });
    const asked = stage.service.ask(input());
    const [question] = await opened(stage.service);
    await expect(stage.service.answer({ id: question?.id ?? '', answer: 'always' })).rejects.toMatchObject({
      code: 'write-failed',
    });
    expect(await asked).toEqual({ outcome: 'refused', reason: 'no', asked: true });
    expect(stage.opened).toEqual([]);
  });

  it('is one a target and four a server; another server still gets to ask', async () => {
    const stage = setUp();
    const asked = [0, 1, 2, 3].map((index) =>
      stage.service.ask(input({ about: link(`https://h${index.toString()}.example/`) })),
    );
    const questions = await opened(stage.service, 4);
    const tooMany = { outcome: 'refused', reason: 'too-many', asked: false };
    expect(await stage.service.ask(input({ about: link('https://h0.example/other') }))).toEqual(tooMany);
    expect(await stage.service.ask(input({ about: link('https://h4.example/') }))).toEqual(tooMany);
    const other = stage.service.ask(input({ server: 'two', about: link('https://h0.example/') }));
    await opened(stage.service, 5);
    await stage.service.answer({ id: questions[0]?.id ?? '', answer: 'no' });
    const again = stage.service.ask(input({ about: link('https://h0.example/') }));
    for (const question of await opened(stage.service, 5))
      await stage.service.answer({ id: question.id, answer: 'no' });
    for (const one of [...asked, other, again])
      expect(await one).toEqual({ outcome: 'refused', reason: 'no', asked: true });
  });

  it('about a target of which one is open already is refused', async () => {
    const stage = setUp();
    const first = stage.service.ask(input());
    const [question] = await opened(stage.service);
    expect(await stage.service.ask(input({ about: link('https://accounts.example.com/other') }))).toEqual({
      outcome: 'refused',
      reason: 'too-many',
      asked: false,
    });
    await stage.service.answer({ id: question?.id ?? '', answer: 'no' });
    await first;
  });

  it('is one of sixteen together, whoever asks', async () => {
    const stage = setUp();
    const asked = [...Array(16).keys()].map((index) => stage.service.ask(input({ server: `s${index.toString()}` })));
    const questions = await opened(stage.service, 16);
    expect(await stage.service.ask(input({ server: 'another' }))).toMatchObject({ reason: 'too-many' });
    for (const { id } of questions) await stage.service.answer({ id, answer: 'no' });
    await Promise.all(asked);
  });

  it('takes no answer that it does not offer', async () => {
    const stage = setUp({ verdict: null });
    const asked = stage.service.ask(input());
    const [question] = await opened(stage.service);
    await expect(stage.service.answer({ id: question?.id ?? '', answer: 'never' })).rejects.toMatchObject({
      code: 'invalid-input',
    });
    await stage.service.answer({ id: question?.id ?? '', answer: 'once' });
    expect(await asked).toEqual({ outcome: 'allowed', asked: true });
  });

  it('about a page of this machine is put each time, whatever the rules say, and never becomes one', async () => {
    const stage = setUp({ verdict: 'granted' });
    const asked = stage.service.ask(input({ about: link('http://localhost:3000/'), granted: true }));
    const [question] = await opened(stage.service);
    expect(question?.answers).toEqual(['once', 'no', 'never']);
    await expect(stage.service.answer({ id: question?.id ?? '', answer: 'always' })).rejects.toMatchObject({
      code: 'invalid-input',
    });
    await stage.service.answer({ id: question?.id ?? '', answer: 'once' });
    expect(await asked).toEqual({ outcome: 'allowed', asked: true });
    expect(stage.granted).toEqual([]);
  });
});

describe('without a question', () => {
  it.each([
    ['granted', { outcome: 'allowed', asked: false }],
    ['never', { outcome: 'refused', reason: 'never', asked: false }],
    ['not-allowed', { outcome: 'refused', reason: 'not-allowed', asked: false }],
  ] as const)('%s', async (verdict, outcome) => {
    const stage = setUp({ verdict });
    // What the plan said when the run started does not count against what a person said since.
    expect(await stage.service.ask(input({ granted: true }))).toEqual(outcome);
    expect(stage.news).toEqual([]);
    expect(stage.opened).toEqual(outcome.outcome === 'allowed' ? [url] : []);
  });

  it('a run without an entry is allowed what its plan says, and asks for the rest', async () => {
    const stage = setUp({ verdict: null });
    expect(await stage.service.ask(input({ granted: true }))).toEqual({ outcome: 'allowed', asked: false });
    const asked = stage.service.ask(input());
    const [question] = await opened(stage.service);
    expect([question?.handle, question?.answers]).toEqual(['one', ['once', 'no']]);
    await stage.service.answer({ id: question?.id ?? '', answer: 'once' });
    expect(await asked).toEqual({ outcome: 'allowed', asked: true });
  });

  it('what is no link is refused, whatever is granted', async () => {
    const stage = setUp({ verdict: 'granted' });
    for (const text of ['file:///etc/passwd', 'https://a@b.example/', '--help', 'http://example.com/'])
      expect(await stage.service.ask(input({ about: link(text), granted: true }))).toEqual({
        outcome: 'refused',
        reason: 'not-a-link',
        asked: false,
      });
    expect(stage.opened).toEqual([]);
  });

  it('a desktop without a browser is said, and the log does not hold the link', async () => {
    const stage = setUp({ verdict: 'granted', browser: false });
    expect(await stage.service.ask(input())).toEqual({ outcome: 'refused', reason: 'no-browser', asked: false });
    expect(stage.logged).toEqual([['no-browser', { host: 'accounts.example.com' }]]);
  });
});

describe('an access that waits', () => {
  const about = { kind: 'file', path: '/srv/a/b', access: 'read', folder: false } as const;
  const access: Judged = {
    handle: 'client/one',
    verdict: 'ask',
    target: '/srv/a/b',
    scopes: [
      { up: 0, verb: 'read', what: '/srv/a/b', diff: ['+ read /srv/a/b'] },
      { up: 1, verb: 'read', what: '/srv/a', diff: ['+ read /srv/a'] },
    ],
    never: { verb: 'deny', what: '/srv/a/b', diff: ['+ deny /srv/a/b'] },
  };
  const ask = (stage: ReturnType<typeof setUp>, waitMs = 19_500) => stage.service.ask(input({ about, waitMs }));

  it.each([
    ['once', 0, { outcome: 'allowed', asked: true }, []],
    ['run', 0, { outcome: 'allowed', asked: true, until: 'stop', up: 0 }, []],
    ['run', 1, { outcome: 'allowed', asked: true, until: 'stop', up: 1 }, []],
    ['always', 0, { outcome: 'allowed', asked: true }, [{ server: 'one', verb: 'read', what: '/srv/a/b' }]],
    ['always', 1, { outcome: 'allowed', asked: true }, [{ server: 'one', verb: 'read', what: '/srv/a' }]],
    ['no', 0, { outcome: 'refused', reason: 'no', asked: true }, []],
    [
      'never',
      0,
      { outcome: 'refused', reason: 'never', asked: true },
      [{ server: 'one', verb: 'deny', what: '/srv/a/b' }],
    ],
  ] as const)('%s, scope %i', async (answer, scope, outcome, rules) => {
    const stage = setUp({ access });
    stage.service.audience(1);
    const asked = ask(stage);
    const [question] = await opened(stage.service);
    expect(questionSchema.parse(question)).toMatchObject({ target: '/srv/a/b', handle: 'client/one', about });
    await stage.service.answer({ id: question?.id ?? '', answer, scope });
    expect(await asked).toEqual(outcome);
    expect(stage.granted).toEqual(rules);
    // What holds until it stops is remembered for being shown; it is no rule.
    const { server = '', run = '' } = question ?? {};
    const what = access.scopes[scope]?.what;
    const kept = answer === 'run' ? [{ run, rule: { verb: 'read', what, at: expect.any(String) as string } }] : [];
    expect(stage.service.answeredUntilStop(server)).toEqual(kept);
    expect(stage.service.answeredUntilStop('another')).toEqual([]);
  });

  it('is refused at once while nobody is there to see it, and when the last one goes', async () => {
    const stage = setUp({ access });
    expect(await ask(stage)).toEqual({ outcome: 'refused', reason: 'nobody', asked: false });
    stage.service.audience(1);
    const asked = ask(stage);
    const [question] = await opened(stage.service);
    stage.service.audience(0);
    // A page that is loaded anew is back in time.
    await vi.advanceTimersByTimeAsync(1_000);
    stage.service.audience(1);
    await vi.advanceTimersByTimeAsync(3_000);
    expect((await stage.service.list({})).questions).toHaveLength(1);
    stage.service.audience(0);
    await vi.advanceTimersByTimeAsync(2_000);
    // Gone by now, long before its time is over.
    expect((await stage.service.list({})).questions).toEqual([]);
    expect(await asked).toEqual({ outcome: 'refused', reason: 'no-answer', asked: true });
    expect(stage.granted).toEqual([]);
    await expect(stage.service.answer({ id: question?.id ?? '', answer: 'once' })).rejects.toMatchObject({
      code: 'no-such-question',
    });
  });

  it('a link is put whether or not somebody looks, and stays when the last one goes', async () => {
    const stage = setUp({ access });
    stage.service.audience(1);
    const asked = stage.service.ask(input());
    const [question] = await opened(stage.service);
    stage.service.audience(0);
    await vi.advanceTimersByTimeAsync(3_000);
    expect((await stage.service.list({})).questions).toHaveLength(1);
    await stage.service.answer({ id: question?.id ?? '', answer: 'once' });
    expect(await asked).toEqual({ outcome: 'allowed', asked: true });
  });

  it('without a time of its own it waits 20 seconds at the most', async () => {
    const stage = setUp({ access });
    stage.service.audience(1);
    const asked = stage.service.ask(input({ about }));
    const [question] = await opened(stage.service);
    expect(Date.parse(question?.latestAt ?? '') - Date.parse(question?.askedAt ?? '')).toBe(20_000);
    await stage.service.answer({ id: question?.id ?? '', answer: 'no' });
    await asked;
  });

  it('waits 12 seconds, or all of its time when a person wants, and never longer', async () => {
    const stage = setUp({ access });
    stage.service.audience(1);
    const short = ask(stage);
    const [first] = await opened(stage.service);
    expect(Date.parse(first?.expiresAt ?? '') - Date.parse(first?.askedAt ?? '')).toBe(12_000);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(await short).toMatchObject({ reason: 'no-answer' });
    const long = ask(stage);
    const [second] = await opened(stage.service);
    const waiting = await stage.service.wait({ id: second?.id ?? '' });
    expect(waiting.question.expiresAt).toBe(second?.latestAt);
    await vi.advanceTimersByTimeAsync(10_000);
    // Wanted again, it gets no more.
    await stage.service.wait({ id: second?.id ?? '' });
    await vi.advanceTimersByTimeAsync(9_000);
    expect((await stage.service.list({})).questions).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(500);
    expect((await stage.service.list({})).questions).toEqual([]);
    expect(await long).toMatchObject({ reason: 'no-answer' });
    await expect(stage.service.wait({ id: second?.id ?? '' })).rejects.toMatchObject({ code: 'no-such-question' });
    // A run that has little left waits less.
    const little = ask(stage, 3_000);
    const [third] = await opened(stage.service);
    expect(third?.expiresAt).toBe(third?.latestAt);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await little).toMatchObject({ reason: 'no-answer' });
  });

  it('what the policy says now counts without a question; a server that is gone asks nothing', async () => {
    for (const [verdict, outcome] of [
      ['granted', { outcome: 'allowed', asked: false }],
      ['never', { outcome: 'refused', reason: 'never', asked: false }],
      ['not-allowed', { outcome: 'refused', reason: 'not-allowed', asked: false }],
    ] as const) {
      const stage = setUp({ access: { ...access, verdict } });
      stage.service.audience(1);
      expect(await ask(stage)).toEqual(outcome);
      expect(stage.news).toEqual([]);
    }
    const stage = setUp({ access: null });
    stage.service.audience(1);
    expect(await ask(stage)).toMatchObject({ outcome: 'refused', reason: 'not-allowed' });
  });

  it('cannot be answered more widely than it was put', async () => {
    const stage = setUp({ access: { ...access, scopes: access.scopes.slice(0, 1) } });
    stage.service.audience(1);
    const asked = ask(stage);
    const [question] = await opened(stage.service);
    await expect(stage.service.answer({ id: question?.id ?? '', answer: 'always', scope: 1 })).rejects.toMatchObject({
      code: 'invalid-input',
    });
    await stage.service.answer({ id: question?.id ?? '', answer: 'no' });
    expect(await asked).toMatchObject({ reason: 'no' });
  });
});

describe('what the policy says of a link', () => {
  const page = readLink('https://a.example.com/') as Link;
  it.each([
    [['permission:ask-links'], 'ask'],
    [[], 'not-allowed'],
    [['link:a.example.com'], 'granted'],
    [['link:*.example.com'], 'granted'],
    [['link:b.example.com', 'permission:ask-links'], 'ask'],
    [['deny:link:a.example.com', 'permission:ask-links'], 'never'],
    [['deny:link:a.example.com', 'link:*.example.com'], 'never'],
    [['deny:link:a.example.com', 'link:a.example.com'], 'granted'],
  ] as const)('%j: %s', (rules, verdict) => {
    const policy: EffectivePolicy = {
      v: 1,
      server: 'one',
      level: 'standard',
      network: 'open',
      rules: rules.map((text) => {
        const [verb = '', ...rest] = text.split(':');
        return makeRule(verb as 'link', rest.join(':'), 'person', 'person');
      }),
      withheld: [],
      limits: {},
    };
    expect(linkVerdict(policy, page)).toBe(verdict);
  });
});
