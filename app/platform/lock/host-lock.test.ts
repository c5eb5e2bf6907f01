import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { build } from 'vite';
import { BelljarError } from '#contract/errors.ts';
import { acquireLock, startTicksOf, tryLock } from './host-lock.ts';

/** A program that takes the lock again and again and proves, each time, that nobody else is inside. */
const contender = `
import { acquireLock } from ${JSON.stringify(join(import.meta.dirname, 'host-lock.ts'))};
import { linkSync, unlinkSync, writeFileSync, appendFileSync } from 'node:fs';
const [folder, rounds, hold] = process.argv.slice(2);
const inside = folder + '-inside';
const own = inside + '.' + process.pid;
writeFileSync(own, String(process.pid));
for (let round = 0; round < Number(rounds); round += 1) {
  const lock = await acquireLock(folder, { waitMs: 30_000 });
  if (hold === 'forever') { process.stdout.write('held\\n'); setInterval(() => undefined, 1000); break; }
  linkSync(own, inside);
  if (hold !== '0') await new Promise((resolve) => setTimeout(resolve, Number(hold)));
  unlinkSync(inside);
  appendFileSync(folder + '-count', 'x');
  lock.release();
}
unlinkSync(own);
`;

let folder: string;
let program: string;
let programFolder: string;
const children: ChildProcess[] = [];

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [program, folder, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once('exit', (code) => resolve(code));
  });

const holding = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.stdout?.once('data', () => resolve());
  });

beforeAll(async () => {
  programFolder = mkdtempSync(join(tmpdir(), 'belljar-lock-program-'));
  const source = join(programFolder, 'contender.ts');
  writeFileSync(source, contender);
  await build({
    configFile: false,
    logLevel: 'silent',
    root: join(import.meta.dirname, '../../..'),
    ssr: { noExternal: true },
    build: {
      ssr: source,
      outDir: join(programFolder, 'out'),
      rollupOptions: { output: { entryFileNames: 'contender.mjs' } },
    },
  });
  program = join(programFolder, 'out', 'contender.mjs');
  return () => rmSync(programFolder, { recursive: true, force: true });
});

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'belljar-lock-')), 'lock');
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await ended(child);
  }
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

describe('the lock of one process', () => {
  it('is held once, told to others, and given back', async () => {
    const first = tryLock(folder);
    if (!('lock' in first)) throw new Error('a free lock was not given');
    expect(tryLock(folder)).toEqual({
      heldBy: { pid: process.pid, startTicks: startTicksOf(process.pid), boot: expect.any(String) as string },
    });
    first.lock.release();
    first.lock.release();
    const second = tryLock(folder);
    expect('lock' in second).toBe(true);
  });

  it('leaves one small file behind however often it is taken', () => {
    for (let round = 0; round < 50; round += 1) {
      const outcome = tryLock(folder);
      if (!('lock' in outcome)) throw new Error('a free lock was not given');
      outcome.lock.release();
    }
    expect(readdirSync(folder)).toEqual(['50']);
  });

  it('refuses with the pid of the holder when the wait is over, and not before', async () => {
    tryLock(folder);
    const before = Date.now();
    const error: unknown = await acquireLock(folder, { waitMs: 150 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BelljarError);
    expect(error).toMatchObject({ code: 'host-locked', params: { pid: process.pid } });
    expect(Date.now() - before).toBeGreaterThanOrEqual(150);
  });

  it.each([
    ['a process of another boot', { pid: process.pid, startTicks: 1, boot: 'another-boot' }],
    ['a later process of the same pid', { pid: process.pid, startTicks: 1, boot: null }],
    ['a pid that is free', { pid: 2 ** 22 + 1, startTicks: 5, boot: null }],
    ['a released lock', { released: true }],
  ])('is taken over from %s', (_title, content) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '7'), JSON.stringify(content));
    expect('lock' in tryLock(folder)).toBe(true);
    expect(readdirSync(folder)).toEqual(['8']);
  });

  it('waits for a file that is still being written, and takes it over when nobody finishes it', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '1'), '');
    expect(tryLock(folder)).toEqual({ heldBy: null });
    const lock = await acquireLock(folder, { waitMs: 4000 });
    expect(readdirSync(folder)).toEqual(['2']);
    lock.release();
  });
});

describe('the lock between processes', () => {
  it('lets exactly one in at a time, eight starters at once', async () => {
    const starters = Array.from({ length: 8 }, () => start('25', '0'));
    expect(await Promise.all(starters.map(ended))).toEqual(Array.from({ length: 8 }, () => 0));
    expect(readFileSync(`${folder}-count`, 'utf8')).toHaveLength(200);
  }, 60_000);

  it('is free at once when its holder is killed, and goes to one of those who wait', async () => {
    const holder = start('1', 'forever');
    await holding(holder);
    expect(tryLock(folder)).toMatchObject({ heldBy: { pid: holder.pid } });
    const waiters = Array.from({ length: 4 }, () => start('3', '2'));
    holder.kill('SIGKILL');
    expect(await Promise.all(waiters.map(ended))).toEqual([0, 0, 0, 0]);
    expect(readFileSync(`${folder}-count`, 'utf8')).toHaveLength(12);
  }, 60_000);

  it('survives holders that are killed again and again while others contend', async () => {
    const steady = Array.from({ length: 3 }, () => start('20', '1'));
    for (let round = 0; round < 6; round += 1) {
      const victim = start('1', 'forever');
      await holding(victim);
      victim.kill('SIGKILL');
      await ended(victim);
    }
    expect(await Promise.all(steady.map(ended))).toEqual([0, 0, 0]);
    expect(readFileSync(`${folder}-count`, 'utf8')).toHaveLength(60);
  }, 60_000);
});
