/**
 * The servers and policies of the engine over the real file system, in a throw-away home, on any of the three systems;
 * runs, events and trials are made up.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '#contract/methods.ts';
import type { StoredPolicy } from '#contract/policy.ts';
import type { CheckResult, Run } from '#contract/server.ts';
import type { CheckSubject } from '#engine/checks/check-service.ts';
import { createDecisionService, type DecisionService } from '#engine/decisions/decision-service.ts';
import type { DecisionLine, DecisionLog } from '#engine/decisions/ports.ts';
import type { EventService } from '#engine/events/event-service.ts';
import type { Log } from '#engine/events/ports.ts';
import { createPassingGrants, type PassingGrants } from '#engine/policies/passing-grants.ts';
import { createPolicyService, type PolicyService } from '#engine/policies/policy-service.ts';
import { createStartedPlans } from '#engine/policies/started-plans.ts';
import type {
  Clients,
  FileStore,
  Journal,
  JournalRecord,
  MachineFacts,
  Places,
  PlanStore,
  PolicyStore,
  Processes,
} from '#engine/ports.ts';
import type { ServerActivity } from '#engine/runs/run-service.ts';
import { createSecretService, type SecretService } from '#engine/secrets/secret-service.ts';
import type { SecretStore } from '#engine/secrets/ports.ts';
import { createServerService, type ServerService } from '#engine/servers/server-service.ts';
import { findClients } from '#platform/clients/clients.ts';
import { createDecisionLog } from '#platform/decisions/decision-log.ts';
import { createExaminations } from '#platform/doctor/examinations.ts';
import { createFileStore, type WriteStep } from '#platform/files/file-store.ts';
import { createPlanStore } from '#platform/files/plan-store.ts';
import { createPolicyStore } from '#platform/files/policy-store.ts';
import { createRunGrantStore } from '#platform/files/run-grants.ts';
import { createStartedPlanStore } from '#platform/files/started-plans.ts';
import { createRepositories } from '#platform/files/repositories.ts';
import { createJournal } from '#platform/journal/journal.ts';
import { findFolders } from '#platform/paths/folders.ts';
import { createPinStore } from '#platform/pins/pin-store.ts';
import { createSecretStore } from '#platform/secrets/secret-store.ts';
import { createPrograms } from '#platform/programs/programs.ts';
import { createProcesses } from '#platform/processes/processes.ts';

/** What one server did with one host, as events tell it. */
export type HostUse = ReturnType<HostUses['get']> extends readonly (infer Use)[] | undefined ? Use : never;
type HostUses = Awaited<ReturnType<EventService['hostUses']>>;

export interface ServerWorld {
  places: Places;
  servers: ServerService;
  policies: PolicyService;
  secrets: SecretService;
  store: SecretStore;
  history: Pick<DecisionService, 'list' | 'undo'>;
  passing: PassingGrants;
  activity: Map<string, ServerActivity>;
  hostUses: Map<string, HostUse[]>;
  checked: {
    plan: string;
    command: string;
    args: readonly string[];
    env: Readonly<Record<string, string>>;
    contained: CheckSubject['contained'];
  }[];
  /** What every check answers. */
  verdict: CheckResult['verdict'];
  /** `doctor --repair` over documents and servers: what it could not repair. */
  repair: () => Promise<Finding[]>;
  /** What the same examinations say without repairing anything. */
  examine: () => Promise<Finding[]>;
  /** Called at each step of writing a client's file. */
  onStep: (step: WriteStep) => void | Promise<void>;
}

/** Folders and files of Belljar stand where they do on Linux, whatever the system of the clients. */
export function testPlaces(home: string, change: Partial<Places> = {}): Places {
  const launcher = change.launcher ?? join(home, '.local', 'share', 'belljar', 'bin', 'belljar-launcher');
  return {
    system: 'linux',
    home,
    xdgConfig: join(home, '.config'),
    xdgData: join(home, '.local', 'share'),
    xdgCache: join(home, '.cache'),
    xdgState: join(home, '.local', 'state'),
    xdgRuntime: null,
    configFolder: join(home, '.config', 'belljar'),
    dataFolder: join(home, '.local', 'share', 'belljar'),
    stateFolder: join(home, '.local', 'state', 'belljar'),
    uid: process.geteuid?.() ?? -1,
    homeOwner: process.geteuid?.() ?? -1,
    launcher,
    launchers: [launcher],
    environment: { PATH: process.env['PATH'] },
    systemRoot: join(home, 'system'),
    ...change,
  };
}

