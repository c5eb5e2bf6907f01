/**
 * The servers and policies of the engine over the real file system, in a throw-away home, on any of the three systems;
 * runs, events and trials are made up.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckResult } from '#contract/server.ts';
import { createPolicyService, type PolicyService } from '#engine/policies/policy-service.ts';
import type { FileStore, Journal, Places, PlanStore } from '#engine/ports.ts';
import type { ServerActivity } from '#engine/runs/run-service.ts';
import { createServerService, type ServerService } from '#engine/servers/server-service.ts';
import { findClients } from '#platform/clients/clients.ts';
import { createFileStore, type WriteStep } from '#platform/files/file-store.ts';
import { createPlanStore } from '#platform/files/plan-store.ts';
import { createPolicyStore } from '#platform/files/policy-store.ts';
import { createRepositories } from '#platform/files/repositories.ts';
import { createJournal } from '#platform/journal/journal.ts';
import { createProcesses } from '#platform/processes/processes.ts';

export interface ServerWorld {
  places: Places;
  servers: ServerService;
  policies: PolicyService;
  activity: Map<string, ServerActivity>;
  checked: { plan: string; command: string; env: Readonly<Record<string, string>> }[];
  /** What every check answers. */
  verdict: CheckResult['verdict'];
  /** Called at each step of writing a client's file. */
  onStep: (step: WriteStep) => void | Promise<void>;
}

/** Folders and files of Belljar stand where they do on Linux, whatever the system of the clients. */
export function testPlaces(home: string, change: Partial<Places> = {}): Places {
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
    launcher: join(home, '.local', 'share', 'belljar', 'bin', 'belljar-launcher'),
    environment: { PATH: process.env['PATH'] },
    systemRoot: join(home, 'system'),
    ...change,
  };
}

interface Replaced {
  files?: FileStore;
  journal?: Journal;
  plans?: PlanStore;
}

export function makeServerWorld(home: string, change: Partial<Places> = {}, replaced: Replaced = {}): ServerWorld {
  mkdirSync(home, { recursive: true });
  const places = testPlaces(home, change);
  const activity = new Map<string, ServerActivity>();
  const checked: ServerWorld['checked'] = [];
  const base = {
    places,
    clock: { now: () => new Date() },
    clients: findClients(places),
    repositories: createRepositories(),
    files: replaced.files ?? createFileStore({ onStep: (step) => world.onStep(step) }),
    journal: replaced.journal ?? createJournal(places.dataFolder),
    policies: createPolicyStore(places.configFolder),
    plans: replaced.plans ?? createPlanStore(places.dataFolder),
    runs: { activity: () => Promise.resolve(activity), list: () => Promise.resolve({ runs: [] }) },
  };
  const servers = createServerService({
    ...base,
    processes: createProcesses(),
    launcher: { install: () => Promise.resolve(places.launcher) },
    events: {
      list: () => Promise.resolve({ events: [] }),
      denialsLastHour: () => Promise.resolve(new Map([['cursor.a', 7]])),
    },
    checks: {
      check(subject, makePlan) {
        checked.push({ plan: makePlan('/tmp/throw-away'), command: subject.command, env: subject.env });
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
    machine: {
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
    },
    log: {
      info: () => undefined,
      warn(code, facts) {
        throw new Error(`${code}: ${JSON.stringify(facts)}`);
      },
    },
  });
  const { find, clientFiles, exclusive } = servers;
  const policies = createPolicyService({ ...base, find, clientFiles, exclusive });
  const world: ServerWorld = {
    places,
    servers,
    policies,
    activity,
    checked,
    verdict: 'works',
    onStep: () => undefined,
  };
  return world;
}
