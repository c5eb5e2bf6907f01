/** Files outside: reading, writing, creating, deleting, renaming, linking, by every route to them. */
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decoys, looks } from './support/arena.ts';
import { defineTechniques, type Technique } from './support/technique.ts';
import type { EventKind } from '#contract/words.ts';

const anyPath = (path: string): RegExp => new RegExp(path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));

interface Access {
  name: string;
  kind: EventKind | readonly EventKind[];
  /** The file that is attacked; missing for accesses that make it. */
  file: (outside: string) => string;
  twinFile: (grant: string) => string;
  leaks?: string;
  witness: boolean;
}

const accesses: readonly Access[] = [
  {
    name: 'read',
    kind: 'file.read',
    file: (outside) => join(outside, 'secret.txt'),
    twinFile: (grant) => join(grant, 'inside.txt'),
    leaks: decoys.outside,
    witness: false,
  },
  {
    name: 'write',
    kind: 'file.write',
    file: (outside) => join(outside, 'secret.txt'),
    twinFile: (grant) => join(grant, 'inside.txt'),
    witness: true,
  },
  {
    name: 'read-write',
    kind: ['file.write', 'file.read'],
    file: (outside) => join(outside, 'secret.txt'),
    twinFile: (grant) => join(grant, 'inside.txt'),
    witness: true,
  },
  {
    name: 'create',
    kind: 'file.create',
    file: (outside) => join(outside, 'made.txt'),
    twinFile: (grant) => join(grant, 'made.txt'),
    witness: true,
  },
  {
    name: 'truncate',
    kind: 'file.write',
    file: (outside) => join(outside, 'secret.txt'),
    twinFile: (grant) => join(grant, 'inside.txt'),
    witness: true,
  },
  {
    name: 'truncate-read-only',
    kind: ['file.write', 'file.read'],
    file: (outside) => join(outside, 'secret.txt'),
    twinFile: (grant) => join(grant, 'inside.txt'),
    witness: true,
  },
  {
    name: 'list',
    kind: 'file.read',
    file: (outside) => outside,
    twinFile: (grant) => grant,
    leaks: 'secret.txt',
    witness: false,
  },
];

const routes: readonly { name: string; accesses: readonly string[]; says: string }[] = [
  { name: 'absolute', accesses: accesses.map((access) => access.name), says: 'by its absolute path' },
  { name: 'open-call', accesses: ['read', 'write', 'create'], says: 'with the old call open' },
  { name: 'creat-call', accesses: ['truncate'], says: 'with the old call creat' },
  { name: 'dotdot', accesses: ['read', 'write', 'create', 'list'], says: 'through .. from inside the grant' },
  { name: 'slashes', accesses: ['read', 'write'], says: 'by a path with doubled slashes and dots' },
  {
    name: 'symlink',
    accesses: ['read', 'write', 'create', 'truncate', 'list'],
    says: 'through a symbolic link inside the grant',
  },
  { name: 'symlink-folder', accesses: ['read', 'write', 'create'], says: 'through a symbolic link to its folder' },
  { name: 'chdir', accesses: ['read', 'write', 'create'], says: 'relative, after chdir to its folder' },
  { name: 'dirfd', accesses: ['read', 'write', 'create'], says: 'relative to an O_PATH handle of its folder' },
  { name: 'openat2', accesses: ['read', 'write', 'create'], says: 'with openat2' },
  { name: 'openat2-large', accesses: ['read', 'write'], says: 'with openat2 and a longer structure' },
  { name: 'openat2-in-root', accesses: ['read', 'write'], says: 'with openat2 below a handle of /' },
  {
    name: 'opath-reopen',
    accesses: ['read', 'write', 'truncate'],
    says: 'by opening an O_PATH handle again through /proc/self/fd',
  },
  { name: 'dev-fd-reopen', accesses: ['read'], says: 'by opening an O_PATH handle again through /dev/fd' },
  { name: 'proc-root', accesses: ['read', 'write', 'create'], says: 'through /proc/self/root' },
  { name: 'proc-cwd', accesses: ['read', 'write'], says: 'through /proc/self/cwd after chdir' },
  { name: 'proc-thread-root', accesses: ['read'], says: 'through /proc/thread-self/root' },
  { name: 'tmpfile', accesses: ['create'], says: 'as an unnamed file that gets a name' },
];

const opening = routes.flatMap((route) =>
  accesses
    .filter((access) => route.accesses.includes(access.name))
    .filter((access) => !(access.name === 'create' && route.name === 'symlink'))
    .map((access): Technique => {
      const where = route.name === 'tmpfile' ? (scene: { arena: { outside: string } }) => scene.arena.outside : null;
      return {
        name: `open-${route.name}-${access.name}`,
        tries: `${access.name} outside ${route.says}`,
        program: 'open-file',
        args: ({ arena }) => [route.name, access.name, access.file(arena.outside), arena.grant],
        errno: 'EACCES',
        event: {
          kind: route.name === 'tmpfile' || route.name === 'creat-call' ? ['file.create', 'file.write'] : access.kind,
          target: (scene) => anyPath(where === null ? access.file(scene.arena.outside) : where(scene)),
        },
        twin: { args: ({ arena }) => [route.name, access.name, access.twinFile(arena.grant), arena.grant] },
        ...(access.leaks === undefined ? {} : { leaks: access.leaks }),
        ...(access.witness
          ? { witness: ({ arena }) => looks(arena.outside, arena.secret, join(arena.outside, 'made.txt')) }
          : {}),
      };
    }),
);

