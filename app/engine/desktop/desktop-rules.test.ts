import { describe, expect, it } from 'vitest';
import type { Event } from '#contract/event.ts';
import type { FeedMessage } from '#contract/feed.ts';
import type { Question } from '#contract/question.ts';
import type { Server } from '#contract/server.ts';
import { createDesktopRules } from './desktop-rules.ts';

const hour = 3_600_000;

function rules(states: Record<string, Server['state']>) {
  const clock = { now: 0 };
  const made = createDesktopRules(() => clock.now);
  made.begin(
    Object.entries(states).map(([id, state]) => ({ id, handle: `client/${id}`, state })),
    [],
  );
  return { ...made, clock };
}

function event(parts: Partial<Event>): FeedMessage {
  const whole = { server: 'files', kind: 'file.read', verdict: 'refused', by: 'kernel', count: 1, ...parts };
  return { type: 'event', seq: 1, event: whole as Event };
}
const server = (id: string, state: Server['state'], handle = `client/${id}`): FeedMessage => ({
  type: 'server',
  seq: 1,
  server: { id, handle, state } as Server,
});
const question = (id: string): FeedMessage => ({
  type: 'question',
  seq: 1,
  question: { id, server: 'files' } as Question,
});

describe('the state in words', () => {
  it('counts what is contained, watched and left, and never watched as contained', () => {
    const { lines } = rules({ a: 'contained', b: 'watched', c: 'off', d: 'cannot', e: 'restart-needed', f: 'failing' });
    expect(lines()).toEqual(['2 contained, 1 watched, 3 left as they are', '2 servers need a decision']);
  });
  it('says when there is nothing', () => {
    expect(rules({}).lines()).toEqual(['No servers were found.']);
  });
  it('follows servers and questions', () => {
    const { apply, lines } = rules({ files: 'off' });
    apply(server('files', 'contained'));
    apply(question('1'));
    expect(lines()).toEqual(['1 contained, 0 watched, 0 left as they are', '1 question waits for you']);
    apply({ type: 'question-gone', seq: 2, id: '1' });
    apply({ type: 'server-gone', seq: 3, id: 'files' });
    expect(lines()).toEqual(['No servers were found.']);
  });
});

describe('a snapshot', () => {
  it('holds the questions that wait already; they are counted and not told again', () => {
    const { begin, apply, lines } = rules({ files: 'contained' });
    begin([{ id: 'files', handle: 'client/files', state: 'contained' }], [{ id: '1' }]);
    expect(lines().at(-1)).toBe('1 question waits for you');
    expect(apply(question('1'))).toBeNull();
    apply({ type: 'question-gone', seq: 2, id: '1' });
    expect(lines()).toHaveLength(1);
  });
});

describe('what deserves a notification', () => {
  it('a start that was refused', () => {
    const failed = event({
      kind: 'run.end',
      end: { cause: 'launcher-failed', durationMs: 1, denials: 0, justBefore: [] },
    });
    expect(rules({ files: 'contained' }).apply(failed)).toMatchObject({
      title: 'client/files was not started',
      route: '/servers/files',
    });
    const ended = event({
      kind: 'run.end',
      end: { cause: 'exit', code: 0, durationMs: 1, denials: 0, justBefore: [] },
    });
    expect(rules({ files: 'contained' }).apply(ended)).toBeNull();
  });

  it('a serious denial that is new', () => {
    const { apply, clock } = rules({ files: 'contained' });
    expect(apply(event({ known: 'ssh-keys' }))).toMatchObject({ body: 'It tried to reach your SSH keys.' });
    clock.now = 2 * hour;
    expect(apply(event({ known: 'ssh-keys' }))).toBeNull();
    expect(apply(event({ known: 'wallet' }))).toMatchObject({ body: 'It tried to reach a wallet.' });
  });

  it.each([
    ['an ordinary denial', {}],
    ['a harmless place', { known: 'resolver' }],
    ['what was allowed', { known: 'ssh-keys', verdict: 'allowed' }],
    ['what was predicted', { known: 'ssh-keys', by: 'predicted' }],
    ['an unknown key', { known: 'constructor' }],
  ] as [string, Partial<Event>][])('not %s', (_title, parts) => {
    expect(rules({ files: 'contained' }).apply(event(parts))).toBeNull();
  });

  it('an entry that drifts, when it does', () => {
    const { apply } = rules({ files: 'contained', old: 'drifted' });
    expect(apply(server('old', 'drifted'))).toBeNull();
    expect(apply(server('fresh', 'drifted'))).toBeNull();
    expect(apply(server('files', 'drifted'))).toMatchObject({ title: 'client/files is no longer contained as it was' });
  });

  it('a question, once', () => {
    const { apply, clock } = rules({ files: 'contained' });
    expect(apply(question('1'))).toMatchObject({ title: 'client/files waits for an answer' });
    clock.now = 2 * hour;
    expect(apply(question('1'))).toBeNull();
    expect(apply(question('2'))).not.toBeNull();
  });

  it('at most one for a server in an hour, whatever they are about', () => {
    const { apply, clock } = rules({ files: 'contained', other: 'contained' });
    expect(apply(event({ known: 'ssh-keys' }))).not.toBeNull();
    clock.now = hour - 1;
    expect(apply(question('1'))).toBeNull();
    expect(apply(event({ server: 'other', known: 'ssh-keys' }))).not.toBeNull();
    expect(apply(event({ known: 'mail' }))).toBeNull();
    clock.now = hour;
    // Nobody was told of it yet.
    expect(apply(event({ known: 'mail' }))).not.toBeNull();
  });

  it('and not anew to a program that comes back', () => {
    const told = { lastAt: new Map<string, number>(), denials: new Set<string>() };
    const clock = { now: 0 };
    const follow = (): ReturnType<typeof createDesktopRules> => createDesktopRules(() => clock.now, told);
    expect(follow().apply(event({ known: 'ssh-keys' }))).not.toBeNull();
    expect(follow().apply(event({ known: 'mail' }))).toBeNull();
    clock.now = hour;
    expect(follow().apply(event({ known: 'ssh-keys' }))).toBeNull();
    expect(follow().apply(event({ known: 'mail' }))).not.toBeNull();
  });

  it('names a server in one line without what changes how a line reads', () => {
    const { apply } = rules({});
    apply(server('files', 'contained', `\u202Eevil\u0007\nname${'x'.repeat(200)}`));
    const notice = apply(question('1'));
    expect(notice?.title).toMatch(/^evilnamex+… waits for an answer$/);
    expect(notice?.title.length).toBeLessThan(120);
  });
});
