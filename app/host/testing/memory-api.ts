/**
 * An engine in memory, for tests of the host alone: the same shapes, errors and events as the real one, no files, no
 * processes. Its servers can be contained, levelled and released, and each change is seen by the next list.
 */
import type { HistoryEntry } from '#contract/decision.ts';
import { BelljarError } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import type { Mute } from '#contract/event-search.ts';
import type { ChangeResult, RuleChange } from '#contract/methods.ts';
import type { EffectivePolicy } from '#contract/policy.ts';
import type { Machine, Probe, Run, Server } from '#contract/server.ts';
import type { LaunchedLevel, Level } from '#contract/words.ts';
import { createQuestionService } from '#engine/questions/question-service.ts';
import { createEchoTerminals } from '#engine/terminals/testing/echo-terminals.ts';
import { defined, plainGroups, plainSearch, plainStorage } from '#platform/history/testing/plain-search.ts';
import type { HostEngine } from '../host.ts';

const at = '2026-01-02T03:04:05.678Z';

const probe: Probe = {
  v: 1,
  launcher: '/data/bin/belljar-launcher',
  system: 'linux',
  kernel: '6.18',
  architecture: 'x86_64',
  landlockAbi: 7,
  seccompFilter: true,
  seccompNotify: true,
  notifyAddfd: true,
  notifySyncWake: true,
  pidfdGetfd: true,
  userNamespaces: true,
  groupMemory: false,
  groupProcesses: false,
  enforcement: { full: ['landlock.files', 'seccomp.filter'], partial: [], missing: [] },
};

const machine: Machine = {
  system: 'linux',
  user: 'someone',
  home: '/home/someone',
  version: '0.1.0',
  probe,
  probeError: null,
  enforcementSentence: 'Everything is enforced on this machine.',
  problems: [],
};

function makeServer(name: string): Server {
  return {
    id: `claude-desktop.${name}`,
    handle: `claude-desktop/${name}`,
    client: 'claude-desktop',
    clientTitle: 'Claude Desktop',
    scope: 'user',
    name,
    file: '/home/someone/.config/Claude/claude_desktop_config.json',
    command: 'node',
    args: ['server.js'],
    env: ['API_TOKEN'],
    level: 'off',
    state: 'off',
    uptake: 'quit-and-start',
    uptakeSentence: 'Quit Claude Desktop completely (also from the tray) and start it again.',
    liveRuns: 0,
    lastRun: null,
    denialsLastHour: 0,
    withheld: [],
    project: null,
    sharedWith: [],
    sameAs: [],
    notes: [],
    autoApprove: false,
    headers: [],
    risk: { score: 20, grade: 'raised', reasons: [{ code: 'newest-package', what: ['pkg'] }] },
    network: null,
    fetches: null,
    pin: null,
    secrets: [],
  };
}

export function makeEvent(seq: number, overrides: Partial<Event> = {}): Event {
  return {
    v: 1,
    seq,
    at,
    firstAt: at,
    run: 'run-1',
    server: 'claude-desktop.files',
    kind: 'file.read',
    target: '/home/someone/.ssh/id_ed25519',
    verdict: 'refused',
    by: 'predicted',
    errno: 'EACCES',
    count: 1,
    process: { pid: 42, exe: '/usr/bin/node' },
    known: 'ssh-keys',
    ...overrides,
  };
}

const run: Run = {
  run: 'run-1',
  server: 'claude-desktop.files',
  startedAt: at,
  endedAt: null,
  live: true,
  denials: 1,
  start: null,
  end: null,
};

const mute: Mute = { id: '0123456789ab', at, server: null, kind: null, target: '/srv/noise/*' };

export interface MemoryEngine extends HostEngine {
  readonly servers: Map<string, Server>;
  emit(event: Event): void;
  /** As if a client's file had changed on disk. */
  touch(): void;
  /** Calls that `slowMs` kept waiting, and those of them that were told to give up. */
  readonly delayed: string[];
  readonly aborted: string[];
  /** Links that were handed to the browser. */
  readonly opened: string[];
  /** Makes `servers.check` take this long. */
  slowMs: number;
}

