/**
 * The permission nested-sandbox: a browser makes its own sandbox of namespaces. With it, and only with it, exactly those are
 * made; and whoever is inside one gains nothing that the run does not have.
 */
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { decoys, looks, makeArena, removeArena } from './support/arena.ts';
import { compile, compileWhole } from './support/compile.ts';
import { Neighbour, neighbourArgument } from './support/neighbour.ts';
import { startBare, startContained } from './support/start.ts';
import { brief, defineTechniques, matchingEvents, type Scene, type Technique } from './support/technique.ts';
import type { EventKind } from '#contract/words.ts';
import type { Plan } from '#domain/plan-text.ts';

const permitted: Partial<Plan> = { permissions: ['nested-sandbox'] };
const contacts: Technique['witness'] = async ({ neighbour }) => (await neighbour.contacts()).join('\n');
const stream = ({ arena }: Scene): string => join(arena.neighbour, 'stream.sock');

/**
 * Contained, root has no capabilities left, and without them the kernel maps id 0 into no namespace: a namespace inside a
 * namespace is then refused by the kernel. Chromium itself refuses its sandbox to root.
 */
const isRoot = process.getuid?.() === 0;
const forms = ['user', 'sandbox', ...(isRoot ? [] : ['page'])];

/** Without the permission: each form is refused at its first call, by name. */
const without = forms.map((form): Technique => ({
  name: `namespaces-${form}`,
  tries: `make the namespaces of a browser's sandbox without the permission: ${form}`,
  program: 'in-namespaces',
  args: () => [form, '-', 'nothing'],
  errno: 'EPERM',
  event: {
    kind: 'syscall',
    target: () => (form === 'user' ? 'clone CLONE_NEWUSER' : 'clone CLONE_NEWUSER|CLONE_NEWPID|CLONE_NEWNET'),
  },
  twin: { args: () => [form, '-', 'nothing'], plan: () => permitted },
}));

interface Inside extends Pick<Technique, 'leaks' | 'witness' | 'bare' | 'neighbour'> {
  name: string;
  form?: 'user' | 'sandbox' | 'page';
  /** Name of another attack program, or `-`. */
  program: string;
  args: (scene: Scene) => readonly string[];
  errno: string | readonly string[];
  kind: EventKind | readonly EventKind[];
  target: (scene: Scene) => string | RegExp;
  plan?: (scene: Scene) => Partial<Plan>;
  twin?: { program?: string; args: (scene: Scene) => readonly string[]; form?: 'sandbox' | 'page' | 'none' };
}

const forbidden = (call: string, event: string, errno: string | readonly string[] = 'EPERM'): Inside => ({
  name: `call-${call}`,
  program: 'forbidden-call',
  args: ({ arena }) => [call, arena.outside],
  errno,
  kind: 'syscall',
  target: () => new RegExp(`^${event}\\b`),
  bare: 'offered',
  twin: { program: 'forbidden-call', args: () => ['getpid'] },
});

const oddSocket = (way: string): Inside => ({
  name: `socket-${way}`,
  program: 'make-socket',
  args: () => [way],
  errno: ['EACCES', 'EAFNOSUPPORT'],
  kind: 'syscall',
  target: () => /^socket /,
  bare: 'offered',
  twin: { program: 'make-socket', args: () => ['unix'] },
});

