import { describe, expect, it } from 'vitest';
import type { Event } from '#contract/event.ts';
import { checkResultSchema } from '#contract/server.ts';
import type { CheckSubject } from './check-service.ts';
import { createCheckService } from './check-service.ts';
import { compareAnswers } from './compare.ts';
import type { TrialRecord, Trials } from './ports.ts';
import { createRedactor } from './redact.ts';

const good: TrialRecord = {
  failure: null,
  detail: '',
  initializeMs: 12,
  initialize: { protocolVersion: '2025-06-18', serverInfo: { name: 'a', version: '1' } },
  tools: [{ name: 'one' }, { name: 'two' }],
  events: [],
};
const failed = (failure: TrialRecord['failure'], detail: string, events: Event[] = []): TrialRecord => ({
  ...good,
  failure,
  detail,
  initializeMs: null,
  initialize: null,
  tools: null,
  events,
});

function event(target: string, changes: Partial<Event> = {}): Event {
  return {
    v: 1,
    seq: 2,
    at: '2026-03-01T12:00:01.000Z',
    firstAt: '2026-03-01T12:00:01.000Z',
    run: 'r',
    server: 'demo',
    kind: 'file.read',
    target,
    verdict: 'refused',
    by: 'predicted',
    count: 1,
    process: { pid: 1, exe: '/usr/bin/node' },
    ...changes,
  };
}

const subject: CheckSubject = {
  id: 'demo',
  level: 'standard',
  command: 'node',
  args: ['server.js', '--api-key', 'argument-secret'],
  env: { TOKEN: 'secret-token', FOLDER: '/home/u/docs' },
};

function setUp(bare: TrialRecord, contained: TrialRecord, unset: string[] = []) {
  const plans: string[] = [];
  const trials: Trials = {
    bare: () => Promise.resolve(bare),
    contained: (_entry, makePlan) => {
      plans.push(makePlan('/throw/away'));
      return Promise.resolve(contained);
    },
    expand: (text) => ({ text, unset: text === 'node' ? unset : [] }),
  };
  const service = createCheckService({ trials });
  return { check: () => service.check(subject, (spool) => `spool ${spool}`), plans };
}

describe('verdict', () => {
  it('works', async () => {
    const { check, plans } = setUp(good, {
      ...good,
      initialize: { serverInfo: { version: '1', name: 'a' }, protocolVersion: '2025-06-18' },
    });
    const result = await check();
    expect(checkResultSchema.parse(result)).toMatchObject({
      verdict: 'works',
      sentence: 'Works contained, and was refused nothing.',
      same: true,
      differences: [],
      bare: { outcome: 'works', tools: 2, initializeMs: 12, error: null },
      contained: { outcome: 'works', tools: 2 },
    });
    expect(plans).toEqual(['spool /throw/away']);
  });

  it('works, but was refused', async () => {
    const events = [
      event('/home/u/.ssh/id', { known: 'ssh-keys', count: 2 }),
      event('/etc/shadow'),
      event('/home/u/.ssh/id', { known: 'ssh-keys', seq: 3 }),
      event('127.0.0.1:80', { kind: 'net.connect' }),
      event('/bin/sh', { kind: 'exec' }),
      event('/allowed', { verdict: 'allowed' }),
    ];
    const result = await setUp(good, { ...good, events }).check();
    expect(result).toMatchObject({ verdict: 'works-but-refused', same: true });
    expect(result.refused.length).toBe(5);
    expect(result.sentence).toBe(
      'Works contained. It was refused 6 accesses it did not need to start: reading /home/u/.ssh/id (your SSH keys), reading /etc/shadow, connecting to 127.0.0.1:80 and 1 more.',
    );
  });

  it('differs', async () => {
    const result = await setUp(good, { ...good, tools: [{ name: 'one' }], events: [event('/x')] }).check();
    expect(result).toMatchObject({
      verdict: 'differs',
      same: false,
      differences: ['tools.two: missing when contained'],
    });
    expect(result.sentence).toBe(
      'Answers differently contained: tools.two: missing when contained; it was refused reading /x.',
    );
  });

  it('does not start contained, with the denials just before its end as the likely cause', async () => {
    const end = event('', { kind: 'run.end', verdict: 'allowed', at: '2026-03-01T12:00:02.000Z' });
    const early = event('/early', { at: '2026-03-01T11:59:00.000Z' });
    const result = await setUp(good, failed('ended', 'it ended with status 1', [early, event('/needed'), end])).check();
    expect(result).toMatchObject({ verdict: 'does-not-start', same: false, contained: { outcome: 'does-not-start' } });
    expect(result.sentence).toBe('Does not start contained: it was refused reading /needed just before it ended.');
    expect((await setUp(good, failed('timeout', 'it did not answer within 60 s')).check()).sentence).toBe(
      'Does not start contained: it did not answer within 60 s.',
    );
  });

  it('cannot be tried, and then nothing is started contained', async () => {
    const missing = setUp(failed('command-not-found', 'the command "node" was not found'), good);
    expect(await missing.check()).toMatchObject({
      verdict: 'cannot-be-tried',
      sentence: 'Cannot be tried: the command "node" was not found.',
      bare: { outcome: 'cannot-be-tried' },
      contained: null,
    });
    expect(missing.plans).toEqual([]);
    expect((await setUp(failed('ended', 'no token'), good).check()).sentence).toBe(
      'Cannot be tried: it does not start bare either: no token.',
    );
    expect((await setUp(good, good, ['workspaceFolder']).check()).sentence).toBe(
      'Cannot be tried: it needs ${workspaceFolder}, which only the client fills in.',
    );
  });

  it('lets no secret of the entry out, and no control character into a sentence', async () => {
    const leak = 'Bearer secret-token, argument-secret\u001b[31m\u202e';
    const results = [
      await setUp(failed('ended', leak), good).check(),
      await setUp(good, failed('ended', leak, [event('/tmp/secret-token')])).check(),
      await setUp(good, { ...good, initialize: { leak }, events: [event(`/x/${leak}`)] }).check(),
    ];
    for (const result of results) {
      expect(JSON.stringify(result)).not.toMatch(/secret-token|argument-secret/);
      expect(result.sentence).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
    expect(results[1]?.refused[0]?.target).toBe('/tmp/•••');
  });
});

describe('at most two at once', () => {
  it('lets the others wait in order, and forgets those that were cancelled', async () => {
    let running = 0;
    let most = 0;
    const trials: Trials = {
      bare: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        return good;
      },
      contained: () => Promise.resolve(good),
      expand: (text) => ({ text, unset: [] }),
    };
    const service = createCheckService({ trials });
    const controller = new AbortController();
    const many = Array.from({ length: 6 }, () => service.check(subject, () => ''));
    const cancelled = service.check(subject, () => '', controller.signal);
    controller.abort();
    await expect(cancelled).rejects.toThrow('abort');
    expect((await Promise.all(many)).map((result) => result.verdict)).toEqual(Array(6).fill('works'));
    expect(most).toBe(2);
  });
});

