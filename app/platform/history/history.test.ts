/** The history's side of the host, over a thread that answers at once and writes down what it was asked. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { History } from '#engine/events/ports.ts';
import { createHistory } from './history.ts';

let folder: string;
let history: History;

/** Says twenty times that there is more to take in. */
const program = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { appendFileSync } = require('node:fs');
  const file = workerData.file + '.asked';
  let left = 20;
  appendFileSync(file, 'start ' + workerData.retention.keepDays + '\\n');
  parentPort.on('message', ({ id, method, input }) => {
    appendFileSync(file, [method, ...input.map((one) => JSON.stringify(one))].join(' ') + '\\n');
    parentPort.postMessage({ id, output: method === 'takeIn' && (left -= 1) > 0 });
  });
`;

const asked = (): string[] => readFileSync(join(folder, 'history.sqlite.asked'), 'utf8').trim().split('\n');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belljar-history-'));
  writeFileSync(join(folder, 'worker.cjs'), program);
  history = createHistory({
    stateFolder: folder,
    spoolFolder: join(folder, 'spool'),
    places: {} as never,
    retention: async () => ({ keepDays: 7, keepMegabytes: 16 }),
    log: { info: () => undefined, warn: () => undefined },
    program: join(folder, 'worker.cjs'),
  });
});

afterEach(async () => {
  await history.close();
  rmSync(folder, { recursive: true, force: true });
});

it('lets go what is beyond a new bound, also where nothing was asked before', async () => {
  await history.retain({ keepDays: 7, keepMegabytes: 16 });
  expect(asked()).toEqual(['start 7', 'retain {"keepDays":7,"keepMegabytes":16}']);
});

it('takes in until there is no more', async () => {
  await history.takeIn();
  expect(asked().filter((line) => line === 'takeIn')).toHaveLength(20);
});

it('asks for nothing after it was closed, in the middle of taking in', async () => {
  await history.check();
  const taking = history.takeIn();
  await history.close();
  await taking;
  expect(asked().at(-1)).toBe('close');
  await expect(history.check()).rejects.toMatchObject({ code: 'history-unavailable' });
  expect(asked().at(-1)).toBe('close');
});