const readOnly = ['write', 'read-write', 'truncate', 'truncate-read-only'].map((access): Technique => ({
  name: `read-only-${access}`,
  tries: `${access} a file that may only be read`,
  program: 'open-file',
  args: ({ arena }) => ['absolute', access, arena.readOnlyFile],
  errno: 'EACCES',
  event: { kind: ['file.write', 'file.read'], target: ({ arena }) => arena.readOnlyFile },
  twin: { args: ({ arena }) => ['absolute', 'read', arena.readOnlyFile] },
  witness: ({ arena }) => looks(arena.readonly, arena.readOnlyFile),
}));

const secretPlaces: readonly Technique[] = [
  {
    name: 'private-key',
    tries: 'read a private key in the home folder',
    program: 'open-file',
    args: ({ arena }) => ['absolute', 'read', join(arena.home, '.ssh/id_ed25519')],
    errno: 'EACCES',
    event: { kind: 'file.read', target: ({ arena }) => join(arena.home, '.ssh/id_ed25519') },
    twin: { args: ({ arena }) => ['absolute', 'read', arena.inside] },
    leaks: decoys.key,
  },
  {
    name: 'shell-profile',
    tries: 'append to a shell start-up file, which runs at the next login',
    program: 'open-file',
    args: ({ arena }) => ['absolute', 'create', join(arena.home, '.profile')],
    errno: 'EACCES',
    event: { kind: 'file.create', target: ({ arena }) => join(arena.home, '.profile') },
    twin: { args: ({ arena }) => ['absolute', 'create', join(arena.grant, '.profile')] },
    witness: ({ arena }) => looks(arena.home),
  },
  {
    name: 'own-plan',
    tries: 'rewrite the plan it was started by',
    program: 'open-file',
    args: ({ arena }) => ['absolute', 'create', join(arena.folder, 'plan.new')],
    errno: 'EACCES',
    event: { kind: 'file.create', target: ({ arena }) => join(arena.folder, 'plan.new') },
    twin: { args: ({ arena }) => ['absolute', 'create', join(arena.grant, 'plan.new')] },
    // The plan itself is written between the two looks; only names count here.
    witness: ({ arena }) =>
      readdirSync(arena.folder)
        .filter((name) => name !== 'plan')
        .join(),
  },
  {
    name: 'own-spool',
    tries: 'write events of its own into the spool folder',
    program: 'open-file',
    args: ({ arena }) => ['absolute', 'create', join(arena.spool, 'forged.txt')],
    errno: 'EACCES',
    event: { kind: 'file.create', target: ({ arena }) => join(arena.spool, 'forged.txt') },
    twin: { args: ({ arena }) => ['absolute', 'create', join(arena.grant, 'forged.txt')] },
  },
];

interface Change {
  call: string;
  tries: string;
  args: (outside: string, grant: string) => readonly string[];
  twin: (grant: string) => readonly string[];
  kind: EventKind | readonly EventKind[];
  errno?: string | readonly string[];
  /** What the event names, when it is not the first argument. */
  names?: (outside: string, grant: string) => string;
  root?: boolean;
  twinCall?: string;
}

const secretOf = (outside: string): string => join(outside, 'secret.txt');
const insideOf = (grant: string): string => join(grant, 'inside.txt');
const links: readonly EventKind[] = ['file.create', 'file.rename', 'file.write'];

