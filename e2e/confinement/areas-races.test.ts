/**
 * A second thread swaps what a path means while the first one opens, changes, links and makes files by it, in an area with a closed
 * folder: nothing of that folder is read, and from outside it is as it was. Two seconds each, a minute with BELLJAR_TEST_LONG=1.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decoys, makeArena, removeArena, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { startBare, startContained } from './support/start.ts';
import { brief, matchingEvents } from './support/technique.ts';

const seconds = process.env['BELLJAR_TEST_LONG'] === '1' ? 60 : 2;

interface Way {
  way: string;
  says: string;
  /** Where the swapping is done: in the area, or in a plain grant, where the kernel makes the calls at the same time. */
  where: (arena: Arena) => string;
}

const inArea = (arena: Arena): string => join(arena.outside, 'swap');
const inPlain = (arena: Arena): string => join(arena.grant, 'sub');

const ways: readonly Way[] = [
  { way: 'symlink', says: 'a symbolic link in the area', where: inArea },
  { way: 'symlink', says: 'a symbolic link in a plain grant', where: inPlain },
  { way: 'folder', says: 'a folder above it in the area', where: inArea },
  { way: 'folder', says: 'a folder above it in a plain grant', where: inPlain },
  { way: 'memory', says: 'the bytes of the path', where: inArea },
  { way: 'descriptor', says: 'what a descriptor is', where: inArea },
];

interface Stage {
  arena: Arena;
  args: (way: Way) => string[];
  closed: () => unknown;
}

function stage(): Stage {
  const arena = makeArena();
  for (const name of ['open', 'closed', 'swap']) mkdirSync(join(arena.outside, name));
  const open = join(arena.outside, 'open/item.txt');
  const closed = join(arena.outside, 'closed/item.txt');
  writeFileSync(open, 'open content\n', { mode: 0o600 });
  writeFileSync(closed, `${decoys.outside}\n`, { mode: 0o600 });
  return {
    arena,
    args: ({ way, where }) => [way, open, closed, where(arena), seconds.toString(), decoys.outside],
    closed: () => ({
      names: readdirSync(join(arena.outside, 'closed')),
      content: readFileSync(closed, 'utf8'),
      mode: statSync(closed).mode & 0o7777,
      links: statSync(closed).nlink,
    }),
  };
}

test.for(ways)('race-areas $way: swap $says', { timeout: 60_000 + seconds * 2000 }, async (way) => {
  const program = compile('race-areas');
  const bare = stage();
  try {
    const result = await startBare(program, bare.args(way), { timeoutMs: 30_000 + seconds * 1000 });
    expect(result.outcome, 'bare, the closed file is read').toMatchObject({ kind: 'reached' });
  } finally {
    removeArena(bare.arena);
  }
  const { arena, args, closed } = stage();
  try {
    const before = closed();
    const plan = { areas: [{ access: 'write' as const, place: arena.outside }], deny: ['**/closed'] };
    const result = await startContained(arena, program, args(way), plan, { timeoutMs: 30_000 + seconds * 1000 });
    expect(result.outcome, result.stdout + result.stderr).toMatchObject({ kind: 'refused', errno: 'EACCES' });
    expect(closed(), 'from outside, the closed folder is as it was').toEqual(before);
    const said = /(\d+) done, (\d+) refused/.exec(result.stdout);
    expect(Number(said?.[1]), 'some calls met the open file').toBeGreaterThan(0);
    expect(Number(said?.[2]), 'and some the closed one').toBeGreaterThan(0);
    const refused = matchingEvents(result.events, ['file.read', 'file.write', 'file.create', 'file.attr'], /closed/);
    expect(refused.length, brief(result.events).join('\n')).toBeGreaterThan(0);
  } finally {
    removeArena(arena);
  }
});