interface Replaced {
  files?: FileStore;
  journal?: Journal;
  plans?: PlanStore;
  policies?: PolicyStore;
  processes?: Processes;
  clients?: Clients;
  decisions?: DecisionLog;
}

/** Belljar's own documents without a disk, and no processes, where a test is about the clients' files and there are many. */
export function memoryDocuments(): Required<Omit<Replaced, 'files' | 'clients'>> {
  const records = new Map<string, JournalRecord>();
  const plans = new Map<string, string>();
  const policies = new Map<string, StoredPolicy>();
  const decisions: DecisionLine[] = [];
  return {
    journal: {
      get: (server) => Promise.resolve(records.get(server) ?? null),
      put: (record) => Promise.resolve(void records.set(record.server, record)),
      remove: (server) => Promise.resolve(void records.delete(server)),
      list: () => Promise.resolve([...records.values()]),
    },
    decisions: {
      append: (line) => Promise.resolve(void decisions.push(line)),
      read: () => Promise.resolve(decisions),
    },
    processes: { self: process.pid, list: () => Promise.resolve([]) },
    plans: {
      file: (server) => server,
      read: (server) => Promise.resolve(plans.get(server) ?? null),
      write: (server, text) => Promise.resolve(void plans.set(server, text)),
      remove: (server) => Promise.resolve(void plans.delete(server)),
    },
    policies: {
      get: (server) => Promise.resolve(policies.get(server) ?? null),
      put: (policy) => Promise.resolve(void policies.set(policy.server, policy)),
      remove: (server) => Promise.resolve(void policies.delete(server)),
    },
  };
}

