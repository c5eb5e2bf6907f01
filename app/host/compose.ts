/** The composition root: the real engine over this machine, for one set of folders. */
import { join } from 'node:path';
import { BelljarError } from '#contract/errors.ts';
import type { Engine } from '#engine/engine.ts';
import { createEngine } from '#engine/engine.ts';
import type { Clock } from '#engine/ports.ts';
import { createBrowser } from '#platform/browser/browser.ts';
import { findClients } from '#platform/clients/clients.ts';
import { createLauncher } from '#platform/confinement/linux/launcher.ts';
import { createMachineFacts } from '#platform/confinement/linux/machine-facts.ts';
import { createSelftestStage } from '#platform/confinement/linux/selftest-stage.ts';
import { createDemoStage } from '#platform/demo/demo-stage.ts';
import { createExaminations } from '#platform/doctor/examinations.ts';
import { createFileStore } from '#platform/files/file-store.ts';
import { createRepositories } from '#platform/files/repositories.ts';
import { createPlanStore } from '#platform/files/plan-store.ts';
import { createStartedPlanStore } from '#platform/files/started-plans.ts';
import { createPolicyStore } from '#platform/files/policy-store.ts';
import { createJournal } from '#platform/journal/journal.ts';
import { createTrials } from '#platform/mcp/trials.ts';
import type { Folders } from '#platform/paths/folders.ts';
import { findFolders, makeFolders } from '#platform/paths/folders.ts';
import { makePlaces } from '#platform/paths/places.ts';
import { createNpmInstaller } from '#platform/pins/npm-installer.ts';
import { createPinStore } from '#platform/pins/pin-store.ts';
import { createUvInstaller } from '#platform/pins/uv-installer.ts';
import { createProcesses } from '#platform/processes/processes.ts';
import { createEventLabel } from '#platform/spool/label.ts';
import { createSpool } from '#platform/spool/spool.ts';
import { createSupervisors } from '#platform/spool/supervisors.ts';
import { watchFiles } from '#platform/watch/watch-files.ts';
import type { HostEngine } from './host.ts';
import type { HostLog } from './log.ts';
import { version } from './version.ts';

const clock: Clock = { now: () => new Date() };

function makeEngine(folders: Folders, environment: NodeJS.ProcessEnv, log: HostLog): Engine {
  const places = makePlaces(folders, environment);
  const launcher = createLauncher({ path: places.launcher });
  const openSpool = (folder: string): ReturnType<typeof createSpool> =>
    createSpool({ folder, log, label: createEventLabel(places) });
  const documents = {
    journal: createJournal(folders.data),
    policies: createPolicyStore(folders.config),
    plans: createPlanStore(folders.data),
    started: createStartedPlanStore(folders.state),
    pins: createPinStore(folders.data),
  };
  const install = { places, installLauncher: () => launcher.install() };
  const spool = openSpool(join(folders.state, 'spool'));
  return createEngine({
    places,
    clock,
    clients: findClients(places),
    repositories: createRepositories(),
    files: createFileStore(),
    ...documents,
    installers: { npm: createNpmInstaller(install), uv: createUvInstaller(install) },
    processes: createProcesses(),
    launcher,
    machine: createMachineFacts({ places, launcher, version }),
    spool,
    supervisors: createSupervisors(),
    trials: createTrials({
      home: folders.home,
      environment,
      installLauncher: () => launcher.install(),
      openSpool,
    }),
    examinations: (engine) => createExaminations({ folders, launcher, ...documents, spool, engine }),
    selftest: createSelftestStage({ launcher }),
    demo: createDemoStage({
      environment,
      openSpool: (home, folder) =>
        createSpool({ folder, log, label: createEventLabel(makePlaces(thrownAway(home).folders, { HOME: home })) }),
    }),
    containDemo: (home) => containIn(home, log),
    browser: createBrowser(environment),
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
  const error = results.find((result) => result.error !== undefined)?.error;
  if (error !== undefined) throw new BelljarError(error.code, { params: error.params });
}

export function composeEngine(folders: Folders, log: HostLog): HostEngine {
  const engine = makeEngine(folders, process.env, log);
  return {
    api: engine.api,
    subscribe: (listener) => engine.subscribe(listener),
    onQuestion: (listener) => engine.onQuestion(listener),
    async watch(onChange) {
      // What is to be watched changes with what changes: a new profile, a new project.
      let asking = false;
      let again = false;
      const refresh = async (): Promise<void> => {
        again = true;
        if (asking) return;
        asking = true;
        try {
          while (again) {
            again = false;
            watch.set(await engine.watched());
          }
        } finally {
          asking = false;
        }
      };
      const watch = await watchFiles(await engine.watched(), () => {
        onChange();
        refresh().catch((error: unknown) => log.warn('watch-failed', { error: String(error) }));
      });
      return () => watch.close();
    },
  };
}
