/**
 * `npm start`: builds what is missing or old, then opens the desktop program's window where Electron and a display are there,
 * else the panel in the browser, and says why.
 *
 * Everything after `npm start --` goes to `belljar panel` as it is, which then opens in the browser. Plain Node and nothing else, because it runs before
 * anything is installed; the version is checked before any other module is loaded.
 */
import { requireNodeVersion } from './lib/node-version.mjs';

requireNodeVersion();
const { spawn } = await import('node:child_process');
const { join } = await import('node:path');
const { findElectron } = await import('./lib/electron.mjs');
const { root } = await import('./lib/paths.mjs');
const { prepare } = await import('./lib/prepare.mjs');
const { say } = await import('./lib/say.mjs');

try {
  await prepare(['install', 'launcher', 'bundles', 'desktop', 'renderer']);
} catch (error) {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

const forPanel = process.argv.slice(2);
const electron = forPanel.length > 0 ? {} : findElectron();
if (electron.missing !== undefined)
  say(`The panel opens in your browser, without the desktop's window: ${electron.missing}.`);
const child =
  electron.path === undefined
    ? spawn(process.execPath, [join(root, 'dist/cli/belljar.js'), 'panel', ...forPanel], { stdio: 'inherit' })
    : spawn(electron.path, [root], { stdio: 'inherit', env: { ...process.env, BELLJAR_NODE: process.execPath } });

// Ctrl-C reaches the whole foreground group: the panel ends by itself, and this script only waits for it. A signal sent
// to this process alone is passed on.
let interrupted = false;
process.on('SIGINT', () => {
  interrupted = true;
});
for (const signal of ['SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    child.kill(signal);
  });
}
child.on('error', (error) => {
  say(`The panel could not be started: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  if (interrupted && (signal !== null || code === 0 || code === 130 || code === 143)) process.exit(0);
  process.exit(code ?? 1);
});
