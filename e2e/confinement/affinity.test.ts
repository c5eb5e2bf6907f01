/**
 * The supervisor wakes a thread on its own processor, for which it may borrow the thread's affinity. The thread must never see that, and
 * must not hand it on: what it makes would be held to one processor for good.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inArena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { startContained } from './support/start.ts';

const times = '2000';

test('what opens files in an area may use every processor, and so may what it makes then', async ({ skip }) => {
  if (availableParallelism() < 2) skip('this machine has one processor');
  await inArena(async (arena) => {
    const file = join(arena.outside, 'file');
    writeFileSync(file, 'content\n');
    const plan = { areas: [{ access: 'write' as const, place: arena.outside }] };
    const result = await startContained(arena, compile('affinity'), [file, times], plan, { timeoutMs: 120_000 });
    expect(result.stdout, result.stderr).toBe(
      `REACHED ${availableParallelism().toString()} processors, fewer 0 times\n`,
    );
  });
});
