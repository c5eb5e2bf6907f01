/** The composition root: the real engine over this machine, for one set of folders. */
import { join } from 'node:path';
import { BelljarError } from '#contract/errors.ts';
import type { Engine } from '#engine/engine.ts';
import { createEngine } from '#engine/engine.ts';
import type { Clock, WatchStatus } from '#engine/ports.ts';
import { createBrowser } from '#platform/browser/browser.ts';
import { findClients } from '#platform/clients/clients.ts';
import { createLauncher } from '#platform/confinement/linux/launcher.ts';
import { findPackagedLauncher } from '#platform/confinement/linux/packaged-launcher.ts';
import { createMachineFacts } from '#platform/confinement/linux/machine-facts.ts';
import { createSelftestStage } from '#platform/confinement/linux/selftest-stage.ts';
import { createDecisionLog } from '#platform/decisions/decision-log.ts';
import { createDemoStage } from '#platform/demo/demo-stage.ts';
import { createExaminations } from '#platform/doctor/examinations.ts';
import { createEventSettings } from '#platform/files/event-settings.ts';
import { createFileStore } from '#platform/files/file-store.ts';
import { createRepositories } from '#platform/files/repositories.ts';
import { createPlanStore } from '#platform/files/plan-store.ts';
import { createRunGrantStore } from '#platform/files/run-grants.ts';
import { createStartedPlanStore } from '#platform/files/started-plans.ts';
import { createPolicyStore } from '#platform/files/policy-store.ts';
import { createHistory } from '#platform/history/history.ts';
import { createJournal } from '#platform/journal/journal.ts';
import { createTrials } from '#platform/mcp/trials.ts';
import { createFolderNames } from '#platform/paths/folder-names.ts';
import type { Folders } from '#platform/paths/folders.ts';
import { findFolders, makeFolders } from '#platform/paths/folders.ts';
import { makePlaces, ownLauncher } from '#platform/paths/places.ts';
import { createNpmInstaller } from '#platform/pins/npm-installer.ts';
import { createPinStore } from '#platform/pins/pin-store.ts';
import { createUvInstaller } from '#platform/pins/uv-installer.ts';
import { createLogReader } from '#platform/log/log-reader.ts';
import { createPtys } from '#platform/pty/pty.ts';
import { createTerminalPlans } from '#platform/pty/terminal-plans.ts';
import { createSecretStore } from '#platform/secrets/secret-store.ts';
import { createPrograms } from '#platform/programs/programs.ts';
import { createHeldThings } from '#platform/processes/held.ts';
import { createProcesses } from '#platform/processes/processes.ts';
import { createEventLabel } from '#platform/spool/label.ts';
import { createSpool } from '#platform/spool/spool.ts';
import { createSupervisors } from '#platform/spool/supervisors.ts';
import { watchFiles, type FileWatch } from '#platform/watch/watch-files.ts';
import { doorNow } from './at-door.ts';
import type { HostEngine } from './host.ts';
import type { HostLog } from './log.ts';
import { version } from './version.ts';

const clock: Clock = { now: () => new Date() };

function makeEngine(
  folders: Folders,
  environment: NodeJS.ProcessEnv,
  log: HostLog,
  watching: () => WatchStatus | null = () => null,
): Engine {
  const packaged = findPackagedLauncher(folders, version);
  const places = makePlaces(folders, environment, packaged?.path);
  const launcher = createLauncher({ path: ownLauncher(folders), packaged });
  const openSpool = (folder: string): ReturnType<typeof createSpool> =>
    createSpool({ folder, log, label: createEventLabel(places) });
  const documents = {
    journal: createJournal(folders.data),
    policies: createPolicyStore(folders.config),
    plans: createPlanStore(folders.data),
    started: createStartedPlanStore(folders.state),
    runGrants: createRunGrantStore(folders),
    pins: createPinStore(folders.data),
    secrets: createSecretStore(folders.data),
  };
  const install = { places, installLauncher: () => launcher.install() };
  const spoolFolder = join(folders.state, 'spool');
  const spool = openSpool(spoolFolder);
  const eventSettings = createEventSettings(folders.config);
  const history = createHistory({
    stateFolder: folders.state,
    spoolFolder,
    places,
    retention: async () => (await eventSettings.get()).retention,
    log,
  });
  return createEngine({
    places,
    clock,
    clients: findClients(places),
    repositories: createRepositories(),
    programs: createPrograms(places),
    files: createFileStore(),
    ...documents,
    installers: { npm: createNpmInstaller(install), uv: createUvInstaller(install) },
    processes: createProcesses(),
    held: createHeldThings(createProcesses()),
    launcher,
    machine: createMachineFacts({ places, launcher, version }),
    spool,
    history,
    eventSettings,
    supervisors: createSupervisors(),
    trials: createTrials({
      home: folders.home,
      environment,
      installLauncher: () => launcher.install(),
      openSpool,
    }),
    examinations: (engine) => createExaminations({ folders, launcher, ...documents, spool, history, watching, engine }),
    selftest: createSelftestStage({ launcher }),
    demo: createDemoStage({
      environment,
      openSpool: (home, folder) =>
        createSpool({ folder, log, label: createEventLabel(makePlaces(thrownAway(home).folders, { HOME: home })) }),
    }),
    containDemo: (home) => containIn(home, log),
    browser: createBrowser(environment),
    folderNames: createFolderNames(),
    ptys: createPtys({ home: folders.home, environment }),
    terminalPlans: createTerminalPlans(folders.runtime),
    logReader: createLogReader(folders.state),
    decisions: createDecisionLog({ stateFolder: folders.state }),
    door: doorNow,
    log,
  });
}

/** A home of its own, with nothing taken over from the environment of this one. */
function thrownAway(home: string): { folders: Folders; environment: NodeJS.ProcessEnv } {
  const environment = { HOME: home, ...(process.env['PATH'] === undefined ? {} : { PATH: process.env['PATH'] }) };
  return { folders: findFolders(environment), environment };
}

/** Contains every server of another home with the very services the product uses. */
async function containIn(home: string, log: HostLog): Promise<void> {
  const { folders, environment } = thrownAway(home);
  makeFolders(folders);
  const engine = makeEngine(folders, environment, log);
  const { results } = await engine.api['servers.contain']({
    servers: 'all',
    level: 'standard',
    dryRun: false,
    check: false,
  });
  await engine.close();
  const error = results.find((result) => result.error !== undefined)?.error;
  if (error !== undefined) throw new BelljarError(error.code, { params: error.params });
}

export function composeEngine(folders: Folders, log: HostLog): HostEngine {
  let files: FileWatch | null = null;
  const engine = makeEngine(folders, process.env, log, () => files?.status() ?? null);
  return {
    api: engine.api,
    subscribe: (listener) => engine.subscribe(listener),
    onQuestion: (listener) => engine.onQuestion(listener),
    questionAudience: (count) => engine.questionAudience(count),
    attachTerminal: (terminal, after, wake) => engine.attachTerminal(terminal, after, wake),
    endTerminals: () => engine.endTerminals(),
    close: () => engine.close(),
    async watch(onChange) {
      // What is to be watched changes with what is found: a new profile, a new project.
      const stop = engine.followWatched((watched) => {
        if (files === null) files = watchFiles(watched, { home: folders.home, onChange });
        else files.set(watched);
      });
      return async () => {
        stop();
        files?.close();
        files = null;
      };
    },
  };
}
