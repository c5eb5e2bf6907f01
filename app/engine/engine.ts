/**
 * The engine: every method of the contract that is not the host's own, composed from one service a resource. Services
 * know each other only through the narrow functions that are handed to them here.
 */
import type { DecisionDoor } from '#contract/decision.ts';
import type { PassingRule } from '#contract/policy.ts';
import { BelljarError } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import type { Api, DesktopMethod, Output } from '#contract/methods.ts';
import { createCheckService } from './checks/check-service.ts';
import type { Trials } from './checks/ports.ts';
import { createDecisionService } from './decisions/decision-service.ts';
import type { DecisionLog } from './decisions/ports.ts';
import { createDemoService } from './demo/demo-service.ts';
import type { ContainDemoServer, DemoStage } from './demo/ports.ts';
import { createDoctorService } from './doctor/doctor-service.ts';
import type { DoctorView, Examination, Launcher, SelftestStage } from './doctor/ports.ts';
import { createEventService } from './events/event-service.ts';
import type { EventSettingsStore, History, Log, Spool, SpoolPruned, Supervisors } from './events/ports.ts';
import { createSearchService } from './events/search-service.ts';
import { createPathService } from './paths/path-service.ts';
import type { FolderNames } from './paths/ports.ts';
import { createPinService } from './pins/pin-service.ts';
import type { PackageInstaller, PinStore } from './pins/ports.ts';
import { createPassingGrants } from './policies/passing-grants.ts';
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
  HeldThings,
  Processes,
  Programs,
  Repositories,
  RunGrantStore,
  StartedPlanStore,
  Watched,
} from './ports.ts';
import { createQuestionService, type QuestionNews } from './questions/question-service.ts';
import { linkVerdict } from './questions/link-verdict.ts';
import type { Browser } from './questions/ports.ts';
import type { SecretStore } from './secrets/ports.ts';
import { createSecretService } from './secrets/secret-service.ts';
import { createRunService } from './runs/run-service.ts';
import { createTidier } from './runs/tidier.ts';
import { createServerService } from './servers/server-service.ts';
import type { LogReader } from './log/ports.ts';
import type { Ptys, TerminalPlans } from './terminals/ports.ts';
import { createTerminalService, type TerminalReading } from './terminals/terminal-service.ts';

export interface EnginePorts {
  places: Places;
  clock: Clock;
  clients: Clients;
  repositories: Repositories;
  programs: Programs;
  files: FileStore;
  journal: Journal;
  policies: PolicyStore;
  plans: PlanStore;
  started: StartedPlanStore;
  runGrants: RunGrantStore;
  pins: PinStore;
  secrets: SecretStore;
  installers: { npm: PackageInstaller; uv: PackageInstaller };
  processes: Processes;
  held: HeldThings;
  launcher: Launcher;
  machine: MachineFacts;
  spool: Spool;
  history: History;
  eventSettings: EventSettingsStore;
  supervisors: Supervisors;
  trials: Trials;
  /** What the doctor looks at; given the services that some of it needs. */
  examinations: (engine: DoctorView) => readonly Examination[];
  selftest: SelftestStage;
  demo: DemoStage;
  containDemo: ContainDemoServer;
  browser: Browser;
  folderNames: FolderNames;
  ptys: Ptys;
  terminalPlans: TerminalPlans;
  logReader: LogReader;
  decisions: DecisionLog;
  /** At which door the person is whose call is being answered. */
  door: () => DecisionDoor;
  log: Log;
}

export type EngineApi = Omit<Api, 'host.status' | 'host.stop' | 'host.panel' | DesktopMethod>;

