/**
 * Accesses to files left unseen (record without-files): the kernel's walls are the same, with no event; what the supervisor decides
 * itself is decided and told as ever, and the run's first event says what is not told.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EventKind } from '#contract/words.ts';
import { decoys, inArena, looks } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { startContained } from './support/start.ts';
import { defineTechniques, type Scene, type Technique } from './support/technique.ts';

const unseen = { record: 'without-files', network: 'none' } as const;

type Args = (places: Scene['arena']) => readonly string[];

const witness = ({ arena }: Scene): string => looks(arena.outside, arena.secret, join(arena.outside, 'made.txt'));

function technique(
  name: string,
  program: string,
  args: Args,
  twin: Args,
  more: Pick<Technique, 'errno' | 'event'> & Partial<Technique>,
): Technique {
  return {
    name: `${program}-${name}`,
    tries: `${name} outside, where accesses to files have no events`,
    program,
    args: ({ arena }) => args(arena),
    plan: () => unseen,
    twin: { args: ({ arena }) => twin(arena) },
    ...more,
  };
}

const file = (name: string, args: Args, twin: Args, more: Partial<Technique> = {}): Technique =>
  technique(name, name.startsWith('open ') ? 'open-file' : 'change-tree', args, twin, {
    errno: 'EACCES',
    event: null,
    ...more,
  });

const told = (kind: EventKind, target: (scene: Scene) => string | RegExp): Technique['event'] => ({ kind, target });

defineTechniques('accesses to files that are not seen', [
  ...['absolute', 'symlink', 'dirfd', 'opath-reopen', 'proc-root'].map((route) =>
    file(
      `open ${route} read`,
      ({ secret, grant }) => [route, 'read', secret, grant],
      ({ inside, grant }) => [
        route === 'opath-reopen' || route === 'proc-root' ? 'absolute' : route,
        'read',
        inside,
        grant,
      ],
      { leaks: decoys.outside },
    ),
  ),
  file(
    'open write',
    ({ secret, grant }) => ['absolute', 'write', secret, grant],
    ({ inside, grant }) => ['absolute', 'write', inside, grant],
    { witness },
  ),
  file(
    'open create',
    ({ outside, grant }) => ['absolute', 'create', join(outside, 'made.txt'), grant],
    ({ grant }) => ['absolute', 'create', join(grant, 'made.txt'), grant],
    { witness },
  ),
  file(
    'delete',
    ({ secret }) => ['unlink', secret],
    ({ inside }) => ['unlink', inside],
    { witness },
  ),
  file(
    'rename',
    ({ secret, grant }) => ['rename', secret, join(grant, 'taken')],
    ({ grant }) => ['rename', join(grant, 'sub'), join(grant, 'subtwo')],
    // Landlock's own answer to a move between folders.
    { witness, errno: ['EACCES', 'EXDEV'] },
  ),
  // The supervisor's own: decided on its copy, and told.
  // Of opens, those to which older kernels have no wall: by their flags alone.
  file(
    'open for commands, shortening',
    ({ secret, grant }) => ['absolute', 'truncate-commands', secret, grant],
    ({ inside, grant }) => ['absolute', 'truncate', inside, grant],
    { witness, event: told('file.write', ({ arena }) => arena.secret) },
  ),
  file(
    'open to read, shortening',
    ({ readOnlyFile, grant }) => ['absolute', 'truncate-read-only', readOnlyFile, grant],
    ({ inside, grant }) => ['absolute', 'truncate', inside, grant],
    { witness: ({ arena }) => looks(arena.readOnlyFile), event: told('file.read', ({ arena }) => arena.readOnlyFile) },
  ),
  file(
    'truncate',
    ({ secret }) => ['truncate', secret],
    ({ inside }) => ['truncate', inside],
    { witness, event: told('file.write', ({ arena }) => arena.secret) },
  ),
  ...['open', 'openat', 'creat', 'mknod', 'openat2'].map((way) =>
    technique(
      way,
      'make-set-id',
      ({ grant }) => [way, join(grant, 'made')],
      ({ grant }) => ['plain', join(grant, 'made')],
      {
        errno: 'EPERM',
        event: told('file.attr', () => /set-user-id/),
        witness: ({ arena }) => looks(join(arena.grant, 'made')),
      },
    ),
  ),
]);

test('the first event says what is not told; denials are told without it', async () => {
  await inArena(async (arena) => {
    const args = ['absolute', 'read', arena.secret, arena.grant];
    const without = await startContained(arena, compile('open-file'), args, unseen);
    expect(without.outcome).toMatchObject({ kind: 'refused', errno: 'EACCES' });
    expect(without.events.find((event) => event.kind === 'run.start')?.start?.unseen).toEqual(['files']);
    expect(without.events.filter((event) => event.kind === 'file.read')).toEqual([]);
    expect(without.events.filter((event) => event.kind === 'exec')).not.toEqual([]);
  });
  await inArena(async (arena) => {
    const args = ['absolute', 'read', arena.secret, arena.grant];
    const full = await startContained(arena, compile('open-file'), args, { network: 'none' });
    expect(full.events.find((event) => event.kind === 'run.start')?.start).not.toHaveProperty('unseen');
    expect(full.events.filter((event) => event.kind === 'file.read')).toMatchObject([{ target: arena.secret }]);
  });
});
