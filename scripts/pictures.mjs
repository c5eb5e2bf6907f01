/**
 * `npm run pictures`: every view of the panel in both colour schemes and two widths, and in forced colours and at 200 % zoom, to
 * test-results/pictures: for people to look at. Nothing is compared.
 *
 *   npm run pictures -- --docs     those of the documentation anew, into docs/pictures
 */
import { requireNodeVersion } from './lib/node-version.mjs';

requireNodeVersion();
const { spawnSync } = await import('node:child_process');
const { provideChromium } = await import('./lib/chromium.mjs');
const { packageProgram, root } = await import('./lib/paths.mjs');
const { prepare } = await import('./lib/prepare.mjs');
const { say } = await import('./lib/say.mjs');

const forDocs = process.argv.includes('--docs');
const words = process.argv.slice(2).filter((word) => word !== '--docs');

try {
  await prepare(['install', 'renderer']);
  const result = spawnSync(
    process.execPath,
    [packageProgram('@playwright/test/cli.js'), 'test', 'pictures', ...(forDocs ? ['--grep=@docs'] : []), ...words],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, BELLJAR_PICTURES: forDocs ? 'docs' : '1', CHROMIUM_PATH: await provideChromium() },
    },
  );
  process.exitCode = result.status ?? 1;
  if (result.status === 0) say(`Pictures: ${forDocs ? 'docs' : 'test-results'}/pictures/`);
} catch (error) {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
