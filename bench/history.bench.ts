/**
 * The history: how fast it takes events in, how soon it answers over a million and over ten million rows, and how large
 * it is. The store itself, in this process; the product runs it in a thread of its own. `BENCH_TEN_MILLION=1` adds nine
 * million rows more, which takes minutes and some 2 GB of disk.
 *
 * Targets: `usual` are 50,000 different ones that come again and again, as programs make them; `different` never come twice.
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '#contract/event.ts';
import type { HistoryQuery } from '#engine/events/ports.ts';
import { HistoryStore } from '#platform/history/history-store.ts';
import { median, printFigures, printMachine, type Figure } from './support/figures.ts';

const figures: Figure[] = [];
printMachine();

const folders = ['src', 'lib', 'node_modules', '.cache', 'documents', 'work', 'photos', '.config', 'data', 'build'];
const kinds = ['file.read', 'file.write', 'exec', 'net.connect', 'file.create'] as const;
const verdicts = ['refused', 'allowed', 'refused', 'refused', 'allowed'] as const;
const t0 = Date.now() - 30 * 86_400_000;

let seed = 88_172_645;
function random(): number {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) / 4_294_967_296;
}

function target(number: number): string {
  const part = (at: number): string =>
    `${folders[Math.floor(number / 7 ** at) % 10] ?? ''}${((number >> at) % 50).toString()}`;
  return `/home/person/${part(0)}/${part(1)}/${part(2)}/file-${number.toString(36)}.txt`;
}

function line(run: string, server: string, seq: number, at: number, name: string): string {
  const which = Math.floor(random() * kinds.length);
  const instant = new Date(at).toISOString();
  const event: Event = {
    v: 1,
    seq,
    at: instant,
    firstAt: instant,
    run,
    server,
    kind: kinds[which] ?? 'exec',
    target: name,
    verdict: verdicts[which] ?? 'refused',
    by: 'broker',
    ...(verdicts[which] === 'refused' ? { errno: 'EACCES' } : {}),
    count: 1 + Math.floor(random() * 3),
    process: { pid: 4242, exe: '/usr/bin/node' },
  };
  return `${JSON.stringify(event)}\n`;
}

interface Place {
  store: HistoryStore;
  file: string;
  spool: string;
  close(): void;
}

function makePlace(): Place {
  const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'belljar-history-bench-'));
  const spool = join(folder, 'spool');
  mkdirSync(spool);
  const file = join(folder, 'history.sqlite');
  const store = new HistoryStore({
    file,
    spoolFolder: spool,
    label: () => undefined,
    log: { info: () => undefined, warn: (code) => console.log(`said: ${code}`) },
    retention: { keepDays: 3650, keepMegabytes: 102_400 },
  });
  store.status();
  return {
    store,
    file,
    spool,
    close() {
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Fills the history through the spool, as runs of ten servers do; answers seconds of taking in, and of processor time. */
function fill(place: Place, from: number, to: number, different: boolean): { seconds: number; processor: number } {
  let seconds = 0;
  let processor = 0;
  const perRun = 50_000;
  for (let begin = from; begin < to; begin += perRun) {
    const run = `run-${(begin / perRun).toString(36)}`;
    const server = `cursor.server-${((begin / perRun) % 10).toString()}`;
    const file = join(place.spool, `${run}.jsonl`);
    writeFileSync(file, '');
    for (let at = begin; at < begin + perRun; at += 5000) {
      let text = '';
      for (let number = at; number < at + 5000; number += 1) {
        const name = target(different ? number : Math.floor(random() * 50_000));
        text += line(run, server, number - begin + 1, t0 + number * 200, name);
      }
      appendFileSync(file, text);
    }
    const cpu = process.cpuUsage();
    const started = performance.now();
    while (place.store.takeIn());
    seconds += (performance.now() - started) / 1000;
    const used = process.cpuUsage(cpu);
    processor += (used.user + used.system) / 1e6;
    rmSync(file);
  }
  return { seconds, processor };
}

/** Milliseconds until the first 200 rows are there, or all there are: the median of five, over as many calls as it takes. */
function timeSearch(place: Place, query: HistoryQuery, expectRows: boolean): number {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    let rows = 0;
    let after: string | undefined;
    for (;;) {
      const page = place.store.search({
        ...query,
        order: 'newest',
        limit: 200,
        ...(after === undefined ? {} : { after }),
      });
      rows += page.events.length;
      if (rows >= 200 || page.next === null) break;
      after = page.next;
    }
    times.push(performance.now() - started);
    if (expectRows !== rows > 0) throw new Error(`${rows.toString()} rows for ${JSON.stringify(query)}`);
  }
  return median(times);
}

function searches(place: Place, rows: number, title: string, bound: number | undefined): void {
  const limits = bound === undefined ? {} : { bound };
  const queries: [string, HistoryQuery, boolean][] = [
    ['everything', {}, true],
    ['a server, a kind, a verdict', { server: 'cursor.server-3', kinds: ['exec'], verdict: 'refused' }, true],
    ['nothing fits', { server: 'cursor.server-3', kinds: ['signal'] }, false],
    ['a day in the middle', { sinceMs: t0 + rows * 100, untilMs: t0 + rows * 100 + 86_400_000 }, true],
    ['a rare word', { text: `file-${(1234).toString(36)}.txt` }, true],
    ['two words, one rare', { text: `refused file-${(4321).toString(36)}.` }, true],
    ['a common word', { text: 'photos3' }, true],
    ['a word that is nowhere', { text: 'zzqqxx' }, false],
    ['a pattern', { target: `*/file-${(777).toString(36)}.txt` }, true],
  ];
  for (const [name, query, some] of queries) {
    figures.push({
      name: `${title}: ${name}`,
      value: timeSearch(place, query, some),
      unit: 'ms',
      digits: 1,
      ...limits,
    });
  }
  const started = performance.now();
  place.store.groups({ limit: 200 });
  figures.push({ name: `${title}: groups by target`, value: performance.now() - started, unit: 'ms', digits: 0 });
}

function tellFill(title: string, rows: number, { seconds, processor }: ReturnType<typeof fill>): void {
  // A bound from below, told as its inverse: microseconds an event; 50 are 20,000 a second.
  figures.push(
    { name: `${title}: an event taken in`, value: (seconds / rows) * 1e6, unit: 'µs', digits: 1, bound: 50 },
    { name: `${title}: processor time of that`, value: (processor / rows) * 1e6, unit: 'µs', digits: 1 },
  );
}

const million = 1_000_000;
const usual = makePlace();
tellFill('1 million, usual targets', million, fill(usual, 0, million, false));
figures.push({
  name: '1 million, usual targets: size',
  value: usual.store.status().bytes / 1_048_576,
  unit: 'MiB',
  digits: 0,
});
searches(usual, million, '1 million', 100);
if (process.env['BENCH_TEN_MILLION'] === '1') {
  tellFill('9 million more', 9 * million, fill(usual, million, 10 * million, false));
  figures.push({ name: '10 million: size', value: usual.store.status().bytes / 1_048_576, unit: 'MiB', digits: 0 });
  searches(usual, 10 * million, '10 million', undefined);
}
usual.close();

const different = makePlace();
const some = 200_000;
tellFill('200,000, different targets', some, fill(different, 0, some, true));
figures.push({
  name: '200,000, different targets: size',
  value: different.store.status().bytes / 1_048_576,
  unit: 'MiB',
  digits: 0,
});
different.close();

console.log(
  `load after: ${loadavg()
    .map((one) => one.toFixed(2))
    .join(' ')}`,
);
printFigures(figures);
