/**
 * Everything that must exist before the product or its tests can run: dependencies, launcher, bundles, the panel's page.
 * Each step looks first whether its output already belongs to the present sources, and is silent when it does.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cache, packageProgram, root } from './paths.mjs';
import { StepFailed, step } from './run.mjs';
import { say } from './say.mjs';
import { clearStamp, contentHash, isFresh, writeStamp } from './stamp.mjs';

const isWindows = process.platform === 'win32';

/** The family of the distribution, by /etc/os-release: `debian`, `ubuntu`, `fedora`, `arch`, or its own id. */
export function distribution() {
  if (process.platform !== 'linux') return process.platform;
  let text = '';
  try {
    text = readFileSync('/etc/os-release', 'utf8');
  } catch {
    return 'unknown';
  }
  const field = (key) => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  const ids = [field('ID'), ...field('ID_LIKE').split(' ')];
  return ids.find((id) => ['ubuntu', 'debian', 'fedora', 'arch'].includes(id)) ?? ids[0] ?? 'unknown';
}

export function hasProgram(name) {
  const found = spawnSync(name, ['--version'], { stdio: 'ignore' });
  return found.error === undefined;
}

/** The command that installs packages on this distribution, with sudo where it is needed. */
export function installCommand(packages) {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  const commands = {
    debian: `${sudo}apt-get install -y ${packages.debian}`,
    ubuntu: `${sudo}apt-get install -y ${packages.debian}`,
    fedora: `${sudo}dnf install -y ${packages.fedora}`,
    arch: `${sudo}pacman -S --needed ${packages.arch}`,
  };
  return commands[distribution()];
}

function requireCompiler() {
  const compiler = process.env.CXX ?? 'g++';
  const missing = [compiler, 'make'].filter((program) => !hasProgram(program));
  if (missing.length === 0) return;
  const command = installCommand({
    debian: 'g++ make',
    fedora: 'gcc-c++ make glibc-static libstdc++-static',
    arch: 'gcc make',
  });
  throw new StepFailed(
    `The launcher is built from C++ and ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing here.\n` +
      (command === undefined ? 'Install g++ (with static libstdc++) and make.' : `Install what is missing: ${command}`),
  );
}

/**
 * Compares the packages of package-lock.json with npm's own record of what it put into node_modules. Optional packages
 * for other systems are absent rightly; one for this system is not (a node_modules copied from another machine).
 */
export function isInstalled(wanted, installed, { platform, arch } = process) {
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const present = installed[path];
    if (present === undefined) {
      const named = entry.os !== undefined || entry.cpu !== undefined;
      const forThisSystem =
        (entry.os === undefined || entry.os.includes(platform)) &&
        (entry.cpu === undefined || entry.cpu.includes(arch));
      // Which C library this system has is npm's to know: a package that names one may be absent either way.
      if (entry.optional !== true || (named && forThisSystem && entry.libc === undefined)) return false;
    } else if (present.version !== entry.version || present.integrity !== entry.integrity) {
      return false;
    }
  }
  return Object.keys(installed).every((path) => wanted[path] !== undefined);
}

/** npm writes its record last, so an interrupted install is noticed too. */
function dependenciesAreInstalled() {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const packages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  return isInstalled(packages(join(root, 'package-lock.json')), packages(record));
}

async function install() {
  if (dependenciesAreInstalled()) return;
  say(
    `• dependencies: node_modules ${existsSync(join(root, 'node_modules')) ? 'differs from' : 'is missing for'} package-lock.json`,
  );
  await step({
    title: 'install dependencies (npm ci)',
    name: 'install',
    command: isWindows ? 'npm.cmd' : 'npm',
    // No package of this tree has an install script (a test checks it), so none needs to be allowed to run.
    args: ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
    help: 'The dependencies could not be installed. Check the network, then run: npm ci',
  });
}

