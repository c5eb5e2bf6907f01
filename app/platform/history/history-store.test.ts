import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import { storableText, type MuteRule } from '#contract/event-search.ts';
import type { HistoryQuery } from '#engine/events/ports.ts';
import { runStart } from '../spool/testing/run-start.ts';
import { DatabaseFile } from './database-file.ts';
import type { HistoryStoreOptions } from './history-store.ts';
import { HistoryStore } from './history-store.ts';
import { migrations } from './schema.ts';
import { defined, plainGroups, plainSearch } from './testing/plain-search.ts';

let folder: string;
let file: string;
let spoolFolder: string;
let said: string[];
const opened: HistoryStore[] = [];
const day = 86_400_000;
const t0 = Date.parse('2026-03-01T10:00:00.000Z');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belljar-history-'));
  file = join(folder, 'history.sqlite');
  spoolFolder = join(folder, 'spool');
  mkdirSync(spoolFolder);
  said = [];
});

afterEach(() => {
  for (const store of opened.splice(0)) store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(changes: Partial<HistoryStoreOptions> = {}): HistoryStore {
  const store = new HistoryStore({
    file,
    spoolFolder,
    label: (event) => (event.target.includes('.ssh') ? 'ssh-keys' : undefined),
    log: { info: () => undefined, warn: (code) => said.push(code) },
    retention: { keepDays: 3650, keepMegabytes: 1024 },
    now: () => t0 + day,
    ...changes,
  });
  opened.push(store);
  return store;
}

function event(seq: number, changes: Partial<Event> = {}): Event {
  const at = new Date(t0 + seq * 1000).toISOString();
  return {
    v: 1,
    seq,
    at,
    firstAt: at,
    run: 'run-1',
    server: 'cursor.files',
    kind: 'file.read',
    target: `/home/person/file-${seq.toString()}`,
    verdict: 'refused',
    by: 'broker',
    errno: 'EACCES',
    count: 1,
    process: { pid: 7, exe: '/usr/bin/node' },
    ...changes,
  };
}

const lines = (events: readonly Event[]): string => events.map((item) => `${JSON.stringify(item)}\n`).join('');
const spool = (events: readonly Event[], run = 'run-1'): void =>
  appendFileSync(join(spoolFolder, `${run}.jsonl`), lines(events));
const series = (from: number, to: number, changes: Partial<Event> = {}): Event[] =>
  Array.from({ length: to - from + 1 }, (_, index) => event(from + index, changes));

/** What is no text gets lost on the way. */
const asStored = ({ address, ...one }: Event): Event => ({
  ...one,
  ...(address === undefined ? {} : { address: storableText(address) }),
  target: storableText(one.target),
  process: { ...one.process, exe: storableText(one.process.exe) },
});

/** Every page of a search, one after the other. */
function searchAll(store: HistoryStore, query: HistoryQuery, order: 'newest' | 'oldest', limit = 50): Event[] {
  const found: Event[] = [];
  let after: string | undefined;
  for (;;) {
    const page = store.search({ ...query, order, limit, ...(after === undefined ? {} : { after }) });
    expect(page.events.length).toBeLessThanOrEqual(limit);
    found.push(...page.events);
    if (page.next === null) return found;
    after = page.next;
  }
}

describe('searching', () => {
  it('gives events back as they were written, with the label that this side knows', () => {
    const start = event(1, {
      kind: 'run.start',
      verdict: 'allowed',
      target: '/usr/bin/node',
      start: runStart,
    });
    const odd = event(2, {
      target: '/tmp/\u001b[31m\u202e"%_*\u0000\ud800 x',
      targetBytes: 9000,
      address: '93.184.216.34:443',
      rule: { id: 'level:1', source: 'level' },
      tool: 'read_file',
      count: 12,
      firstAt: new Date(t0).toISOString(),
    });
    const key = event(3, { target: '/home/person/.ssh/id_ed25519' });
    spool([start, odd, key]);
    const found = searchAll(open(), {}, 'oldest');
    expect(found).toEqual([
      start,
      { ...odd, target: '/tmp/\u001b[31m\u202e"%_*\uFFFD\uFFFD x' },
      { ...key, known: 'ssh-keys' },
    ]);
  });

  it('goes on with what was appended, across stores, and takes no line twice', () => {
    spool(series(1, 40));
    const first = open();
    expect(searchAll(first, {}, 'newest')).toHaveLength(40);
    spool(series(41, 60));
    expect(searchAll(first, {}, 'newest')).toHaveLength(60);
    first.close();
    spool(series(61, 70));
    const second = open();
    expect(searchAll(second, {}, 'oldest').map(({ seq }) => seq)).toEqual(series(1, 70).map(({ seq }) => seq));
    // The same lines in another file under the name, as a restored backup is.
    const text = readFileSync(join(spoolFolder, 'run-1.jsonl'));
    writeFileSync(join(spoolFolder, 'restored'), text);
    renameSync(join(spoolFolder, 'restored'), join(spoolFolder, 'run-1.jsonl'));
    spool(series(71, 72));
    expect(searchAll(second, {}, 'newest')).toHaveLength(72);
  });

  it('keeps what left the spool', () => {
    spool(series(1, 10));
    const store = open();
    expect(store.takeIn()).toBe(false);
    unlinkSync(join(spoolFolder, 'run-1.jsonl'));
    expect(searchAll(store, {}, 'newest')).toHaveLength(10);
  });

  const kinds = ['file.read', 'exec', 'net.connect', 'run.end'] as const;
  const verdicts = ['allowed', 'refused', 'asked'] as const;
  const servers = ['cursor.a', 'cursor.b', 'zed.ssh'] as const;
  const pieces = ['ssh', 'İstanbul', 'ſ', 'a', 'ab', '"', "'", '*', '%', '_', 'naïve', '\u202e', 'KEY', 'AND', 'OR'];
  const target = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const someEvent = fc.record({
    run: fc.integer({ min: 1, max: 3 }),
    second: fc.integer({ min: 0, max: 20 }),
    kind: fc.constantFrom(...kinds),
    verdict: fc.constantFrom(...verdicts),
    target,
    exe: fc.constantFrom('/usr/bin/node', '/usr/bin/git'),
    count: fc.integer({ min: 1, max: 9 }),
  });
  /** Most questions ask for one thing or two: what asks for everything at once finds nothing. */
  const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
  const word = fc.oneof(fc.constantFrom(...pieces, 'node', 'refused', 'tried', 'zed', 'nothing-like-it'), target);
  const second = fc.integer({ min: 0, max: 20 }).map((number) => t0 + number * 1000);
  const query: fc.Arbitrary<HistoryQuery> = fc
    .record({
      server: seldom(fc.constantFrom(...servers)),
      run: seldom(fc.constantFrom('run-1', 'run-2', 'run-9')),
      kinds: seldom(fc.uniqueArray(fc.constantFrom(...kinds), { minLength: 1 })),
      verdict: seldom(fc.constantFrom(...verdicts)),
      text: fc.oneof(
        { weight: 2, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.array(word, { minLength: 1, maxLength: 2 }).map((words) => words.join(' ')) },
      ),
      target: seldom(fc.oneof(target, fc.constantFrom('*', 'a*', '*KEY', 'ss*h'))),
      sinceMs: seldom(second),
      untilMs: seldom(second),
      mutes: seldom(
        fc.array(
          fc.record({
            server: fc.option(fc.constantFrom(...servers)),
            kind: fc.option(fc.constantFrom(...kinds)),
            target: fc.oneof(target, fc.constantFrom('*', 'a*', '*ssh*', '*/ab')),
          }) satisfies fc.Arbitrary<MuteRule>,
          { minLength: 1, maxLength: 2 },
        ),
      ),
    })
    .map(defined);

  it('finds exactly what a plain look at every event finds, in pages of any size and both directions', () => {
    let round = 0;
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(someEvent, { minLength: 25, maxLength: 60 }),
        fc.array(query, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 70 }),
        (some, queries, limit, segmentLines) => {
          round += 1;
          const place = join(folder, round.toString());
          mkdirSync(join(place, 'spool'), { recursive: true });
          const seqs = new Map<number, number>();
          const events = some
            .map(({ run, second, exe, ...rest }) => {
              const seq = (seqs.get(run) ?? 0) + 1;
              seqs.set(run, seq);
              const at = new Date(t0 + second * 1000).toISOString();
              const changes = { ...rest, at, firstAt: at, run: `run-${run.toString()}`, process: { pid: 7, exe } };
              return event(seq, { ...changes, server: servers[run - 1] ?? 'cursor.a' });
            })
            .toSorted((a, b) => a.run.localeCompare(b.run) || a.seq - b.seq);
          // One file after the other, so that the order in which they are taken in is known.
          const store = open({
            file: join(place, 'h.sqlite'),
            spoolFolder: join(place, 'spool'),
            label: () => undefined,
            segmentLines,
          });
          for (const run of ['run-1', 'run-2', 'run-3']) {
            const own = events.filter((one) => one.run === run);
            if (own.length > 0) writeFileSync(join(place, 'spool', `${run}.jsonl`), lines(own));
            store.takeIn();
          }
          for (const asked of queries) {
            for (const order of ['newest', 'oldest'] as const) {
              const plain = plainSearch(events, { ...asked, order, limit: events.length + 1 });
              found += plain.events.length;
              expect(searchAll(store, asked, order, limit)).toEqual(plain.events);
            }
            expect(store.groups({ ...asked, limit: 500 }).groups).toEqual(
              plainGroups(events, { ...asked, limit: 500 }).groups,
            );
            const few = { ...asked, limit };
            expect(store.groups(few).groups).toEqual(plainGroups(events, few).groups);
          }
          store.close();
          rmSync(place, { recursive: true });
        },
      ),
      { numRuns: 60 },
    );
    // A law over empty answers would prove nothing.
    expect(found).toBeGreaterThan(1000);
  }, 120_000);

  const instants = [0, t0, t0 + 1, t0 + 59_999, t0 + 60_000, t0 + day, t0 + 5 * day, 253_402_300_799_999];
  const oddPieces = [
    ...pieces,
    'ΟΔΟΣ.txt',
    'ΟΔΟΣ',
    'Σ',
    'ẞ',
    '😀',
    '\ud83d',
    '\0',
    '?',
    '[a-z]',
    '\\',
    '%4_',
    '-',
    'x'.repeat(900),
  ];
  const oddTarget = fc
    .array(fc.constantFrom(...oddPieces), { minLength: 1, maxLength: 4 })
    .map((some) => some.join('/'));
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        run: fc.integer({ min: 1, max: 3 }),
        events: fc.array(
          fc.record({
            ms: fc.constantFrom(...instants),
            earlier: fc.constantFrom(0, 0, 0, 1, 86_400_000),
            kind: fc.constantFrom(...kinds),
            verdict: fc.constantFrom(...verdicts),
            target: oddTarget,
            exe: fc.constantFrom('/usr/bin/node', '/usr/bin/g\0it'),
            address: fc.constantFrom(undefined, '', '[::1]:80', 'a\0b', '\udc00', 'ſ.example:1'),
            count: fc.integer({ min: 1, max: 9 }),
          }),
          { minLength: 1, maxLength: 12 },
        ),
      }),
    },
    { weight: 1, arbitrary: fc.record({ keepDays: fc.integer({ min: 1, max: 9 }) }) },
    { weight: 1, arbitrary: fc.record({ now: fc.constantFrom(...instants.map((ms) => Math.min(ms, t0 + 9 * day))) }) },
    { weight: 1, arbitrary: fc.constant({ reopen: true }) },
  );
  const oddQuery = fc
    .tuple(
      query,
      fc.oneof(seldom(oddTarget), seldom(fc.constantFrom('σ', 'οδος', 'οδοσ', '😀', '�'))),
      seldom(oddTarget),
    )
    .map(([{ sinceMs, untilMs, ...rest }, text, pattern]) => ({
      ...rest,
      ...(sinceMs === undefined ? {} : { sinceMs: instants[sinceMs % instants.length] ?? 0 }),
      ...(untilMs === undefined ? {} : { untilMs: (instants[untilMs % instants.length] ?? 0) + 0.5 }),
      ...(text === undefined ? {} : { text }),
      ...(pattern === undefined ? {} : { target: pattern }),
    }));

  it('stays so while runs take turns, the clock goes back and forth, and old events leave', () => {
    let round = 0;
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(step, oddQuery), { minLength: 3, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (steps, limit, segmentLines) => {
          round += 1;
          const place = join(folder, `odd-${round.toString()}`);
          mkdirSync(join(place, 'spool'), { recursive: true });
          let now = t0;
          let keepDays = 4;
          const start = (): HistoryStore =>
            open({
              file: join(place, 'h.sqlite'),
              spoolFolder: join(place, 'spool'),
              label: () => undefined,
              retention: { keepDays, keepMegabytes: 1024 },
              now: () => now,
              segmentLines,
            });
          let store = start();
          const seqs = new Map<number, number>();
          let kept: Event[] = [];
          const prune = (): void => {
            const edge = Math.floor((now - keepDays * day) / 60_000) * 60_000;
            kept = kept.filter(({ at }) => Date.parse(at) >= edge);
          };
          for (const [action, asked] of steps) {
            if ('run' in action) {
              const run = `run-${action.run.toString()}`;
              const events = action.events.map(({ ms, earlier, exe, ...rest }) => {
                const seq = (seqs.get(action.run) ?? 0) + 1;
                seqs.set(action.run, seq);
                const at = new Date(ms).toISOString();
                const firstAt = new Date(Math.max(0, ms - earlier)).toISOString();
                const changes = { ...defined(rest), at, firstAt, run, process: { pid: 7, exe } };
                return event(seq, { ...changes, server: servers[action.run - 1] ?? 'cursor.a' });
              });
              appendFileSync(join(place, 'spool', `${run}.jsonl`), lines(events));
              kept.push(...events.map(asStored));
              while (store.takeIn());
              prune();
            } else if ('now' in action) {
              now = action.now;
            } else if ('keepDays' in action) {
              ({ keepDays } = action);
              store.retain({ keepDays, keepMegabytes: 1024 });
              prune();
            } else {
              store.close();
              store = start();
            }
            for (const order of ['newest', 'oldest'] as const) {
              const plain = plainSearch(kept, { ...asked, order, limit: kept.length + 1 });
              found += plain.events.length;
              expect(searchAll(store, asked, order, limit)).toEqual(plain.events);
            }
            expect(store.groups({ ...asked, limit }).groups).toEqual(plainGroups(kept, { ...asked, limit }).groups);
            const times = kept.map(({ at }) => at).toSorted();
            expect(store.status()).toMatchObject({
              events: kept.length,
              oldestAt: times[0] ?? null,
              newestAt: times.at(-1) ?? null,
            });
          }
          expect(store.check()).toBeNull();
          store.close();
          rmSync(place, { recursive: true });
        },
      ),
      { numRuns: 40 },
    );
    expect(found).toBeGreaterThan(1000);
  }, 600_000);

  it('finds a word where it stands as one, and not where only its parts do', () => {
    spool([event(1, { target: '/abcd/bcde' }), event(2, { target: '/abcde' })]);
    expect(searchAll(open(), { text: 'abcde' }, 'newest').map(({ seq }) => seq)).toEqual([2]);
  });

  it('finds the start of a name also where its last letter is written differently at the end of a word', () => {
    spool([event(1, { target: '/home/person/ΟΔΟΣ.txt' }), event(2, { target: '/home/person/ΟΔΟ.txt' })]);
    const store = open();
    for (const text of ['ΟΔΟΣ', 'οδος', 'Οδοσ.TXT']) {
      expect(
        searchAll(store, { text }, 'newest').map(({ seq }) => seq),
        text,
      ).toEqual([1]);
    }
  });

  it('finds one among more subjects than are merged one by one', () => {
    spool(series(1, 3000));
    spool([event(3001, { target: '/home/person/needle' })]);
    const store = open();
    expect(searchAll(store, { text: 'PERSON file-' }, 'newest', 5000)).toHaveLength(3000);
    expect(searchAll(store, { text: 'needle' }, 'newest').map(({ seq }) => seq)).toEqual([3001]);
    expect(searchAll(store, { text: '30' }, 'oldest', 5000).length).toBe(
      series(1, 3000).filter(({ target: text }) => text.includes('30')).length,
    );
  });
});

