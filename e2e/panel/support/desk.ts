/**
 * A desk: the real handler, feed and loopback guard over an engine in memory, so that every state of the page can be
 * made in a moment: very full, hostile, failing. What the real engine does stands in real-host.spec.ts.
 *
 * The host's parts are put together here, not by createHost, so that it can vanish without a word (as when it is killed)
 * and answer again with the same keys (as after a computer slept).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BelljarError } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import type { EventGrouping, Mute } from '#contract/event-search.ts';
import type { Secret } from '#contract/secret.ts';
import type { CheckResult, FileDiff, Resource, Server } from '#contract/server.ts';
import type { LaunchedLevel, Level, NetworkMode, QuestionAnswer, RuleVerb } from '#contract/words.ts';
import type { PinChanges } from '#contract/pin.ts';
import { passingVerbSchema, type EffectivePolicy, type Explanation } from '#contract/policy.ts';
import { isLiveVerb, toErrorBody } from '#contract/sentences.ts';
import { areaDefaults } from '#domain/area-defaults.ts';
import { patternReach } from '#domain/pattern.ts';
import { planRollout } from '#domain/rollout.ts';
import { hostGroups, proposedHosts } from '#domain/seen-hosts.ts';
import { makeRule } from '#domain/rules.ts';
import { unifiedDiff } from '#domain/unified-diff.ts';
import type { FeedHub } from '#host/feed-hub.ts';
import { createFeedHub } from '#host/feed-hub.ts';
import { createHandler } from '#host/handler.ts';
import type { EngineApi } from '#host/host.ts';
import { createEchoTerminals } from '#engine/terminals/testing/echo-terminals.ts';
import type { GrantResult, Output } from '#contract/methods.ts';
import { createSessions, guardLoopbackDoor } from '#host/loopback-door.ts';
import { createNodeServer } from '#host/node-door.ts';
import type { ServerNews } from '#host/server-news.ts';
import { createServerNews } from '#host/server-news.ts';
import { auditServers } from '#engine/servers/audit.ts';
import { accessVerdict, type AccessContext } from '#engine/questions/access-verdict.ts';
import { secretPlaces } from '#domain/secret-places.ts';
import { foldersOf, ownFoldersOf } from '#domain/testing/policies.ts';
import type { HistoryQuery } from '#engine/events/ports.ts';
import { createQuestionService } from '#engine/questions/question-service.ts';
import type { QuestionInput, QuestionOutcome } from '#contract/question.ts';
import { defined, plainGroups, plainSearch, plainStorage } from '#platform/history/testing/plain-search.ts';
import { projectRoot } from '../../confinement/support/places.ts';
import type { Scene } from './fixtures.ts';
import { demoResult } from './fixtures.ts';

const logFile = '/home/mara/.local/state/belljar/log/host.log';
export const rendererFolder = join(projectRoot, 'dist/renderer');

type PassingPreview = NonNullable<GrantResult['untilStop']>;

export interface Desk {
  readonly origin: string;
  /** An address that signs in one page, once. */
  address: () => string;
  /** Calls of the engine, as `method input`, oldest first. */
  readonly calls: { method: string; input: unknown }[];
  readonly servers: Map<string, Server>;
  /** As a run's guardian asks. */
  ask: (input: Omit<QuestionInput, 'granted'>) => Promise<QuestionOutcome>;
  /** As a person does elsewhere. */
  answer: (target: string, answer: QuestionAnswer) => Promise<void>;
  /** Rules that a person gave this server, as `verb:what`. */
  rules: (server: string) => string[];
  /** Links that were handed to the browser. */
  readonly opened: string[];
  emit: (...events: Event[]) => void;
  /** Replaces a server and tells the host that something changed. */
  change: (server: Server) => void;
  /** The next call of this method fails so, or is answered by this. */
  next: <M extends keyof EngineApi>(method: M, answer: BelljarError | EngineApi[M]) => void;
  /** Every call of this method fails so, until the answer is called. */
  every: (method: keyof EngineApi, error: BelljarError) => () => void;
  /** Pages that follow the feed. */
  readonly readers: number;
  /** As if the host died: connections break, nobody answers. */
  stop: () => Promise<void>;
  /** Somebody answers at the same address again, with a new epoch. */
  startAgain: () => Promise<void>;
  close: () => Promise<void>;
}