async function launcher() {
  if (process.platform !== 'linux') {
    say('• launcher: left out, it exists for Linux only so far; nothing can be contained on this system');
    return;
  }
  const programs = ['belljar-launcher', 'belljar-records'].map((name) => ({
    built: `native-helpers/build/${name}`,
    shipped: `dist/launcher/${name}`,
  }));
  const hash = contentHash(['native-helpers'], process.arch);
  if (isFresh('launcher', hash, programs.flatMap(Object.values))) return;
  clearStamp('launcher');
  requireCompiler();
  await step({
    title: 'build the launcher (make -C native-helpers)',
    name: 'launcher',
    command: 'make',
    args: ['-C', 'native-helpers'],
    help: 'The launcher could not be built.',
  });
  mkdirSync(join(root, 'dist/launcher'), { recursive: true });
  // Rename, not overwrite: a running launcher cannot be written to.
  for (const { built, shipped } of programs) {
    copyFileSync(join(root, built), join(root, `${shipped}.new`));
    chmodSync(join(root, `${shipped}.new`), 0o755);
    renameSync(join(root, `${shipped}.new`), join(root, shipped));
  }
  writeStamp('launcher', hash);
}

/** Builds into a folder beside the old one and swaps them, so that a failed build leaves the working one in place. */
async function viteBuild({ title, name, config, mode, output }) {
  const fresh = `${output}.new`;
  rmSync(join(root, fresh), { recursive: true, force: true });
  await step({
    title,
    name,
    command: process.execPath,
    args: [
      packageProgram('vite/bin/vite.js'),
      'build',
      `--config=${config}`,
      ...(mode === undefined ? [] : [`--mode=${mode}`]),
      `--outDir=${join(root, fresh)}`,
      '--emptyOutDir',
    ],
  });
  rmSync(join(root, output), { recursive: true, force: true });
  renameSync(join(root, fresh), join(root, output));
}

async function bundles() {
  const hash = contentHash(['app', 'vite.node.config.ts', 'package.json', 'package-lock.json']);
  const demo = 'dist/demo/nosy-server.js';
  if (isFresh('bundles', hash, ['dist/cli/belljar.js', demo])) return;
  clearStamp('bundles');
  await viteBuild({
    title: 'bundle the command line and the host',
    name: 'bundle-cli',
    config: 'vite.node.config.ts',
    mode: 'cli',
    output: 'dist/cli',
  });
  chmodSync(join(root, 'dist/cli/belljar.js'), 0o755);
  // One file that needs nothing but Node, because it runs contained: it is shipped as it is.
  mkdirSync(join(root, 'dist/demo'), { recursive: true });
  copyFileSync(join(root, 'app/platform/demo/nosy-server.js'), join(root, demo));
  writeStamp('bundles', hash);
}

async function desktop() {
  const hash = contentHash(['main', 'app/contract', 'vite.node.config.ts', 'package.json', 'package-lock.json']);
  if (isFresh('desktop', hash, ['dist/main/main.js'])) return;
  clearStamp('desktop');
  await viteBuild({
    title: 'bundle the desktop program',
    name: 'bundle-main',
    config: 'vite.node.config.ts',
    mode: 'main',
    output: 'dist/main',
  });
  writeStamp('desktop', hash);
}

async function renderer() {
  const hash = contentHash(['renderer', 'app/contract', 'package-lock.json']);
  if (isFresh('renderer', hash, ['dist/renderer/index.html'])) return;
  clearStamp('renderer');
  await viteBuild({
    title: 'bundle the panel',
    name: 'renderer',
    config: 'renderer/vite.config.ts',
    output: 'dist/renderer',
  });
  writeStamp('renderer', hash);
}

/** One preparation at a time in a checkout; a lock whose owner is gone is taken over. */
async function withLock(work) {
  const lock = join(cache, 'prepare.lock');
  mkdirSync(cache, { recursive: true });
  let waiting = false;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    let owner = 0;
    try {
      owner = Number(readFileSync(lock, 'utf8'));
      if (owner > 0) process.kill(owner, 0);
    } catch (error) {
      // ENOENT: released just now. ESRCH: its owner died. EPERM: the owner lives and belongs to somebody else.
      if (error.code === 'ESRCH') rmSync(lock, { force: true });
    }
    if (!waiting) say(`• waiting: process ${owner} is building in this folder`);
    waiting = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

const steps = { install, launcher, bundles, desktop, renderer };

/** Runs the named steps in the given order. Throws StepFailed with a sentence for people. */
export async function prepare(names) {
  await withLock(async () => {
    for (const name of names) await steps[name]();
  });
}
