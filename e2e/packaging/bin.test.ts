/**
 * The built command works from any folder, through a link, and without anything of the checkout beside it: what a
 * package holds is enough.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  bin: { belljar: string };
};

let folder: string;
let command: string;
let environment: NodeJS.ProcessEnv;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'belljar-bin-'));
  // What a package holds and no more, at a place with no node_modules and no sources above it.
  cpSync(join(root, 'dist'), join(folder, 'package/dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package/package.json'));
  command = join(folder, 'package', own.bin.belljar);
  for (const name of ['home', 'elsewhere', 'bin', 'runtime']) mkdirSync(join(folder, name), { mode: 0o700 });
  symlinkSync(command, join(folder, 'bin/belljar'));
  environment = {
    PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
    HOME: join(folder, 'home'),
    XDG_RUNTIME_DIR: join(folder, 'runtime'),
    BELLJAR_CONFIG_DIR: join(folder, 'home/config'),
    BELLJAR_DATA_DIR: join(folder, 'home/data'),
    BELLJAR_STATE_DIR: join(folder, 'home/state'),
  };
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function start(program: string, args: string[]): { status: number | null; stdout: string; stderr: string } {
  const result = spawnSync(program, args, {
    cwd: join(folder, 'elsewhere'),
    env: environment,
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(result.error).toBeUndefined();
  return result;
}

describe('the built command', () => {
  it('starts by its absolute path', () => {
    const result = start(command, ['--version']);
    expect(result.stderr).toBe('');
    expect(result.stdout).toContain(own.version);
    expect(result.status).toBe(0);
  });

  it('starts through a link on PATH', () => {
    const result = start('belljar', ['--version']);
    expect(result.stdout).toContain(own.version);
    expect(result.status).toBe(0);
  });

  it('finds its launcher, and says what this kernel enforces', () => {
    const result = start('belljar', ['probe', '--json']);
    expect(result.stderr).toBe('');
    expect(JSON.parse(result.stdout)).toMatchObject({ v: 1, system: 'linux' });
    expect(result.status).toBe(0);
  });

  it('refuses what it does not know, with the exit code for usage', () => {
    const result = start('belljar', ['no-such-verb']);
    expect(result.stderr).toContain('no-such-verb');
    expect(result.stdout).toBe('');
    expect(result.status).toBe(2);
  });

  it('finds the thread of its history, and SQLite beside it', () => {
    const result = start(command, ['storage', '--json']);
    expect(result.stderr).toBe('');
    expect(JSON.parse(result.stdout)).toMatchObject({ events: 0, behind: null });
    expect(result.status).toBe(0);
  });

  it('ships the launcher, the demo and the panel', () => {
    for (const path of ['dist/launcher/belljar-launcher', 'dist/demo', 'dist/renderer/index.html']) {
      expect(existsSync(join(folder, 'package', path)), path).toBe(true);
    }
  });
});

describe('the package', () => {
  it('holds what was built, and neither sources of the product nor tests', () => {
    const result = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      env: { ...environment, PATH: process.env['PATH'], npm_config_loglevel: 'error' },
      encoding: 'utf8',
    });
    expect(result.status, result.stderr).toBe(0);
    const [packed] = JSON.parse(result.stdout) as [{ files: { path: string }[] }];
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'package.json',
        'dist/cli/belljar.js',
        'dist/renderer/index.html',
      ]),
    );
    expect(
      paths.filter((path) => /^(app|renderer|e2e|bench|scripts|node_modules)\/|\.test\.|\/build\//.test(path)),
    ).toEqual([]);
  });
});