const inside: readonly Inside[] = [
  {
    name: 'read-outside',
    program: 'open-file',
    args: ({ arena }) => ['absolute', 'read', arena.secret],
    errno: 'EACCES',
    kind: 'file.read',
    target: ({ arena }) => arena.secret,
    leaks: decoys.outside,
    twin: { program: 'open-file', args: ({ arena }) => ['absolute', 'read', arena.inside] },
  },
  {
    name: 'read-outside-as-page',
    form: 'page',
    program: 'open-file',
    args: ({ arena }) => ['absolute', 'read', arena.secret],
    errno: 'EACCES',
    kind: 'file.read',
    target: ({ arena }) => arena.secret,
    leaks: decoys.outside,
    twin: { program: 'open-file', args: ({ arena }) => ['absolute', 'read', arena.inside], form: 'page' },
  },
  {
    name: 'change-mode-outside',
    program: 'change-attributes',
    args: ({ arena }) => ['chmod', arena.secret, arena.grant],
    errno: ['EACCES', 'EPERM'],
    kind: 'file.attr',
    target: ({ arena }) => arena.secret,
    witness: ({ arena }) => looks(arena.secret),
    twin: { program: 'change-attributes', args: ({ arena }) => ['chmod', arena.inside, arena.grant] },
  },
  {
    name: 'watch-outside',
    program: 'watch-folder',
    args: ({ arena }) => [arena.outside, '-'],
    errno: ['EACCES', 'EPERM'],
    kind: 'file.read',
    target: ({ arena }) => arena.outside,
    twin: { program: 'watch-folder', args: ({ arena }) => [arena.grant, '-'] },
  },
  {
    name: 'execute-memory',
    program: 'execute',
    args: ({ arena }) => ['memfd', compile('execute'), arena.grant],
    errno: ['EACCES', 'EPERM'],
    kind: 'exec',
    target: () => /./,
    twin: { program: 'execute', args: ({ arena }) => ['execve', compile('execute'), arena.grant] },
  },
  {
    name: 'unix-socket',
    program: 'unix-connect',
    args: (scene) => ['stream', stream(scene)],
    errno: 'EACCES',
    kind: 'unix.connect',
    target: stream,
    neighbour: true,
    witness: contacts,
    twin: { program: 'unix-connect', args: () => ['own', '-'] },
  },
  {
    name: 'arguments-of-a-stranger',
    program: 'proc-of-other',
    args: ({ neighbour }) => ['cmdline', neighbour.facts.pid.toString()],
    errno: 'EACCES',
    kind: 'file.read',
    target: ({ neighbour }) => `/proc/${neighbour.facts.pid.toString()}/cmdline`,
    neighbour: true,
    leaks: neighbourArgument,
    twin: { program: '-', args: () => ['signal-own-child'] },
  },
  {
    name: 'socket-from-outside',
    program: '-',
    args: ({ neighbour }) => ['inherited-connect', neighbour.facts.tcp.toString()],
    errno: 'EACCES',
    kind: 'net.connect',
    target: ({ neighbour }) => `127.0.0.1:${neighbour.facts.tcp.toString()}`,
    neighbour: true,
    witness: contacts,
    twin: { program: '-', args: () => ['pid-is-one'] },
  },
  {
    name: 'interface-up',
    program: '-',
    args: () => ['interface-up'],
    errno: 'EPERM',
    kind: 'syscall',
    target: () => 'ioctl',
    bare: 'offered',
    // Outside of namespaces interfaces can be asked for, as ever.
    twin: { program: '-', args: () => ['interface-ask'], form: 'none' },
  },
  ...[
    'raw-inet',
    'raw-inet6',
    'packet',
    'netlink-route',
    'netlink-netfilter',
    'netlink-generic',
    'tcp',
    'tcp6',
    'udplite',
  ].map(oddSocket),
  forbidden('mount', 'mount'),
  forbidden('umount2', 'umount2'),
  forbidden('open_tree', 'open_tree'),
  forbidden('setns', 'setns'),
  forbidden('unshare-mount', 'unshare CLONE_NEWNS'),
  forbidden('unshare-user-mount', 'unshare CLONE_NEWUSER\\|CLONE_NEWNS'),
  forbidden('unshare-net', 'unshare CLONE_NEWNET'),
  forbidden('unshare-ipc', 'unshare CLONE_NEWIPC'),
  forbidden('unshare-uts', 'unshare CLONE_NEWUTS'),
  forbidden('unshare-pid', 'unshare CLONE_NEWPID'),
  forbidden('clone-mount', 'clone CLONE_NEWNS'),
  forbidden('bpf', 'bpf'),
  forbidden('perf_event_open', 'perf_event_open'),
  forbidden('userfaultfd', 'userfaultfd'),
  forbidden('add_key', 'add_key'),
  forbidden('keyctl', 'keyctl'),
  forbidden('io_uring_setup', 'io_uring_setup', ['ENOSYS', 'EPERM']),
  // A root folder of its own: names then mean what they mean below it, for the supervisor too.
  {
    name: 'own-root-open',
    program: '-',
    args: ({ arena }) => ['root-open', arena.outside, '/secret.txt'],
    errno: 'EACCES',
    kind: 'file.read',
    target: ({ arena }) => arena.secret,
    leaks: decoys.outside,
    twin: { program: '-', args: ({ arena }) => ['root-open', arena.grant, '/inside.txt'] },
  },
  {
    name: 'own-root-chmod',
    program: '-',
    args: ({ arena }) => ['root-chmod', arena.outside, '/secret.txt'],
    errno: 'EACCES',
    kind: 'file.attr',
    target: ({ arena }) => arena.secret,
    witness: ({ arena }) => looks(arena.secret),
    twin: { program: '-', args: ({ arena }) => ['root-chmod', arena.grant, '/inside.txt'] },
  },
  {
    name: 'own-root-connect',
    program: '-',
    args: ({ arena }) => ['root-connect', arena.neighbour, '/stream.sock'],
    errno: 'EACCES',
    kind: 'unix.connect',
    target: stream,
    neighbour: true,
    witness: contacts,
    twin: { program: '-', args: () => ['pid-is-one'] },
  },
];

