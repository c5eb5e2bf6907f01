/**
 * What is in a package that is not ours: the packages whose code is bundled, or that lie beside it, with their licences, and the
 * bill of materials made from them.
 *
 * Counted generously: everything that the sources of app/, main/ and renderer/ import, and all that those packages depend on,
 * whether or not the bundler kept it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from '../paths.mjs';
import { StepFailed } from '../run.mjs';
import { nodeVersion } from './node-program.mjs';

/** Packages that the bundles name and do not hold, because they bring programs of their own; vite.node.config.ts keeps them out. */
export const besideBundles = ['@lydell/node-pty'];

const importPattern = /(?:from|import)\s*\(?\s*'([^'#.][^']*)'/g;

function sources(folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(
      (name) =>
        /\.tsx?$/.test(name) &&
        !/(\.test\.tsx?|(^|\/)vite\.config\.ts)$|(^|\/)(testing|test-support|fixtures)\//.test(name),
    )
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));
}

function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Where Node would find a package that another one asks for; undefined for an optional one that is not here. */
function folderOf(name, from) {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (at === root) return undefined;
  }
}

function licenceText(folder) {
  const name = readdirSync(folder).find((file) => /^(licen[cs]e|copying)(\.|-|$)/i.test(file));
  return name === undefined ? '' : readFileSync(join(folder, name), 'utf8').trim();
}

/** Every shipped package, by name: `{ name, version, license, text, integrity }`. */
export function shippedPackages(folders = ['app', 'main', 'renderer']) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const found = new Map();
  const take = (name, from) => {
    // Electron is the desktop program's own frame: its package brings its licences itself.
    if (isBuiltin(name) || name === 'electron' || name === 'belljar') return;
    const folder = folderOf(name, from);
    if (folder === undefined || found.has(folder)) return;
    const description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    found.set(folder, {
      name,
      version: description.version,
      license: typeof description.license === 'string' ? description.license : 'UNKNOWN',
      text: licenceText(folder),
      integrity: lock[folder.slice(root.length + 1)]?.integrity,
    });
    for (const next of Object.keys(description.dependencies ?? {})) take(next, folder);
  };
  for (const folder of folders) {
    if (!existsSync(join(root, folder))) continue;
    for (const text of sources(folder))
      for (const [, name] of text.matchAll(importPattern)) take(packageOf(name), root);
  }
  // One that lies in several folders is one, and a bill of materials names each once.
  const all = [...new Map([...found.values()].map((one) => [purl(one), one])).values()].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const unknown = all.filter(({ license }) => license === 'UNKNOWN').map(({ name }) => name);
  if (unknown.length > 0) throw new StepFailed(`These packages name no licence: ${unknown.join(', ')}`);
  return all;
}

/** THIRD-PARTY.txt: each package with its licence as its authors wrote it. `extra`: what else is in the package. */
export function licencesText(packages, extra = []) {
  const parts = packages.map(
    ({ name, version, license, text }) =>
      `${name} ${version}\nLicence: ${license}\n\n${text === '' ? `(Its package holds no text of the licence.)` : text}\n`,
  );
  const line = '-'.repeat(80);
  return [
    'Belljar is under the Apache License 2.0 (LICENSE). It holds code of the packages below.\n',
    ...parts,
    ...extra,
  ].join(`\n${line}\n\n`);
}

/** What the launcher brings with it, wherever it is shipped. */
export const launcherLicences = `The launcher

It is linked statically with the GNU C library (LGPL-2.1-or-later, https://www.gnu.org/software/libc/) and with the GNU C++ library
(GPL-3.0-or-later with the GCC Runtime Library Exception 3.1, https://gcc.gnu.org/). Its own sources and the Makefile that links it are part
of Belljar's, so that it can be linked anew with another version of either: native-helpers/.
`;

function purl({ name, version }) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** A bill of materials in CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/). */
export function billOfMaterials(own, packages, others = []) {
  const component = (one) => ({
    type: 'library',
    'bom-ref': purl(one),
    name: one.name,
    version: one.version,
    licenses: [/^[A-Za-z0-9.+-]+$/.test(one.license) ? { license: { id: one.license } } : { expression: one.license }],
    purl: purl(one),
    ...(one.integrity?.startsWith('sha512-')
      ? { hashes: [{ alg: 'SHA-512', content: Buffer.from(one.integrity.slice(7), 'base64').toString('hex') }] }
      : {}),
  });
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': `pkg:npm/${own.name}@${own.version}`,
        name: own.name,
        version: own.version,
        licenses: [{ license: { id: own.license } }],
      },
    },
    components: [...packages.map(component), ...others],
    dependencies: [
      {
        ref: `pkg:npm/${own.name}@${own.version}`,
        dependsOn: [...packages.map(purl), ...others.map((one) => one['bom-ref'])],
      },
    ],
  };
}

/**
 * What is said of a package that holds a Node: all licences, and the bill of materials. `node` is the folder of that Node; `folders` are
 * the sources whose packages are in it. `withElectron`: also of the frame of the desktop program, which brings the licences of what it is
 * made of itself (LICENSES.chromium.html beside the program).
 */
export function noticesOf({ folders, node, withElectron = false }) {
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const packages = shippedPackages(folders);
  const application = (ref, name, version, more = {}) => ({
    type: 'application',
    'bom-ref': ref,
    name,
    version,
    ...more,
  });
  const others = [application(`pkg:generic/node@${nodeVersion}`, 'node', nodeVersion)];
  const texts = [launcherLicences, `Node.js ${nodeVersion}\n\n${readFileSync(join(node, 'LICENSE'), 'utf8')}`];
  if (withElectron) {
    const folder = join(root, 'node_modules/electron');
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const ref = `pkg:npm/electron@${version}`;
    others.push(application(ref, 'electron', version, { licenses: [{ license: { id: license } }], purl: ref }));
    texts.push(
      `Electron ${version}\n\n${licenceText(folder)}\n\nOf Chromium and what it is made of: LICENSES.chromium.html beside the program.\n`,
    );
  }
  return {
    own,
    licences: licencesText(packages, [...texts, readFileSync(join(root, 'LICENSE'), 'utf8')]),
    materials: `${JSON.stringify(billOfMaterials(own, packages, others), null, 2)}\n`,
  };
}