export interface Engine {
  readonly api: EngineApi;
  subscribe(listener: (event: Event) => void): Promise<() => void>;
  /** Questions that are put, and that are over. */
  onQuestion(listener: (news: QuestionNews) => void): () => void;
  /** How many pages and command lines show questions as they come; without any, no access waits for an answer. */
  questionAudience(count: number): void;
  /** Lets go of what it keeps open. */
  close(): Promise<void>;
  /** Files and folders whose change may change what the engine answers, as they become known. */
  followWatched(listener: (watched: Watched) => void): () => void;
  /** The output of a terminal from a position on. Throws `no-such-terminal`. */
  attachTerminal(terminal: string, after: number, wake: () => void): TerminalReading;
  /** Ends every terminal. */
  endTerminals(): Promise<void>;
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

function ownPaths(places: Places, log: string): Output<'machine.paths'>['paths'] {
  return [
    { name: 'config', path: places.configFolder },
    { name: 'data', path: places.dataFolder },
    { name: 'state', path: places.stateFolder },
    { name: 'spool', path: `${places.stateFolder}/spool` },
    { name: 'launcher', path: places.launcher },
    { name: 'log', path: log },
  ];
}

export function createEngine(ports: EnginePorts): Engine {
  const { spool, supervisors, log } = ports;
  const now = (): number => ports.clock.now().getTime();
  // Servers know runs and events, and those resolve handles by asking the servers: the one circle, closed here.
  const resolveServer = async (handle: string): Promise<string> => (await servers.find(handle)).id;
  const events = createEventService({ spool, resolveServer, log, now });
  const search = createSearchService({ history: ports.history, settings: ports.eventSettings, resolveServer, now });
  const runs = createRunService({ spool, supervisors, resolveServer, log, now });
  const checks = createCheckService({ trials: ports.trials });
  const startedPlans = createStartedPlans({ ...ports, runs, now });
  const passing = createPassingGrants({ store: ports.runGrants, runs });
  // Terminals run with their server's plan, so each new one is theirs too.
  const plans: PlanStore = {
    ...startedPlans.plans,
    async write(server, text) {
      await startedPlans.plans.write(server, text);
      await terminals.planWritten(server);
    },
  };
  // Undoing asks the services that make changes, and those write down what they decide: closed here too.
  const decisions = createDecisionService({
    ...ports,
    undoing: () => ({
      find: (handle) => servers.find(handle),
      exclusive: servers.exclusive,
      release: servers.releaseOne,
      contain: servers.containOne,
      unpin: pins.unpinOne,
      repin: pins.repin,
      moveSecrets: secrets.undoMoves,
      restore: policies.restore,
      effective: policies.whenEffective,
    }),
  });
  const { decide } = decisions;
  /** With what was answered to questions, which a run keeps to itself. */
  async function listUntilStop(server: string): Promise<PassingRule[]> {
    const answered = questions.answeredUntilStop(server);
    const alive = new Set(answered.length === 0 ? [] : await passing.liveRuns(server));
    return [
      ...(await passing.list(server)),
      ...answered
        .filter(({ run }) => alive.has(run))
        .map(({ run, rule }): PassingRule => ({ ...rule, runs: [run], byAnswer: true })),
    ];
  }
  const servers = createServerService({
    ...ports,
    plans,
    startedPlans,
    passing: { ...passing, list: listUntilStop },
    runs,
    events,
    checks,
    decide,
    resourcesOf: (server, policy) => policies.resourcesOf(server, policy),
  });
  const policies = createPolicyService({
    ...ports,
    plans,
    startedPlans,
    passing,
    decide,
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
    async judgeAccess(id, about) {
      try {
        return await policies.judgeAccess(id, about);
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
    decide,
    runs,
    find: (handle) => servers.find(handle),
    exclusive: servers.exclusive,
    writePlan: policies.writePlan,
  });
  const paths = createPathService({
    places: ports.places,
    names: ports.folderNames,
    find: async (handle) => {
      const { id, config } = await servers.find(handle);
      return { project: config.file.project, policy: await policies.effectivePolicy(id) };
    },
  });
  const secrets = createSecretService({
    ...ports,
    decide,
    runs,
    servers,
    writePlan: policies.writePlan,
    keepPlans: policies.keepPlans,
  });
  // What leaves the spool is in the history before, where that can be written.
  const prune = async (): Promise<SpoolPruned> => {
    await ports.history.takeIn();
    // What cannot be removed must not keep the spool from being bounded.
    await passing.tidy().catch((error: unknown) => log.warn('run-grants-not-tidied', { error: String(error) }));
    return await runs.prune();
  };
  const doctor = createDoctorService({
    launcher: ports.launcher,
    // Asked when the doctor comes: by then the engine is whole.
    get examinations() {
      return ports.examinations({ api, writePlan: policies.writePlan, pruneSpool: prune });
    },
    selftest: ports.selftest,
  });
  const terminals = createTerminalService({
    ...ports,
    events,
    find: (handle) => servers.find(handle),
    expand: (text) => ports.trials.expand(text).text,
    now,
  });
  const demo = createDemoService({ stage: ports.demo, contain: ports.containDemo });

  const api: EngineApi = {
    'machine.get': async () => (await servers.list({})).machine,
    'machine.paths': async () => ({ paths: ownPaths(ports.places, ports.logReader.file) }),
    'machine.probe': () => doctor.probe(),
    'machine.selftest': (_input, signal) => doctor.selftest(signal),
    'machine.doctor': (input) => doctor.doctor(input),
    'servers.list': servers.list,
    'servers.rollout': servers.rollout,
    'servers.audit': servers.audit,
    'servers.look': servers.look,
    'servers.show': servers.show,
    'servers.check': servers.check,
    'servers.diff': servers.diff,
    'servers.contain': servers.contain,
    'servers.release': servers.release,
    'servers.level': servers.level,
    'secrets.move': secrets.move,
    'secrets.restore': secrets.restore,
    'policies.grant': policies.grant,
    'policies.revoke': policies.revoke,
    'policies.hosts': policies.hosts,
    'policies.limit': policies.limit,
    'policies.resources': policies.resources,
    'policies.sight': policies.sight,
    'policies.explain': policies.explain,
    'paths.complete': paths.complete,
    'pins.pin': pins.pin,
    'pins.unpin': pins.unpin,
    'pins.outdated': pins.outdated,
    'events.list': (input) => events.list(input),
    'events.search': search.search,
    'events.groups': search.groups,
    'events.mutes': search.mutes,
    'events.mute': search.mute,
    'events.unmute': search.unmute,
    'storage.get': search.storage,
    'storage.set': search.retain,
    'storage.rebuild': search.rebuild,
    'runs.list': (input) => runs.list(input),
    'runs.stop': (input) => runs.stop(input),
    'history.list': decisions.list,
    'history.undo': decisions.undo,
    'questions.list': questions.list,
    'questions.ask': questions.ask,
    'questions.answer': questions.answer,
    'questions.wait': questions.wait,
    'terminals.open': terminals.open,
    'terminals.list': terminals.list,
    'terminals.close': terminals.close,
    'terminals.resize': terminals.resize,
    'terminals.input': terminals.input,
    'terminals.acknowledge': terminals.acknowledge,
    'log.tail': (input) => ports.logReader.tail(input.limit),
    'demo.run': (_input, signal) => demo.run(signal),
  };
  const tidier = createTidier({ prune, log, now });
  return {
    api,
    subscribe: (listener) => {
      tidier.begin();
      void updateLauncher(ports);
      ports.history.nudge();
      return events.subscribe((event) => {
        tidier.see(event);
        ports.history.nudge();
        listener(event);
      });
    },
    onQuestion: questions.subscribe,
    followWatched: servers.followWatched,
    questionAudience: questions.audience,
    attachTerminal: terminals.attach,
    endTerminals: terminals.end,
    close: () => ports.history.close(),
  };
}
