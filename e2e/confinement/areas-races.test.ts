/**
 * A second thread swaps what a path means while the first one makes every call on files by it, in an area with a closed folder:
 * nothing of that folder is read, and from outside it is as it was, to the time of its last change. Three seconds each, a minute with
 * BELLJAR_TEST_LONG=1.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decoys, makeArena, removeArena, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { startBare, startContained } from './support/start.ts';
import { brief, matchingEvents } from './support/technique.ts';
import type { EventKind } from '#contract/words.ts';

/** The calls that each round makes, as the program names them; those of two places have one of them raced at a time. */
const twoEnds = ['link', 'link-to', 'rename', 'rename-to', 'replace', 'exchange'];
const calls = [
  ...[
    'read',
    'write',
    'truncate',
    'chmod',
    'chown',
    'utimes',
    'setxattr',
    'openat2',
    'openat2-make',
    'link',
    'link-to',
  ],
  ...['create', 'mkdir', 'symlink', 'mknod', 'unlink', 'rmdir', 'rename', 'rename-to', 'replace', 'exchange'],
];
const kinds: EventKind[] = ['file.read', 'file.write', 'file.create', 'file.attr', 'file.rename', 'file.delete'];
const seconds = process.env['BELLJAR_TEST_LONG'] === '1' ? 60 : 3;

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
  { way: 'how', says: 'how openat2 is to open', where: inArea },
];

interface Stage {
  arena: Arena;
  args: (way: Way) => string[];
  closed: () => unknown;
}

function kernelsView(path: string): unknown {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (status === undefined) return 'gone';
  const { ino, mode, nlink, uid, gid, mtimeNs, ctimeNs } = status;
  return [ino, mode, nlink, uid, gid, mtimeNs, ctimeNs].map(String);
}

function stage(): Stage {
  const arena = makeArena();
  for (const name of ['open', 'closed', 'closed/empty', 'swap']) mkdirSync(join(arena.outside, name));
  const open = join(arena.outside, 'open/item.txt');
  const closed = join(arena.outside, 'closed/item.txt');
  writeFileSync(open, 'open content\n', { mode: 0o600 });
  writeFileSync(closed, `${decoys.outside}\n`, { mode: 0o600 });
  return {
    arena,
    args: ({ way, where }) => [way, open, closed, where(arena), seconds.toString(), decoys.outside],
    // The kernel notes every change of a file, its attributes or its names as the time of a change, which nobody can set.
    closed: () => ({
      names: readdirSync(join(arena.outside, 'closed')),
      content: existsSync(closed) && readFileSync(closed, 'utf8'),
      file: kernelsView(closed),
      folder: kernelsView(join(arena.outside, 'closed')),
    }),
  };
}

test.for(ways)('race-areas $way: swap $says', { timeout: 60_000 + seconds * 2000 }, async (way) => {
  const program = compile('race-areas');
  const bare = stage();
  try {
    const before = bare.closed();
    const result = await startBare(program, bare.args(way), { timeoutMs: 30_000 + seconds * 1000 });
    // What is changed first cannot be read any more.
    const changed = JSON.stringify(bare.closed()) !== JSON.stringify(before);
    expect(changed || result.outcome.kind === 'reached', 'bare, the closed file is read or changed').toBe(true);
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
    const said = [...result.stdout.matchAll(/^(?:REFUSED EACCES )?([\w-]+): (\d+) done, (\d+) refused$/gm)];
    expect(said.map(([, call]) => call)).toEqual([...(way.way === 'how' ? [] : calls), 'all']);
    for (const [line, call = '', done, refused] of said) {
      // Nothing is moved or linked between an area and a plain grant, to whatever side.
      const isAcross = way.where === inPlain && way.way === 'symlink' && twoEnds.includes(call);
      if (!isAcross) expect(Number(done), `some met the open side: ${line}`).toBeGreaterThan(0);
      expect(Number(refused), `and some the closed one: ${line}`).toBeGreaterThan(0);
    }
    expect(matchingEvents(result.events, kinds, /closed/).length, brief(result.events).join('\n')).toBeGreaterThan(0);
  } finally {
    removeArena(arena);
  }
});
