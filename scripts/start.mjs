/**
 * `npm start`: builds what is missing or old, then opens the panel in the browser.
 *
 * Everything after `npm start --` goes to `belljar panel` as it is. Plain Node and nothing else, because it runs before
 * anything is installed; the version is checked before any other module is loaded.
 */
import { requireNodeVersion } from './lib/node-version.mjs';

requireNodeVersion();
const { spawn } = await import('node:child_process');
const { join } = await import('node:path');
const { root } = await import('./lib/paths.mjs');
const { prepare } = await import('./lib/prepare.mjs');
const { say } = await import('./lib/say.mjs');

try {
  await prepare(['install', 'launcher', 'bundles', 'renderer']);
} catch (error) {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

const child = spawn(process.execPath, [join(root, 'dist/cli/belljar.js'), 'panel', ...process.argv.slice(2)], {
  stdio: 'inherit',
});

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