const start = (program: string, form: string, args: readonly string[]): string[] => [
  form,
  program === '-' ? '-' : compile(program),
  ...args,
];

const attacks = inside
  .filter(({ form }) => form === undefined || forms.includes(form))
  .map(({ name, form = 'sandbox', program, args, errno, kind, target, twin, plan, ...rest }): Technique => ({
    name: `inside-${name}`,
    tries: `from inside of its own namespaces: ${name}`,
    program: 'in-namespaces',
    args: (scene) => start(program, form, args(scene)),
    errno,
    event: { kind, target },
    plan: (scene) => ({ ...permitted, ...plan?.(scene) }),
    twin: {
      args: (scene) =>
        twin === undefined
          ? [form, '-', 'nothing']
          : start(twin.program ?? program, twin.form ?? 'sandbox', twin.args(scene)),
    },
    ...rest,
  }));

defineTechniques('nested sandbox', [...without, ...attacks]);

async function contained(args: (scene: Scene) => readonly string[], neighbour = false) {
  const arena = makeArena();
  const next = neighbour ? await Neighbour.start(arena) : undefined;
  try {
    const scene = { arena, neighbour: next as Neighbour };
    const seen = async (): Promise<string> =>
      next === undefined ? looks(arena.inside, arena.secret) : `${(await next.contacts()).join()} ${next.observed()}`;
    const before = await seen();
    const result = await startContained(arena, compile('in-namespaces'), args(scene), permitted);
    return { ...result, before, after: await seen(), arena };
  } finally {
    await next?.stop();
    removeArena(arena);
  }
}

