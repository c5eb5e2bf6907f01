/** Other processes of the same user: their memory, descriptors, limits, priorities, their files in /proc, and signals. */
import { expect, test } from 'vitest';
import { decoys, inArena } from './support/arena.ts';
import { neighbourArgument, neighbourEnvironment } from './support/neighbour.ts';
import { startContained } from './support/start.ts';
import { defineTechniques, type Technique } from './support/technique.ts';

const observed: Technique['witness'] = async ({ neighbour }) => {
  // The log first: a process that was ended is then gone.
  const contacts = (await neighbour.contacts()).join(',');
  return `${neighbour.observed()} ${contacts}`;
};

const everyoneObserved: Technique['witness'] = async ({ neighbour }) => (await neighbour.broadcasts()).toString();

interface Call {
  call: string;
  tries: string;
  kind?: 'signal' | 'syscall';
  errno?: readonly string[];
  witness?: boolean;
  everyone?: boolean;
  leaks?: string;
  twin?: string | readonly string[];
  bare?: Technique['bare'];
}

const calls: readonly Call[] = [
  { call: 'ptrace-attach', tries: 'trace another process', twin: 'kill' },
  { call: 'ptrace-seize', tries: 'trace another process without stopping it', twin: 'kill' },
  { call: 'process_vm_readv', tries: "read another process's memory", leaks: 'neighbour-memory-secret', twin: 'kill' },
  { call: 'process_vm_writev', tries: "write another process's memory", twin: 'kill' },
  { call: 'pidfd_getfd', tries: "take another process's descriptor", leaks: decoys.outside, twin: 'kill' },
  { call: 'process_madvise', tries: "push another process's memory out", bare: 'root', twin: 'kill' },
  { call: 'process_mrelease', tries: "release another process's memory", twin: 'kill' },
  { call: 'kcmp', tries: "compare another process's descriptors", bare: 'offered', twin: 'kill' },
  { call: 'kill', tries: 'signal another process', kind: 'signal', witness: true },
  { call: 'kill-terminate', tries: 'end another process', kind: 'signal', witness: true },
  { call: 'kill-all', tries: 'signal every process of the user', kind: 'signal', twin: 'kill', everyone: true },
  { call: 'kill-group', tries: "signal another process's group", kind: 'signal', witness: true, twin: 'kill' },
  { call: 'tkill', tries: 'signal a thread', kind: 'signal', witness: true },
  { call: 'tgkill', tries: 'signal a thread of a process', kind: 'signal', witness: true },
  { call: 'rt_sigqueueinfo', tries: 'queue a signal', kind: 'signal', witness: true },
  { call: 'rt_tgsigqueueinfo', tries: 'queue a signal for a thread', kind: 'signal', witness: true },
  { call: 'pidfd_send_signal', tries: 'signal through a process descriptor', kind: 'signal', witness: true },
  {
    call: 'fown-signal',
    tries: 'let the kernel send a signal when input arrives',
    kind: 'signal',
    witness: true,
    twin: 'kill',
  },
  { call: 'prlimit', tries: "lower another process's limits", witness: true },
  { call: 'setpriority', tries: "lower another process's priority", witness: true },
  { call: 'setpriority-group', tries: "lower another group's priority", witness: true, twin: 'setpriority' },
  { call: 'sched_setaffinity', tries: 'bind another process to one processor', witness: true },
  { call: 'sched_setscheduler', tries: "change another process's scheduler", witness: true },
  { call: 'sched_setattr', tries: "change another process's scheduling", witness: true },
  { call: 'sched_setparam', tries: "change another process's scheduling parameter" },
  { call: 'ioprio_set', tries: "lower another process's disk priority", witness: true },
  { call: 'migrate_pages', tries: "move another process's memory", bare: 'offered' },
  { call: 'move_pages', tries: "move another process's pages", bare: 'offered' },
  { call: 'perf_event_open', tries: 'measure another process', bare: 'root', twin: 'kill' },
];

const reaching = calls.map(
  ({
    call,
    tries,
    kind = 'syscall',
    errno = ['EPERM', 'EACCES', 'ESRCH'],
    witness,
    everyone,
    leaks,
    twin = call,
    bare,
  }): Technique => ({
    name: call,
    tries,
    program: 'attack-process',
    neighbour: true,
    args: ({ neighbour }) => [
      call,
      neighbour.facts.pid.toString(),
      neighbour.facts.secretAddress,
      neighbour.facts.held.toString(),
    ],
    errno,
    event: { kind: [kind, 'signal', 'syscall'], target: () => /./ },
    twin: { args: () => [...[twin].flat(), '0'] },
    ...(witness === true ? { witness: observed } : {}),
    ...(everyone === true ? { witness: everyoneObserved, alone: true } : {}),
    ...(leaks === undefined ? {} : { leaks }),
    ...(bare === undefined ? {} : { bare }),
  }),
);