const decision: HistoryEntry = {
  id: '00000000000000a1',
  at,
  door: 'command-line',
  action: 'contain',
  server: 'claude-desktop.files',
  file: null,
  summary: 'contained at standard',
  changes: [{ of: 'contained', before: false, after: true }],
  undoes: null,
  undone: false,
};

export function createMemoryEngine(): MemoryEngine {
  const servers = new Map(['files', 'notes'].map((name) => [`claude-desktop.${name}`, makeServer(name)]));
  const listeners = new Set<(event: Event) => void>();
  const watchers = new Set<() => void>();
  const events: Event[] = [makeEvent(1)];
  const delayed: string[] = [];
  const aborted: string[] = [];
  const opened: string[] = [];

  function find(handle: string): Server {
    const found = servers.get(handle) ?? [...servers.values()].find((server) => server.handle === handle);
    if (found === undefined) throw new BelljarError('not-found', { params: { server: handle } });
    return found;
  }

  function set(server: Server, level: Level): Server {
    const state = level === 'off' ? 'off' : level === 'watch' ? 'watched' : 'contained';
    const next: Server = { ...server, level, state };
    servers.set(server.id, next);
    return next;
  }

  function policy(server: Server): EffectivePolicy {
    const level: LaunchedLevel = server.level === 'off' ? 'standard' : server.level;
    return { v: 1, server: server.id, level, network: 'open', rules: [], withheld: [], limits: {} };
  }

  function change(handles: 'all' | string[], act: (server: Server) => Server): ChangeResult[] {
    const chosen = handles === 'all' ? [...servers.values()] : handles.map(find);
    return chosen.map((server) => {
      const next = act(server);
      return { id: next.id, changed: next.level !== server.level, state: next.state, file: next.file };
    });
  }

  const ruleChange = (handle: string, rule: string | null): RuleChange => {
    const server = find(handle);
    return { id: server.id, rule, level: server.level, effective: 'restart', policy: policy(server) };
  };

  const questions = createQuestionService({
    browser: {
      async open(url) {
        opened.push(url);
        return true;
      },
    },
    judge: async (id) => {
      const server = servers.get(id);
      return server === undefined ? null : { handle: server.handle, verdict: 'ask' };
    },
    judgeAccess: async () => null,
    grant: async ({ server, verb, what }) => ruleChange(server, `${verb}:${what}`),
    log: { info: () => undefined, warn: () => undefined },
    now: Date.now,
  });

  const terminals = createEchoTerminals((handle) => {
    const { id, handle: known, command, args } = find(handle);
    return { id, handle: known, launch: { command: command ?? '', args } };
  });

  const engine: MemoryEngine = {
    servers,
    delayed,
    aborted,
    opened,
    slowMs: 0,
    emit(event) {
      events.push(event);
      for (const listener of listeners) listener(event);
    },
    touch() {
      for (const watcher of watchers) watcher();
    },
    async subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onQuestion: questions.subscribe,
    questionAudience: questions.audience,
    attachTerminal: terminals.attach,
    endTerminals: terminals.end,
    close: async () => undefined,
    async watch(onChange) {
      watchers.add(onChange);
      return async () => void watchers.delete(onChange);
    },
    api: {
      'machine.get': async () => machine,
      'machine.paths': async () => ({ paths: [{ name: 'data', path: '/home/user/.local/share/belljar' }] }),
      'machine.probe': async () => probe,
      'machine.selftest': async () => ({
        lines: [{ code: 'read', tried: 'read a decoy', outcome: 'refused', asExpected: true, detail: 'EACCES' }],
      }),
      'machine.doctor': async ({ repair }) => ({
        findings: [{ code: 'launcher', severity: 'ok', sentence: 'Sound.', repairable: false, repaired: repair }],
      }),
      'servers.look': async () => ({}),
      'servers.list': async ({ client, state }) => ({
        v: 1,
        machine,
        servers: [...servers.values()].filter(
          (server) => (client ?? server.client) === server.client && (state ?? server.state) === server.state,
        ),
      }),
      'servers.rollout': async () => ({ v: 1, steps: [], contained: servers.size, cannot: [] }),
      'servers.audit': async () => ({ v: 1, clean: true, findings: [], limits: [] }),
      'servers.show': async ({ server }) => ({
        server: find(server),
        policy: null,
        resources: [],
        events,
        runs: [run],
        untilStop: [],
        afterRestart: { comes: [], goes: [] },
      }),
      'servers.check': async ({ server, level }, signal) => {
        const found = find(server);
        if (engine.slowMs > 0) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, engine.slowMs);
            signal?.addEventListener('abort', () => {
              clearTimeout(timer);
              aborted.push(found.id);
              resolve();
            });
            delayed.push(found.id);
          });
        }
        return {
          server: found.id,
          level: level ?? 'standard',
          verdict: 'works',
          sentence: 'It works contained.',
          bare: { outcome: 'works', initializeMs: 120, tools: 3, error: null },
          contained: { outcome: 'works', initializeMs: 121, tools: 3, error: null },
          same: true,
          differences: [],
          refused: [],
        };
      },
      'servers.diff': async ({ server }) => ({
        file: find(server).file,
        before: '{}',
        after: '{ }',
        unified: '-{}\n+{ }',
      }),
      'servers.contain': async ({ servers: handles, level, dryRun }) => ({
        results: change(handles, (server) => (dryRun ? server : set(server, level ?? 'standard'))),
      }),
      'servers.release': async ({ servers: handles, dryRun }) => ({
        results: change(handles, (server) => (dryRun ? server : set(server, 'off'))),
      }),
      'servers.level': async ({ server, level }) => {
        set(find(server), level);
        return ruleChange(server, null);
      },
      'secrets.move': async ({ server, names, dryRun }) => ({
        id: find(server).id,
        changed: !dryRun,
        names: names === 'all' ? ['API_TOKEN'] : names,
        diff: { file: find(server).file, before: '{}', after: '{ }', unified: '-{}\n+{ }' },
        effective: 'now',
      }),
      'secrets.restore': async ({ server, names }) => {
        throw new BelljarError('secret-missing', {
          file: find(server).file,
          params: { name: names === 'all' ? 'API_TOKEN' : (names[0] ?? '') },
        });
      },
      'policies.grant': async ({ server, verb, what, dryRun }) => ({
        ...ruleChange(server, `${verb}:${what}`),
        changed: dryRun !== true,
        runs: [],
        diff: '',
      }),
      'policies.revoke': async ({ server, verb, what }) => {
        find(server);
        throw new BelljarError('no-such-rule', { params: { rule: `${verb}:${what}`, server } });
      },
      'policies.hosts': async ({ server }) => ({
        id: find(server).id,
        network: 'open',
        hosts: [
          {
            host: 'api.example.com',
            port: 443,
            domain: 'example.com',
            address: '93.184.216.34:443',
            near: false,
            allowed: 3,
            refused: 0,
            lastAt: at,
          },
        ],
      }),
      'policies.limit': async ({ server, hosts, dryRun }) => ({
        id: find(server).id,
        level: find(server).level,
        changed: !dryRun,
        before: 'open',
        after: 'hosts',
        hosts: hosts ?? [],
        groups: [],
        unlisted: 0,
        diff: '-network open\n+network hosts\n',
        effective: 'restart',
      }),
      'paths.complete': async () => ({
        entries: [{ path: '/home/someone/notes/', folder: true }],
        more: false,
        outside: false,
      }),
      'policies.explain': async ({ server, what, access }) => ({
        verdict: find(server).level === 'off' ? 'allowed' : 'refused',
        subject: 'file',
        target: what,
        access: access ?? 'read',
        rule: null,
        source: null,
        enforcedBy: 'landlock',
        effective: 'now',
        change: `belljar grant ${server} read ${what}`,
      }),
      'events.list': async ({ limit }) => ({ events: events.slice(-(limit ?? 100)) }),
      'events.search': async ({ order = 'newest', limit = 100, after, text }) =>
        plainSearch(events, { order, limit, ...defined({ after, text }) }),
      'events.groups': async ({ limit = 100 }) => plainGroups(events, { limit }),
      'events.mutes': async () => ({ mutes: [mute] }),
      'events.mute': async (rule) => ({ mute: { ...mute, ...rule } }),
      'events.unmute': async ({ id }) => {
        if (id !== mute.id) throw new BelljarError('no-such-mute');
        return { mute };
      },
      'storage.get': async () => plainStorage,
      'storage.set': async (change) => ({
        ...plainStorage,
        retention: { ...plainStorage.retention, ...defined(change) },
      }),
      'storage.rebuild': async () => ({ ...plainStorage, rebuilt: { at, reason: 'asked' } }),
      'runs.list': async () => ({ runs: [run] }),
      'pins.pin': async ({ server: handle, update, dryRun }) => {
        const server = find(handle);
        const version = update ? '1.1.0' : '1.0.0';
        const changes = {
          package: 'pkg',
          from: server.pin?.version ?? null,
          to: version,
          publisherBefore: null,
          publisher: 'someone',
          added: [],
          removed: [],
          changed: [],
          replaced: [],
          scripts: [],
        };
        const pin = { package: 'pkg', version, at, publisher: 'someone', problem: null };
        const changed = server.pin?.version !== version;
        if (!dryRun) servers.set(server.id, { ...server, pin });
        return { id: server.id, changed, pin: dryRun ? server.pin : pin, changes, effective: 'now' };
      },
      'pins.unpin': async ({ server: handle }) => {
        const server = find(handle);
        if (server.pin === null) throw new BelljarError('not-pinned', { params: { server: server.handle } });
        servers.set(server.id, { ...server, pin: null });
        return { id: server.id, changed: true, effective: 'now' };
      },
      'pins.outdated': async () => ({ servers: [] }),
      'runs.stop': async ({ run: id }) => {
        if (id !== run.run) throw new BelljarError('no-such-run', { params: { run: id } });
        return { ...run, live: false, endedAt: at };
      },
      'policies.resources': async ({ server }) => {
        const found = find(server);
        return { id: found.id, level: found.level, changed: true, resources: [], effective: 'now' };
      },
      'policies.sight': async ({ server, sight }) => {
        const found = find(server);
        return {
          id: found.id,
          level: found.level,
          changed: true,
          chosen: sight ?? 'full',
          hindrances: [],
          effective: 'now',
        };
      },
      'history.list': async () => ({ entries: [decision] }),
      'history.undo': async () => ({
        undone: { ...decision, undone: true },
        decision: { ...decision, id: '00000000000000b2', action: 'undo', undoes: decision.id },
        effective: 'now',
      }),
      'terminals.open': terminals.open,
      'terminals.list': terminals.list,
      'terminals.close': terminals.close,
      'terminals.resize': terminals.resize,
      'terminals.input': terminals.input,
      'terminals.acknowledge': terminals.acknowledge,
      'log.tail': async () => ({ lines: [], file: '/home/user/.local/state/belljar/log/host.log', earlier: false }),
      'questions.list': questions.list,
      'questions.ask': questions.ask,
      'questions.answer': questions.answer,
      'questions.wait': questions.wait,
      'demo.run': async () => ({ rows: [], events: [], sentence: 'Free, all got through; contained, nothing.' }),
    },
  };
  return engine;
}