export function makeServerWorld(home: string, change: Partial<Places> = {}, replaced: Replaced = {}): ServerWorld {
  mkdirSync(home, { recursive: true });
  const places = testPlaces(home, change);
  const activity = new Map<string, ServerActivity>();
  const hostUses: ServerWorld['hostUses'] = new Map();
  const checked: ServerWorld['checked'] = [];
  /** As many as `activity` says, begun before anything that is done here. */
  const liveRuns = (server: string): Run[] =>
    Array.from({ length: activity.get(server)?.liveRuns ?? 0 }, (_, index) => ({
      run: `r${index.toString()}`,
      server,
      startedAt: '2000-01-01T00:00:00.000Z',
      endedAt: null,
      live: true,
      denials: 0,
      start: null,
      end: null,
    }));
  const base = {
    places,
    clock: { now: () => new Date() },
    clients: replaced.clients ?? findClients(places),
    repositories: createRepositories(),
    programs: createPrograms(places),
    files: replaced.files ?? createFileStore({ onStep: (step) => world.onStep(step) }),
    journal: replaced.journal ?? createJournal(places.dataFolder),
    policies: replaced.policies ?? createPolicyStore(places.configFolder),
    plans: replaced.plans ?? createPlanStore(places.dataFolder),
    pins: createPinStore(places.dataFolder),
    secrets: createSecretStore(places.dataFolder),
    runs: {
      activity: () => Promise.resolve(activity),
      list: ({ server = '' }: { server?: string | undefined }) => Promise.resolve({ runs: liveRuns(server) }),
      live: (server: string) => Promise.resolve(liveRuns(server)),
    },
  };
  const startedPlans = createStartedPlans({
    plans: base.plans,
    started: createStartedPlanStore(places.stateFolder),
    runs: base.runs,
    now: Date.now,
  });
  const passing = createPassingGrants({
    store: createRunGrantStore({ data: places.dataFolder, state: places.stateFolder }),
    runs: base.runs,
  });
  const log: Log = {
    info: () => undefined,
    warn(code, facts) {
      // Where a fault was put into the very file that it is about.
      if (code.startsWith('decision-not-')) return;
      throw new Error(`${code}: ${JSON.stringify(facts)}`);
    },
  };
  const machine: MachineFacts = {
    get: () =>
      Promise.resolve({
        system: 'linux',
        user: 'anna',
        home,
        version: '0.1.0',
        probe: null,
        probeError: 'not asked',
        enforcementSentence: 'Nothing.',
      }),
  };
  const decisions = createDecisionService({
    ...base,
    decisions: replaced.decisions ?? createDecisionLog({ stateFolder: places.stateFolder }),
    door: () => 'command-line',
    log,
    undoing: () => ({
      find,
      exclusive,
      release: servers.releaseOne,
      contain: servers.containOne,
      unpin: () => Promise.reject(new Error('not asked')),
      repin: () => Promise.reject(new Error('not asked')),
      moveSecrets: secrets.undoMoves,
      restore: policies.restore,
      effective: policies.whenEffective,
    }),
  });
  const servers = createServerService({
    ...base,
    plans: startedPlans.plans,
    startedPlans,
    passing,
    decide: decisions.decide,
    resourcesOf: (server, policy) => policies.resourcesOf(server, policy),
    processes: replaced.processes ?? createProcesses(),
    launcher: { install: () => Promise.resolve(places.launcher) },
    events: {
      hostUses: () => Promise.resolve(hostUses),
      list: () => Promise.resolve({ events: [] }),
      denialsLastHour: () => Promise.resolve(new Map([['cursor.a', 7]])),
    },
    checks: {
      check(subject, makePlan) {
        const { command, args, env, contained } = subject;
        checked.push({ plan: makePlan('/tmp/throw-away'), command, args, env, contained });
        return Promise.resolve({
          server: subject.id,
          level: subject.level,
          verdict: world.verdict,
          sentence: `It ${world.verdict}.`,
          bare: { outcome: 'works', initializeMs: 1, tools: 1, error: null },
          contained: null,
          same: world.verdict === 'works',
          differences: [],
          refused: [],
        });
      },
    },
    machine,
    log,
  });
  const { find, clientFiles, exclusive } = servers;
  const policies = createPolicyService({
    ...base,
    held: { of: () => Promise.resolve({ held: [], whole: true }) },
    machine,
    decide: decisions.decide,
    plans: startedPlans.plans,
    startedPlans,
    passing,
    events: { hostUses: () => Promise.resolve(hostUses) },
    find,
    clientFiles,
    exclusive,
  });
  const secrets = createSecretService({
    ...base,
    decide: decisions.decide,
    servers,
    writePlan: (server) => policies.writePlan(server),
    keepPlans: (server) => policies.keepPlans(server),
  });
  const examinations = createExaminations({
    folders: {
      ...findFolders({ HOME: home }, { uid: places.uid, homedir: home }),
      config: places.configFolder,
      data: places.dataFolder,
      state: places.stateFolder,
    },
    ...base,
    // None of these is asked by the examinations that are used here.
    launcher: undefined as never,
    spool: undefined as never,
    history: undefined as never,
    watching: () => null,
    engine: {
      api: {
        'servers.list': servers.list,
        'servers.release': servers.release,
        'servers.contain': servers.contain,
      } as never,
      writePlan: (server) => policies.writePlan(server),
      pruneSpool: () => Promise.reject(new Error('not asked')),
    },
  }).filter(({ code }) => ['documents', 'servers', 'secrets'].includes(code));
  const world: ServerWorld = {
    examine: async () => (await Promise.all(examinations.map(({ examine }) => examine(false)))).flat(),
    async repair() {
      const findings = await Promise.all(examinations.map(({ examine }) => examine(true)));
      return findings.flat().filter(({ severity }) => severity === 'error');
    },
    places,
    servers,
    policies,
    secrets,
    store: base.secrets,
    history: decisions,
    passing,
    activity,
    hostUses,
    checked,
    verdict: 'works',
    onStep: () => undefined,
  };
  return world;
}
