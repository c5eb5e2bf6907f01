/**
 * The engine: every method of the contract that is not the host's own, composed from one service a resource. Services
 * know each other only through the narrow functions that are handed to them here.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import type { Api } from '#contract/methods.ts';
import { createCheckService } from './checks/check-service.ts';
import type { Trials } from './checks/ports.ts';
import { createDemoService } from './demo/demo-service.ts';
import type { ContainDemoServer, DemoStage } from './demo/ports.ts';
import { createDoctorService } from './doctor/doctor-service.ts';
import type { DoctorView, Examination, Launcher, SelftestStage } from './doctor/ports.ts';
import { createEventService } from './events/event-service.ts';
import type { Log, Spool, Supervisors } from './events/ports.ts';
import { createPinService } from './pins/pin-service.ts';
import type { PackageInstaller, PinStore } from './pins/ports.ts';
import { createPolicyService } from './policies/policy-service.ts';
import { createStartedPlans } from './policies/started-plans.ts';
import type {
  Clients,
  Clock,
  FileStore,
  Journal,
  MachineFacts,
  Places,
  PlanStore,
  PolicyStore,
  Processes,
  Repositories,
  StartedPlanStore,
  Watched,
} from './ports.ts';
import { createQuestionService, type QuestionNews } from './questions/question-service.ts';
import { linkVerdict } from './questions/link-verdict.ts';
import type { Browser } from './questions/ports.ts';
import { createRunService } from './runs/run-service.ts';
import { createTidier } from './runs/tidier.ts';
import { createServerService } from './servers/server-service.ts';

export interface EnginePorts {
  places: Places;
  clock: Clock;
  clients: Clients;
  repositories: Repositories;
  files: FileStore;
  journal: Journal;
  policies: PolicyStore;
  plans: PlanStore;
  started: StartedPlanStore;
  pins: PinStore;
  installers: { npm: PackageInstaller; uv: PackageInstaller };
  processes: Processes;
  launcher: Launcher;
  machine: MachineFacts;
  spool: Spool;
  supervisors: Supervisors;
  trials: Trials;
  /** What the doctor looks at; given the services that some of it needs. */
  examinations: (engine: DoctorView) => readonly Examination[];
  selftest: SelftestStage;
  demo: DemoStage;
  containDemo: ContainDemoServer;
  browser: Browser;
  log: Log;
}

export type EngineApi = Omit<Api, 'host.status' | 'host.stop' | 'host.panel'>;

export interface Engine {
  readonly api: EngineApi;
  subscribe(listener: (event: Event) => void): Promise<() => void>;
  /** Questions that are put, and that are over. */
  onQuestion(listener: (news: QuestionNews) => void): () => void;
  /** Files and folders whose change may change what the engine answers. */
  watched(): Promise<Watched>;
}

/** A newer Belljar brings its launcher along: one that is in place is replaced; none is put where none was. */
async function updateLauncher({ launcher, log }: Pick<EnginePorts, 'launcher' | 'log'>): Promise<void> {
  try {
    if ((await launcher.compare()) === 'differs') {
      await launcher.install();
      log.info('launcher-updated');
    }
  } catch (error) {
    log.warn('launcher-not-updated', { error: String(error) });
  }
}

export function createEngine(ports: EnginePorts): Engine {
  const { spool, supervisors, log } = ports;
  const now = (): number => ports.clock.now().getTime();
  // Servers know runs and events, and those resolve handles by asking the servers: the one circle, closed here.
  const resolveServer = async (handle: string): Promise<string> => (await servers.find(handle)).id;
  const events = createEventService({ spool, resolveServer, log, now });
  const runs = createRunService({ spool, supervisors, resolveServer, log, now });
  const checks = createCheckService({ trials: ports.trials });
  const startedPlans = createStartedPlans({ ...ports, runs, now });
  const { plans } = startedPlans;
  const servers = createServerService({ ...ports, plans, startedPlans, runs, events, checks });
  const policies = createPolicyService({
    ...ports,
    plans,
    startedPlans,
    runs,
    events,
    find: (handle) => servers.find(handle),
    clientFiles: () => servers.clientFiles(),
    exclusive: servers.exclusive,
  });
  const questions = createQuestionService({
    browser: ports.browser,
    async judge(id, link) {
      try {
        const { handle } = await servers.find(id);
        const policy = await policies.effectivePolicy(id);
        return policy === null ? null : { handle, verdict: linkVerdict(policy, link) };
      } catch (error) {
        if (error instanceof BelljarError && error.code === 'not-found') return null;
        throw error;
      }
    },
    grant: policies.grant,
    log,
    now,
  });
  const pins = createPinService({
    ...ports,
    runs,
    find: (handle) => servers.find(handle),
    exclusive: servers.exclusive,
    writePlan: policies.writePlan,
  });
  const doctor = createDoctorService({
    launcher: ports.launcher,
    // Asked when the doctor comes: by then the engine is whole.
    get examinations() {
      return ports.examinations({ api, writePlan: policies.writePlan, pruneSpool: runs.prune });
    },
    selftest: ports.selftest,
  });
  const demo = createDemoService({ stage: ports.demo, contain: ports.containDemo });

  const api: EngineApi = {
    'machine.get': async () => (await servers.list({})).machine,
    'machine.probe': () => doctor.probe(),
    'machine.selftest': (_input, signal) => doctor.selftest(signal),
    'machine.doctor': (input) => doctor.doctor(input),
    'servers.list': servers.list,
    'servers.look': servers.look,
    'servers.show': servers.show,
    'servers.check': servers.check,
    'servers.diff': servers.diff,
    'servers.contain': servers.contain,
    'servers.release': servers.release,
    'servers.level': servers.level,
    'policies.grant': policies.grant,
    'policies.revoke': policies.revoke,
    'policies.hosts': policies.hosts,
    'policies.limit': policies.limit,
    'policies.explain': policies.explain,
    'pins.pin': pins.pin,
    'pins.unpin': pins.unpin,
    'pins.outdated': pins.outdated,
    'events.list': (input) => events.list(input),
    'runs.list': (input) => runs.list(input),
    'runs.stop': (input) => runs.stop(input),
    'history.list': servers.history,
    'questions.list': questions.list,
    'questions.ask': questions.ask,
    'questions.answer': questions.answer,
    'demo.run': (_input, signal) => demo.run(signal),
  };
  const tidier = createTidier({ prune: runs.prune, log, now });
  return {
    api,
    subscribe: (listener) => {
      tidier.begin();
      void updateLauncher(ports);
      return events.subscribe((event) => {
        tidier.see(event);
        listener(event);
      });
    },
    onQuestion: questions.subscribe,
    watched: () => servers.watched(),
  };
}
