/** The Debian package of the tree in system-tree.mjs. */
import { chmodSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { step } from '../run.mjs';
import { description, put, removalFunctions, stageTree, summary } from './system-tree.mjs';

const architectures = { x64: 'amd64', arm64: 'arm64' };

function sizeOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

const script = (word, call) => `#!/bin/sh
set -e
${removalFunctions}
if [ "$1" = ${word} ]; then ${call}; fi
`;

/** Builds it into `out`; answers the file. */
export async function packDeb(out) {
  const architecture = architectures[process.arch];
  const staging = join(out, '.deb');
  rmSync(staging, { recursive: true, force: true });
  const { version } = await stageTree(staging);
  put(
    join(staging, 'DEBIAN/control'),
    [
      'Package: belljar',
      `Version: ${version}`,
      `Architecture: ${architecture}`,
      'Maintainer: Belljar <belljar@example.invalid>',
      'Section: utils',
      'Priority: optional',
      `Installed-Size: ${String(Math.ceil(sizeOf(staging) / 1024))}`,
      'Depends: libc6 (>= 2.28), libstdc++6, libgcc-s1',
      'Recommends: xdg-utils',
      `Description: ${summary}`,
      ...description.map((line) => ` ${line}`),
      '',
    ].join('\n'),
  );
  put(join(staging, 'DEBIAN/prerm'), script('remove', 'before_removal'), 0o755);
  put(join(staging, 'DEBIAN/postrm'), script('remove', 'after_removal'), 0o755);
  chmodSync(join(staging, 'DEBIAN'), 0o755);
  const file = join(out, `belljar_${version}_${architecture}.deb`);
  await step({
    title: 'build the Debian package',
    name: 'pack-deb',
    command: 'dpkg-deb',
    args: ['--root-owner-group', '-Zzstd', '--build', staging, file],
    help: 'The Debian package could not be built.',
  });
  rmSync(staging, { recursive: true, force: true });
  return file;
}