describe('what is kept', () => {
  it('lets the oldest go by age, with everything that only they were about', () => {
    spool([...series(1, 5), ...series(6, 9).map((one) => ({ ...one, at: new Date(t0 + 5 * day).toISOString() }))]);
    const store = open({ retention: { keepDays: 3, keepMegabytes: 1024 }, now: () => t0 + 6 * day });
    expect(searchAll(store, {}, 'oldest').map(({ seq }) => seq)).toEqual([6, 7, 8, 9]);
    expect(store.status()).toMatchObject({ events: 4, oldestAt: new Date(t0 + 5 * day).toISOString() });
    expect(searchAll(store, { text: 'file-3' }, 'oldest')).toEqual([]);
    expect(searchAll(store, { text: 'file-7' }, 'oldest')).toHaveLength(1);
    // And what is taken in later is found all the same.
    spool([event(10, { at: new Date(t0 + 5 * day).toISOString(), target: '/home/person/file-3' })]);
    expect(searchAll(store, { text: 'file-3' }, 'oldest').map(({ seq }) => seq)).toEqual([10]);
    expect(store.check()).toBeNull();
  });

  it('keeps what events in a later segment are about, though all earlier ones left', () => {
    const target = '/home/person/again';
    const later = t0 + 5 * day;
    const first = open({ segmentLines: 2 });
    spool(series(1, 3, { target }));
    spool([1, 2, 3].map((at) => event(3 + at, { target, at: new Date(later + at * 1000).toISOString() })));
    first.takeIn();
    first.close();
    const store = open({ segmentLines: 2, now: () => t0 + 6 * day });
    store.retain({ keepDays: 3, keepMegabytes: 1024 });
    expect(searchAll(store, { text: 'again' }, 'oldest').map((one) => [one.seq, one.target])).toEqual([
      [4, target],
      [5, target],
      [6, target],
    ]);
    store.close();
    const database = new DatabaseFile(file);
    expect(database.all('SELECT count(*) AS segments FROM segment')).toEqual([{ segments: 2 }]);
    database.close();
  });

  it('ends a segment also after an event of another age', () => {
    spool([...series(1, 2), event(3, { at: '9999-12-31T23:59:59.999Z' }), ...series(4, 9)]);
    const store = open({ segmentLines: 3 });
    expect(searchAll(store, {}, 'oldest').map(({ seq }) => seq)).toEqual([1, 2, 4, 5, 6, 7, 8, 9, 3]);
    store.close();
    const database = new DatabaseFile(file);
    expect(database.all('SELECT lines FROM segment ORDER BY since').map(({ lines }) => lines)).toEqual([3, 3, 2, 1]);
    database.close();
  });

  it('lets go at once what a new bound does not hold, though nothing new came', () => {
    spool([event(1), event(2, { at: new Date(t0 + 5 * day).toISOString() })]);
    const now = (): number => t0 + 6 * day;
    const early = open({ now });
    expect(searchAll(early, {}, 'oldest')).toHaveLength(2);
    early.close();
    const store = open({ now });
    store.retain({ keepDays: 3, keepMegabytes: 1024 });
    expect(searchAll(store, {}, 'oldest').map(({ seq }) => seq)).toEqual([2]);
  });

  it('gets to the end of a long file whose lines are too old to be kept', () => {
    // Each look at the clock is past the end of the call: a file is read a slice a call.
    let instant = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (instant += 10_000));
    spool(series(1, 6000));
    spool([event(6001, { at: new Date(t0 + 5 * day).toISOString() })]);
    const store = open({ retention: { keepDays: 3, keepMegabytes: 1024 }, now: () => t0 + 6 * day });
    let calls = 1;
    while (store.takeIn() && calls < 50) calls += 1;
    expect(calls).toBeGreaterThan(2);
    expect(calls).toBeLessThan(50);
    expect(searchAll(store, {}, 'oldest').map(({ seq }) => seq)).toEqual([6001]);
  });

  it('lets a run go with its events once its file is gone, and keeps how far it was read until then', () => {
    const early = open();
    for (const run of ['run-gone', 'run-1']) spool([event(1, { run })], run);
    mkdirSync(join(spoolFolder, 'stranger'));
    early.takeIn();
    early.close();
    unlinkSync(join(spoolFolder, 'run-gone.jsonl'));
    const at = new Date(t0 + 5 * day).toISOString();
    spool([event(1, { run: 'run-2', at })], 'run-2');
    const store = open({ retention: { keepDays: 3, keepMegabytes: 1024 }, now: () => t0 + 6 * day });
    store.takeIn();
    store.close();
    const database = new DatabaseFile(file);
    expect(database.all('SELECT run FROM run ORDER BY run')).toEqual([{ run: 'run-1' }, { run: 'run-2' }]);
    database.close();
  });

  it('lets the oldest go by size', { timeout: 60_000 }, () => {
    const long = 'x'.repeat(900);
    const store = open({ retention: { keepDays: 3650, keepMegabytes: 16 } });
    for (let from = 1; from < 24_000; from += 6000) {
      spool(series(from, from + 5999).map((one) => ({ ...one, target: `/${long}/${one.seq.toString()}` })));
      while (store.takeIn());
    }
    const { events, oldestAt, newestAt } = store.status();
    expect(statSync(file).size).toBeLessThan(20 * 1_048_576);
    expect(newestAt).toBe(event(24_000).at);
    expect(oldestAt).not.toBe(event(1).at);
    expect(events).toBeGreaterThan(1000);
    expect(events).toBeLessThan(24_000);
    expect(searchAll(store, {}, 'newest', 5000)).toHaveLength(events);
    expect(store.check()).toBeNull();
  });
});

