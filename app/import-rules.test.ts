/**
 * Who may import whom, proven from the sources: every import of every file is parsed and held against the table below,
 * which says the same as the picture in docs/architecture.md. Lint refuses the same while one types; this test also
 * sees re-exports, dynamic imports, `import()` types and paths that climb out of a layer, and it knows which packages
 * each layer may use. The dependencies themselves are held to the two promises that the whole tree rests on: they run
 * on the Node that package.json names, and none runs a program while it is installed.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { parseSync } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

type Layer = 'contract' | 'domain' | 'engine' | 'platform' | 'host' | 'cli' | 'renderer' | 'main' | 'e2e' | 'bench';

interface Rule {
  /** Layers it may import besides itself. */
  layers: readonly Layer[];
  /** Of these layers only files of this name. */
  only?: Partial<Record<Layer, RegExp>>;
  /** Packages it may import; undefined: any that package.json lists. */
  packages?: readonly string[];
  /** Node's own modules. */
  node: boolean;
}

const everything: readonly Layer[] = ['contract', 'domain', 'engine', 'platform', 'host', 'cli'];

const table: Record<Layer, Rule> = {
  contract: { layers: [], packages: ['zod'], node: false },
  domain: { layers: ['contract'], packages: ['zod', 'jsonc-parser', 'diff', 'tldts'], node: false },
  engine: { layers: ['domain', 'contract'], packages: ['zod'], node: false },
  platform: {
    layers: ['engine', 'domain', 'contract'],
    only: { engine: /(^|\/)ports\.ts$/ },
    packages: [
      'zod',
      'jsonc-parser',
      'toml-eslint-parser',
      'yaml',
      'chokidar',
      'pino',
      '@modelcontextprotocol/sdk',
      '@lydell/node-pty',
      'node-sqlite3-wasm',
    ],
    node: true,
  },
  host: { layers: ['engine', 'platform', 'contract'], packages: ['zod', 'pino'], node: true },
  cli: { layers: ['host', 'contract'], packages: [], node: true },
  renderer: { layers: ['contract'], node: false },
  main: {
    layers: ['host', 'contract'],
    only: { host: /^app\/host\/desktop\// },
    packages: ['electron', 'zod'],
    node: true,
  },
  e2e: { layers: everything, node: true },
  bench: { layers: [...everything, 'e2e'], node: true },
};

/** What tests may use on top of what their layer may. */
const testPackages = ['vitest', 'fast-check', 'vite'];

/** Layers that tests may use on top: a use case is tested with the real files and not with fakes of them. */
const testLayers: Partial<Record<Layer, readonly Layer[]>> = { engine: ['platform'], main: ['host'] };

/** Files that run in another place than their folder says. */
const toolFiles = new Set(['app/import-rules.test.ts', 'renderer/vite.config.ts']);

interface Import {
  file: string;
  specifier: string;
}

function sourceFiles(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(
      (name) => /\.(ts|tsx|mts|cts|js|mjs|cjs|jsx)$/.test(name) && !/(^|\/)(node_modules|dist|build)\//.test(name),
    )
    .map((name) => `${folder}/${name}`)
    .sort();
}

const sourceKeys = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
  'TSExternalModuleReference',
]);

function languageOf(file: string): 'js' | 'jsx' | 'ts' | 'tsx' | 'dts' {
  if (/\.d\.[cm]?ts$/.test(file)) return 'dts';
  const kind = /\.[cm]?(jsx?|tsx?)$/.exec(file)?.[1];
  return kind === 'js' || kind === 'jsx' || kind === 'tsx' ? kind : 'ts';
}

/** Every module a file names: static, re-exported, dynamic, as a type, by require. A computed one is reported as such. */
function importsOf(file: string, text: string): Import[] {
  const result = parseSync(file, text, { lang: languageOf(file), sourceType: 'module' });
  expect(result.errors, file).toEqual([]);
  const found: Import[] = [];
  const note = (source: unknown): void => {
    if (source === null || source === undefined) return;
    const literal = source as { type?: string; value?: unknown; literal?: { value?: unknown }; expression?: unknown };
    const value = literal.value ?? literal.literal?.value;
    found.push({ file, specifier: typeof value === 'string' ? value : '<computed>' });
  };
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      node.forEach(visit);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    const record = node as Record<string, unknown>;
    const type = record['type'];
    if (typeof type === 'string' && sourceKeys.has(type)) {
      note(record['source'] ?? record['argument'] ?? record['expression']);
    }
    if (type === 'CallExpression' && (record['callee'] as { name?: string }).name === 'require') {
      note((record['arguments'] as unknown[])[0] ?? {});
    }
    for (const value of Object.values(record)) visit(value);
  };
  visit(result.program);
  return found;
}

