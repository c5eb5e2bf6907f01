/**
 * `npm run build`: everything that a package holds, into dist/: the launcher, the bundled command line and host, the
 * desktop program, the demo's server and the panel's page. Skips what is already built from the present sources; `--force` builds it all.
 */
import { requireNodeVersion } from './lib/node-version.mjs';

requireNodeVersion();
const { prepare } = await import('./lib/prepare.mjs');
const { say, seconds } = await import('./lib/say.mjs');
const { clearStamp } = await import('./lib/stamp.mjs');

const started = Date.now();
if (process.argv.includes('--force'))
  for (const name of ['launcher', 'bundles', 'desktop', 'renderer']) clearStamp(name);
try {
  await prepare(['install', 'launcher', 'bundles', 'desktop', 'renderer']);
  say(`Built: dist/  (${seconds(Date.now() - started)})`);
} catch (error) {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
