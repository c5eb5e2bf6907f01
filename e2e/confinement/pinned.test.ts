/**
 * Pinned starts and sealed trees: what is started is what was decided on, or nothing. The digest that the engine writes into
 * a plan is the one that the launcher computes.
 */
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { treeDigest } from '#platform/pins/tree-listing.ts';
import { makeArena, readEvents, removeArena, writePlan, type Arena } from './support/arena.ts';
import { requireLauncher } from './support/places.ts';
import { ordinaryPath, run, type Finished } from './support/start.ts';

let arena: Arena;
let tree: string;
beforeEach(() => {
  arena = makeArena();
  tree = join(arena.folder, 'tree');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  mkdirSync(join(tree, 'deep/er'), { recursive: true });
  writeFileSync(join(tree, 'bin/helper'), '#!/bin/sh\necho "helper $1"\n', { mode: 0o755 });
  writeFileSync(
    join(tree, 'bin/server'),
    'for one in "$0" "$@"; do echo "word $one"; done; helper of its own; echo "$PATH"\n',
  );
  writeFileSync(join(tree, 'deep/er/ünï\u0001code.js'), 'one');
  symlinkSync('../bin/server', join(tree, 'deep/link'));
});
afterEach(() => removeArena(arena));

const instead = ['npx', '-y', 'pkg@1'];

function start(command: readonly string[], digest = treeDigest(tree)): Promise<Finished> {
  const plan = writePlan(arena, {
    exec: [tree],
    write: ['arg:2'],
    pinned: { program: '/bin/sh', args: [join(tree, 'bin/server')], instead },
    trees: [{ folder: tree, digest }],
  });
  return run(requireLauncher(), ['exec', '--plan', plan, '--', ...command], {
    input: `${JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'initialize' })}\n`,
  });
}

const refusal = (finished: Finished): { code: string; remedy: string } => {
  const answer = JSON.parse(finished.stdout) as {
    id: number;
    error: { data: { belljar: { code: string; remedy: string } } };
  };
  expect(answer.id).toBe(7);
  expect(finished.code).toBe(125);
  expect(finished.stderr).toContain(`belljar: ${answer.error.data.belljar.code}: `);
  expect(readEvents(arena.spool)).toEqual([]);
  return answer.error.data.belljar;
};

describe('a pinned start', () => {
  test('puts the installed program in place of the first words, and keeps the others', async () => {
    const finished = await start([...instead, arena.grant, 'last word']);
    expect(finished.stdout.split('\n')).toEqual([
      `word ${join(tree, 'bin/server')}`,
      `word ${arena.grant}`,
      'word last word',
      'helper of',
      // As the package runner would have it: programs beside the started one are found first.
      `${join(tree, 'bin')}:${ordinaryPath}:/bin`,
      '',
    ]);
    expect(finished.code).toBe(0);
    const started = readEvents(arena.spool).find((event) => event.kind === 'run.start');
    expect(started?.start?.program).toBe('/bin/sh');
    // `arg:2` is the second of the client's own line that the runner did not take: the folder.
    expect(started?.start?.notApplied.filter((one) => one.startsWith('arg:'))).toEqual([]);
  });

  test.each([
    ['another version', ['npx', '-y', 'pkg@2']],
    ['a word less', ['npx', '-y']],
    ['a word more before the package', ['npx', '-q', '-y', 'pkg@1']],
    ['another runner', ['/usr/bin/npx', '-y', 'pkg@1']],
  ])('starts nothing for %s', async (_name, command) => {
    const { code, remedy } = refusal(await start(command));
    expect(code).toBe('pin-mismatch');
    expect(remedy).toContain('belljar pin attack.server');
    expect(remedy).toContain('belljar unpin attack.server');
  });
});

describe('a sealed tree', () => {
  const file = (): string => join(tree, 'bin/helper');
  test.each<[string, () => void]>([
    ['other content', () => writeFileSync(file(), readFileSync(file(), 'utf8').replace('helper $1', 'hacker $1'))],
    [
      'other content with the old time put back',
      () => {
        const { atime, mtime } = statSync(file());
        writeFileSync(file(), readFileSync(file(), 'utf8').replace('helper $1', 'hacker $1'));
        utimesSync(file(), atime, mtime);
      },
    ],
    ['another mode', () => chmodSync(file(), 0o700)],
    ['a new file', () => writeFileSync(join(tree, 'deep/new.js'), '')],
    ['a file less', () => rmSync(join(tree, 'deep/er/ünï\u0001code.js'))],
    ['another name', () => renameSync(join(tree, 'deep/er'), join(tree, 'deep/erer'))],
    [
      'a link in place of a file',
      () => {
        renameSync(file(), join(arena.folder, 'away'));
        symlinkSync(join(arena.folder, 'away'), file());
      },
    ],
    ['a second name elsewhere', () => linkSync(file(), join(arena.folder, 'twin'))],
    ['a tree that is gone', () => renameSync(tree, `${tree}.gone`)],
    [
      'a link in place of the tree',
      () => {
        renameSync(tree, `${tree}.real`);
        symlinkSync(`${tree}.real`, tree);
      },
    ],
  ])('starts nothing with %s', async (_name, change) => {
    const digest = treeDigest(tree);
    expect((await start(instead, digest)).code).toBe(0);
    rmSync(arena.spool, { recursive: true });
    mkdirSync(arena.spool, { mode: 0o700 });
    change();
    const { code, remedy } = refusal(await start(instead, digest));
    expect(code).toBe('pin-tampered');
    expect(remedy).toContain('belljar pin attack.server');
  });

  test('is nothing that the server could change', async () => {
    const digest = treeDigest(tree);
    const plan = writePlan(arena, { exec: [tree], trees: [{ folder: tree, digest }] });
    const finished = await run(requireLauncher(), [
      'exec',
      '--plan',
      plan,
      '--',
      '/bin/sh',
      '-c',
      `echo x >> ${file()}`,
    ]);
    expect(finished.stderr).toContain('Permission denied');
    expect(treeDigest(tree)).toBe(digest);
  });
});
