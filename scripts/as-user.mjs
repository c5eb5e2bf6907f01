/**
 * Runs the whole-product tests as an ordinary user while npm test itself runs as root, because a sandbox that only
 * works for root (or only for others) is worth nothing: `node scripts/as-user.mjs [vitest arguments…]`.
 *
 * The user is `belljar-test`, made when it is missing and removed again afterwards. It works in a copy of the checkout
 * that it can read (a fresh clone often lies below a folder that only root may enter): files are hard-linked where the
 * file system allows it, so the copy costs folders only; the user owns the folders, root keeps the files. HOME is an
 * empty folder of its own. Exit status: that of the tests; 3 when no such user can be had, with the reason on stderr.
 * `--try` ends with 0 where the tests could be run, and runs none.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { networkVariables, npmVariables, testSettings } from './lib/environment.mjs';
import { root } from './lib/paths.mjs';

const userName = 'belljar-test';

/** Exit status for "left out", which npm test shows as skipped with the reason. */
const leftOut = 3;

/** What the tests need of the checkout; everything else stays out of the copy. */
const needed = [
  'LICENSE',
  'README.md',
  'app',
  'bench',
  'dist',
  'docs',
  'e2e',
  'native-helpers',
  'node_modules',
  'package.json',
  'package-lock.json',
  'packaging',
  'renderer',
  'scripts',
  'tsconfig.json',
  'vitest.config.ts',
];

/** What root's run built or fetched and what serves wherever it lies; a Python environment does not. */
const built = ['.cache/network-programs', '.cache/techniques', '.cache/real-servers'];

function giveUp(reason) {
  process.stderr.write(`${reason}\n`);
  process.exit(leftOut);
}

function lookUp() {
  const found = spawnSync('getent', ['passwd', userName], { encoding: 'utf8' });
  if (found.status !== 0) return undefined;
  const fields = found.stdout.trim().split(':');
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** Hard links as far as possible; a copy where the file is on another file system or not readable for others. */
function mirror(from, to, user) {
  const stat = lstatSync(from);
  if (stat.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
  } else if (stat.isDirectory()) {
    mkdirSync(to);
    for (const name of readdirSync(from)) {
      // Scratch folders of tools, and what holds the path it was made at: the user makes its own.
      if (['.vite', '.vite-temp', '.cache', 'venv'].includes(name)) continue;
      mirror(join(from, name), join(to, name), user);
    }
    chmodSync(to, 0o755);
    chownSync(to, user.uid, user.gid);
  } else if (stat.isFile()) {
    if ((stat.mode & 0o004) !== 0) {
      try {
        linkSync(from, to);
        return;
      } catch {
        // Another file system (EXDEV) or one without links: copied below.
      }
    }
    copyFileSync(from, to);
    chmodSync(to, (stat.mode & 0o111) !== 0 ? 0o755 : 0o644);
  }
}

/** Can the user start this program? A version manager's Node below /root cannot be reached. */
function canRun(program, user) {
  return spawnSync(program, ['--version'], { stdio: 'ignore', uid: user.uid, gid: user.gid, cwd: '/' }).status === 0;
}

if (process.platform !== 'linux') giveUp('this part exists for Linux only');
if (process.getuid() !== 0) giveUp('not root, so the tests run as an ordinary user already');

let user = lookUp();
let made = false;
if (user === undefined) {
  const added = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/sh', userName], {
    encoding: 'utf8',
  });
  user = added.error === undefined && added.status === 0 ? lookUp() : undefined;
  if (user === undefined)
    giveUp(`no user ${userName} here and useradd did not make one: ${added.stderr ?? 'not found'}`.trim());
  made = true;
}

const folder = mkdtempSync(join(tmpdir(), 'belljar-as-user-'));
const copy = join(folder, 'belljar');
const home = join(folder, 'home');
const temporary = join(folder, 'tmp');

function cleanUp() {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  // userdel refuses while a process of the user still runs, which would itself be a defect worth seeing.
  if (made) spawnSync('userdel', [userName], { stdio: 'inherit' });
}

chmodSync(folder, 0o755);
let node = process.execPath;
if (!canRun(node, user)) {
  node = join(folder, 'node');
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  if (!canRun(node, user)) {
    cleanUp();
    giveUp(`the user ${userName} cannot start ${process.execPath}`);
  }
}

if (process.argv.includes('--try')) {
  cleanUp();
  process.exit(0);
}

mkdirSync(copy);
for (const path of [home, temporary]) {
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, user.uid, user.gid);
}
for (const name of needed) if (existsSync(join(root, name))) mirror(join(root, name), join(copy, name), user);
mkdirSync(join(copy, '.cache/reports'), { recursive: true });
for (const path of [copy, join(copy, '.cache'), join(copy, '.cache/reports')]) chownSync(path, user.uid, user.gid);
for (const name of built) if (existsSync(join(root, name))) mirror(join(root, name), join(copy, name), user);

const reportArgument = process.argv.find((argument) => argument.startsWith('--outputFile.json='));
const child = spawn(
  node,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    'e2e',
    ...process.argv.slice(2).filter((argument) => argument !== reportArgument),
    ...(reportArgument === undefined ? [] : ['--outputFile.json=.cache/reports/as-user.json']),
  ],
  {
    cwd: copy,
    uid: user.uid,
    gid: user.gid,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...networkVariables(),
      ...testSettings(),
      ...npmVariables(),
      PATH: `${dirname(node)}:${process.env.PATH ?? '/usr/bin:/bin'}`,
      HOME: home,
      USER: userName,
      LOGNAME: userName,
      SHELL: '/bin/sh',
      LANG: process.env.LANG ?? 'C.UTF-8',
      TMPDIR: temporary,
      ...(process.env.CI === undefined ? {} : { CI: process.env.CI }),
      ...(process.env.CHROMIUM_PATH === undefined ? {} : { CHROMIUM_PATH: process.env.CHROMIUM_PATH }),
      ...(process.env.NODE_EXTRA_CA_CERTS === undefined
        ? {}
        : { NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS }),
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  const report = join(copy, '.cache/reports/as-user.json');
  if (reportArgument !== undefined && existsSync(report)) {
    // Files are named as in the checkout, which is what people look at and other reports are compared with.
    const text = readFileSync(report, 'utf8').replaceAll(copy, root);
    writeFileSync(reportArgument.slice('--outputFile.json='.length), text);
  }
  cleanUp();
  process.exit(code ?? 1);
});
child.on('error', (error) => {
  writeFileSync(process.stderr.fd, `${error.message}\n`);
  cleanUp();
  process.exit(1);
});
