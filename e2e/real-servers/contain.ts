/** A real server's command line under the product's own policy: what the engine would write for the entry, in a throw-away place. */
import { mkdtempSync, mkdirSync, realpathSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planForCommand } from '#engine/policies/ad-hoc-plan.ts';
import type { Places } from '#engine/ports.ts';
import type { Event } from '#contract/event.ts';
import type { LaunchedLevel, RuleVerb } from '#contract/words.ts';
import { readEvents } from '../confinement/support/arena.ts';
import { requireLauncher } from '../confinement/support/places.ts';
import { ordinaryPath } from '../confinement/support/start.ts';
import type { Launch } from './session.ts';

export interface Workplace {
  folder: string;
  /** The folder that a server may be given, and one that it may not. */
  project: string;
  outside: string;
  spool: string;
  remove: () => void;
}

/** `below`: where the run's own folder must have a short name, because a Unix socket's address holds 107 bytes. */
export function makeWorkplace(below = tmpdir()): Workplace {
  const folder = realpathSync(mkdtempSync(join(below, 'belljar-real-')));
  const at = (name: string): string => join(folder, name);
  for (const name of ['project', 'outside', 'spool', 'belljar']) mkdirSync(at(name), { mode: 0o700 });
  writeFileSync(at('project/note.txt'), 'a note of the project\n');
  writeFileSync(at('outside/secret.txt'), 'decoy of the outside\n');
  return {
    folder,
    project: at('project'),
    outside: at('outside'),
    spool: at('spool'),
    remove: () => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    },
  };
}

/** What a client gives to every server it starts. No registry can be reached: the proxy is an
 * address where nobody listens, and both runners are told to use what they have. */
export function clientEnvironment(home: string, node: string): Record<string, string> {
  return {
    PATH: `${join(node, '..')}:${ordinaryPath}`,
    HOME: home,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    npm_config_prefer_offline: 'true',
    UV_OFFLINE: '1',
  };
}

export interface ContainOptions {
  home: string;
  level?: LaunchedLevel;
  network?: 'none' | 'open' | null;
  rules?: readonly { verb: RuleVerb; what: string }[];
}

export function contain(workplace: Workplace, launch: Launch, options: ContainOptions): Launch {
  const { home } = options;
  const own = join(workplace.folder, 'belljar');
  const places: Places = {
    system: 'linux',
    uid: process.getuid?.() ?? -1,
    homeOwner: process.getuid?.() ?? -1,
    home,
    xdgConfig: join(home, '.config'),
    xdgData: join(home, '.local/share'),
    xdgCache: join(home, '.cache'),
    xdgState: join(home, '.local/state'),
    xdgRuntime: null,
    configFolder: join(own, 'config'),
    dataFolder: join(own, 'data'),
    stateFolder: join(own, 'state'),
    launcher: requireLauncher(),
    launchers: [requireLauncher()],
    environment: {},
    systemRoot: '',
  };
  const { text } = planForCommand(
    {
      launch,
      level: options.level ?? 'standard',
      network: options.network ?? null,
      rules: options.rules ?? [],
    },
    {
      places,
      clientFiles: [],
      spool: workplace.spool,
      realPath: (path) => (existsSync(path) ? realpathSync(path) : path),
      exists: existsSync,
    },
  );
  const plan = join(workplace.folder, 'plan');
  writeFileSync(plan, text, { mode: 0o600 });
  return { command: places.launcher, args: ['exec', '--plan', plan, '--', launch.command, ...launch.args] };
}

export function refusals(workplace: Workplace): Event[] {
  return readEvents(workplace.spool).filter((event) => event.verdict === 'refused');
}
