/** What is said of packages, and what the desktop program's packages are told to be, without building one (e2e/packaging does). */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeNotices } from './lib/packages/desktop.mjs';
import { noticesOf, shippedPackages } from './lib/packages/shipped.mjs';
import { root } from './lib/paths.mjs';

const settings = parse(readFileSync(join(root, 'electron-builder.yml'), 'utf8'));
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belljar-notices-'));
  // Of a Node only its licence is read.
  writeFileSync(join(folder, 'LICENSE'), 'the licence of Node.js\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('what is in a package and not ours', () => {
  test('each of it has its licence as its authors wrote it', () => {
    const without = shippedPackages()
      .filter(({ text }) => text === '')
      .map(({ name }) => name);
    expect(without).toEqual([]);
  });

  test('is named with its licence in the desktop program, Node and Electron among it', () => {
    const notices = join(folder, 'notices');
    writeNotices(notices, folder);
    const licences = readFileSync(join(notices, 'THIRD-PARTY.txt'), 'utf8');
    const materials = JSON.parse(readFileSync(join(notices, 'sbom.cdx.json'), 'utf8'));
    const named = materials.components.map(({ name }) => name);
    for (const { name, version, text } of shippedPackages()) {
      expect(licences).toContain(`${name} ${version}\n`);
      expect(licences).toContain(text);
      expect(named).toContain(name);
    }
    for (const text of ['the licence of Node.js', 'LICENSES.chromium.html', 'GNU C library', 'Apache License'])
      expect(licences).toContain(text);
    expect(named).toEqual(expect.arrayContaining(['node', 'electron']));
    const refs = materials.components.map((one) => one['bom-ref']);
    expect(new Set(refs).size).toBe(refs.length);
    expect(materials.dependencies[0].dependsOn.toSorted()).toEqual(refs.toSorted());
    expect(materials.components.find(({ name }) => name === 'electron').version).toBe(settings.electronVersion);
  });

  test('the packages without a window say nothing of Electron', () => {
    const { materials, licences } = noticesOf({ folders: ['app', 'renderer'], node: folder });
    expect(materials).not.toContain('electron');
    expect(licences).not.toContain('LICENSES.chromium.html');
  });
});

describe('the desktop program is told to be', () => {
  test('a program that gives whoever can write to its folder or environment no Node', () => {
    expect(settings.electronFuses).toEqual({
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      enableCookieEncryption: true,
      grantFileProtocolExtraPrivileges: false,
    });
    expect(settings.asar).toBe(true);
    expect(settings.mac.hardenedRuntime).toBe(true);
  });

  test('of the Electron that its types are checked against', () => {
    expect(settings.electronVersion).toBe(own.devDependencies.electron);
  });

  test('made of files that are there, or that the build makes', () => {
    for (const file of [settings.icon, settings.afterPack, settings.deb.appArmorProfile, settings.mac.entitlements])
      expect(existsSync(join(root, file)), file).toBe(true);
    expect(settings.extraResources.map(({ from }) => from)).toEqual([
      'package.json',
      'dist',
      'node_modules/@lydell',
      '${env.BELLJAR_SHIPPED_NODE}',
      '${env.BELLJAR_NOTICES}',
      'main/icons',
    ]);
  });

  test('nothing that starts without its own sandbox', () => {
    expect(settings.appImage.executableArgs).toEqual(['--enable-sandbox']);
    expect(readFileSync(join(root, 'electron-builder.yml'), 'utf8').match(/^\s*[^#\s].*--no-sandbox/mu)).toBeNull();
  });
});