describe('the file', () => {
  it('is this user’s alone, its log too, also where the process gives more', () => {
    const before = process.umask(0);
    try {
      spool(series(1, 3));
      open().takeIn();
      for (const end of ['', '-wal']) expect(statSync(file + end).mode & 0o777, end).toBe(0o600);
    } finally {
      process.umask(before);
    }
  });

  it('is made anew when it is gone, no database, or damaged, and says so', () => {
    spool(series(1, 2000));
    const store = open();
    while (store.takeIn());
    store.close();
    unlinkSync(file);
    expect(searchAll(open(), {}, 'newest', 5000)).toHaveLength(2000);
    for (const store of opened.splice(0)) store.close();
    expect(said).toEqual([]);

    writeFileSync(file, 'This is no database, and long enough to be looked at as one.'.repeat(100));
    const second = open();
    expect(searchAll(second, {}, 'newest', 5000)).toHaveLength(2000);
    expect(said).toEqual(['history-damaged', 'history-rebuilt']);
    expect(second.status().rebuilt?.reason).toBe('damaged');
    second.close();

    // Pages in the middle, found only when they are read.
    said = [];
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 8192 * 2);
    writeFileSync(file, bytes);
    const third = open();
    expect(searchAll(third, {}, 'newest', 5000)).toHaveLength(2000);
    expect(said).toContain('history-rebuilt');
    expect(third.check()).toBeNull();
  });

  it('is refused, and left as it is, when a newer Belljar made it', () => {
    spool(series(1, 3));
    const store = open();
    store.takeIn();
    store.close();
    const newer = new DatabaseFile(file, [...migrations, ['CREATE TABLE later(x)']]);
    newer.close();
    const before = readFileSync(file);
    const old = open();
    for (const ask of [
      () => old.search({ order: 'newest', limit: 5 }),
      () => old.status(),
      () => old.takeIn(),
      () => old.rebuild('asked'),
    ]) {
      expect(ask).toThrow(expect.objectContaining({ code: 'newer-format', file }));
    }
    expect(readFileSync(file).equals(before)).toBe(true);
    // Its twin: the program that knows the version reads what was there.
    const known = open({ migrations: [...migrations, ['CREATE TABLE later(x)']] });
    expect(searchAll(known, {}, 'newest')).toHaveLength(3);
  });

  it('takes the events of the first version over, and their index', () => {
    const old = new DatabaseFile(file, migrations.slice(0, 1));
    old.exec(`INSERT INTO facet VALUES(1, 'cursor.files', 'file.read', 'refused', 'broker')`);
    old.run(`INSERT INTO run VALUES(1, 'run-0', 'cursor.files', '', 0, 3, '[]', ?, ?)`, t0, t0 + 3000);
    for (const id of [1, 2, 3]) {
      const text = `/home/person/old-${id.toString()}`;
      old.run(`INSERT INTO subject VALUES(?, ?, ?, '/usr/bin/node', NULL, NULL, NULL)`, id, id, text);
      old.run('INSERT INTO words(rowid, text) VALUES(?, ?)', id, `${text}\n\n/usr/bin/node\n`);
      old.run('INSERT INTO event VALUES(1, ?, ?, ?, 1, ?, 1, ?, 7, NULL, NULL)', t0 + id, id, id, id, t0);
    }
    old.run('INSERT INTO minute VALUES(1, ?, 3)', Math.floor(t0 / 60_000));
    old.run(`INSERT INTO meta VALUES('next', '4')`);
    old.close();
    spool(series(1, 3));
    const store = open({ segmentLines: 3 });
    expect(searchAll(store, { text: 'old-2' }, 'oldest').map(({ seq }) => seq)).toEqual([2]);
    expect(searchAll(store, {}, 'newest').map(({ run, seq }) => `${run} ${seq.toString()}`)).toEqual([
      'run-1 3',
      'run-1 2',
      'run-1 1',
      'run-0 3',
      'run-0 2',
      'run-0 1',
    ]);
    expect(store.groups({ limit: 9 }).groups).toHaveLength(6);
    expect(store.check()).toBeNull();
  });

  it('is brought up from an older version with what it holds', () => {
    spool(series(1, 3));
    const store = open();
    store.takeIn();
    store.close();
    const next = [...migrations, ['ALTER TABLE run ADD COLUMN note TEXT', `UPDATE run SET note = 'kept'`]];
    const raised = new DatabaseFile(file, next);
    expect(raised.all('SELECT note FROM run')).toEqual([{ note: 'kept' }]);
    expect(raised.all('PRAGMA user_version')).toEqual([{ user_version: migrations.length + 1 }]);
    raised.close();
    // A step that fails leaves the version before it.
    expect(() => new DatabaseFile(file, [...next, ['CREATE TABLE half(x)', 'NOT SQL']])).toThrow(/syntax/);
    const after = new DatabaseFile(file, next);
    expect(after.all(`SELECT name FROM sqlite_schema WHERE name = 'half'`)).toEqual([]);
    after.close();
  });

  it('is not followed through a link, and not opened where it is a folder', () => {
    const other = join(folder, 'other');
    writeFileSync(other, 'mine');
    symlinkSync(other, file);
    expect(() => open().search({ order: 'newest', limit: 1 })).toThrow(
      expect.objectContaining({ code: 'history-unavailable', params: { detail: 'the file is a link' } }),
    );
    expect(readFileSync(other, 'utf8')).toBe('mine');
    unlinkSync(file);
    mkdirSync(file);
    expect(() => open().search({ order: 'newest', limit: 1 })).toThrow(BelljarError);
  });

  it('opens after a process died with it open', () => {
    spool(series(1, 3));
    open().takeIn();
    expect(existsSync(`${file}.lock`)).toBe(true);
    // The first store never closes: its lock and its log are what a killed process leaves.
    expect(searchAll(open(), {}, 'newest')).toHaveLength(3);
  });
});

