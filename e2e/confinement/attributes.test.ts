/** Mode, owner, times, extended attributes and flags of files that may not be written, by every call that changes them. */
import { join } from 'node:path';
import { looks } from './support/arena.ts';
import { giveAttribute } from './support/attributes.ts';
import { defineTechniques, type Technique } from './support/technique.ts';

const byPath = [
  'chmod',
  'chmod-call',
  'fchmodat',
  'fchmodat2',
  'fchmodat2-empty-path',
  'chmod-symlink',
  'chmod-proc-fd',
  'chmod-proc-root',
  'chmod-chdir',
  'chmod-dirfd',
  'chmod-dotdot',
  'chown-call',
  'lchown-call',
  'fchownat',
  'fchownat-nofollow',
  'fchownat-empty-path',
  'utime-call',
  'utimes-call',
  'futimesat-call',
  'utimensat',
  'utimensat-nofollow',
  'utimensat-empty-path',
  'setxattr',
  'lsetxattr',
  'setxattrat',
  'removexattr',
  'lremovexattr',
  'removexattrat',
  'file-setattr',
];

/** These need a descriptor that is open for reading, so their target is a file that may be read. */
const byReadOnlyDescriptor = [
  'fchmod-read-only',
  'fchown-read-only',
  'futimens-read-only',
  'utimensat-null-path',
  'fsetxattr-read-only',
  'fremovexattr-read-only',
  'ioctl-setflags-read-only',
  'ioctl-fssetxattr-read-only',
];

/** Newer forms of older calls: answered as an older kernel would, so that programs fall back. Their twin is the older form. */
const answeredAsMissing: Record<string, string> = {
  setxattrat: 'setxattr',
  removexattrat: 'removexattr',
  'file-setattr': 'chmod',
};
const notInheritable = ['ioctl-setflags-read-only', 'ioctl-fssetxattr-read-only'];

const outside = byPath.map((call): Technique => ({
  name: `attributes-${call}`,
  tries: `change a file outside with ${call}`,
  program: 'change-attributes',
  before: ({ arena }) => {
    giveAttribute(arena.secret);
    giveAttribute(arena.inside);
  },
  args: ({ arena }) => [call, arena.secret, arena.grant],
  errno: call in answeredAsMissing ? 'ENOSYS' : ['EACCES', 'EPERM'],
  bare: call in answeredAsMissing || call.startsWith('fchmodat2') ? 'offered' : 'reached',
  event:
    call in answeredAsMissing
      ? { kind: ['syscall', 'file.attr'], target: () => /./ }
      : { kind: 'file.attr', target: ({ arena }) => arena.secret },
  twin: { args: ({ arena }) => [answeredAsMissing[call] ?? call, arena.inside, arena.grant] },
  witness: ({ arena }) => looks(arena.secret),
}));

const readable = [...byPath.filter((call) => !(call in answeredAsMissing)), ...byReadOnlyDescriptor].map(
  (call): Technique => ({
    name: `read-only-attributes-${call}`,
    tries: `change a file that may only be read with ${call}`,
    program: 'change-attributes',
    before: ({ arena }) => {
      giveAttribute(arena.readOnlyFile);
      giveAttribute(arena.inside);
    },
    args: ({ arena }) => [call, arena.readOnlyFile, arena.grant],
    errno: ['EACCES', 'EPERM'],
    bare: call.startsWith('fchmodat2') || notInheritable.includes(call) ? 'offered' : 'reached',
    event: {
      kind: notInheritable.includes(call) ? ['file.attr', 'syscall'] : 'file.attr',
      target: ({ arena }) => (notInheritable.includes(call) ? /./ : arena.readOnlyFile),
    },
    twin: {
      args: ({ arena }) => [notInheritable.includes(call) ? 'fchmod-read-only' : call, arena.inside, arena.grant],
    },
    witness: ({ arena }) => looks(arena.readOnlyFile),
  }),
);

const folderItself: readonly Technique[] = [
  {
    name: 'attributes-parent',
    tries: 'open the outside folder for everyone',
    program: 'change-attributes',
    args: ({ arena }) => ['chmod', arena.outside, arena.grant],
    errno: ['EACCES', 'EPERM'],
    event: { kind: 'file.attr', target: ({ arena }) => arena.outside },
    twin: { args: ({ arena }) => ['chmod', join(arena.grant, 'sub'), arena.grant] },
    witness: ({ arena }) => looks(arena.outside),
  },
];

defineTechniques('attributes', [...outside, ...readable, ...folderItself]);
