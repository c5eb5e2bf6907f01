/**
 * The npm packages: `belljar`, which is JavaScript alone, and one for each system that holds its launcher, of which npm takes the one
 * that fits. So `npx belljar demo` needs no compiler.
 */
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths.mjs';
import { StepFailed, step } from '../run.mjs';
import { besideBundles, billOfMaterials, launcherLicences, licencesText, shippedPackages } from './shipped.mjs';

/** Systems that a launcher is built for; npm's names. */
const launcherSystems = [
  ['linux', 'x64'],
  ['linux', 'arm64'],
];

export function launcherPackage(os, cpu) {
  return `@belljar/launcher-${os}-${cpu}`;
}

function write(file, value) {
  writeFileSync(file, typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`);
}

function stageMain(folder, own) {
  mkdirSync(folder, { recursive: true });
  const { name, version, description, license, type, engines, bin } = own;
  const dependencies = Object.fromEntries(besideBundles.map((one) => [one, own.dependencies[one]]));
  write(join(folder, 'package.json'), {
    name,
    version,
    description,
    license,
    type,
    engines,
    bin,
    files: ['dist', 'LICENSE', 'README.md', 'THIRD-PARTY.txt', 'sbom.cdx.json'],
    dependencies,
    optionalDependencies: Object.fromEntries(launcherSystems.map(([os, cpu]) => [launcherPackage(os, cpu), version])),
  });
  for (const part of ['cli', 'demo', 'renderer'])
    cpSync(join(root, 'dist', part), join(folder, 'dist', part), { recursive: true });
  for (const file of ['LICENSE', 'README.md']) copyFileSync(join(root, file), join(folder, file));
  const packages = shippedPackages(['app', 'renderer']);
  write(join(folder, 'THIRD-PARTY.txt'), licencesText(packages));
  write(join(folder, 'sbom.cdx.json'), billOfMaterials(own, packages));
}

function stageLauncher(folder, own) {
  const built = join(root, 'dist/launcher/belljar-launcher');
  if (!existsSync(built)) return undefined;
  mkdirSync(folder, { recursive: true });
  const { platform, arch } = process;
  write(join(folder, 'package.json'), {
    name: launcherPackage(platform, arch),
    version: own.version,
    description: `Belljar's launcher for ${platform} on ${arch}`,
    license: own.license,
    os: [platform],
    cpu: [arch],
    files: ['belljar-launcher', 'LICENSE', 'THIRD-PARTY.txt'],
  });
  copyFileSync(built, join(folder, 'belljar-launcher'));
  chmodSync(join(folder, 'belljar-launcher'), 0o755);
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  write(join(folder, 'THIRD-PARTY.txt'), launcherLicences);
  return folder;
}

/** Packs into `out`; answers the files that were made. */
export async function packNpm(out) {
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const staging = join(out, '.npm');
  rmSync(staging, { recursive: true, force: true });
  stageMain(join(staging, 'belljar'), own);
  const launcher = stageLauncher(join(staging, 'launcher'), own);
  const made = [];
  for (const folder of [join(staging, 'belljar'), launcher]) {
    if (folder === undefined) continue;
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    await step({
      title: `pack ${name}`,
      name: 'pack-npm',
      command: process.platform === 'win32' ? 'npm.cmd' : 'npm',
      args: ['pack', '--ignore-scripts', `--pack-destination=${out}`],
      cwd: folder,
      help: `${name} could not be packed.`,
    });
    const file = join(out, `${name.replace('@', '').replace('/', '-')}-${own.version}.tgz`);
    if (!existsSync(file)) throw new StepFailed(`npm packed ${name} under another name than ${file}`);
    made.push(file);
  }
  rmSync(staging, { recursive: true, force: true });
  return made;
}
