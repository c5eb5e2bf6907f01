/**
 * Programs find in an area what they find elsewhere: the same thousands of file calls, bare and inside, answer the same. What
 * differs is listed here by name, each with its reason.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeArena, removeArena } from './support/arena.ts';
import { startInArea } from './support/areas.ts';
import { compile } from './support/compile.ts';
import { startBare } from './support/start.ts';

const timeoutMs = 240_000;

/** Cases whose result is another one, and why. */
const justified: readonly { lines: RegExp; why: string }[] = [
  {
    lines: /^(?:open|mknod|creat) umask \d+ mode 2755/,
    why: 'files that run as their group are made nowhere (threat model, P2)',
  },
  { lines: /^open mode with more bits/, why: 'the same' },
  { lines: /^mknod device (?:missing|dir\/new): EPERM; in an area: EACCES$/, why: 'devices are made nowhere' },
  {
    lines: /^(?:no )?lease: 0; in an area: EPERM$/,
    why: 'leases are refused to every server: they could hold up others',
  },
  {
    lines: /^(?:mknod folder|symlink to nothing|linkat flags) LONGPATH/,
    why: 'two things are wrong with the call, and the other one is named',
  },
];

/** The kernel tells F_GETFL that a file was opened with O_NOFOLLOW, and a file that is handed over was not. */
const withoutNoFollow = (result: string): string =>
  result.replace(/flags (\d+)/, (_, flags: string) => `flags ${(Number.parseInt(flags, 8) & ~0o400000).toString(8)}`);

function cases(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let last = '';
  for (const line of text.trimEnd().split('\n')) {
    const cut = line.indexOf(': ');
    const isMore = line.startsWith('  ');
    const name = isMore ? `${last} >` : line.slice(0, cut);
    if (!isMore) last = name;
    found.set(name, withoutNoFollow(isMore ? line.trim() : line.slice(cut + 2)));
  }
  return found;
}

test(
  'thousands of calls answer the same inside an area and outside',
  async () => {
    const program = compile('file-calls');
    const outputs: string[] = [];
    for (const contained of [false, true]) {
      const arena = makeArena();
      try {
        const folder = join(arena.grant, 'files');
        mkdirSync(folder);
        const start = contained
          ? startInArea(arena, program, [folder], {}, { timeoutMs })
          : startBare(program, [folder], { timeoutMs });
        const { stdout, stderr, code } = await start;
        expect({ stderr, code, end: stdout.trimEnd().endsWith('END') }).toEqual({ stderr: '', code: 0, end: true });
        outputs.push(stdout);
      } finally {
        removeArena(arena);
      }
    }
    const [bare, inside] = outputs.map(cases);
    expect(bare?.size).toBeGreaterThan(3000);
    const different = [...(bare ?? [])]
      .filter(([name, result]) => inside?.get(name) !== result)
      .map(([name, result]) => `${name}: ${result}; in an area: ${inside?.get(name) ?? 'missing'}`);
    expect(different.filter((line) => !justified.some(({ lines }) => lines.test(line)))).toEqual([]);
    expect(justified.filter(({ lines }) => !different.some((line) => lines.test(line)))).toEqual([]);
  },
  timeoutMs * 2,
);