const changes: readonly Change[] = [
  {
    call: 'unlink',
    tries: 'delete a file',
    args: (o) => [secretOf(o)],
    twin: (g) => [insideOf(g)],
    kind: 'file.delete',
  },
  {
    call: 'rmdir',
    tries: 'delete a folder',
    args: (o) => [join(o, 'empty')],
    twin: (g) => [join(g, 'sub')],
    kind: 'file.delete',
  },
  {
    call: 'mkdir',
    tries: 'make a folder',
    args: (o) => [join(o, 'new')],
    twin: (g) => [join(g, 'new')],
    kind: 'file.create',
  },
  {
    call: 'symlink',
    tries: 'make a symbolic link',
    args: (o) => [join(o, 'new')],
    twin: (g) => [join(g, 'new')],
    kind: 'file.create',
  },
  {
    call: 'mkfifo',
    tries: 'make a named pipe',
    args: (o) => [join(o, 'new')],
    twin: (g) => [join(g, 'new')],
    kind: 'file.create',
  },
  {
    call: 'mknod-file',
    tries: 'make a file with mknod',
    args: (o) => [join(o, 'new')],
    twin: (g) => [join(g, 'new')],
    kind: 'file.create',
  },
  {
    call: 'mknod-device',
    tries: 'make a device, even inside the grant',
    args: (_, g) => [join(g, 'device')],
    twin: (g) => [join(g, 'new')],
    twinCall: 'mknod-file',
    kind: 'file.create',
    errno: ['EACCES', 'EPERM'],
    root: true,
  },
  {
    call: 'truncate',
    tries: 'shorten a file by path',
    args: (o) => [secretOf(o)],
    twin: (g) => [insideOf(g)],
    kind: 'file.write',
  },
  {
    call: 'bind-socket',
    tries: 'make a socket',
    args: (o) => [join(o, 'sock')],
    twin: (g) => [join(g, 'sock')],
    kind: 'file.create',
  },
  {
    call: 'rename',
    tries: 'move an outside file into the grant',
    args: (o, g) => [secretOf(o), join(g, 'taken')],
    twin: (g) => [insideOf(g), join(g, 'sub/moved')],
    kind: 'file.rename',
    errno: ['EACCES', 'EXDEV'],
  },
  {
    call: 'rename',
    tries: 'replace an outside file by one of its own',
    args: (o, g) => [insideOf(g), secretOf(o)],
    twin: (g) => [insideOf(g), join(g, 'replaced')],
    kind: 'file.rename',
    errno: ['EACCES', 'EXDEV'],
    names: (o, g) => `${secretOf(o)}|${insideOf(g)}`,
  },
  {
    call: 'rename-exchange',
    tries: 'exchange an outside file with one of its own',
    args: (o, g) => [secretOf(o), insideOf(g)],
    twin: (g) => [insideOf(g), join(g, 'sub')],
    kind: 'file.rename',
    errno: ['EACCES', 'EXDEV'],
  },
  {
    call: 'rename-no-replace',
    tries: 'rename an outside file where it is',
    args: (o) => [secretOf(o), join(o, 'renamed')],
    twin: (g) => [insideOf(g), join(g, 'renamed')],
    kind: 'file.rename',
  },
  ...['link', 'link-proc-fd', 'link-empty-path', 'link-then-write', 'link-then-chmod'].map((call): Change => ({
    call,
    tries: `give an outside file a second name inside (${call})`,
    args: (o, g) => [secretOf(o), join(g, 'second')],
    twin: (g) => [insideOf(g), join(g, 'second')],
    ...(call === 'link-empty-path' ? { twinCall: 'link-proc-fd', root: true } : {}),
    kind: links,
    errno: ['EACCES', 'EXDEV', ...(call === 'link-empty-path' ? ['ENOENT'] : [])],
    names: (o, g) => `${secretOf(o)}|${join(g, 'second')}`,
  })),
  {
    call: 'link',
    tries: 'give a file that may only be read a second name in the grant, where it could be written',
    args: (o, g) => [join(o, '../readonly/file.txt'), join(g, 'second')],
    twin: (g) => [insideOf(g), join(g, 'second')],
    kind: links,
    errno: ['EACCES', 'EXDEV'],
    names: (_, g) => `readonly/file.txt|${join(g, 'second')}`,
  },
  {
    call: 'link',
    tries: 'give a file of its own a name outside',
    args: (o, g) => [insideOf(g), join(o, 'planted')],
    twin: (g) => [insideOf(g), join(g, 'sub/second')],
    kind: links,
    errno: ['EACCES', 'EXDEV'],
    names: (o, g) => `${join(o, 'planted')}|${insideOf(g)}`,
  },
];

const tree = changes.map((change, index): Technique => ({
  name: `tree-${change.call}-${index.toString()}`,
  tries: change.tries,
  program: 'change-tree',
  args: ({ arena }) => [change.call, ...change.args(arena.outside, arena.grant)],
  errno: change.errno ?? 'EACCES',
  event: {
    kind: change.kind,
    target: ({ arena }) => {
      const names = change.names?.(arena.outside, arena.grant) ?? change.args(arena.outside, arena.grant)[0] ?? '';
      return new RegExp(
        names
          .split('|')
          .map((name) => anyPath(name).source)
          .join('|'),
      );
    },
  },
  ...(change.root === true ? { bare: 'root' as const } : {}),
  twin: { args: ({ arena }) => [change.twinCall ?? change.call, ...change.twin(arena.grant)] },
  witness: ({ arena }) =>
    looks(arena.outside, arena.secret, arena.readOnlyFile, ...(change.call === 'mknod-device' ? [arena.grant] : [])),
}));

const planted: readonly Technique[] = [
  {
    name: 'planted-symlink',
    tries: 'read outside through a symbolic link that was in the granted folder before',
    program: 'open-file',
    before: ({ arena }) => {
      symlinkSync(arena.secret, join(arena.grant, 'planted'));
      writeFileSync(join(arena.grant, 'plain'), 'plain\n');
    },
    args: ({ arena }) => ['absolute', 'read', join(arena.grant, 'planted')],
    errno: 'EACCES',
    event: { kind: 'file.read', target: ({ arena }) => anyPath(arena.secret) },
    twin: { args: ({ arena }) => ['absolute', 'read', join(arena.grant, 'plain')] },
    leaks: decoys.outside,
  },
];

defineTechniques('files', [...opening, ...readOnly, ...secretPlaces, ...tree, ...planted]);