describe('comparing', () => {
  const compare = (bare: unknown, contained: unknown): string[] =>
    compareAnswers({ initialize: bare, tools: null }, { initialize: contained, tools: null }, 50);
  it.each<[string, unknown, unknown, string[]]>([
    ['order of keys', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, []],
    ['a value', { a: { b: 'x' } }, { a: { b: 'y' } }, ['initialize.a.b: "x" bare, "y" contained']],
    ['a missing key', { a: 1 }, {}, ['initialize.a: missing when contained']],
    ['an additional key', {}, { a: 1 }, ['initialize.a: only when contained']],
    ['an item', [1, 2], [1, 3], ['initialize[1]: 2 bare, 3 contained']],
    ['a length', [1, 2], [1], ['initialize: 2 items bare, 1 contained']],
    ['a type', { a: [] }, { a: {} }, ['initialize.a: a list of 0 bare, an object contained']],
    ['null', null, undefined, ['initialize: null bare, nothing contained']],
  ])('%s', (_name, bare, contained, expected) => {
    expect(compare(bare, contained)).toEqual(expected);
  });

  it('matches tools by name, and says their order', () => {
    const tools = (...names: string[]): unknown[] => names.map((name) => ({ name }));
    const of = (bare: unknown[], contained: unknown[]): string[] =>
      compareAnswers({ initialize: 1, tools: bare }, { initialize: 1, tools: contained }, 50);
    expect(of(tools('a', 'b', 'c'), tools('b', 'c', 'd'))).toEqual([
      'tools.a: missing when contained',
      'tools.d: only when contained',
    ]);
    expect(of(tools('a', 'b'), tools('b', 'a'))).toEqual(['tools: in another order']);
    expect(of(tools('a', 'a'), tools('a', 'b'))).toEqual(['tools[1].name: "a" bare, "b" contained']);
  });

  it('stays bounded', () => {
    const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key-${index}`, index]));
    expect(compare(wide, {}).length).toBe(50);
    let deep: unknown = 1;
    let other: unknown = 2;
    for (let depth = 0; depth < 5000; depth += 1) {
      [deep, other] = [[deep], [other]];
    }
    expect(compare(deep, other)).toHaveLength(1);
  });
});

describe('redaction', () => {
  it.each([
    ['a value', 'token is s3cret-1 here', 'token is ••• here'],
    ['inside JSON', '{"a":"line\\nbreak"}', '{"a":"•••"}'],
    ['inside an address', 'https://x/?k=a%20b%26c', 'https://x/?k=•••'],
    ['the longer of two', 's3cret-1-and-more', '•••'],
    ['a password of an address', 'connect to db-pass failed', 'connect to ••• failed'],
    ['an option with =', 'key0-value', '•••'],
    ['switches stay', 'true 1 debug production 8080', 'true 1 debug production 8080'],
    ['folders stay', '/home/u/docs/x', '/home/u/docs/x'],
    ['a path under a secret name goes', '/home/u/.key-material', '•••'],
  ])('%s', (_name, text, expected) => {
    const redactor = createRedactor(
      {
        A: 's3cret-1',
        B: 's3cret-1-and-more',
        C: 'line\nbreak',
        D: 'a b&c',
        E: 'true',
        F: '1',
        G: 'debug',
        H: '/home/u/docs',
        PRIVATE_KEY: '/home/u/.key-material',
        PORT: '8080',
      },
      ['postgres://user:db-pass@host/x', '--key=key0-value', '--verbose', 'plain'],
    );
    expect(redactor.text(text)).toBe(expected);
  });
});
