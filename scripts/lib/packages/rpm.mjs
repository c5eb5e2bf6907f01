/**
 * The RPM package of the tree in system-tree.mjs, by rpmbuild: the same files as in Debian's, under the same contract.
 *
 * Nothing of it is changed by rpmbuild's own habits: no debug package, no stripping, no compiled Python, no links for build ids.
 */
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { step } from '../run.mjs';
import { description, put, removalFunctions, stageTree, summary } from './system-tree.mjs';

const architectures = { x64: 'x86_64', arm64: 'aarch64' };

/** Every file, and the folders that are the package's alone; those of the system are not. */
function fileList(staging) {
  const ownFolder = /^usr\/lib\/belljar(?:\/|$)|^usr\/share\/doc\/belljar$/;
  return readdirSync(staging, { recursive: true, withFileTypes: true })
    .map((entry) => ({
      path: join(entry.parentPath, entry.name).slice(staging.length + 1),
      folder: entry.isDirectory(),
    }))
    .filter(({ path, folder }) => !folder || ownFolder.test(path))
    .map(({ path, folder }) => `${folder ? '%dir ' : ''}"/${path}"`)
    .sort();
}

/** Scriptlets get the number of packages that will be installed when they are done: 0 is a removal, more an update. */
const scriptlet = (call) => `${removalFunctions}
if [ "$1" = 0 ]; then ${call}; fi
exit 0
`;

const spec = (version, files) => `Name: belljar
Version: ${version}
Release: 1
Summary: ${summary}
License: Apache-2.0
Requires: glibc >= 2.28, libstdc++, libgcc
Recommends: xdg-utils
AutoReqProv: no

%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global _binary_payload w9.zstdio
%global _buildhost localhost
%global source_date_epoch_from_changelog 0

%description
${description.join('\n')}

%preun
${scriptlet('before_removal')}
%postun
${scriptlet('after_removal')}
%files
%defattr(-,root,root)
${files.join('\n')}
`;

/** Builds it into `out`; answers the file. */
export async function packRpm(out) {
  const architecture = architectures[process.arch];
  const work = join(out, '.rpm');
  rmSync(work, { recursive: true, force: true });
  const staging = join(work, 'tree');
  const { version } = await stageTree(staging);
  put(join(work, 'belljar.spec'), spec(version, fileList(staging)));
  await step({
    title: 'build the RPM package',
    name: 'pack-rpm',
    command: 'rpmbuild',
    args: [
      '-bb',
      '--quiet',
      `--target=${architecture}`,
      `--buildroot=${staging}`,
      '--noprep',
      '--noclean',
      '--define',
      `_topdir ${join(work, 'build')}`,
      '--define',
      `_rpmdir ${work}`,
      join(work, 'belljar.spec'),
    ],
    help: 'The RPM package could not be built.',
  });
  const name = `belljar-${version}-1.${architecture}.rpm`;
  renameSync(join(work, architecture, name), join(out, name));
  rmSync(work, { recursive: true, force: true });
  return join(out, name);
}