const errorLog = {
  error: (code: string, error: unknown) => {
    console.error(`host: ${code}`, error);
  },
};

function stateOf(level: Level): Server['state'] {
  return level === 'off' ? 'off' : level === 'watch' ? 'watched' : 'contained';
}

export function diffOf(server: Server, to: Level): FileDiff {
  const before = [
    `      "command": ${JSON.stringify(server.command)},`,
    `      "args": ${JSON.stringify(server.args)}`,
  ];
  const after = [
    '      "command": "/home/mara/.local/share/belljar/bin/belljar-launcher",',
    `      "args": ${JSON.stringify(['run', server.id, '--', server.command, ...server.args])}`,
  ];
  const [from, into] = to === 'off' ? [after, before] : [before, after];
  return {
    file: server.file,
    before: from.join('\n'),
    after: into.join('\n'),
    unified: [
      `--- ${server.file}`,
      `+++ ${server.file}`,
      '@@ -2,6 +2,6 @@',
      '   "mcpServers": {',
      `     ${JSON.stringify(server.name)}: {`,
      ...from.map((line) => `-${line}`),
      ...into.map((line) => `+${line}`),
      '     }',
      '   }',
    ].join('\n'),
  };
}

/** What a move of secrets changes is not what the panel shows. */
function emptyDiff(server: Server): FileDiff {
  return { file: server.file, before: '', after: '', unified: '' };
}

export function checkOf(server: Server, overrides: Partial<CheckResult> = {}): CheckResult {
  return {
    server: server.id,
    level: 'standard',
    verdict: 'works',
    sentence: 'It works contained and answers exactly as before.',
    bare: { outcome: 'works', initializeMs: 212, tools: 11, error: null },
    contained: { outcome: 'works', initializeMs: 219, tools: 11, error: null },
    same: true,
    differences: [],
    refused: [],
    ...overrides,
  };
}

export function pinChangesOf(server: Server, to: string): PinChanges {
  const from = server.pin?.version ?? null;
  return {
    package: server.fetches?.package ?? server.pin?.package ?? 'a-package',
    from,
    to,
    publisherBefore: from === null ? null : 'mara-packages',
    publisher: from === null ? 'mara-packages' : 'somebody-else',
    added: from === null ? [{ name: 'a-package', version: to }] : [{ name: 'left-pad', version: '9.0.0' }],
    removed: [],
    changed: from === null || from === to ? [] : [{ name: 'a-package', from, to }],
    replaced: [],
    scripts: [],
  };
}