function layerOf(file: string): Layer | undefined {
  const parts = file.split('/');
  const name = parts[0] === 'app' ? parts[1] : parts[0];
  return name !== undefined && name in table ? (name as Layer) : undefined;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The reason why this import is not allowed, or undefined. */
function objection({ file, specifier }: Import): string | undefined {
  const from = layerOf(file);
  if (from === undefined || toolFiles.has(file)) return undefined;
  const rule = table[from];
  const isTest = /\.(test|spec)\.tsx?$/.test(file);
  if (specifier === '<computed>') return 'a computed import cannot be checked';
  if (packageOf(specifier) === 'electron' && from !== 'main') return 'only main/ imports electron';

  let target: string | undefined;
  if (specifier.startsWith('#')) target = `app/${specifier.slice(1)}`;
  else if (specifier.startsWith('.')) target = relative(root, resolve(root, dirname(file), specifier));
  if (target === undefined) {
    if (isBuiltin(specifier)) {
      if (!specifier.startsWith('node:')) return 'a module of Node is named with node:';
      return rule.node || isTest ? undefined : `${from} imports no module of Node`;
    }
    const name = packageOf(specifier);
    if (isTest && testPackages.includes(name)) return undefined;
    return rule.packages === undefined || rule.packages.includes(name) ? undefined : `${from} does not use ${name}`;
  }
  if (target.startsWith('..')) return 'outside of the project';
  const to = layerOf(target);
  if (to === undefined) return target === 'package.json' ? undefined : 'belongs to no layer';
  if (to === from) return undefined;
  if (isTest && testLayers[from]?.includes(to) === true) return undefined;
  if (!rule.layers.includes(to)) return `${from} does not import ${to}`;
  const only = rule.only?.[to];
  return only === undefined || only.test(target)
    ? undefined
    : `of ${to}, ${from} imports only its ${from === 'main' ? 'desktop folder' : 'ports'}`;
}

describe('imports', () => {
  const folders = ['app', 'renderer', 'main', 'e2e', 'bench'];
  const files = folders.flatMap(sourceFiles);

  it('finds the sources', () => {
    expect(files).toContain('app/contract/methods.ts');
    expect(files.length).toBeGreaterThan(20);
  });

  it('belongs to a layer that the table names', () => {
    expect(files.filter((file) => layerOf(file) === undefined && !toolFiles.has(file))).toEqual([]);
  });

  it('follows the table', () => {
    const broken = files
      .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')))
      .map((found) => ({ ...found, reason: objection(found) }))
      .filter(({ reason }) => reason !== undefined)
      .map(({ file, specifier, reason }) => `${file}: ${specifier} (${reason ?? ''})`);
    expect(broken).toEqual([]);
  });

  it('crosses layers by their # names, so that a reader sees the direction', () => {
    const climbing = files
      .filter((file) => file.startsWith('app/') && !toolFiles.has(file))
      .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')))
      .filter(({ specifier }) => specifier.startsWith('.'))
      .filter(({ file, specifier }) => {
        const target = relative(root, resolve(root, dirname(file), specifier));
        return target.startsWith('app/') && layerOf(target) !== layerOf(file);
      });
    expect(climbing).toEqual([]);
  });

  it.each([
    ['app/contract/a.ts', "import { readFileSync } from 'node:fs';", 'contract imports no module of Node'],
    ['app/contract/a.ts', "export { x } from '#domain/x.ts';", 'contract does not import domain'],
    ['app/domain/a.ts', "const fs = await import('node:fs');", 'domain imports no module of Node'],
    ['app/domain/a.ts', "import { x } from '../engine/x.ts';", 'domain does not import engine'],
    ['app/engine/a.ts', "import type { X } from '#platform/x.ts';", 'engine does not import platform'],
    ['app/engine/a.ts', "type X = import('#host/x.ts').X;", 'engine does not import host'],
    [
      'app/platform/a.ts',
      "import { s } from '#engine/runs/run-service.ts';",
      'of engine, platform imports only its ports',
    ],
    ['app/cli/a.ts', "import { e } from '#engine/engine.ts';", 'cli does not import engine'],
    ['app/host/a.ts', "import { app } from 'electron';", 'only main/ imports electron'],
    ['main/a.ts', "import { createHost } from '#host/host.ts';", 'of host, main imports only its desktop folder'],
    ['app/host/a.ts', "import fs from 'fs';", 'a module of Node is named with node:'],
    ['renderer/a.tsx', "import { x } from '../app/domain/x.ts';", 'renderer does not import domain'],
    ['renderer/a.tsx', "import { x } from 'node:path';", 'renderer imports no module of Node'],
    ['app/platform/a.ts', 'const m = await import(name);', 'a computed import cannot be checked'],
    ['app/platform/a.ts', "import x from 'left-pad';", 'platform does not use left-pad'],
    ['app/domain/a.test.ts', "import { x } from '#platform/x.ts';", 'domain does not import platform'],
  ])('refuses %s: %s', (file, text, reason) => {
    expect(importsOf(file, text).map(objection)).toEqual([reason]);
  });

  it.each([
    ['app/contract/a.ts', "import { z } from 'zod';"],
    ['app/domain/a.ts', "import { levels } from '#contract/words.ts';"],
    ['app/engine/a.ts', "import { merge } from '#domain/merge.ts';"],
    [
      'app/platform/a.ts',
      "import type { Port } from '#engine/ports.ts'; import type { Q } from '#engine/runs/ports.ts';",
    ],
    ['app/host/a.ts', "import { createEngine } from '#engine/engine.ts'; import fs from 'node:fs';"],
    ['app/cli/a.ts', "const { openHost } = await import('#host/host.ts');"],
    ['app/engine/a.test.ts', "import { files } from '#platform/files/file-store.ts';"],
    ['main/a.ts', "import { app } from 'electron'; import { followHost } from '#host/desktop/follow.ts';"],
    ['renderer/a.tsx', "import { levels } from '../app/contract/words.ts'; import { useState } from 'react';"],
  ])('allows %s: %s', (file, text) => {
    const found = importsOf(file, text);
    expect(found.length).toBeGreaterThan(0);
    expect(found.map(objection).filter((reason) => reason !== undefined)).toEqual([]);
  });
});

describe('lint says the same', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'belljar-lint-'));
    cpSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function lint(file: string, text: string): { status: number | null; output: string } {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), text);
    const result = spawnSync(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), '--quiet', file], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status: result.status, output: result.stdout + result.stderr };
  }

  it.each([
    ['app/contract/a.ts', "import { x } from '#domain/x.ts';\nexport const y = x;\n"],
    ['app/domain/a.ts', "import { x } from 'node:fs';\nexport const y = x;\n"],
    ['app/engine/a.ts', "import { x } from '#platform/x.ts';\nexport const y = x;\n"],
    ['app/platform/a.ts', "import { x } from '#engine/engine.ts';\nexport const y = x;\n"],
    ['app/host/a.ts', "import { x } from 'electron';\nexport const y = x;\n"],
    ['app/cli/a.ts', "import { x } from '#engine/x.ts';\nexport const y = x;\n"],
    ['renderer/a.tsx', "import { x } from '../app/host/x.ts';\nexport const y = x;\n"],
  ])('refuses %s', (file, text) => {
    const { status, output } = lint(file, text);
    expect(output).toContain('no-restricted-imports');
    expect(status).toBe(1);
  });

  it.each([
    ['app/contract/b.ts', "import { z } from 'zod';\nexport const y = z;\n"],
    ['app/domain/b.ts', "import { x } from '#contract/words.ts';\nexport const y = x;\n"],
    ['app/platform/b.ts', "import type { X } from '#engine/ports.ts';\nexport type Y = X;\n"],
    ['app/cli/b.ts', "import { x } from '#host/x.ts';\nexport const y = x;\n"],
  ])('allows %s', (file, text) => {
    expect(lint(file, text)).toMatchObject({ status: 0 });
  });
});

