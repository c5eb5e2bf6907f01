/** Unix sockets of other programs: the Docker socket, the session bus, agents and the display server are reached so. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { defineTechniques, type Technique } from './support/technique.ts';

const contacts: Technique['witness'] = async ({ neighbour }) => (await neighbour.contacts()).join('\n');

const ways: readonly {
  way: string;
  socket: 'stream' | 'packet' | 'datagram' | 'abstract-stream' | 'abstract-datagram';
  tries: string;
}[] = [
  { way: 'stream', socket: 'stream', tries: 'connect to a socket by path' },
  { way: 'seqpacket', socket: 'packet', tries: 'connect with packets' },
  { way: 'relative', socket: 'stream', tries: 'connect by a relative path after chdir' },
  { way: 'symlink', socket: 'stream', tries: 'connect through a symbolic link inside the grant' },
  { way: 'proc-root', socket: 'stream', tries: 'connect through /proc/self/root' },
  { way: 'proc-fd', socket: 'stream', tries: 'connect through an O_PATH handle of the socket' },
  { way: 'unterminated', socket: 'stream', tries: 'connect by a path without a zero at its end' },
  { way: 'non-blocking', socket: 'stream', tries: 'connect without waiting' },
  { way: 'datagram-connect', socket: 'datagram', tries: 'connect a datagram socket' },
  { way: 'sendto', socket: 'datagram', tries: 'sendto with a path, no connect' },
  { way: 'sendmsg', socket: 'datagram', tries: 'sendmsg with a path' },
  { way: 'sendmmsg', socket: 'datagram', tries: 'sendmmsg with a path' },
  { way: 'socketpair-sendto', socket: 'datagram', tries: 'sendto with a path on one end of a pair' },
  { way: 'socketpair-sendmsg', socket: 'datagram', tries: 'sendmsg with a path on one end of a pair' },
  { way: 'socketpair-connect', socket: 'datagram', tries: 'connect one end of a pair elsewhere' },
  { way: 'abstract-stream', socket: 'abstract-stream', tries: 'connect to an abstract name' },
  { way: 'abstract-datagram-connect', socket: 'abstract-datagram', tries: 'connect datagrams to an abstract name' },
  { way: 'abstract-sendto', socket: 'abstract-datagram', tries: 'sendto an abstract name' },
];

const reaching = ways.map(({ way, socket, tries }): Technique => {
  const target: Technique['args'] = ({ arena, neighbour }) => {
    if (socket === 'abstract-stream') return [neighbour.facts.abstractStream];
    if (socket === 'abstract-datagram') return [neighbour.facts.abstractDatagram];
    return [join(arena.neighbour, `${socket}.sock`)];
  };
  const datagram = socket.includes('datagram');
  return {
    name: `unix-${way}`,
    tries,
    program: 'unix-connect',
    neighbour: true,
    args: (scene) => [way, ...target(scene), scene.arena.grant],
    errno: ['EACCES', 'EPERM', ...(datagram ? ['EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT'] : [])],
    event: { kind: datagram ? ['unix.connect', 'syscall'] : 'unix.connect', target: () => /./ },
    witness: contacts,
    twin:
      way === 'stream' || way === 'seqpacket' || way === 'non-blocking'
        ? {
            args: (scene) => [way, ...target(scene)],
            plan: ({ arena }) => ({ socket: [[join(arena.neighbour, `${socket}.sock`)]] }),
          }
        : way === 'abstract-stream'
          ? {
              args: (scene) => [way, ...target(scene)],
              plan: ({ neighbour }) => ({ socket: [[`@${neighbour.facts.abstractStream}`]] }),
            }
          : { args: () => [datagram ? 'own-pair' : 'own', datagram ? 'stream' : '-'] },
  };
});

const own: readonly Technique[] = [
  {
    name: 'unix-private-temporary-folder',
    tries: 'connect to a stranger, while its own socket in its own temporary folder works',
    program: 'unix-connect',
    neighbour: true,
    args: ({ arena }) => ['stream', join(arena.neighbour, 'stream.sock')],
    errno: ['EACCES', 'EPERM'],
    event: { kind: 'unix.connect', target: ({ arena }) => join(arena.neighbour, 'stream.sock') },
    witness: contacts,
    twin: { args: () => ['own', '-'] },
  },
  {
    name: 'unix-moved-into-private',
    tries: 'move a socket from a folder it may write into its own temporary folder, where connecting is allowed',
    program: 'unix-connect',
    neighbour: true,
    args: ({ arena }) => ['moved', join(arena.neighbour, 'stream.sock')],
    errno: ['EACCES', 'EPERM', 'EXDEV'],
    event: { kind: ['unix.connect', 'file.rename'], target: () => /./ },
    witness: contacts,
    plan: ({ arena }) => ({ write: [arena.neighbour] }),
    twin: { args: () => ['own', '-'] },
  },
  {
    name: 'unix-linked-into-private',
    tries: 'link a socket from a folder it may write into its own temporary folder, where connecting is allowed',
    program: 'unix-connect',
    neighbour: true,
    args: ({ arena }) => ['linked', join(arena.neighbour, 'stream.sock')],
    errno: ['EACCES', 'EPERM', 'EXDEV'],
    event: { kind: ['unix.connect', 'file.create', 'file.rename'], target: () => /./ },
    witness: contacts,
    plan: ({ arena }) => ({ write: [arena.neighbour] }),
    twin: { args: () => ['own', '-'] },
  },
];

/** A link in a place the server may write to decides about nothing, whatever its name was granted for. */
const planted: Technique = {
  name: 'unix-planted-link',
  tries: 'put a link in the place of a granted socket and start again',
  program: 'unix-connect',
  neighbour: true,
  before: ({ arena }) => {
    symlinkSync(join(arena.neighbour, 'stream.sock'), join(arena.grant, 'app.sock'));
  },
  args: ({ arena }) => ['stream', join(arena.grant, 'app.sock')],
  errno: 'EACCES',
  event: { kind: 'unix.connect', target: ({ arena }) => join(arena.neighbour, 'stream.sock') },
  witness: contacts,
  plan: ({ arena }) => ({ socket: [[join(arena.grant, 'app.sock')]] }),
  twin: {
    args: ({ arena }) => ['stream', join(arena.neighbour, 'stream.sock')],
    plan: ({ arena }) => ({ socket: [[join(arena.neighbour, 'stream.sock')]] }),
  },
};

defineTechniques('unix sockets', [...reaching, ...own, planted]);
