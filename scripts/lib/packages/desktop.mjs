/**
 * The desktop program's packages, by electron-builder from electron-builder.yml. It is not among the dependencies: only machines that
 * release need it and its three hundred packages, with a Node that is newer than ours has to be.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findElectron } from '../electron.mjs';
import { step } from '../run.mjs';
import { nodeMissing, provideNode } from './node-program.mjs';
import { noticesOf } from './shipped.mjs';

const builder = 'electron-builder@26.17.0';

const targets = {
  linux: ['deb', 'rpm', 'AppImage'],
  darwin: ['dmg', 'zip'],
  win32: ['nsis', 'msi'],
};

const systems = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' };

export function desktopTargets() {
  return targets[process.platform] ?? [];
}

/** Why those of this system are not built, or undefined. Where nothing can be contained, a window would promise what it cannot keep. */
export function desktopMissing() {
  if (process.platform !== 'linux') return 'there is no launcher for this system yet, so nothing could be contained';
  return nodeMissing() ?? findElectron(process.env, { forPackaging: true }).missing;
}

/** Those of other systems, each with why it is not built here. */
export function desktopElsewhere() {
  return Object.entries(targets)
    .filter(([system]) => system !== process.platform)
    .map(
      ([system, names]) =>
        `desktop program (${names.join(', ')}): left out, ${system === 'linux' ? 'built on Linux only' : `there is no launcher for ${systems[system]} yet`}`,
    );
}

/** The licences of all that is in them, and the bill of materials, in a folder that electron-builder.yml takes in. */
export function writeNotices(folder, node) {
  mkdirSync(folder, { recursive: true });
  const { licences, materials } = noticesOf({ folders: ['app', 'main', 'renderer'], node, withElectron: true });
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), licences);
  writeFileSync(join(folder, 'sbom.cdx.json'), materials);
}

export async function packDesktop(out) {
  const node = await provideNode();
  const notices = join(out, '.notices');
  writeNotices(notices, node);
  await step({
    title: 'build the desktop program (electron-builder)',
    name: 'pack-desktop',
    command: process.platform === 'win32' ? 'npx.cmd' : 'npx',
    args: [
      '--yes',
      '--ignore-scripts',
      builder,
      `--${{ linux: 'linux', darwin: 'mac', win32: 'win' }[process.platform]}`,
      ...desktopTargets(),
      '--publish=never',
      `--config.directories.output=${out}`,
    ],
    env: { ...process.env, BELLJAR_SHIPPED_NODE: node, BELLJAR_NOTICES: notices },
    help: 'The desktop program could not be built.',
  });
  return readdirSync(out)
    .filter((name) => /\.(deb|rpm|AppImage|dmg|zip|exe|msi)$/.test(name) && name.startsWith('belljar-desktop'))
    .map((name) => join(out, name));
}
