/**
 * What is denied or protected inside an area is out of reach by every route, and what lies beside it is not. The area is `outside`:
 * secret.txt, made.txt, empty and everything in closed are denied, hooks below work is protected.
 */
import { copyFileSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decoys, looks, type Arena } from './support/arena.ts';
import { giveAttribute } from './support/attributes.ts';
import { compile } from './support/compile.ts';
import { defineTechniques, type Scene, type Technique } from './support/technique.ts';
import type { Plan } from '#domain/plan-text.ts';
import type { EventKind } from '#contract/words.ts';

const anyPath = (...paths: string[]): RegExp =>
  new RegExp(paths.map((path) => path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'));

const at = (arena: Arena, name: string): string => join(arena.outside, name);

const plan = ({ arena }: Scene): Partial<Plan> => ({
  areas: [{ access: 'write', place: arena.outside }],
  deny: ['**/secret.txt', '**/made.txt', '**/empty', '**/closed'],
  protect: ['**/work/hooks'],
  except: [{ access: 'write', pattern: '**/example/secret.txt' }],
});

function before({ arena }: Scene): void {
  for (const name of ['open', 'closed', 'work', 'work/hooks', 'other-work', 'other-work/hooks', 'example'])
    mkdirSync(at(arena, name));
  writeFileSync(at(arena, 'closed/item.txt'), `${decoys.outside}\n`);
  writeFileSync(at(arena, 'open/item.txt'), 'open\n');
  writeFileSync(at(arena, 'work/hooks/start'), `${decoys.readonly}\n`);
  writeFileSync(at(arena, 'work/file'), 'work\n');
  writeFileSync(at(arena, 'example/secret.txt'), 'example\n');
}

const witness = ({ arena }: Scene): string =>
  looks(
    ...[
      'secret.txt',
      'made.txt',
      'empty',
      'closed',
      'closed/item.txt',
      'work',
      'work/hooks',
      'work/hooks/start',
      'example',
      'example/work',
    ].map((name) => at(arena, name)),
  );

interface Case {
  name: string;
  program: string;
  tries: string;
  args: (arena: Arena) => readonly string[];
  twin: (arena: Arena) => readonly string[];
  kind: EventKind | readonly EventKind[];
  target: (arena: Arena) => RegExp;
  errno?: string | readonly string[];
  leaks?: string;
  bare?: 'root' | 'offered';
  changes?: boolean;
  prepare?: (arena: Arena) => void;
}

const techniqueOf = (one: Case): Technique => ({
  name: `areas-${one.name}`,
  tries: one.tries,
  program: one.program,
  plan,
  before: (scene) => {
    before(scene);
    one.prepare?.(scene.arena);
  },
  args: ({ arena }) => one.args(arena),
  errno: one.errno ?? 'EACCES',
  event: { kind: one.kind, target: ({ arena }) => one.target(arena) },
  twin: { args: ({ arena }) => one.twin(arena) },
  ...(one.bare === undefined ? {} : { bare: one.bare }),
  ...(one.leaks === undefined ? {} : { leaks: one.leaks }),
  ...(one.changes === false ? {} : { witness }),
});

/** Every way to a denied file that the suite of files knows. */
const routes: Record<string, readonly string[]> = {
  absolute: ['read', 'write', 'read-write', 'create', 'truncate', 'truncate-read-only'],
  'open-call': ['read', 'write', 'create'],
  'creat-call': ['truncate'],
  dotdot: ['read', 'write', 'create'],
  slashes: ['read', 'write'],
  symlink: ['read', 'write', 'truncate'],
  'symlink-folder': ['read', 'write', 'create'],
  chdir: ['read', 'write', 'create'],
  dirfd: ['read', 'write', 'create'],
  openat2: ['read', 'write', 'create'],
  'openat2-large': ['read', 'write'],
  'openat2-in-root': ['read', 'write'],
  'opath-reopen': ['read', 'write', 'truncate'],
  'dev-fd-reopen': ['read'],
  'proc-root': ['read', 'write', 'create'],
  'proc-cwd': ['read', 'write'],
  'proc-thread-root': ['read'],
  tmpfile: ['create'],
};

const opens = Object.entries(routes).flatMap(([route, accesses]) =>
  accesses.map((access): Case => {
    const makes = access === 'create';
    const target = makes ? 'made.txt' : 'secret.txt';
    return {
      name: `open-${route}-${access}`,
      program: 'open-file',
      tries: `${access} what is denied (${route})`,
      args: (arena) => [route, access, at(arena, target), arena.grant],
      twin: (arena) => [route, access, at(arena, makes ? 'new.txt' : 'other.txt'), arena.grant],
      kind: ['file.read', 'file.write', 'file.create'],
      target: (arena) => anyPath(at(arena, target)),
      ...(access === 'read' ? { leaks: decoys.outside, changes: false } : {}),
    };
  }),
);

const below: readonly Case[] = [
  {
    name: 'below-denied',
    program: 'open-file',
    tries: 'read a file in a denied folder',
    args: (arena) => ['absolute', 'read', at(arena, 'closed/item.txt')],
    twin: (arena) => ['absolute', 'read', at(arena, 'open/item.txt')],
    kind: 'file.read',
    target: (arena) => anyPath(at(arena, 'closed/item.txt')),
    leaks: decoys.outside,
    changes: false,
  },
  {
    name: 'list-denied',
    program: 'open-file',
    tries: 'list a denied folder',
    args: (arena) => ['absolute', 'list', at(arena, 'closed')],
    twin: (arena) => ['absolute', 'list', at(arena, 'open')],
    kind: 'file.read',
    target: (arena) => anyPath(at(arena, 'closed')),
    changes: false,
  },
  {
    name: 'excepted',
    program: 'open-file',
    tries: 'write what is denied; the twin writes what is excepted',
    args: (arena) => ['absolute', 'write', at(arena, 'secret.txt')],
    twin: (arena) => ['absolute', 'write', at(arena, 'example/secret.txt')],
    kind: 'file.write',
    target: (arena) => anyPath(at(arena, 'secret.txt')),
  },
  ...['write', 'truncate'].map((access): Case => ({
    name: `protected-${access}`,
    program: 'open-file',
    tries: `${access} what is protected; the twin reads it`,
    args: (arena) => ['absolute', access, at(arena, 'work/hooks/start')],
    twin: (arena) => ['absolute', 'read', at(arena, 'work/hooks/start')],
    kind: 'file.write',
    target: (arena) => anyPath(at(arena, 'work/hooks/start')),
  })),
  {
    name: 'protected-create',
    program: 'open-file',
    tries: 'make a file in a protected folder',
    args: (arena) => ['absolute', 'create', at(arena, 'work/hooks/commit')],
    twin: (arena) => ['absolute', 'create', at(arena, 'work/commit')],
    kind: 'file.create',
    target: (arena) => anyPath(at(arena, 'work/hooks/commit')),
  },
];

const tree: readonly Case[] = (
  [
    ['unlink', 'remove what is denied', ['secret.txt'], ['other.txt'], 'file.delete'],
    ['rmdir', 'remove a denied folder', ['empty'], ['example-empty'], 'file.delete'],
    ['mkdir', 'make a folder of a denied name', ['made.txt'], ['new'], 'file.create'],
    ['symlink', 'make a link of a denied name', ['made.txt'], ['new'], 'file.create'],
    ['mkfifo', 'make a named pipe of a denied name', ['made.txt'], ['new'], 'file.create'],
    ['mknod-file', 'make a file of a denied name with mknod', ['made.txt'], ['new'], 'file.create'],
    ['bind-socket', 'make a socket of a denied name', ['made.txt'], ['new'], 'file.create'],
    ['truncate', 'shorten what is denied', ['secret.txt'], ['other.txt'], 'file.write'],
    ['rename', 'move what is denied to a free name', ['secret.txt', 'taken'], ['other.txt', 'taken'], 'file.rename'],
    ['rename', 'move a file to a denied name', ['other.txt', 'made.txt'], ['other.txt', 'taken'], 'file.rename'],
    ['rename', 'replace what is denied', ['other.txt', 'secret.txt'], ['other.txt', 'open/item.txt'], 'file.rename'],
    [
      'rename-exchange',
      'exchange what is denied with another file',
      ['open/item.txt', 'secret.txt'],
      ['other.txt', 'open/item.txt'],
      'file.rename',
    ],
    [
      'rename-no-replace',
      'move what is denied where nothing is',
      ['secret.txt', 'taken'],
      ['other.txt', 'taken'],
      'file.rename',
    ],
    ['rename', 'move the folder above what is protected', ['work', 'moved'], ['open', 'moved'], 'file.rename'],
    [
      'rename-exchange',
      'exchange the folder above what is protected',
      ['open', 'work'],
      ['open', 'other-work'],
      'file.rename',
    ],
    [
      'rename',
      'put a folder with hooks of its own under the protected name',
      ['other-work', 'example/work'],
      ['other-work', 'example/other'],
      'file.rename',
    ],
    ['symlink', 'put a link where a protected name leads through', ['example/work'], ['example/other'], 'file.create'],
    ['link', 'give what is denied a second name', ['secret.txt', 'second'], ['other.txt', 'second'], 'file.create'],
    [
      'link-proc-fd',
      'give what is denied a second name by its descriptor',
      ['secret.txt', 'second'],
      ['other.txt', 'second'],
      'file.create',
    ],
    [
      'link-then-write',
      'write to what is denied by a second name',
      ['secret.txt', 'second'],
      ['other.txt', 'second'],
      'file.create',
    ],
    [
      'link',
      'give what is protected a second name, which could be written',
      ['work/hooks/start', 'second'],
      ['work/file', 'second'],
      'file.create',
    ],
    ['link', 'give a file a denied name', ['other.txt', 'made.txt'], ['other.txt', 'second'], 'file.create'],
  ] as const
).map(([call, tries, args, twin, kind], index): Case => ({
  name: `tree-${call}-${index.toString()}`,
  program: 'change-tree',
  tries,
  args: (arena) => [call, ...args.map((name) => at(arena, name))],
  twin: (arena) => [call, ...twin.map((name) => at(arena, name))],
  kind,
  target: (arena) => anyPath(...args.map((name) => at(arena, name))),
  prepare: (arena) => {
    if (call === 'rmdir') mkdirSync(at(arena, 'example-empty'));
  },
}));

const attributes: readonly Case[] = [
  'chmod',
  'fchmodat',
  'fchmodat2',
  'chmod-symlink',
  'chmod-proc-fd',
  'chmod-chdir',
  'chown-call',
  'lchown-call',
  'fchownat-empty-path',
  'utime-call',
  'utimes-call',
  'futimesat-call',
  'utimensat',
  'utimensat-empty-path',
].map((call): Case => ({
  name: `attributes-${call}`,
  program: 'change-attributes',
  tries: `change what is denied with ${call}`,
  args: (arena) => [call, at(arena, 'secret.txt'), arena.grant],
  twin: (arena) => [call, at(arena, 'other.txt'), arena.grant],
  kind: 'file.attr',
  target: (arena) => anyPath(at(arena, 'secret.txt')),
  errno: ['EACCES', 'EPERM'],
  ...(call.startsWith('fchmodat2') ? { bare: 'offered' as const } : {}),
}));

const descriptors: readonly Case[] = ['fchmod-read-only', 'fchown-read-only', 'futimens-read-only'].map(
  (call): Case => ({
    name: `attributes-${call}`,
    program: 'change-attributes',
    tries: `change what is protected with ${call}`,
    args: (arena) => [call, at(arena, 'work/hooks/start'), arena.grant],
    twin: (arena) => [call, at(arena, 'work/file'), arena.grant],
    kind: 'file.attr',
    target: (arena) => anyPath(at(arena, 'work/hooks/start')),
    errno: ['EACCES', 'EPERM'],
  }),
);

/** Newer forms are answered as an older kernel would, so that programs fall back: their twin is the older form. */
const olderForm: Record<string, string> = { setxattrat: 'setxattr', removexattrat: 'removexattr' };

const extended: readonly Case[] = [
  'setxattr',
  'lsetxattr',
  'removexattr',
  'lremovexattr',
  ...Object.keys(olderForm),
].flatMap((call) =>
  (
    [
      ['denied', 'secret.txt', 'other.txt'],
      ['protected', 'work/hooks/start', 'work/file'],
    ] as const
  ).map(([is, name, twin]): Case => ({
    name: `attributes-${call}-${is}`,
    program: 'change-attributes',
    tries: `change what is ${is} with ${call}`,
    prepare: (arena) => [name, twin].forEach((one) => giveAttribute(at(arena, one))),
    args: (arena) => [call, at(arena, name), arena.grant],
    twin: (arena) => [olderForm[call] ?? call, at(arena, twin), arena.grant],
    ...(call in olderForm
      ? { kind: ['syscall', 'file.attr'], target: () => /./, errno: 'ENOSYS', bare: 'offered' as const }
      : { kind: 'file.attr', target: (arena) => anyPath(at(arena, name)), errno: ['EACCES', 'EPERM'] }),
  })),
);

/** Those through a descriptor that is open for reading, which what is protected can have. */
const extendedByDescriptor: readonly Case[] = ['fsetxattr-read-only', 'fremovexattr-read-only'].map((call): Case => ({
  name: `attributes-${call}`,
  program: 'change-attributes',
  tries: `change what is protected with ${call}`,
  prepare: (arena) => ['work/hooks/start', 'work/file'].forEach((one) => giveAttribute(at(arena, one))),
  args: (arena) => [call, at(arena, 'work/hooks/start'), arena.grant],
  twin: (arena) => [call, at(arena, 'work/file'), arena.grant],
  kind: 'file.attr',
  target: (arena) => anyPath(at(arena, 'work/hooks/start')),
  errno: ['EACCES', 'EPERM'],
}));

const planted: readonly Case[] = [
  {
    name: 'planted-link',
    program: 'open-file',
    tries: 'read what is denied through a link that was there before',
    prepare: (arena) => symlinkSync(at(arena, 'secret.txt'), at(arena, 'planted')),
    args: (arena) => ['absolute', 'read', at(arena, 'planted')],
    twin: (arena) => ['absolute', 'read', at(arena, 'other.txt')],
    kind: 'file.read',
    target: (arena) => anyPath(at(arena, 'secret.txt')),
    leaks: decoys.outside,
    changes: false,
  },
  {
    name: 'across-areas-and-grants',
    program: 'change-tree',
    tries: 'move a file of an area into a plain grant; the twin moves it within the area',
    args: (arena) => ['rename', at(arena, 'work/file'), join(arena.grant, 'file')],
    twin: (arena) => ['rename', at(arena, 'work/file'), at(arena, 'file')],
    kind: 'file.rename',
    target: (arena) => anyPath(at(arena, 'work/file')),
    errno: 'EXDEV',
  },
  {
    name: 'execute-in-area',
    program: 'execute',
    tries: 'start a program that lies in an area',
    prepare: (arena) => copyFileSync(compile('execute'), at(arena, 'program')),
    args: (arena) => ['execve', at(arena, 'program')],
    twin: () => ['execve', compile('execute')],
    kind: 'exec',
    target: (arena) => anyPath(at(arena, 'program')),
    changes: false,
  },
];

/** A limit, so that it stays a known one: what had a second name before is reached by that. */
const known: readonly Technique[] = [
  {
    name: 'areas-hard-link-before',
    tries: 'read what is denied; by a second name that it had before, it is read (a limit)',
    program: 'open-file',
    plan,
    before: (scene) => {
      before(scene);
      linkSync(at(scene.arena, 'secret.txt'), at(scene.arena, 'second'));
    },
    args: ({ arena }) => ['absolute', 'read', at(arena, 'secret.txt')],
    errno: 'EACCES',
    event: { kind: 'file.read', target: ({ arena }) => at(arena, 'secret.txt') },
    twin: { args: ({ arena }) => ['absolute', 'read', at(arena, 'second')] },
    leaks: decoys.outside,
  },
];

/** The supervisor may look into the run's processes, so what is asked of /proc through it would be seen with its eyes. */
const kernels: readonly Technique[] = [
  {
    name: 'areas-proc',
    tries: "read another process's environment, with the whole disk as an area",
    program: 'open-file',
    plan: () => ({ areas: [{ access: 'read', place: '/' }] }),
    args: () => ['absolute', 'read', `/proc/${process.pid.toString()}/environ`],
    errno: 'EACCES',
    event: { kind: 'file.read', target: () => `/proc/${process.pid.toString()}/environ` },
    twin: { args: ({ arena }) => ['absolute', 'read', arena.secret] },
  },
];

defineTechniques('areas', [
  ...[...opens, ...below, ...tree, ...attributes, ...descriptors, ...extended, ...extendedByDescriptor, ...planted].map(
    techniqueOf,
  ),
  ...known,
  ...kernels,
]);
