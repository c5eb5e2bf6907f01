/** Memory, semaphores and queues that other programs share by number or by name. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { defineTechniques, type Technique } from './support/technique.ts';

const state: Technique['witness'] = ({ neighbour }) => {
  const { shm, sem, msg, posix } = neighbour.facts;
  const ask = (kind: string, id: number): string =>
    spawnSync('ipcs', [kind, '-i', id.toString()], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    })
      .stdout.split('\n')
      .filter((line) => /cbytes|qnum|semnum|^\d|nattch|mode|ctime|change_time/.test(line))
      .join(';');
  const file = `/dev/shm${posix}`;
  return [ask('-m', shm), ask('-s', sem), ask('-q', msg), existsSync(file) ? readFileSync(file, 'utf8') : 'gone'].join(
    '\n',
  );
};

interface Way {
  way: string;
  what: 'shm' | 'sem' | 'msg' | 'posix' | 'mq';
  tries: string;
  leaks?: string;
  changes?: boolean;
  file?: boolean;
  bare?: Technique['bare'];
}

const ways: readonly Way[] = [
  { way: 'shmat', what: 'shm', tries: 'read a System V segment', leaks: 'neighbour-sysv-secret' },
  { way: 'shmat-write', what: 'shm', tries: 'write a System V segment' },
  { way: 'shmctl-remove', what: 'shm', tries: 'remove a System V segment', changes: true },
  { way: 'semctl-set', what: 'sem', tries: 'set a semaphore', changes: true },
  { way: 'semop', what: 'sem', tries: 'raise a semaphore', changes: true },
  { way: 'semtimedop', what: 'sem', tries: 'raise a semaphore with a time limit', changes: true },
  { way: 'msgrcv', what: 'msg', tries: 'take a message', leaks: 'neighbour-queue-secret', changes: true },
  { way: 'msgsnd', what: 'msg', tries: 'forge a message', changes: true },
  { way: 'msgctl-remove', what: 'msg', tries: 'remove a message queue', changes: true },
  { way: 'shm_open', what: 'posix', tries: 'read POSIX shared memory', leaks: 'neighbour-posix-secret', file: true },
  { way: 'shm_open-write', what: 'posix', tries: 'write POSIX shared memory', changes: true, file: true },
  { way: 'shm_unlink', what: 'posix', tries: 'remove POSIX shared memory', changes: true, file: true },
  { way: 'mq_receive', what: 'mq', tries: 'take a POSIX message', leaks: 'neighbour-mq-secret', bare: 'offered' },
  { way: 'mq_unlink', what: 'mq', tries: 'remove a POSIX queue', bare: 'offered' },
  { way: 'mq_create', what: 'mq', tries: 'make a POSIX queue', bare: 'offered' },
];

defineTechniques(
  'shared memory',
  ways.map(({ way, what, tries, leaks, changes, file, bare }): Technique => ({
    name: way,
    tries,
    program: 'shared-memory',
    neighbour: true,
    args: ({ neighbour }) => {
      const { shm, sem, msg, posix } = neighbour.facts;
      if (way === 'mq_create') return [way, `${posix}-new`];
      return [
        way,
        what === 'shm' ? shm.toString() : what === 'sem' ? sem.toString() : what === 'msg' ? msg.toString() : posix,
      ];
    },
    errno: ['EACCES', 'EPERM', ...(file === true ? ['ENOENT'] : [])],
    event: {
      kind: file === true ? ['file.read', 'file.write', 'file.delete', 'file.create'] : 'syscall',
      target: () => /./,
    },
    twin: { args: ({ neighbour }) => [file === true ? 'own-posix' : 'own-anonymous', `${neighbour.facts.posix}-own`] },
    ...(leaks === undefined ? {} : { leaks }),
    ...(changes === true ? { witness: state } : {}),
    ...(bare === undefined ? {} : { bare }),
  })),
);
