/** System calls that an MCP server has no business with, other entries into the kernel, terminals and programs in memory. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { looks, makeArena, readEvents, removeArena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { containedCommand, startBare, startContained } from './support/start.ts';
import { defineTechniques, matchingEvents, brief, type Technique } from './support/technique.ts';

const any = (): RegExp => /./;
const isRoot = process.getuid?.() === 0;

/** Name in techniques/forbidden-call.c, the name of the call in the event, and who gets through bare. */
interface Call {
  name: string;
  event?: string;
  bare?: Technique['bare'];
  errno?: readonly string[];
  silent?: boolean;
  twin?: string;
}

const everyone: readonly Call[] = [
  { name: 'unshare-user' },
  { name: 'unshare-user-mount' },
  { name: 'clone-user', event: 'clone' },
  { name: 'clone3-user', event: 'clone3', errno: ['ENOSYS'], silent: true, twin: 'clone-thread-fork' },
  { name: 'open_tree' },
  { name: 'userfaultfd' },
  { name: 'io_uring_setup', bare: 'offered', errno: ['ENOSYS', 'EPERM'] },
  { name: 'io_uring_enter', bare: 'offered', errno: ['ENOSYS', 'EPERM'] },
  { name: 'io_uring_register', bare: 'offered', errno: ['ENOSYS', 'EPERM'] },
  { name: 'personality-no-randomize', event: 'personality', twin: 'personality-query' },
  { name: 'personality-read-implies-exec', event: 'personality', twin: 'personality-query' },
  { name: 'add_key', bare: 'offered' },
  { name: 'request_key', bare: 'offered' },
  { name: 'keyctl', bare: 'offered' },
  { name: 'keyctl-session', event: 'keyctl', bare: 'offered' },
  { name: 'modify_ldt', bare: 'offered' },
  { name: 'ustat', errno: ['ENOSYS', 'EPERM'], bare: 'offered' },
  { name: 'sysfs', errno: ['ENOSYS', 'EPERM'], bare: 'offered' },
  { name: 'fanotify_init', bare: 'offered' },
  { name: 'semget', errno: ['EACCES', 'EPERM'] },
  { name: 'msgget', errno: ['EACCES', 'EPERM'] },
];

const rootOnly: readonly Call[] = [
  'unshare-mount',
  'unshare-net',
  'unshare-pid',
  'unshare-ipc',
  'unshare-uts',
  'unshare-cgroup',
  'unshare-time',
  'clone-mount',
  'setns',
  'chroot',
  'pivot_root',
  'mount',
  'umount2',
  'open_tree-clone',
  'move_mount',
  'fsopen',
  'fsmount',
  'fspick',
  'mount_setattr',
  'bpf',
  'perf_event_open',
  'reboot',
  'swapon',
  'swapoff',
  'acct',
  'syslog',
  'sethostname',
  'setdomainname',
  'settimeofday',
  'quotactl',
  'open_by_handle_at',
  'iopl',
  'ioperm',
  'vhangup-other',
].map((name): Call => ({ name, bare: 'root' }));

/** Calls that this machine's kernel may not have, or that answer the same to everyone before they look at a privilege. */
const maybe: readonly Call[] = [
  'init_module',
  'finit_module',
  'delete_module',
  'kexec_load',
  'kexec_file_load',
  'fsconfig',
  'quotactl_fd',
  'open_tree_attr',
  'lsm_set_self_attr',
  'clock_settime',
  'uselib',
].map((name): Call => ({ name, bare: isRoot ? 'offered' : 'root', errno: ['EPERM', 'EACCES', 'ENOSYS'] }));

const callOf: Record<string, string> = {
  'open_tree-clone': 'open_tree',
  'vhangup-other': 'vhangup',
  'clone-mount': 'clone',
};

const refusedCalls = [...everyone, ...rootOnly, ...maybe].map(
  ({ name, event, bare, errno = ['EPERM'], silent, twin = 'getpid' }): Technique => ({
    name: `call-${name}`,
    tries: `the system call ${name}${silent === true ? ' (libraries try it all the time and fall back: no event)' : ''}`,
    program: 'forbidden-call',
    args: ({ arena }) => [name, arena.outside],
    errno,
    event:
      silent === true
        ? null
        : { kind: 'syscall', target: () => new RegExp(`^${event ?? callOf[name] ?? name.replace(/-.*/, '')}\\b`) },
    twin: { args: () => [twin] },
    ...(bare === undefined ? {} : { bare }),
  }),
);

const foreign = ['int80-getpid', 'int80-mkdir', 'int80-chmod', 'int80-socketcall', 'x32-getpid', 'x32-chmod'].map(
  (way): Technique => ({
    name: `foreign-${way}`,
    tries: `enter the kernel by other numbers: ${way}`,
    program: 'foreign-abi',
    args: ({ arena }) => [way, way === 'int80-mkdir' ? join(arena.outside, 'made') : arena.secret],
    errno: ['EPERM', 'ENOSYS'],
    bare: 'offered',
    event: { kind: 'syscall', target: any },
    twin: { args: () => ['native', '-'] },
    ...(way === 'int80-mkdir' || way === 'int80-chmod'
      ? { witness: ({ arena }: { arena: { outside: string; secret: string } }) => looks(arena.outside, arena.secret) }
      : {}),
  }),
);

