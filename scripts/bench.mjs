/**
 * `npm run bench`: the measurements of bench/, run by hand. Builds the product first, then bundles and runs each
 * bench/*.bench.ts in a process of its own; names after `--` choose some: `npm run bench -- start opens`.
 */
import { requireNodeVersion } from './lib/node-version.mjs';

requireNodeVersion();
const { spawnSync } = await import('node:child_process');
const { existsSync, readdirSync } = await import('node:fs');
const { join } = await import('node:path');
const { provideChromium } = await import('./lib/chromium.mjs');
const { cache, packageProgram, root } = await import('./lib/paths.mjs');
const { prepare } = await import('./lib/prepare.mjs');
const { step } = await import('./lib/run.mjs');
const { say } = await import('./lib/say.mjs');

const suffix = '.bench.ts';
const known = existsSync(join(root, 'bench'))
  ? readdirSync(join(root, 'bench'))
      .filter((file) => file.endsWith(suffix))
      .map((file) => file.slice(0, -suffix.length))
      .sort()
  : [];
const wanted = process.argv.slice(2).length === 0 ? known : process.argv.slice(2);
if (known.length === 0) {
  say('There are no measurements in bench/.');
  process.exit(2);
}
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  say(`Unknown: ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  process.exit(2);
}

/** Measurements in a browser are given it. */
const inChromium = ['panel', 'panel-feed'];
let chromium = '';
try {
  await prepare(['install', 'launcher', 'bundles', 'renderer']);
  await step({
    title: 'bundle the measurements',
    name: 'bundle-bench',
    command: process.execPath,
    args: [
      packageProgram('vite/bin/vite.js'),
      'build',
      '--config=vite.node.config.ts',
      '--mode=bench',
      `--outDir=${join(cache, 'bench')}`,
      '--emptyOutDir',
    ],
  });
  if (wanted.some((name) => inChromium.includes(name))) chromium = await provideChromium();
} catch (error) {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

for (const name of wanted) {
  say(`\n── ${name}`);
  const result = spawnSync(process.execPath, [join(cache, 'bench', `${name}.bench.js`)], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, BELLJAR_ROOT: root, ...(chromium === '' ? {} : { CHROMIUM_PATH: chromium }) },
  });
  if (result.status !== 0) process.exitCode = 1;
}