export async function openDesk(scene: Scene): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), 'belljar-panel-'));
  const servers = new Map(scene.servers.map((server) => [server.id, server]));
  const events = [...scene.events];
  const mutes = new Map<string, Mute>();
  const rules = new Map<string, { verb: EffectivePolicy['rules'][number]['verb']; what: string }[]>(
    [...(scene.grants ?? [])].map(([id, folders]) => [id, folders.map((what) => ({ verb: 'read', what }))]),
  );
  /** What was granted until it stops. */
  const passing: typeof rules = new Map();
  const runsOf = ({ liveRuns }: Server): string[] =>
    Array.from({ length: Math.max(1, liveRuns) }, (_, index) => `run-${index.toString()}`);
  const rulesDiff = (
    title: string,
    before: { verb: string; what: string }[],
    rule: (typeof before)[number],
  ): string => {
    const text = (list: typeof before): string => list.map(({ verb, what }) => `${verb} ${what}\n`).join('');
    return unifiedDiff(title, text(before), text([...before, rule]));
  };
  function passingOf(server: Server, rule: { verb: RuleVerb; what: string }): PassingPreview {
    const isPassing = passingVerbSchema.safeParse(rule.verb).success;
    const hindrance = !isPassing ? 'at-start' : server.liveRuns === 0 ? 'not-running' : null;
    if (hindrance === null)
      return {
        runs: runsOf(server),
        diff: rulesDiff(`${server.handle} until it stops`, passing.get(server.id) ?? [], rule),
      };
    const command = `belljar grant ${server.handle} ${rule.verb} ${rule.what}`;
    return {
      error: toErrorBody(new BelljarError('not-until-stop', { params: { hindrance, server: server.handle, command } })),
    };
  }
  const sessions = createSessions(folder);
  let feed: FeedHub;
  let news: ServerNews;
  const calls: Desk['calls'] = [];
  const planned = new Map<string, unknown[]>();
  const failing = new Map<string, BelljarError>();

  function find(handle: string): Server {
    const found = servers.get(handle) ?? [...servers.values()].find((server) => server.handle === handle);
    if (found === undefined) throw new BelljarError('not-found', { params: { server: handle } });
    return found;
  }

  function queryOf({ server, since, until, hideMuted, ...same }: Omit<EventGrouping, 'limit'>): HistoryQuery {
    return defined({
      ...same,
      server: server === undefined ? undefined : find(server).id,
      sinceMs: since === undefined ? undefined : Date.parse(since),
      untilMs: until === undefined ? undefined : Date.parse(until),
      mutes: hideMuted === true ? [...mutes.values()] : undefined,
    });
  }

  function set(server: Server, level: Level): Server {
    const next: Server = { ...server, level, state: stateOf(level) };
    delete next.drift;
    servers.set(server.id, next);
    news.changed();
    return next;
  }

  function policy(server: Server): EffectivePolicy {
    const level: LaunchedLevel = server.level === 'off' ? 'standard' : server.level;
    return {
      v: 1,
      server: server.id,
      level,
      network: server.network?.mode ?? 'open',
      rules: [
        { id: 'read:/usr', verb: 'read', what: '/usr', source: 'runtime' },
        {
          id: 'write:/home/mara/Documents',
          verb: 'write',
          what: '/home/mara/Documents',
          source: 'argument',
          brokered: true,
        },
        ...areaDefaults.filter(({ what }) => !(rules.get(server.id) ?? []).some((rule) => rule.what === what)),
        ...(rules.get(server.id) ?? []).map(({ verb, what }) => ({
          id: `${verb}:${what}`,
          verb,
          what,
          source: 'person' as const,
        })),
      ],
      withheld: [],
      limits: {},
    };
  }

  const resources: Resource[] = [
    { name: 'memory', value: 4 * 1024 ** 3, source: 'level', by: 'cgroup' },
    { name: 'processes', value: 2048, source: 'level', by: 'cgroup' },
    { name: 'open-files', value: null, source: 'person', by: null },
    { name: 'cpu-time', value: 600, source: 'person', by: 'rlimit' },
  ];
  /** The level's own rule about a name, where it has one. */
  function decidedBy(path: string): Pick<Explanation, 'rule' | 'source'> {
    const found = areaDefaults.find(({ verb, what }) => verb !== 'write' && patternReach(what, '/', path) >= 0);
    return found === undefined
      ? { rule: null, source: null }
      : { rule: { id: found.id, source: 'level' }, source: 'level' };
  }

  const accessContext = (handle: string): AccessContext => {
    const home = '/home/mara';
    const folders = foldersOf(home);
    const own = ownFoldersOf(home);
    return { server: handle, folders, own, secrets: secretPlaces(folders, own) };
  };
  const opened: string[] = [];
  const questions = createQuestionService({
    browser: {
      async open(url) {
        opened.push(url);
        return true;
      },
    },
    judgeAccess: async (id, about) => {
      const server = servers.get(id);
      if (server === undefined) return null;
      const asking = makeRule('permission', 'ask-access', 'person', 'person');
      const effective = policy(server);
      const given = (rules.get(id) ?? []).map((rule) => ({ ...rule, at: '' }));
      const verdict = accessVerdict(
        { ...effective, rules: [...effective.rules, asking] },
        given,
        about,
        accessContext(server.handle),
      );
      return { handle: server.handle, ...verdict };
    },
    judge: async (id) => ({ handle: servers.get(id)?.handle ?? id, verdict: 'ask' }),
    grant: (input) => answers['policies.grant'](input),
    log: { info: () => undefined, warn: () => undefined },
    now: Date.now,
  });
  questions.subscribe((item) => {
    feed.publish(item);
  });

  // The service itself, over programs that repeat what is typed.
  const terminals = createEchoTerminals((handle) => {
    const { id, handle: known, command, args } = find(handle);
    return { id, handle: known, launch: { command: command ?? '', args } };
  });

  const answers: EngineApi = {
    'machine.get': async () => scene.machine,
    'machine.paths': async () => ({
      paths: [
        { name: 'config', path: '/home/mara/.config/belljar' },
        { name: 'data', path: '/home/mara/.local/share/belljar' },
        { name: 'state', path: '/home/mara/.local/state/belljar' },
        { name: 'spool', path: '/home/mara/.local/state/belljar/spool' },
        { name: 'launcher', path: '/home/mara/.local/share/belljar/bin/belljar-launcher' },
        { name: 'log', path: logFile },
      ],
    }),
    'terminals.open': terminals.open,
    'terminals.list': terminals.list,
    'terminals.close': terminals.close,
    'terminals.resize': terminals.resize,
    'terminals.input': terminals.input,
    'terminals.acknowledge': terminals.acknowledge,
    'log.tail': async () => ({ lines: scene.log ?? [], file: logFile, earlier: false }),
    'machine.probe': async () => {
      if (scene.machine.probe === null) throw new BelljarError('launcher-missing');
      return scene.machine.probe;
    },
    'machine.selftest': async () => ({ lines: scene.selftest ?? [] }),
    'machine.doctor': async ({ repair }) => ({
      findings: (scene.findings ?? []).map((finding) => ({ ...finding, repaired: repair && finding.repairable })),
    }),
    'servers.look': async () => ({}),
    'servers.list': async () => ({ v: 1, machine: scene.machine, servers: [...servers.values()] }),
    'servers.rollout': async () => planRollout([...servers.values()], new Set()),
    'servers.audit': async () =>
      auditServers({
        list: { v: 1, machine: scene.machine, servers: [...servers.values()] },
        exposed: scene.exposed ?? new Map(),
        rules: new Map(),
        bare: new Map(),
      }),
    'servers.show': async ({ server }) => {
      const found = find(server);
      return {
        server: found,
        policy: found.level === 'off' ? null : policy(found),
        resources: found.level === 'off' || found.level === 'watch' ? [] : resources,
        events: events.filter((event) => event.server === found.id).slice(-50),
        runs: found.lastRun === null ? [] : [found.lastRun],
        untilStop: (passing.get(found.id) ?? []).map((rule) => ({
          ...rule,
          at: '2026-03-01T12:00:00.000Z',
          runs: runsOf(found),
        })),
        afterRestart: {
          comes: (rules.get(found.id) ?? []).filter(({ verb }) => verb === 'exec').map(({ what }) => `exec ${what}`),
          goes: [],
        },
      };
    },
    'servers.check': async ({ server }) => checkOf(find(server)),
    'servers.diff': async ({ server, level }) => diffOf(find(server), level ?? 'standard'),
    'servers.contain': async ({ servers: handles, level, dryRun, check }) => ({
      results: (handles === 'all' ? [...servers.keys()] : handles).map((handle) => {
        const server = find(handle);
        const to = level ?? 'standard';
        const diff = diffOf(server, to);
        const next = dryRun ? server : set(server, to);
        return {
          id: next.id,
          changed: true,
          state: next.state,
          file: next.file,
          diff,
          ...(check ? { check: checkOf(server) } : {}),
        };
      }),
    }),
    'servers.release': async ({ servers: handles, dryRun }) => ({
      results: (handles === 'all' ? [...servers.keys()] : handles).map((handle) => {
        const server = find(handle);
        if (server.drift?.how === 'removed' && !dryRun) {
          servers.delete(server.id);
          news.changed();
          return { id: server.id, changed: false, state: 'off', file: server.file };
        }
        const changed = server.level !== 'off';
        const diff = diffOf(server, 'off');
        const next = dryRun || !changed ? server : set(server, 'off');
        return { id: next.id, changed, state: next.state, file: next.file, ...(changed ? { diff } : {}) };
      }),
    }),
    'servers.level': async ({ server, level }) => {
      const next = set(find(server), level);
      return { id: next.id, rule: null, level, effective: 'restart', policy: policy(next) };
    },
    'policies.grant': async ({ server, verb, what, until, dryRun }) => {
      const found = find(server);
      const rule = { verb, what };
      const untilStop = passingOf(found, rule);
      const before = rules.get(found.id) ?? [];
      if (until !== undefined && 'error' in untilStop)
        throw new BelljarError('not-until-stop', { params: untilStop.error.params });
      if (dryRun !== true) {
        if (until === undefined) rules.set(found.id, [...before, rule]);
        else passing.set(found.id, [...(passing.get(found.id) ?? []), rule]);
      }
      return {
        id: found.id,
        rule: `${verb}:${what}`,
        level: found.level,
        effective: until !== undefined || isLiveVerb(verb) ? 'now' : 'restart',
        policy: policy(found),
        changed: dryRun !== true,
        runs: [],
        diff: rulesDiff(found.handle, before, rule),
        ...(until !== undefined && 'runs' in untilStop ? untilStop : {}),
        ...(dryRun === true && until === undefined ? { untilStop } : {}),
      };
    },
    'policies.revoke': async ({ server, verb, what, until }) => {
      const found = find(server);
      if (until !== undefined)
        passing.set(
          found.id,
          (passing.get(found.id) ?? []).filter((rule) => rule.verb !== verb || rule.what !== what),
        );
      else
        rules.set(
          found.id,
          (rules.get(found.id) ?? []).filter((rule) => rule.verb !== verb || rule.what !== what),
        );
      return {
        id: found.id,
        rule: `${verb}:${what}`,
        level: found.level,
        effective: isLiveVerb(verb) ? 'now' : 'restart',
        policy: policy(found),
      };
    },
    'policies.hosts': async ({ server }) => {
      const found = find(server);
      return { id: found.id, network: found.network?.mode ?? null, hosts: scene.hosts?.get(found.id) ?? [] };
    },
    'policies.limit': async ({ server, hosts, off, dryRun }) => {
      const found = find(server);
      const old = (rules.get(found.id) ?? []).filter(({ verb }) => verb === 'host').map(({ what }) => what);
      const { groups, unlisted } = hostGroups(scene.hosts?.get(found.id) ?? [], old);
      const wanted = off === true ? old : (hosts ?? proposedHosts(groups));
      const before = found.network?.mode ?? 'open';
      const after = off === true ? 'open' : wanted.length === 0 ? 'none' : 'hosts';
      const lines = (mode: NetworkMode, whats: readonly string[]): string =>
        [`network ${mode}`, ...whats.map((what) => `host ${what}`), ''].join('\n');
      const diff = unifiedDiff(found.handle, lines(before, old), lines(after, wanted));
      if (!dryRun) {
        const others = (rules.get(found.id) ?? []).filter(({ verb }) => verb !== 'host');
        rules.set(found.id, [...others, ...wanted.map((what) => ({ verb: 'host' as const, what }))]);
        const network = { mode: after, hostsSeen: found.network?.hostsSeen ?? 0, hostsNamed: wanted.length } as const;
        servers.set(found.id, { ...found, network });
        news.changed();
      }
      const changed = diff !== '' && !dryRun;
      return {
        id: found.id,
        level: found.level,
        changed,
        before,
        after,
        hosts: wanted,
        groups,
        unlisted,
        diff,
        effective: 'restart',
      };
    },
    'policies.explain': async ({ server, what, access }) => ({
      verdict: 'refused',
      subject: 'file',
      target: what,
      access: access ?? 'read',
      ...decidedBy(what),
      enforcedBy: 'landlock',
      effective: 'now',
      change: `belljar grant ${find(server).handle} read ${what}`,
    }),
    'paths.complete': async ({ server, text }) => {
      find(server);
      const names = scene.paths ?? ['/home/mara/Documents/', '/home/mara/Downloads/', '/home/mara/notes.txt'];
      const entries = names
        .filter((path) => path.startsWith(text) && path !== text)
        .map((path) => ({ path, folder: path.endsWith('/') }));
      return { entries, more: false, outside: text.startsWith('/etc') };
    },
    'pins.pin': async ({ server: handle, update, dryRun }) => {
      const server = find(handle);
      const version = update ? '2.1.0' : '2.0.0';
      const pin = {
        package: server.fetches?.package ?? server.pin?.package ?? 'a-package',
        version,
        at: new Date().toISOString(),
        publisher: 'mara-packages',
        problem: null,
      };
      if (!dryRun) {
        servers.set(server.id, { ...server, pin, fetches: null });
        news.changed();
      }
      return { id: server.id, changed: true, pin, changes: pinChangesOf(server, version), effective: 'restart' };
    },
    'pins.unpin': async ({ server: handle }) => {
      const { pin, ...server } = find(handle);
      const fetches = { runner: 'npm' as const, package: pin?.package ?? '', exact: false };
      servers.set(server.id, { ...server, pin: null, fetches });
      news.changed();
      return { id: server.id, changed: true, effective: 'now' };
    },
    'pins.outdated': async ({ server: handle }) => {
      const server = find(handle ?? '');
      return {
        servers: [{ id: server.id, handle: server.handle, outdated: true, changes: pinChangesOf(server, '2.1.0') }],
      };
    },
    'secrets.move': async ({ server: handle }) => {
      const server = find(handle);
      const isMovable = ({ state, obstacle }: Secret): boolean =>
        (state === 'in-file' || state === 'newer') && obstacle === null;
      const names = server.secrets.filter(isMovable).map(({ name }) => name);
      const secrets = server.secrets.map((secret) =>
        isMovable(secret)
          ? { ...secret, state: 'moved' as const, as: 'variable' as const, reason: null, format: null }
          : secret,
      );
      servers.set(server.id, { ...server, secrets });
      news.changed();
      return { id: server.id, changed: true, names, diff: emptyDiff(server), effective: 'now' };
    },
    'secrets.restore': async ({ server: handle }) => {
      const server = find(handle);
      const names = server.secrets.filter(({ state }) => state === 'moved').map(({ name }) => name);
      const secrets = server.secrets.map((secret) =>
        secret.state === 'moved' ? { ...secret, state: 'in-file' as const, as: null, reason: 'name' as const } : secret,
      );
      servers.set(server.id, { ...server, secrets });
      news.changed();
      return { id: server.id, changed: true, names, diff: emptyDiff(server), effective: 'now' };
    },
    'events.list': async ({ limit }) => ({ events: events.slice(-(limit ?? 100)) }),
    'events.search': async ({ order = 'newest', after, limit = 500, ...criteria }) =>
      plainSearch(events, { ...queryOf(criteria), order, limit, ...defined({ after }) }),
    'events.groups': async ({ limit = 200, ...criteria }) => plainGroups(events, { ...queryOf(criteria), limit }),
    'events.mutes': async () => ({ mutes: [...mutes.values()] }),
    'events.mute': async (rule) => {
      const mute = { ...rule, id: mutes.size.toString(16).padStart(12, '0'), at: new Date().toISOString() };
      mutes.set(mute.id, mute);
      return { mute };
    },
    'events.unmute': async ({ id }) => {
      const mute = mutes.get(id);
      if (mute === undefined) throw new BelljarError('no-such-mute');
      mutes.delete(id);
      return { mute };
    },
    'storage.get': async () => plainStorage,
    'storage.set': async (change) => ({
      ...plainStorage,
      retention: { ...plainStorage.retention, ...defined(change) },
    }),
    'storage.rebuild': async () => plainStorage,
    'runs.list': async () => ({ runs: [] }),
    'runs.stop': async ({ run }) => {
      const found = [...servers.values()].find((server) => server.lastRun?.run === run);
      if (found?.lastRun === null || found?.lastRun === undefined) {
        throw new BelljarError('no-such-run', { params: { run } });
      }
      return { ...found.lastRun, live: false };
    },
    'history.list': async () => ({ entries: [] }),
    'history.undo': async () => {
      throw new BelljarError('no-such-decision');
    },
    'policies.resources': async ({ server }) => {
      const found = find(server);
      return { id: found.id, level: found.level, changed: false, resources, effective: 'restart' };
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
    'questions.list': questions.list,
    'questions.ask': questions.ask,
    'questions.answer': questions.answer,
    'questions.wait': questions.wait,
    'demo.run': async () => demoResult,
  };

  const api = Object.fromEntries(
    Object.entries(answers).map(([method, answer]) => [
      method,
      async (input: unknown, signal?: AbortSignal): Promise<unknown> => {
        calls.push({ method, input });
        const instead = failing.get(method) ?? planned.get(method)?.shift();
        if (instead instanceof BelljarError) throw instead;
        const act = (typeof instead === 'function' ? instead : answer) as (
          input: unknown,
          signal?: AbortSignal,
        ) => Promise<unknown>;
        return await act(input, signal);
      },
    ]),
  ) as EngineApi;

  const noSuch = async (): Promise<never> => {
    throw new BelljarError('only-desktop');
  };
  const status = async (): Promise<Output<'host.status'>> => ({
    version: scene.machine.version,
    pid: 4242,
    startedAt: '2026-01-31T12:00:00.000Z',
    epoch: feed.epoch,
    doors: ['unix /run/user/1000/belljar/host.sock', `loopback ${origin}`],
  });
  let server: HttpServer;
  let origin = '';

  async function start(port: number): Promise<void> {
    feed = createFeedHub({ onAudience: (count) => questions.audience(count) });
    news = createServerNews({
      list: () => answers['servers.list']({}),
      publish: (item) => {
        feed.publish(item);
      },
      hasReaders: () => feed.readers > 0,
      onError: (error) => {
        console.error(error);
      },
    });
    const handle = createHandler({
      attachTerminal: terminals.attach,
      api: {
        ...api,
        'host.status': status,
        'host.stop': noSuch,
        'host.panel': noSuch,
        'desktop.status': noSuch,
        'desktop.choose': noSuch,
        'desktop.openAtLogin': noSuch,
      },
      feed,
      rendererFolder,
      log: errorLog,
    });
    server = createNodeServer({
      origin: 'http://127.0.0.1',
      handle: guardLoopbackDoor({ handle, sessions, host: () => new URL(origin).host }),
    });
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
    origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    await news.start();
  }

  async function stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    server.closeAllConnections();
    feed.close();
    await news.close();
    await closed;
  }

  await start(0);

  return {
    get origin() {
      return origin;
    },
    address() {
      // The redirect file holds the address as a browser is given it.
      const { redirectFile } = sessions.invite(origin);
      const address = /url=([^"]+)"/u.exec(readFileSync(redirectFile, 'utf8'))?.[1];
      if (address === undefined) throw new Error(`No address in ${redirectFile}`);
      return address;
    },
    calls,
    servers,
    opened,
    ask: (input) => questions.ask({ ...input, granted: false }),
    async answer(target, answer) {
      const { questions: open } = await questions.list({});
      const found = open.find((question) => question.target === target);
      if (found === undefined) throw new Error(`Nothing is asked about ${target}`);
      await questions.answer({ id: found.id, answer });
    },
    rules: (id) => (rules.get(id) ?? []).map(({ verb, what }) => `${verb}:${what}`),
    emit(...more) {
      events.push(...more);
      for (const event of more) {
        feed.publish({ type: 'event', event });
        news.event(event);
      }
    },
    change(changed) {
      servers.set(changed.id, changed);
      news.changed();
    },
    next(method, answer) {
      planned.set(method, [...(planned.get(method) ?? []), answer]);
    },
    every(method, error) {
      failing.set(method, error);
      return () => failing.delete(method);
    },
    get readers() {
      return feed.readers;
    },
    stop,
    startAgain: () => start(Number(new URL(origin).port)),
    async close() {
      sessions.close();
      if (server.listening) await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
