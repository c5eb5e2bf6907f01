/**
 * What the packages of Linux systems install: host, command line and browser panel, with the Node they run on, and the launcher that
 * everybody's entries name. All files are root's, below /usr/lib/belljar; nothing is started, and no home is changed.
 *
 * An update replaces the launcher by a rename, so what runs keeps the one it was started from, and the new one reads the plans of the
 * old one. A removal knows nobody's client files and changes none: where anybody still has plans, the launcher stays at its place,
 * which is all that a contained server needs to start, and the removal says so.
 */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths.mjs';
import { provideNode } from './node-program.mjs';
import { besideBundles, noticesOf } from './shipped.mjs';

export const summary = 'MCP servers inside the operating system’s own sandbox';
export const description = [
  'Finds the MCP servers that are configured on this computer, makes their clients',
  'start them through a launcher that restricts them first, and shows what each one',
  'is refused. One command puts everything back.',
];

export function put(file, text, mode = 0o644) {
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

function setModes(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() || (statSync(path).mode & 0o100) !== 0 ? 0o755 : 0o644);
  }
}

const wrapper = `#!/bin/sh
exec /usr/lib/belljar/node/bin/node /usr/lib/belljar/dist/cli/belljar.js "$@"
`;

const desktopEntry = `[Desktop Entry]
Type=Application
Name=Belljar
Comment=Puts MCP servers into the operating system's own sandbox
Exec=/usr/bin/belljar panel
Icon=belljar
Terminal=false
Categories=System;Security;
`;

/**
 * Before and after the files of a removed package go (not those of an updated one): shell functions, since the two
 * systems call them with other words. Whoever has plans is told of; names of homes are root's.
 */
export const removalFunctions = `launcher=/usr/lib/belljar/bin/belljar-launcher
kept=/usr/lib/belljar/bin/.kept

people_with_plans() {
  { getent passwd | cut -d: -f6; ls -d /home/* /root; } 2>/dev/null | sort -u | while IFS= read -r home; do
    for plan in "$home"/.local/share/belljar/plans/*.plan; do
      [ -f "$plan" ] && echo "$home"
      break
    done
  done
}

before_removal() {
  # What a removal that was broken off left is of another version.
  rm -f "$kept"
  people=$(people_with_plans)
  [ -n "$people" ] || return 0
  # Under a name that no package owns while the package's own files go.
  ln -f "$launcher" "$kept" 2>/dev/null || cp -p "$launcher" "$kept" 2>/dev/null || return 0
  echo "$people" | while IFS= read -r home; do
    echo "belljar: servers of $home stay contained and go on working, through $launcher, which stays." >&2
  done
  echo "belljar: To put entries back, each person runs 'belljar uninstall' before the removal, or edits them by hand:" >&2
  echo "belljar: the original command stands behind '--'. After that: rm -r /usr/lib/belljar" >&2
}

after_removal() {
  if [ -e "$kept" ]; then mv -f "$kept" "$launcher"; fi
}
`;

/** Puts the tree into an empty folder. */
export async function stageTree(staging) {
  const library = join(staging, 'usr/lib/belljar');
  mkdirSync(join(library, 'bin'), { recursive: true });
  for (const part of ['cli', 'demo', 'renderer']) {
    cpSync(join(root, 'dist', part), join(library, 'dist', part), { recursive: true });
  }
  // What reads the kernel's records has no right to until an administrator gives it (docs/guide/admin.md).
  for (const program of ['belljar-launcher', 'belljar-records'])
    copyFileSync(join(root, 'dist/launcher', program), join(library, 'bin', program));
  for (const name of besideBundles) {
    const system = `${name}-${process.platform}-${process.arch}`;
    for (const one of [name, system])
      cpSync(join(root, 'node_modules', one), join(library, 'node_modules', one), { recursive: true });
  }
  const node = await provideNode();
  mkdirSync(join(library, 'node/bin'), { recursive: true });
  copyFileSync(join(node, 'bin/node'), join(library, 'node/bin/node'));
  const { own, licences, materials } = noticesOf({ folders: ['app', 'renderer'], node });
  const { name, version, type } = own;
  put(join(library, 'package.json'), `${JSON.stringify({ name, version, type, private: true }, null, 2)}\n`);
  put(join(library, 'sbom.cdx.json'), materials);
  put(join(staging, 'usr/bin/belljar'), wrapper, 0o755);
  put(join(staging, 'usr/share/applications/belljar.desktop'), desktopEntry);
  put(
    join(staging, 'usr/share/icons/hicolor/scalable/apps/belljar.svg'),
    readFileSync(join(root, 'renderer/public/favicon.svg')),
  );
  put(join(staging, 'usr/share/doc/belljar/copyright'), licences);
  setModes(staging);
  return own;
}
