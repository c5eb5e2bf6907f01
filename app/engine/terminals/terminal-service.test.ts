import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { TerminalMessage } from '#contract/terminal.ts';
import { terminalKept, terminalWindow } from '#contract/terminal.ts';
import { formatPlan, parsePlan } from '#domain/plan-text.ts';
import { plainPlan } from '#domain/testing/plain-plan.ts';
import type { PtyLaunch } from './ports.ts';
import { createTerminalService, type TerminalReading, type TerminalService } from './terminal-service.ts';
import { createEchoPty, type EchoPty } from './testing/echo-pty.ts';
import { foundServer } from './testing/echo-terminals.ts';

const links = new Map([
  ['/bin/sh', '/usr/bin/dash'],
  ['/opt/my tools', '/usr/bin'],
]);
/** What the host's own environment holds. */
const decoy = `ghp_${'d3C0y'.repeat(7)}x`;
const word = 'hunter2hunter2';
const size = { columns: 80, rows: 24 };

interface World {
  service: TerminalService;
  ptys: EchoPty[];
  launches: PtyLaunch[];
  /** By terminal: the plan that the launcher would read. */
  plans: Map<string, string>;
  serverPlan: string;
  env: Record<string, string>;
  args: string[];
  clock: { now: number };
  /** Happens while a terminal is being opened. */
  meanwhile: () => Promise<void>;
}

function makeWorld(): World {
  const world: World = {
    ptys: [],
    launches: [],
    plans: new Map(),
    serverPlan: formatPlan(plainPlan({ server: 'files', exec: ['/usr'] })),
    env: {},
    args: ['server.js', '${X}'],
    clock: { now: 1_000_000 },
    meanwhile: async () => undefined,
    service: undefined as unknown as TerminalService,
  };
  world.service = createTerminalService({
    places: { home: '/home/user' },
    ptys: {
      async start(launch) {
        world.launches.push(launch);
        await world.meanwhile();
        const pty = createEchoPty();
        world.ptys.push(pty);
        return pty;
      },
      shell: () => ['/bin/sh', '-i'],
    },
    programs: { find: async (names) => new Map(names.map((name) => [name, { path: name, openAt: null }])) },
    files: { resolve: async (path) => links.get(path) ?? path },
    expand: (text) => text.replace('${X}', 'x').replace('${GITHUB_TOKEN}', decoy).replace('${WORD}', word),
    terminalPlans: {
      async write(terminal, text) {
        world.plans.set(terminal, text);
        return `/run/${terminal}.plan`;
      },
      async remove(terminal) {
        world.plans.delete(terminal);
      },
    },
    plans: { read: async () => (world.serverPlan === '' ? null : world.serverPlan) },
    launcher: { install: async () => '/launcher' },
    events: {
      subscribe: async () => () => undefined,
    },
    find: async (handle) =>
      foundServer({ id: 'files', handle, launch: { command: 'node', args: world.args } }, world.env),
    log: { info: () => undefined, warn: () => undefined },
    now: () => world.clock.now,
    limits: { max: 2, idleMs: 60_000, detachedMs: 10_000 },
  });
  onTestFinished(async () => {
    for (const pty of world.ptys) pty.isPolite = true;
    await world.service.end();
  });
  return world;
}

function takeAll(reading: TerminalReading): TerminalMessage[] {
  const messages: TerminalMessage[] = [];
  for (;;) {
    const message = reading.take();
    if (message === null || message === undefined) return messages;
    messages.push(message);
  }
}

const textOf = (messages: readonly TerminalMessage[]): string =>
  messages.map((message) => (message.type === 'output' ? message.data : '')).join('');