const executing = ['memfd', 'memfd-proc'].map((way): Technique => ({
  name: `execute-${way}`,
  tries: `execute a program that lies in memory (${way})`,
  program: 'execute',
  args: ({ arena }) => [way, compile('execute'), arena.grant],
  errno: ['EACCES', 'EPERM'],
  event: { kind: 'exec', target: any },
  twin: { args: ({ arena }) => ['execve', compile('execute'), arena.grant] },
}));

const outsideProgram: Technique['before'] = ({ arena }) => {
  writeFileSync(join(arena.readonly, 'program'), readFileSync(compile('execute')), { mode: 0o755 });
};

const executingOutside = ['execve', 'symlink', 'execveat-fd', 'fexecve-read-only', 'proc-fd', 'copied', 'script'].map(
  (way): Technique => ({
    name: `execute-not-granted-${way}`,
    tries: `execute a program that may only be read (${way})`,
    program: 'execute',
    before: outsideProgram,
    args: ({ arena }) => [way, join(arena.readonly, 'program'), arena.grant],
    errno: ['EACCES', 'EPERM'],
    event: { kind: 'exec', target: any },
    twin: { args: ({ arena }) => ['execve', compile('execute'), arena.grant] },
  }),
);

const racing: Technique = {
  name: 'race-execute',
  tries: 'put a program in memory in the place of an allowed one between the look and the start, 400 times',
  program: 'race-execute',
  args: () => [compile('race-execute'), '400'],
  errno: ['EACCES', 'EPERM'],
  event: null,
  twin: { program: 'execute', args: ({ arena }) => ['execve', compile('execute'), arena.grant] },
};

const watching: Technique = {
  name: 'inotify',
  tries: 'watch a folder outside',
  program: 'watch-folder',
  args: ({ arena }) => [arena.outside],
  errno: ['EACCES', 'EPERM'],
  event: { kind: ['file.read', 'syscall'], target: any },
  twin: { args: ({ arena }) => [arena.grant] },
};

const listener: Technique = {
  name: 'second-listener',
  tries: 'answer its own system calls with a second seccomp listener',
  program: 'second-listener',
  args: () => ['listener'],
  errno: 'EBUSY',
  event: null,
  twin: { args: () => ['filter'] },
};

defineTechniques('system calls', [
  ...refusedCalls,
  ...foreign,
  ...executing,
  ...executingOutside,
  racing,
  watching,
  listener,
]);

/** A terminal is needed: techniques/with-terminal.c gives one and says how many bytes were typed into it. */
test.for(['tiocsti', 'tiocsti-high-bits', 'tioclinux', 'tiocsetd'])('terminal: %s', async (way) => {
  const start = async (
    contained: boolean,
    what: string,
  ): Promise<{ typed: string; said: string; events: string[] }> => {
    const arena = makeArena();
    try {
      const report = join(arena.grant, 'typed');
      // The terminal is made outside, as a shell would have, and handed down as standard input.
      const wrapper = compile('with-terminal');
      const [command, args] = contained
        ? containedCommand(arena, compile('terminal'), [what])
        : [compile('terminal'), [what]];
      const result = await startBare(wrapper, [report, command, ...args]);
      const events = contained ? readEvents(arena.spool) : [];
      return {
        typed: readFileSync(report, 'utf8'),
        said: result.stdout.trim(),
        events: brief(matchingEvents(events, 'syscall', /./)),
      };
    } finally {
      removeArena(arena);
    }
  };
  const bare = await start(false, way);
  if (way.startsWith('tiocsti')) {
    const legacy = (() => {
      try {
        return readFileSync('/proc/sys/dev/tty/legacy_tiocsti', 'utf8').trim() === '1';
      } catch {
        return true;
      }
    })();
    if (isRoot || legacy) expect(bare).toMatchObject({ typed: '1', said: `REACHED ${way}` });
  } else expect(bare.said).toMatch(/^REACHED|^REFUSED EPERM/);
  const contained = await start(true, way);
  expect(contained.said).toMatch(/^REFUSED EPERM/);
  expect(contained.typed).toBe('0');
  expect(contained.events.join('\n')).toContain('refused');
  expect((await start(true, 'size')).said).toBe('REACHED size');
});

test.for(['new-480', 'new-511', 'new-1000', 'new-large', 'new-negative'])(
  'a call that no kernel of today knows is answered as missing: %s',
  async (name) => {
    const arena = makeArena();
    try {
      const result = await startContained(arena, compile('forbidden-call'), [name]);
      expect(result.outcome).toEqual({ kind: 'refused', errno: 'ENOSYS', step: name });
    } finally {
      removeArena(arena);
    }
  },
);

test('a known limit: a program that may be read can be mapped by the dynamic loader, and has the same walls', async () => {
  const arena = makeArena();
  try {
    const program = join(arena.readonly, 'program');
    writeFileSync(program, readFileSync(compile('open-file')), { mode: 0o755 });
    const loader = readFileSync(program).includes('/lib64/ld-linux-x86-64.so.2') ? '/lib64/ld-linux-x86-64.so.2' : '';
    if (loader === '') return;
    const direct = await startContained(arena, '/bin/sh', ['-c', `exec "${program}" absolute read "${arena.secret}"`]);
    expect(direct.outcome.kind).toBe('other');
    const mapped = await startContained(arena, loader, [program, 'absolute', 'read', arena.secret]);
    expect(mapped.outcome).toEqual({ kind: 'refused', errno: 'EACCES', step: 'open' });
  } finally {
    removeArena(arena);
  }
});
