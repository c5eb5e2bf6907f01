/**
 * `npm run package`: builds the packages that this machine can, into packages/, and says why not the others.
 *
 *   npm run package -- --only npm --only deb     some of them
 *   npm run package -- --out FOLDER              elsewhere
 */
import { requireNodeVersion } from './lib/node-version.mjs';

requireNodeVersion();
const { createHash } = await import('node:crypto');
const { mkdirSync, readFileSync, statSync, writeFileSync } = await import('node:fs');
const { basename, join, resolve } = await import('node:path');
const { parseArgs } = await import('node:util');
const { packDeb } = await import('./lib/packages/deb.mjs');
const { desktopElsewhere, desktopMissing, desktopTargets, packDesktop } = await import('./lib/packages/desktop.mjs');
const { nodeMissing } = await import('./lib/packages/node-program.mjs');
const { packNpm } = await import('./lib/packages/npm.mjs');
const { packRpm } = await import('./lib/packages/rpm.mjs');
const { root } = await import('./lib/paths.mjs');
const { hasProgram, prepare } = await import('./lib/prepare.mjs');
const { StepFailed } = await import('./lib/run.mjs');
const { say } = await import('./lib/say.mjs');

function missingForSystem(program, from) {
  if (process.platform !== 'linux') return 'it is built on Linux only';
  return hasProgram(program) ? nodeMissing() : `${program} is not here (it comes with ${from})`;
}

const kinds = {
  npm: { title: 'npm packages', missing: () => undefined, pack: packNpm },
  deb: {
    title: 'Debian package (host, command line, browser panel)',
    missing: () => missingForSystem('dpkg-deb', 'dpkg'),
    pack: async (out) => [await packDeb(out)],
  },
  rpm: {
    title: 'RPM package (host, command line, browser panel)',
    missing: () => missingForSystem('rpmbuild', "Debian's rpm or Fedora's rpm-build"),
    pack: async (out) => [await packRpm(out)],
  },
  desktop: {
    title: `desktop program (${desktopTargets().join(', ')})`,
    missing: desktopMissing,
    pack: packDesktop,
  },
};

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, out: { type: 'string', default: join(root, 'packages') } },
});
const wanted = values.only ?? Object.keys(kinds);
const unknown = wanted.find((name) => kinds[name] === undefined);
if (unknown !== undefined) {
  say(`Unknown: ${unknown}. There are: ${Object.keys(kinds).join(', ')}.`);
  process.exit(2);
}

const out = resolve(values.out);
const made = [];
let failed = false;
try {
  await prepare(['install', 'launcher', 'bundles', 'desktop', 'renderer']);
  mkdirSync(out, { recursive: true });
  for (const name of wanted) {
    const { title, missing, pack } = kinds[name];
    const why = missing();
    if (why !== undefined) say(`- ${title}: left out, ${why}`);
    else made.push(...(await pack(out)));
    if (name === 'desktop') for (const line of desktopElsewhere()) say(`- ${line}`);
  }
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  say(`\n${error.message}`);
  failed = true;
}
const lines = made.map((file) => {
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  say(`${basename(file)}  ${String(Math.ceil(statSync(file).size / 1024))} KiB`);
  return `${digest}  ${basename(file)}\n`;
});
if (lines.length > 0) writeFileSync(join(out, 'SHA256SUMS'), lines.join(''));
process.exitCode = failed ? 1 : 0;
