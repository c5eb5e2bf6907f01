/**
 * Finds a Chromium for the panel's tests, or gets one where that is allowed without asking: apt as root on Debian and
 * Ubuntu, Playwright's own download elsewhere (into the user's cache folder).
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { packageProgram, root } from './paths.mjs';
import { distribution } from './prepare.mjs';
import { StepFailed, step } from './run.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name);
      if (folder !== '' && isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** The one that `playwright install chromium` fetches for the installed version of Playwright. */
async function fromPlaywright() {
  if (!existsSync(join(root, 'node_modules/@playwright/test'))) return undefined;
  const { chromium } = await import('@playwright/test');
  const path = chromium.executablePath();
  return path !== '' && isExecutable(path) ? path : undefined;
}

/** Ubuntu's `chromium` package only points to a snap, which neither containers nor services can install. */
function aptHasChromium() {
  const policy = spawnSync('apt-cache', ['policy', 'chromium'], { encoding: 'utf8' });
  return (
    policy.status === 0 && /Candidate: (?!\(none\))/.test(policy.stdout) && !/Candidate: .*snap/.test(policy.stdout)
  );
}

/** The path of a Chromium that can be started. Throws StepFailed that names the one command that helps. */
export async function provideChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new StepFailed(`CHROMIUM_PATH names ${named}, which is not a program. Correct it: export CHROMIUM_PATH=…`);
  }
  const found = onPath() ?? (await fromPlaywright());
  if (found !== undefined) return found;

  const isRoot = process.getuid?.() === 0;
  const family = distribution();
  if (isRoot && (family === 'debian' || family === 'ubuntu')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await step({
      title: 'refresh the package lists (apt-get update)',
      name: 'apt-update',
      command: 'apt-get',
      args: ['update'],
      env,
      help: 'Chromium is missing and the package lists cannot be fetched. Install it: apt-get install -y chromium',
    });
    if (aptHasChromium()) {
      await step({
        title: 'install Chromium (apt-get install chromium)',
        name: 'apt-chromium',
        command: 'apt-get',
        args: ['install', '-y', '--no-install-recommends', 'chromium'],
        env,
        help: 'Chromium is missing and apt could not install it. Install it: apt-get install -y chromium',
      });
      const installed = onPath();
      if (installed !== undefined) return installed;
    }
  }
  // As root its libraries can be installed along with it; an ordinary user may have to do that part by hand.
  const withLibraries = isRoot && process.platform === 'linux' ? ['--with-deps'] : [];
  const command = ['npx', 'playwright', 'install', ...withLibraries, 'chromium'].join(' ');
  await step({
    title: `install Chromium (${command})`,
    name: 'playwright-install',
    command: process.execPath,
    args: [packageProgram('@playwright/test/cli.js'), 'install', ...withLibraries, 'chromium'],
    help: `Chromium is missing and could not be fetched. Install it: ${command}`,
  });
  const downloaded = await fromPlaywright();
  if (downloaded === undefined) throw new StepFailed(`Chromium is missing. Install it: ${command}`);
  return downloaded;
}
