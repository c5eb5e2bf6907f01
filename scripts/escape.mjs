/**
 * `npm run escape`: the escape kit (e2e/confinement/kit) against Belljar as it is in this checkout, which is built first. What
 * stands after `--` is the kit's own; `-- --write-results` plays all sandboxes that are installed and writes docs/results.md.
 */
import { requireNodeVersion } from './lib/node-version.mjs';

requireNodeVersion();
const { spawnSync } = await import('node:child_process');
const { join } = await import('node:path');
const { root } = await import('./lib/paths.mjs');
const { prepare } = await import('./lib/prepare.mjs');
const { say } = await import('./lib/say.mjs');

try {
  await prepare(['install', 'launcher', 'bundles']);
} catch (error) {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
}
const kit = spawnSync(process.execPath, [join(root, 'e2e/confinement/kit/run.mjs'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = kit.status ?? 1;