describe('numbers and names mean what they mean inside', () => {
  const numbers = ['kill', 'kill-terminate', 'kill-group', 'tgkill', 'rt_sigqueueinfo', 'prlimit', 'setpriority'];
  test.for([...numbers, 'sched_setaffinity', 'ioprio_set'])(
    "%s of a stranger's number reaches nobody",
    async (call) => {
      const result = await contained(
        ({ neighbour }) => ['sandbox', compile('attack-process'), call, neighbour.facts.pid.toString(), '0', '0'],
        true,
      );
      expect(result.outcome, result.stderr).toMatchObject({ kind: 'refused' });
      expect(result.after).toBe(result.before);
    },
  );

  test.for(['prlimit', 'sched_setaffinity', 'setpriority', 'kill'])(
    '%s of a stranger, by a program that may not be looked into, is refused',
    async (call) => {
      // Executed but not read: the kernel keeps its namespaces from us, and nothing may follow from that.
      const arena = makeArena();
      const neighbour = await Neighbour.start(arena);
      try {
        const program = join(arena.readonly, 'hidden');
        compileWhole('attack-process', program);
        chmodSync(program, 0o111);
        const before = neighbour.observed();
        const args = [call, neighbour.facts.pid.toString(), '0', '0'];
        const result = await startContained(arena, program, args, { ...permitted, exec: [arena.readonly] });
        expect(result.outcome, result.stderr).toMatchObject({ kind: 'refused', errno: 'EPERM' });
        expect(matchingEvents(result.events, 'signal', /./)).not.toHaveLength(0);
        expect(`${neighbour.observed()} ${(await neighbour.contacts()).join()}`).toBe(`${before} `);
      } finally {
        await neighbour.stop();
        removeArena(arena);
      }
    },
  );

  test('its own processes answer to their own numbers', async () => {
    for (const form of forms) {
      const result = await contained(() => [form, '-', 'signal-own-child']);
      expect(result.outcome, `${form} ${result.stderr}${brief(result.events).join('\n')}`).toMatchObject({
        kind: 'reached',
      });
    }
  });

  test('a number that is a stranger outside is never written to through /proc', async () => {
    const result = await contained(
      ({ neighbour }) => ['sandbox', '-', 'map-of-other', neighbour.facts.pid.toString()],
      true,
    );
    expect(result.outcome).toMatchObject({ kind: 'refused', errno: 'EACCES' });
    expect(matchingEvents(result.events, 'file.write', /uid_map$/)).toHaveLength(1);
  });

  test.for(['root-chmod-up', 'root-open-up', 'root-connect-up'])(
    'nothing lies above its own root folder: %s',
    async (way) => {
      // As the kernel answers without us: the supervisor would find the file, and may change it.
      const arena = makeArena();
      try {
        const bare = await startBare(compile('in-namespaces'), [
          'sandbox',
          '-',
          way,
          join(arena.grant, 'sub'),
          arena.inside,
        ]);
        expect(bare.outcome).toMatchObject({ kind: 'refused', errno: 'ENOENT' });
        const mode = statSync(arena.inside).mode;
        const result = await startContained(
          arena,
          compile('in-namespaces'),
          ['sandbox', '-', way, join(arena.grant, 'sub'), arena.inside],
          permitted,
        );
        expect(result.outcome, result.stderr).toMatchObject({ kind: 'refused', errno: 'ENOENT' });
        expect(statSync(arena.inside).mode).toBe(mode);
      } finally {
        removeArena(arena);
      }
    },
  );

  test("what the run has of its own is not put into another root folder: /etc/resolv.conf and /dev/shm's names", async () => {
    for (const path of ['/etc/resolv.conf', '/dev/shm/own']) {
      const result = await contained(({ arena }) => ['sandbox', '-', 'root-open', join(arena.grant, 'sub'), path]);
      expect(result.outcome, result.stderr).toMatchObject({ kind: 'refused', errno: 'ENOENT' });
    }
  });

  test('what the kernel itself refuses inside is refused before it gets there', async () => {
    for (const call of ['fsopen', 'move_mount', 'mount_setattr', 'pivot_root', 'sethostname', 'open_by_handle_at']) {
      const result = await contained(({ arena }) => ['sandbox', compile('forbidden-call'), call, arena.outside]);
      expect(result.outcome, call).toMatchObject({ kind: 'refused', errno: 'EPERM' });
      expect(matchingEvents(result.events, 'syscall', call), brief(result.events).join('\n')).toHaveLength(1);
    }
  });

  test('nothing of a namespace outlives the run', async () => {
    const arena = makeArena();
    try {
      const heart = join(arena.grant, 'heart');
      const args = ['sandbox', compile('detach'), 'daemon', heart, 'exit'];
      await startContained(arena, compile('in-namespaces'), args, permitted);
      const size = (): number => statSync(heart, { throwIfNoEntry: false })?.size ?? 0;
      const before = size();
      await sleep(150);
      expect(size()).toBe(before);
    } finally {
      removeArena(arena);
    }
  });

  test('the start says what is weaker, and only then', async () => {
    const arena = makeArena();
    const other = makeArena();
    try {
      const weaker = async (place: typeof arena, plan: Partial<Plan>): Promise<string[]> => {
        const result = await startContained(place, compile('in-namespaces'), ['none', '-', 'nothing'], plan);
        const partial = result.events.find((event) => event.kind === 'run.start')?.start?.enforcement.partial ?? [];
        return partial.filter((line) => line.startsWith('kernel.namespaces:'));
      };
      expect(await weaker(arena, permitted)).toHaveLength(1);
      expect(await weaker(other, {})).toHaveLength(0);
    } finally {
      removeArena(arena);
      removeArena(other);
    }
  });
});
