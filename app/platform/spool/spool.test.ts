import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '#contract/event.ts';
import type { Log } from '#engine/events/ports.ts';
import { createSpool } from './spool.ts';
import { runStart } from './testing/run-start.ts';

let folder: string;
let warnings: { code: string; facts: Record<string, string | number | boolean> }[];
let stops: (() => void)[];
const log: Log = {
  info: () => undefined,
  warn: (code, facts = {}) => warnings.push({ code, facts }),
};

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'belljar-spool-')), 'spool');
  mkdirSync(folder);
  warnings = [];
  stops = [];
});
afterEach(() => {
  for (const stop of stops) {
    stop();
  }
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

const now = Date.parse('2026-03-01T12:00:00.000Z');

function event(seq: number, changes: Partial<Event> = {}): Event {
  const at = new Date(now + seq).toISOString();
  return {
    v: 1,
    seq,
    at,
    firstAt: at,
    run: 'run-1',
    server: 'demo',
    kind: 'file.read',
    target: `/secret/${seq}`,
    verdict: 'refused',
    by: 'predicted',
    errno: 'EACCES',
    count: 1,
    process: { pid: 7, exe: '/usr/bin/node' },
    ...changes,
  };
}

function started(changes: Partial<Event> = {}): Event {
  return event(1, {
    kind: 'run.start',
    target: '/usr/bin/node',
    verdict: 'allowed',
    by: 'broker',
    start: runStart,
    ...changes,
  });
}

function ended(seq: number, denials: number, changes: Partial<Event> = {}): Event {
  return event(seq, {
    kind: 'run.end',
    target: '/usr/bin/node',
    verdict: 'allowed',
    by: 'broker',
    end: { cause: 'exit', code: 0, durationMs: 10, denials, justBefore: [] },
    ...changes,
  });
}

const lines = (...events: Event[]): string => events.map((item) => `${JSON.stringify(item)}\n`).join('');
const file = (run = 'run-1'): string => join(folder, `${run}.jsonl`);
const open = (options: { maxFiles?: number; maxBytes?: number } = {}): ReturnType<typeof createSpool> =>
  createSpool({ folder, log, label: (item) => (item.target.includes('.ssh') ? 'ssh-keys' : undefined), ...options });
const seqs = (events: readonly Event[]): number[] => events.map((item) => item.seq);

async function until(done: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!done()) {
    if (Date.now() > deadline) {
      throw new Error('it did not come');
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('what the spool reads', () => {
  it('is empty before the first run', async () => {
    rmSync(folder, { recursive: true });
    expect(await open().newest({ limit: 10 })).toEqual([]);
    expect(await open().runs()).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('gives the newest, oldest first, over files, with every filter', async () => {
    writeFileSync(file(), lines(started(), event(2), event(4, { kind: 'exec', verdict: 'allowed' }), event(6)));
    const other = { run: 'run-2', server: 'other' };
    writeFileSync(file('run-2'), lines(started(other), event(3, other), event(5, other)));
    const spool = open();
    expect(seqs(await spool.newest({ limit: 100 }))).toEqual([1, 1, 2, 3, 4, 5, 6]);
    expect(seqs(await spool.newest({ limit: 2 }))).toEqual([5, 6]);
    expect(seqs(await spool.newest({ limit: 9, server: 'other' }))).toEqual([1, 3, 5]);
    expect(seqs(await spool.newest({ limit: 9, run: 'run-1' }))).toEqual([1, 2, 4, 6]);
    expect(seqs(await spool.newest({ limit: 9, kind: 'exec' }))).toEqual([4]);
    expect(seqs(await spool.newest({ limit: 9, verdict: 'refused' }))).toEqual([2, 3, 5, 6]);
    expect(seqs(await spool.newest({ limit: 9, sinceMs: now + 4 }))).toEqual([4, 5, 6]);
  });

  it('reads a long file backwards in blocks without losing, doubling or joining lines', async () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      event(index + 2, { target: `/x/${'é'.repeat(index % 300)}/${index}` }),
    );
    writeFileSync(file(), lines(started(), ...many));
    const found = await open().newest({ limit: 100_000 });
    expect(found).toEqual([started(), ...many]);
  });

  it('names well-known targets itself and believes no name that stands in the file', async () => {
    writeFileSync(
      file(),
      lines(started(), event(2, { target: '/home/u/.ssh/id' }), event(3, { target: '/x', known: 'docker-socket' })),
    );
    const found = await open().newest({ limit: 9, verdict: 'refused' });
    expect(found.map((item) => item.known)).toEqual(['ssh-keys', undefined]);
  });

  it('lets a last line without its end wait', async () => {
    const [whole, part] = [lines(started(), event(2)), lines(event(3))];
    writeFileSync(file(), whole + part.slice(0, -5));
    const spool = open();
    expect(seqs(await spool.newest({ limit: 9 }))).toEqual([1, 2]);
    expect((await spool.runs())[0]?.denials).toBe(1);
    writeFileSync(file(), part.slice(-5), { flag: 'a' });
    expect(seqs(await spool.newest({ limit: 9 }))).toEqual([1, 2, 3]);
    expect((await spool.runs())[0]?.denials).toBe(2);
    expect(warnings).toEqual([]);
  });
});

describe('hosts that runs used', () => {
  const connect = (seq: number, target: string, changes: Partial<Event> = {}): Event =>
    event(seq, { kind: 'net.connect', target, verdict: 'allowed', by: 'broker', ...changes });

  it('counts them over all runs of a server, and goes on with what is appended', async () => {
    writeFileSync(
      file(),
      lines(
        started(),
        connect(2, 'api.example.com:443', { count: 3, address: '93.184.216.34:443' }),
        event(3, { target: '/a/"net.connect"/b' }),
        event(4, { kind: 'net.dns', target: 'api.example.com', verdict: 'allowed' }),
        connect(5, 'api.example.com:443', { verdict: 'refused' }),
      ),
    );
    writeFileSync(join(folder, 'run-2.jsonl'), lines(connect(2, 'b.example:443', { run: 'run-2', server: 'other' })));
    const spool = open();
    const first = await spool.hostUses();
    expect(first.get('demo')).toEqual([
      expect.objectContaining({
        target: 'api.example.com:443',
        verdict: 'allowed',
        count: 3,
        address: '93.184.216.34:443',
      }),
      expect.objectContaining({ target: 'api.example.com:443', verdict: 'refused', count: 1 }),
      expect.objectContaining({ kind: 'net.dns', target: 'api.example.com' }),
    ]);
    expect(first.get('other')).toHaveLength(1);
    const more = lines(connect(6, 'api.example.com:443', { count: 2 }));
    appendFileSync(file(), more.slice(0, 40));
    expect((await spool.hostUses()).get('demo')?.[0]?.count).toBe(3);
    appendFileSync(file(), more.slice(40));
    expect((await spool.hostUses()).get('demo')?.[0]?.count).toBe(5);
    unlinkSync(file());
    expect((await spool.hostUses()).has('demo')).toBe(false);
  });

  it('takes nothing from what a person tried in a terminal', async () => {
    writeFileSync(
      file(),
      lines(
        started({ start: { ...runStart, terminal: 't-0123456789abcdef' } }),
        connect(2, 'tried.example:443'),
        event(3, { kind: 'net.dns', target: 'tried.example', verdict: 'allowed' }),
      ),
    );
    const spool = open();
    expect((await spool.hostUses()).get('demo') ?? []).toEqual([]);
    appendFileSync(file(), lines(connect(4, 'again.example:443')));
    expect((await spool.hostUses()).get('demo') ?? []).toEqual([]);
  });

  it('takes nothing from another run, another server, a cut target, a line beyond the bound; and no flood of names', async () => {
    writeFileSync(
      file(),
      lines(
        started(),
        connect(2, 'good.example:443'),
        connect(3, 'other-run.example:443', { run: 'run-9' }),
        connect(4, 'other-server.example:443', { server: 'elsewhere' }),
        connect(5, 'cut.example:443', { targetBytes: 90_000 }),
      ) +
        `${JSON.stringify(connect(6, 'long.example:443'))}${' '.repeat(900_000)}\n` +
        lines(...Array.from({ length: 1200 }, (_, index) => connect(index + 7, `n${index}.example:443`))),
    );
    const uses = (await open().hostUses()).get('demo') ?? [];
    expect(uses).toHaveLength(1000);
    expect(uses[0]?.target).toBe('good.example:443');
    expect(uses.filter(({ target }) => /^(?:other|cut|long)/.test(target))).toEqual([]);
  });

  it('adds up the runs of a server, with the address of the latest use', async () => {
    const at = (day: number): string => `2026-03-0${day}T12:00:00.000Z`;
    const of = (run: string, day: number, address: string): string =>
      lines(connect(2, 'a.example:443', { run, at: at(day), address }));
    writeFileSync(file(), of('run-1', 3, '93.184.216.3:443'));
    writeFileSync(join(folder, 'run-2.jsonl'), of('run-2', 4, '93.184.216.4:443'));
    writeFileSync(join(folder, 'run-3.jsonl'), of('run-3', 2, '93.184.216.2:443'));
    expect((await open().hostUses()).get('demo')).toEqual([
      expect.objectContaining({ target: 'a.example:443', count: 3, address: '93.184.216.4:443', lastAt: at(4) }),
    ]);
  });

  it('reads a file anew that another one replaced', async () => {
    writeFileSync(file(), lines(started(), connect(2, 'old.example:443')));
    const spool = open();
    await spool.hostUses();
    writeFileSync(`${file()}.new`, lines(started(), connect(2, 'new.example:443'), connect(3, 'more.example:443')));
    renameSync(`${file()}.new`, file());
    expect((await spool.hostUses()).get('demo')?.map(({ target }) => target)).toEqual([
      'new.example:443',
      'more.example:443',
    ]);
  });
});

describe('hostile text', () => {
  it('believes no word of a file about what a target is, but the launcher why it refused a connection', async () => {
    const refused = { kind: 'net.connect', target: 'evil.example:443' } as const;
    writeFileSync(
      file(),
      lines(started(), event(2, { ...refused, known: 'other-name' }), event(3, { ...refused, known: 'ssh-keys' })),
    );
    expect((await open().newest({ limit: 9 })).map(({ known }) => known)).toEqual([undefined, 'other-name', undefined]);
  });

  const bad: [string, string][] = [
    ['no JSON', 'not json\n'],
    ['an empty line', '\n'],
    ['another version', lines({ ...event(3), v: 2 as 1 })],
    ['an unknown key', `${JSON.stringify({ ...event(3), extra: 1 })}\n`],
    ['a field of another type', `${JSON.stringify({ ...event(3), count: 'many' })}\n`],
    ['a count below one', lines(event(3, { count: 0 }))],
    ['an infinite count', JSON.stringify(event(3)).replace('"count":1', '"count":1e400') + '\n'],
    ['a time that is none', lines(event(3, { at: 'yesterday' }))],
    ['a time of another form', lines(event(3, { at: '2026-03-01T12:00:00Z' }))],
    ['another run', lines(event(3, { run: 'run-9' }))],
    ['another server', lines(event(3, { server: 'elsewhere' }))],
    ['a number that came before', lines(event(2, { target: '/again' }))],
    ['a target beyond the bound', lines(event(3, { target: 'x'.repeat(4097) }))],
    ['a line beyond the bound', `${JSON.stringify(event(3))}${' '.repeat(70_000)}\n`],
    ['a line beyond many slices', `{"v":1,"x":"${'y'.repeat(900_000)}"}\n`],
    ['bytes that are no text', '\xff\xfe\x00\x01\n'],
  ];
  it.each(bad)('skips %s, counts it, says it, and reads on', async (_name, text) => {
    writeFileSync(file(), lines(started(), event(2)) + text + lines(event(4)), 'latin1');
    const spool = open();
    expect((await spool.runs())[0]).toMatchObject({ run: 'run-1', denials: 2 });
    expect((await spool.status()).badLines).toBe(1);
    expect(warnings).toMatchObject([{ code: 'spool-line-skipped', facts: { run: 'run-1', badLines: 1 } }]);
    const found = await spool.newest({ limit: 9 });
    expect(found.map((item) => item.target)).toContain('/secret/4');
  });

  it('takes neighbours that stand the other way round, once', async () => {
    writeFileSync(file(), lines(started(), event(3), event(2), event(3), event(2), event(90), event(4)));
    const spool = open();
    expect((await spool.runs())[0]?.denials).toBe(3);
    expect((await spool.status()).badLines).toBe(3);
  });

  it('takes no line of an instant that there is not, and those of a leap day', async () => {
    const dates = ['2026-02-30', '2026-02-29', '1969-12-31', '2024-02-29'];
    const dated = dates.map((date, at) =>
      event(2 + at, { at: `${date}T10:00:00.000Z`, firstAt: `${date}T10:00:00.000Z` }),
    );
    writeFileSync(file(), lines(started(), ...dated));
    const spool = open();
    expect((await spool.newest({ limit: 9 })).map(({ seq }) => seq)).toEqual([5, 1]);
    await spool.runs();
    expect((await spool.status()).badLines).toBe(3);
  });

  it('says a flood of bad lines a few times, not each time', async () => {
    writeFileSync(file(), lines(started()) + 'x\n'.repeat(100_000));
    const spool = open();
    await spool.runs();
    expect((await spool.status()).badLines).toBe(100_000);
    expect(warnings.length).toBeLessThan(20);
  });

  it('refuses links, folders, pipes and other names, and says which', async () => {
    writeFileSync(file('run-2'), lines(started({ run: 'run-2' })));
    writeFileSync(join(folder, '..', 'outside.jsonl'), lines(started()));
    symlinkSync(join(folder, '..', 'outside.jsonl'), file('run-1'));
    mkdirSync(file('run-3'));
    execFileSync('mkfifo', [file('run-4')]);
    writeFileSync(join(folder, 'Not-A-Run.jsonl'), '');
    writeFileSync(join(folder, 'notes.txt'), '');
    const spool = open();
    expect((await spool.runs()).map((run) => run.run)).toEqual(['run-2']);
    expect(seqs(await spool.newest({ limit: 9 }))).toEqual([1]);
    expect((await spool.status()).strangers.toSorted()).toEqual(
      ['Not-A-Run.jsonl', 'notes.txt', 'run-1.jsonl', 'run-3.jsonl', 'run-4.jsonl'].toSorted(),
    );
  });
});

describe('runs and counts', () => {
  it('takes a run from its first and last line, and one without an end from all of them', async () => {
    writeFileSync(file(), lines(started(), event(2, { count: 5 }), ended(3, 12)));
    const other = { run: 'run-2' };
    writeFileSync(file('run-2'), lines(started(other), event(2, { ...other, count: 5 }), event(9, other)));
    const runs = await open().runs();
    expect(runs.map(({ run, denials, endedAt, end }) => ({ run, denials, endedAt, cause: end?.cause }))).toEqual([
      { run: 'run-2', denials: 6, endedAt: null, cause: undefined },
      { run: 'run-1', denials: 12, endedAt: event(3).at, cause: 'exit' },
    ]);
  });

  it('sums the denials of the last hour exactly, a server, and adds what the bound dropped', async () => {
    const hour = 3_600_000;
    const at = (ms: number): Partial<Event> => ({ at: new Date(now + ms).toISOString() });
    writeFileSync(
      file(),
      lines(
        started(at(-2 * hour)),
        event(2, { count: 7, ...at(-hour - 1000) }),
        event(3, { count: 20, ...at(-hour + 1000) }),
        event(4, { count: 300, ...at(-5) }),
        event(5, { verdict: 'allowed', kind: 'exec', count: 4000, ...at(-4) }),
        event(6, { kind: 'spool.dropped', target: '', verdict: 'refused', count: 50_000, ...at(-3) }),
      ),
    );
    utimesSync(file(), now / 1000, now / 1000);
    expect([...(await open().denialsLastHour(now))]).toEqual([['demo', 50_320]]);
  });

  it('prunes the oldest ended files beyond either bound, never one that may not go', async () => {
    for (let index = 0; index < 10; index += 1) {
      const run = `run-${index}`;
      writeFileSync(file(run), lines(started({ run }), ended(2, 0, { run })));
      utimesSync(file(run), 1000 + index, 1000 + index);
    }
    const spool = open({ maxFiles: 6 });
    expect((await spool.prune((run) => run.run !== 'run-1')).files).toBe(4);
    expect(readdirSync(folder).toSorted()).toEqual(['1', '5', '6', '7', '8', '9'].map((n) => `run-${n}.jsonl`));
    const bytes = (await spool.status()).bytes;
    expect((await open({ maxBytes: bytes - 1 }).prune((run) => run.run !== 'run-1')).files).toBe(1);
    expect(readdirSync(folder)).not.toContain('run-5.jsonl');
    expect(readdirSync(folder)).toContain('run-1.jsonl');
    expect((await open({ maxFiles: 1 }).prune(() => false)).files).toBe(0);
    expect((await spool.prune(() => true)).files).toBe(0);
  });
});

describe('following', () => {
  async function follow(): Promise<Event[]> {
    const seen: Event[] = [];
    stops.push(await open().follow((item) => seen.push(item)));
    return seen;
  }

  it('tells what is written from now on, not what was there', async () => {
    writeFileSync(file(), lines(started(), event(2)));
    const seen = await follow();
    appendFileSync(file(), lines(event(3)));
    await until(() => seen.length === 1);
    appendFileSync(file(), lines(event(4), event(5)));
    await until(() => seen.length === 3);
    writeFileSync(file('run-2'), lines(started({ run: 'run-2' })));
    await until(() => seen.length === 4);
    expect(seen.map((item) => `${item.run}:${item.seq}`)).toEqual(['run-1:3', 'run-1:4', 'run-1:5', 'run-2:1']);
  });

  it('tells nothing of a long history, which is read in slices while it already follows', async () => {
    const history = Array.from({ length: 4000 }, (_, index) => event(index + 2));
    writeFileSync(file(), lines(started(), ...history));
    const seen = await follow();
    appendFileSync(file(), lines(event(5000)));
    await until(() => seen.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seqs(seen)).toEqual([5000]);
  });

  it('tells a line whose first half was there before', async () => {
    const text = lines(event(2));
    writeFileSync(file(), lines(started()) + text.slice(0, 40));
    const seen = await follow();
    appendFileSync(file(), text.slice(40, 60));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen).toEqual([]);
    appendFileSync(file(), text.slice(60));
    await until(() => seen.length === 1);
    expect(seen).toEqual([event(2)]);
  });

  it('survives files that vanish, are cut or are replaced', async () => {
    writeFileSync(file(), lines(started(), event(2)));
    const seen = await follow();
    unlinkSync(file());
    writeFileSync(join(folder, 'new'), lines(started({ target: '/new/and/longer' })));
    renameSync(join(folder, 'new'), file());
    await until(() => seen.length === 1);
    expect(seen[0]?.target).toBe('/new/and/longer');
    truncateSync(file());
    appendFileSync(file(), lines(started({ target: '/cut' })));
    await until(() => seen.length === 2);
    expect(seen[1]?.target).toBe('/cut');
    symlinkSync('/dev/zero', file('run-7'));
    appendFileSync(file(), lines(event(2)));
    await until(() => seen.length === 3);
  });

  it('goes on when the folder itself is replaced', async () => {
    const seen = await follow();
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    writeFileSync(file(), lines(started()));
    await until(() => seen.length === 1);
    expect(warnings.map((warning) => warning.code)).toContain('spool-not-watched');
  });

  it('stops with its last listener, and one that throws harms no other', async () => {
    const spool = open();
    const seen: Event[] = [];
    const stopBad = await spool.follow(() => {
      throw new Error('broken');
    });
    const stop = await spool.follow((item) => seen.push(item));
    stops.push(stop, stopBad);
    writeFileSync(file(), lines(started()));
    await until(() => seen.length === 1);
    expect(warnings.map((warning) => warning.code)).toEqual(['spool-listener-failed']);
    stop();
    stopBad();
    appendFileSync(file(), lines(event(2)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen.length).toBe(1);
  });

  it('tells each line when it is written, one by one, with 250 older files in the folder', async () => {
    for (let index = 0; index < 250; index += 1) {
      const run = `old-${index}`;
      writeFileSync(file(run), lines(started({ run }), event(2, { run }), ended(3, 1, { run })));
    }
    writeFileSync(file(), lines(started()));
    const seen = await follow();
    const before = seen.length;
    for (let index = 0; index < 60; index += 1) {
      appendFileSync(file(), lines(event(index + 2)));
      await until(() => seen.length === before + index + 1);
      expect(seen.at(-1)).toMatchObject({ seq: index + 2 });
    }
  });
});