describe.skipIf(process.getuid?.() !== 0)('a full disk', () => {
  it('costs no event: answers go on with what is in and say so, and the rest comes when there is room', () => {
    const small = join(folder, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
    try {
      spool(series(1, 500));
      const store = open({ file: join(small, 'h.sqlite') });
      expect(searchAll(store, {}, 'newest')).toHaveLength(500);
      try {
        for (;;) appendFileSync(join(small, 'filler'), Buffer.alloc(4096));
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
      spool(series(501, 6000));
      const page = store.search({ order: 'newest', limit: 5 });
      expect(page).toMatchObject({ behind: 'disk-full' });
      expect(page.events[0]?.seq).toBeGreaterThanOrEqual(500);
      expect(said).toEqual(['history-behind']);
      unlinkSync(join(small, 'filler'));
      execFileSync('mount', ['-o', 'remount,size=64m', small]);
      expect(searchAll(store, {}, 'newest', 5000)).toHaveLength(6000);
      expect(store.status().behind).toBeNull();
      expect(store.check()).toBeNull();
      store.close();
    } finally {
      for (const store of opened.splice(0)) store.close();
      execFileSync('umount', [small]);
    }
  });
});

it('says why a folder that cannot be written to has no history', () => {
  chmodSync(folder, 0o500);
  try {
    const store = open({ file: join(folder, 'none', 'h.sqlite') });
    expect(() => store.search({ order: 'newest', limit: 1 })).toThrow(
      expect.objectContaining({ code: 'history-unavailable' }),
    );
  } finally {
    chmodSync(folder, 0o700);
  }
});