describe('a terminal', () => {
  it('starts the shell through the launcher, with the plan and the command line of the server', async () => {
    const world = makeWorld();
    const terminal = await world.service.open({ server: 'cursor/files', ...size });
    expect(world.launches[0]).toEqual({
      program: '/launcher',
      args: [
        ...['terminal', terminal.id, '--plan', `/run/${terminal.id}.plan`, '--words', '2', '--', '/bin/sh', '-i'],
        ...['node', 'server.js', 'x'],
      ],
      env: {},
      cwd: '/home/user',
      ...size,
    });
    const plan = parsePlan(world.plans.get(terminal.id) ?? '');
    expect({ ...plan, set: [] }).toEqual({ ...parsePlan(world.serverPlan), set: [] });
    expect(terminal).toMatchObject({ server: 'files', grantedProgram: null, withheld: [], run: null, ended: null });
  });

  it('may run its own program where the server may not, that one alone, and says so', async () => {
    const world = makeWorld();
    world.serverPlan = formatPlan(plainPlan({ server: 'files', exec: ['/opt/node', 'runtime'] }));
    const terminal = await world.service.open({ server: 'files', ...size });
    expect(terminal.grantedProgram).toBe('/usr/bin/dash');
    expect(parsePlan(world.plans.get(terminal.id) ?? '').exec).toEqual(['/opt/node', 'runtime', '/usr/bin/dash']);
  });

  it('is granted nothing where the server may run its program by a link, whatever the link is called', async () => {
    const world = makeWorld();
    world.serverPlan = formatPlan(plainPlan({ server: 'files', exec: ['/opt/my tools'] }));
    const terminal = await world.service.open({ server: 'files', ...size });
    expect(terminal.grantedProgram).toBeNull();
    expect(parsePlan(world.plans.get(terminal.id) ?? '').exec).toEqual(['/opt/my tools']);
  });

  it('grants nothing that a caller names, be it a shell', async () => {
    const world = makeWorld();
    world.serverPlan = formatPlan(plainPlan({ server: 'files', exec: ['/opt/node'] }));
    for (const program of ['/home/user/.ssh/id_ed25519', '/bin/sh']) {
      const terminal = await world.service.open({ server: 'files', command: [program], ...size });
      expect(terminal.grantedProgram).toBeNull();
      expect(parsePlan(world.plans.get(terminal.id) ?? '').exec).toEqual(['/opt/node']);
    }
  });

  it('is not given secrets, neither moved ones nor those that stand in the file', async () => {
    const world = makeWorld();
    world.env = { API_TOKEN: 'kept-by-belljar:API_TOKEN', GITHUB_PASSWORD: 'hunter2hunter2', MODE: 'fast' };
    world.serverPlan = formatPlan(
      plainPlan({
        server: 'files',
        exec: ['/usr'],
        secrets: [{ name: 'API_TOKEN', as: 'variable', path: '/data/secrets/files/API_TOKEN.variable' }],
      }),
    );
    const terminal = await world.service.open({ server: 'files', ...size });
    expect(world.launches[0]?.env).toEqual({ MODE: 'fast' });
    expect(terminal.withheld).toEqual(['API_TOKEN', 'GITHUB_PASSWORD']);
    expect(world.plans.get(terminal.id)).not.toContain('secret ');
  });

  it('is not given secrets that the entry takes from the environment of whoever starts it', async () => {
    const world = makeWorld();
    world.env = {
      GITHUB_TOKEN: '${GITHUB_TOKEN}',
      PASSWORD: '${WORD} ${input:more}',
      MODE: '${X}',
      OTHER_TOKEN: '${unset}',
    };
    world.args = ['server.js', '--token', '${GITHUB_TOKEN}', '--mode', '${X}'];
    const terminal = await world.service.open({ server: 'files', ...size });
    for (const value of [decoy, word]) expect(JSON.stringify(world.launches)).not.toContain(value);
    expect(world.launches[0]?.env).toEqual({ MODE: 'x', OTHER_TOKEN: '${unset}' });
    expect(terminal.withheld).toEqual(['GITHUB_TOKEN', 'PASSWORD', '--token']);
  });

  it('has arguments that hold secrets empty, all others in their place, and those that its plan needs', async () => {
    const world = makeWorld();
    world.args = ['server.js', '--token', decoy, `--api-key=${decoy}`, `/srv/${decoy}?token=${decoy}`, '/srv/data'];
    const open = async () => {
      const { withheld } = await world.service.open({ server: 'files', ...size });
      return { args: world.launches.at(-1)?.args.slice(-6), withheld };
    };
    const { args, withheld } = await open();
    expect(args?.map((text) => text.replaceAll(decoy, '*'))).toEqual(['server.js', '--token', '', '', '', '/srv/data']);
    expect(withheld).toEqual(['--token', '--api-key', 'argument 5']);
    world.serverPlan = formatPlan(plainPlan({ server: 'files', exec: ['/usr'], write: ['arg:4', 'arg:5'] }));
    const needing = await open();
    expect(needing.args?.[4]).toBe(world.args[4]);
    expect(needing.withheld).toEqual(['--token', '--api-key']);
  });

  it.each([
    ['not-contained', ''],
    ['nothing-restricted', formatPlan(plainPlan({ server: 'files', level: 'watch' }))],
  ])('is refused as %s where nothing would hold it, and nothing starts', async (code, plan) => {
    const world = makeWorld();
    world.serverPlan = plan;
    await expect(world.service.open({ server: 'files', ...size })).rejects.toMatchObject({ code });
    expect(world.launches).toEqual([]);
  });

  it('gets what a new plan of its server says', async () => {
    const world = makeWorld();
    const terminal = await world.service.open({ server: 'files', ...size });
    world.serverPlan = formatPlan(plainPlan({ server: 'files', exec: ['/usr'], read: ['/notes'] }));
    await world.service.planWritten('others');
    expect(parsePlan(world.plans.get(terminal.id) ?? '').read).toEqual([]);
    await world.service.planWritten('files');
    expect(parsePlan(world.plans.get(terminal.id) ?? '').read).toEqual(['/notes']);
  });

  it('gets a plan of its server that is written while it is being opened', async () => {
    const world = makeWorld();
    world.meanwhile = async () => {
      world.serverPlan = formatPlan(plainPlan({ server: 'files', exec: ['/usr'], deny: ['/notes/private'] }));
      await world.service.planWritten('files');
    };
    const terminal = await world.service.open({ server: 'files', ...size });
    expect(parsePlan(world.plans.get(terminal.id) ?? '').deny).toEqual(['/notes/private']);
  });

  it('repeats for a reader that comes back what it had not seen, and says what was written before', async () => {
    const world = makeWorld();
    const { id } = await world.service.open({ server: 'files', ...size });
    const first = world.service.attach(id, 0, () => undefined);
    await world.service.input({ terminal: id, data: 'one' });
    expect(textOf(takeAll(first))).toBe('one');
    first.close();
    await world.service.input({ terminal: id, data: ' two' });
    const second = takeAll(world.service.attach(id, 3, () => undefined));
    expect(second[0]).toMatchObject({ type: 'start', from: 3, live: 7 });
    expect(textOf(second)).toBe(' two');
    const [start] = takeAll(world.service.attach(id, 999, () => undefined));
    expect(start).toMatchObject({ type: 'start', from: 7 });
  });

  it('has one reader: a new one takes over, and the old one is told', async () => {
    const world = makeWorld();
    const { id } = await world.service.open({ server: 'files', ...size });
    let woken = 0;
    const first = world.service.attach(id, 0, () => (woken += 1));
    takeAll(first);
    const second = world.service.attach(id, 0, () => undefined);
    expect(woken).toBe(1);
    expect(takeAll(first)).toEqual([{ type: 'taken' }]);
    expect(first.take()).toBeUndefined();
    first.close();
    await world.service.input({ terminal: id, data: 'x' });
    expect(textOf(takeAll(second))).toBe('x');
  });

  it('reads no more than the window that is not acknowledged, and keeps no more than it may', async () => {
    const world = makeWorld();
    const { id } = await world.service.open({ server: 'files', ...size });
    const [pty] = world.ptys;
    const reading = world.service.attach(id, 0, () => undefined);
    for (let piece = 0; piece < 100; piece += 1) pty?.pour('y\n'.repeat(4096));
    expect(pty?.isPaused).toBe(true);
    const seen = textOf(takeAll(reading)).length;
    expect(seen).toBeGreaterThanOrEqual(terminalWindow);
    expect(seen).toBeLessThan(terminalWindow + 8192 + 1);
    expect(pty?.isPaused).toBe(true);
    await world.service.acknowledge({ terminal: id, upTo: seen });
    expect(textOf(takeAll(reading)).length).toBeGreaterThan(0);
    // Whoever acknowledges what was never written gains nothing.
    await world.service.acknowledge({ terminal: id, upTo: Number.MAX_SAFE_INTEGER });
    for (let piece = 0; piece < 100; piece += 1) pty?.pour('y\n'.repeat(4096));
    expect(pty?.isPaused).toBe(true);
    const { terminals } = await world.service.list({});
    const late = takeAll(world.service.attach(id, 0, () => undefined));
    expect(textOf(late).length).toBeLessThanOrEqual(terminalKept);
    expect(late[0]).toMatchObject({ type: 'start', from: (terminals[0]?.written ?? 0) - textOf(late).length });
  });

  it('tells its end after its last output, and how it ended', async () => {
    const world = makeWorld();
    const { id } = await world.service.open({ server: 'files', ...size });
    const reading = world.service.attach(id, 0, () => undefined);
    takeAll(reading);
    world.ptys[0]?.pour('bye');
    world.ptys[0]?.finish({ code: 3, signal: null });
    const messages = takeAll(reading);
    expect(messages.map(({ type }) => type)).toEqual(['output', 'terminal']);
    expect(messages[1]).toMatchObject({ terminal: { ended: { code: 3, signal: null, cause: 'exit' } } });
    expect(reading.take()).toBeUndefined();
    expect(await world.service.input({ terminal: id, data: 'x' })).toEqual({});
  });

  it('is closed: asked, then made to end, and forgotten', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const world = makeWorld();
    const { id } = await world.service.open({ server: 'files', ...size });
    const [pty] = world.ptys;
    if (pty !== undefined) pty.isPolite = false;
    const closing = world.service.close({ terminal: id });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await closing).toMatchObject({ ended: { cause: 'closed', signal: 'SIGKILL' } });
    expect(pty?.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect((await world.service.list({})).terminals).toEqual([]);
    await expect(world.service.input({ terminal: id, data: 'x' })).rejects.toMatchObject({ code: 'no-such-terminal' });
    expect(world.plans.size).toBe(0);
  });

  it('ends when nobody shows it, or nothing happens in it, for a while; not before', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const world = makeWorld();
    const shown = await world.service.open({ server: 'files', ...size });
    world.service.attach(shown.id, 0, () => undefined);
    const left = await world.service.open({ server: 'files', ...size });
    world.clock.now += 9_000;
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await world.service.list({})).terminals.map(({ ended }) => ended)).toEqual([null, null]);
    world.clock.now += 2_000;
    await vi.advanceTimersByTimeAsync(5_000);
    const ended = async (): Promise<unknown[]> =>
      (await world.service.list({})).terminals.map(({ id, ended: end }) => [id, end?.cause]);
    expect(await ended()).toContainEqual([left.id, 'detached']);
    expect(await ended()).toContainEqual([shown.id, undefined]);
    world.clock.now += 60_000;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await ended()).toEqual([[shown.id, 'idle']]);
  });

  it('is one of a bounded number, also when many are opened at once; ended ones make room', async () => {
    const world = makeWorld();
    const results = await Promise.allSettled([1, 2, 3].map(() => world.service.open({ server: 'files', ...size })));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(results[2]).toMatchObject({ reason: { code: 'too-many-terminals' } });
    world.ptys[0]?.finish({ code: 0, signal: null });
    await expect.poll(async () => (await world.service.list({})).terminals[0]?.ended).not.toBeNull();
    await world.service.open({ server: 'files', ...size });
    expect((await world.service.list({})).terminals).toHaveLength(2);
  });

  it('keeps no input for a program that does not read it', async () => {
    const world = makeWorld();
    const { id } = await world.service.open({ server: 'files', ...size });
    if (world.ptys[0] !== undefined) world.ptys[0].isDeaf = true;
    await expect(world.service.input({ terminal: id, data: 'x' })).rejects.toMatchObject({ code: 'terminal-busy' });
  });

  it('passes a new size on, and tells it', async () => {
    const world = makeWorld();
    const { id } = await world.service.open({ server: 'files', ...size });
    const reading = world.service.attach(id, 0, () => undefined);
    takeAll(reading);
    await world.service.resize({ terminal: id, columns: 120, rows: 40 });
    expect(world.ptys[0]?.size).toEqual({ columns: 120, rows: 40 });
    expect(takeAll(reading)).toMatchObject([{ type: 'terminal', terminal: { columns: 120, rows: 40 } }]);
  });
});
