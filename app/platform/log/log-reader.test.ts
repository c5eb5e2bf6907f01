import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { methods } from '#contract/methods.ts';
import { decoys } from '#contract/secret-decoys.ts';
import { createLogReader, parseLogLine } from './log-reader.ts';

function makeReader(text: string | null) {
  const folder = mkdtempSync(join(tmpdir(), 'belljar-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const reader = createLogReader(folder);
  if (text !== null) {
    mkdirSync(dirname(reader.file));
    writeFileSync(reader.file, text);
  }
  return reader;
}

const line = (facts: Record<string, unknown> = {}, level = 30): string =>
  `${JSON.stringify({ level, at: '2026-01-31T12:00:00.000Z', pid: 7, ...facts, msg: 'door-open' })}\n`;

it('a log that is not there yet is empty, not an error', async () => {
  const reader = makeReader(null);
  expect(await reader.tail(10)).toEqual({ lines: [], file: reader.file, earlier: false });
});

it('gives the newest lines, oldest first, and says whether there are earlier ones', async () => {
  const reader = makeReader([1, 2, 3].map((n) => line({ n })).join(''));
  const answer = await reader.tail(2);
  expect(answer.lines).toEqual(
    [2, 3].map((n) => ({
      at: '2026-01-31T12:00:00.000Z',
      level: 'info',
      code: 'door-open',
      facts: [`n: ${String(n)}`],
    })),
  );
  expect(answer.earlier).toBe(true);
  expect((await reader.tail(3)).earlier).toBe(false);
});

it('leaves out what is no line of ours, and one that is being written', async () => {
  const reader = makeReader(`${line()}not json\n[]\n{"level":30}\n${line({}, 35)}`);
  appendFileSync(reader.file, line().slice(0, 20));
  expect((await reader.tail(10)).lines).toHaveLength(1);
});

it('reads a bounded part of a log of any size, of which every line fits the contract', async () => {
  const big = line({
    error: `${'x'.repeat(3000)}\n${'y'.repeat(3000)}`,
    ...Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`f${String(n)}`, n])),
  });
  const reader = makeReader(big.repeat(2000));
  const answer = await reader.tail(500);
  expect(methods['log.tail'].output.parse(answer)).toEqual(answer);
  expect(answer.earlier).toBe(true);
  expect(answer.lines.length).toBeGreaterThan(10);
  expect(answer.lines.length).toBeLessThan(200);
});

it.each([30, 40, 50])('knows level %i', (level) => {
  expect(parseLogLine(line({}, level))?.level).toBe({ 30: 'info', 40: 'warning', 50: 'error' }[level]);
});

it('masks what looks like a secret in the words of others', () => {
  const token = decoys.github[0] ?? '';
  const parsed = parseLogLine(line({ error: `Error: cannot use ${token}\n    at read (${token})` }, 50));
  expect(parsed?.facts.join()).toContain('Error: cannot use');
  expect(parsed?.facts.join()).not.toContain(token);
});