interface Proc {
  way: string;
  tries: string;
  leaks?: string;
  twin?: string;
  writes?: boolean;
  errno?: readonly string[];
  bare?: Technique['bare'];
}

const ways: readonly Proc[] = [
  { way: 'environ', tries: 'the tokens in its environment', leaks: neighbourEnvironment },
  { way: 'cmdline', tries: 'its arguments', leaks: neighbourArgument },
  { way: 'task-cmdline', tries: 'its arguments, through its thread', leaks: neighbourArgument },
  { way: 'relative-cmdline', tries: 'its arguments, relative after chdir', leaks: neighbourArgument },
  { way: 'thread-cmdline', tries: 'its arguments, through /proc/self/..', leaks: neighbourArgument },
  { way: 'mem', tries: 'its memory', leaks: 'neighbour-memory-secret' },
  { way: 'mem-write', tries: 'its memory, to change it', writes: true },
  { way: 'root', tries: 'a file through its root', leaks: decoys.outside },
  { way: 'cwd', tries: 'its working folder' },
  { way: 'fd', tries: 'its open file', leaks: decoys.outside },
  { way: 'fd-list', tries: 'the list of its open files' },
  { way: 'exe', tries: 'the name of its program', bare: 'offered' },
  { way: 'maps', tries: 'the map of its memory' },
  { way: 'auxv', tries: 'its start values' },
  { way: 'io', tries: 'its input and output counts' },
  { way: 'smaps', tries: 'the details of its memory' },
  { way: 'mountinfo', tries: 'its mounts' },
  { way: 'limits', tries: 'its limits' },
  { way: 'cgroup', tries: 'its control group' },
  { way: 'status', tries: 'its state' },
  { way: 'oom_score_adj', tries: 'its place in the queue for death by lack of memory', writes: true },
  { way: 'coredump_filter', tries: 'what its core file holds', writes: true },
];

/** Our own memory is refused too, our own input is a socket that cannot be opened again, and our own folder may be anything. */
const needsAnother = (way: string, writes?: boolean): boolean => writes === true || ['cwd', 'mem', 'fd'].includes(way);
const notFiles = ['exe', 'cwd'];

const proc = ways.map(({ way, tries, leaks, errno = ['EACCES', 'EPERM', 'ENOENT'], writes, bare }): Technique => ({
  name: `proc-${way}`,
  tries: `another process in /proc: ${tries}`,
  program: 'proc-of-other',
  neighbour: true,
  args: ({ arena, neighbour }) => [
    way,
    neighbour.facts.pid.toString(),
    neighbour.facts.secretAddress,
    arena.secret,
    neighbour.facts.held.toString(),
  ],
  errno,
  event:
    notFiles.includes(way) || way === 'relative-cmdline'
      ? null
      : { kind: writes === true ? ['file.write', 'file.read'] : 'file.read', target: () => /proc|secret\.txt/ },
  twin: {
    args: ({ arena }) => [needsAnother(way, writes) ? 'status' : way, '0', '0', arena.inside, '0'],
  },
  ...(leaks === undefined ? {} : { leaks }),
  ...(bare === undefined ? {} : { bare }),
}));

defineTechniques('processes', [...reaching, ...proc]);

const settings = [
  ['its name', 'echo renamed > /proc/self/comm && read name < /proc/self/comm && echo "$name"', 'renamed'],
  [
    'its place when memory is short',
    'echo 700 > /proc/$$/oom_score_adj && read is < /proc/$$/oom_score_adj && echo "$is"',
    '700',
  ],
  [
    'what its core file would hold',
    'echo 1 > /proc/self/coredump_filter && read is < /proc/self/coredump_filter && echo "$is"',
    '00000001',
  ],
] as const;

test.for(settings)('a process changes %s, which the guardian opens', async ([, command, answer]) => {
  await inArena(async (arena) => {
    const done = await startContained(arena, '/bin/sh', ['-c', command]);
    expect(done.stdout.trim(), done.stderr).toBe(answer);
    expect(done.events.filter((event) => event.verdict === 'refused')).toEqual([]);
  });
});