interface PackageFile {
  engines?: { node?: string };
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function readPackage(path: string): PackageFile {
  return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as PackageFile;
}

type Version = [number, number, number];

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** Enough of npm's range language for what `engines` fields hold; anything else is an error, not a yes. */
function admits(range: string, version: Version): boolean {
  return range.split('||').some((alternative) => {
    const comparators = alternative
      .replaceAll(/([<>=^~])\s+/g, '$1')
      .trim()
      .split(/\s+/);
    return comparators.every((comparator) => {
      const match = /^(>=|>|<=|<|\^|~|=|)v?(\d+|\*)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?$/.exec(comparator);
      if (match === null) throw new Error(`Not understood: engines "${range}"`);
      const [, operator, major = '*', minor, patch] = match;
      if (major === '*') return true;
      const number = (text: string | undefined): number => (text === undefined || /[x*]/.test(text) ? 0 : Number(text));
      const wanted: Version = [Number(major), number(minor), number(patch)];
      const order = compare(version, wanted);
      if (operator === '>=') return order >= 0;
      if (operator === '>') return order > 0;
      if (operator === '<=') return order <= 0;
      if (operator === '<') return order < 0;
      if (operator === '~' || (operator === '' && minor !== undefined)) {
        return order >= 0 && version[0] === wanted[0] && version[1] === wanted[1];
      }
      return order >= 0 && version[0] === wanted[0];
    });
  });
}

describe('dependencies', () => {
  const own = readPackage('.');
  const direct = Object.keys({ ...own.dependencies, ...own.devDependencies });

  /** Direct dependencies that need a newer Node than the floor, each with the reason why that is acceptable. */
  const newerNodeAllowed: Record<string, string> = {
    electron: 'only its types are used outside of Electron itself, which brings its own Node',
  };

  it('reads engines fields', () => {
    expect(admits('>=18', [20, 19, 0])).toBe(true);
    expect(admits('^20.19.0 || >=22.12.0', [20, 19, 0])).toBe(true);
    expect(admits('^20.19.0 || >=22.12.0', [21, 0, 0])).toBe(false);
    expect(admits('>= 22', [20, 19, 0])).toBe(false);
    expect(admits('>=12 <20', [20, 19, 0])).toBe(false);
    expect(() => admits('lts/*', [20, 19, 0])).toThrow('Not understood: engines "lts/*"');
  });

  it('run on the oldest Node that package.json names', () => {
    expect(own.engines?.node).toBe('>=20.19');
    const tooNew = direct.filter((name) => {
      const range = readPackage(`node_modules/${name}`).engines?.node;
      return range !== undefined && !admits(range, [20, 19, 0]);
    });
    expect(tooNew).toEqual(Object.keys(newerNodeAllowed));
  });

  it('are checked for by the scripts with the same number', () => {
    const script = readFileSync(join(root, 'scripts/lib/node-version.mjs'), 'utf8');
    const floor = /nodeFloor = \[(\d+), (\d+)\]/.exec(script);
    expect(`>=${floor?.[1] ?? ''}.${floor?.[2] ?? ''}`).toBe(own.engines?.node);
  });

  it('are all in the lock file, also those for other systems: npm ci refuses an incomplete one', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) =>
          lock.packages[`node_modules/${name}`] === undefined &&
          lock.packages[`${path}/node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });

  it('run no program while they are installed', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    const announced = Object.entries(lock.packages)
      .filter(([, entry]) => entry.hasInstallScript === true)
      .map(([path]) => path);
    expect(announced).toEqual([]);

    // The lock file only repeats what a registry said; the packages themselves are the fact. npm also builds a package
    // that has a binding.gyp and no script at all.
    const running = Object.keys(lock.packages)
      .filter((path) => path !== '' && existsSync(join(root, path, 'package.json')))
      .filter((path) => {
        const scripts = readPackage(path).scripts ?? {};
        const names = ['preinstall', 'install', 'postinstall'].filter((name) => scripts[name] !== undefined);
        return names.length > 0 || existsSync(join(root, path, 'binding.gyp'));
      });
    expect(running).toEqual([]);
  });

  it('are not needed by the bundles: they import Node and each other, and node-pty when a terminal is opened', () => {
    for (const folder of ['dist/cli', 'dist/demo']) {
      const bundles = sourceFiles(folder);
      expect(bundles.length, folder).toBeGreaterThan(0);
      const foreign = bundles
        .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')))
        .filter(({ specifier }) => !specifier.startsWith('./') && !isBuiltin(specifier));
      const terminals = foreign.filter(({ specifier }) => specifier === '@lydell/node-pty/requireBinary.js');
      expect(terminals.length, folder).toBe(folder === 'dist/cli' ? 1 : 0);
      expect(foreign.filter((one) => !terminals.includes(one))).toEqual([]);
    }
  });
});
