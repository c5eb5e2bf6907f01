import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLauncher, shippedLauncher } from './launcher.ts';
import { createMachineFacts } from './machine-facts.ts';

let folder: string;
let source: string;
let path: string;

const answer = {
  v: 1,
  launcher: '0.1.0',
  system: 'linux',
  kernel: '6.15',
  architecture: 'x86_64',
  landlockAbi: 7,
  seccompFilter: true,
  seccompNotify: true,
  notifyAddfd: true,
  notifySyncWake: true,
  pidfdGetfd: true,
  userNamespaces: true,
  groupMemory: true,
  groupProcesses: true,
  enforcement: { full: [], partial: [], missing: [] },
};

/** A stand-in that prints a text for `probe`. */
function program(text: string): void {
  writeFileSync(source, `#!/bin/sh\n${text}\n`);
  chmodSync(source, 0o755);
}
const prints = (value: unknown): string => `cat <<'END'\n${JSON.stringify(value)}\nEND`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belljar-launcher-'));
  source = join(folder, 'source');
  path = join(folder, 'data', 'bin', 'belljar-launcher');
  program(prints(answer));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('install', () => {
  it('puts it in its place once, executable whatever the umask, and leaves nothing beside it', async () => {
    const before = process.umask(0o077);
    try {
      const launcher = createLauncher({ path, source });
      expect(await launcher.compare()).toBe('missing');
      expect(await launcher.install()).toBe(path);
      expect(statSync(path).mode & 0o7777).toBe(0o755);
      expect(readdirSync(join(folder, 'data', 'bin'))).toEqual(['belljar-launcher']);
      const inode = statSync(path).ino;
      await launcher.install();
      expect(statSync(path).ino).toBe(inode);
    } finally {
      process.umask(before);
    }
  });

  it('replaces one that differs, has another mode, or is a link, and never writes through the link', async () => {
    const launcher = createLauncher({ path, source });
    mkdirSync(join(folder, 'data', 'bin'), { recursive: true });
    writeFileSync(path, 'old');
    expect(await launcher.compare()).toBe('differs');
    await launcher.install();
    expect(readFileSync(path, 'utf8')).toBe(readFileSync(source, 'utf8'));

    chmodSync(path, 0o700);
    expect(await launcher.compare()).toBe('wrong-mode');
    await launcher.install();
    expect(await launcher.compare()).toBe('equal');

    rmSync(path);
    const other = join(folder, 'other');
    writeFileSync(other, 'untouched');
    symlinkSync(other, path);
    expect(await launcher.compare()).toBe('differs');
    await launcher.install();
    expect(readFileSync(other, 'utf8')).toBe('untouched');
    expect(await launcher.compare()).toBe('equal');
  });

  it('refuses a place with a space, and one without a source, and leaves both alone', async () => {
    const spaced = join(folder, 'my data', 'belljar-launcher');
    await expect(createLauncher({ path: spaced, source }).install()).rejects.toMatchObject({
      code: 'launcher-path-space',
    });
    expect(existsSync(join(folder, 'my data'))).toBe(false);
    await expect(createLauncher({ path, source: null }).install()).rejects.toMatchObject({ code: 'launcher-missing' });
    writeFileSync(join(folder, 'file'), '');
    const blocked = createLauncher({ path: join(folder, 'file', 'x'), source });
    await expect(blocked.install()).rejects.toMatchObject({ code: 'write-failed' });
  });

  it('is the one of a package where there is one: no own copy is made, one that is there stays up to date', async () => {
    let isFit = true;
    const packaged = { path: '/packages/belljar-launcher', isFit: () => isFit };
    const launcher = createLauncher({ path, source, packaged });
    expect([launcher.path, await launcher.compare(), await launcher.install()]).toEqual([
      packaged.path,
      'equal',
      packaged.path,
    ]);
    expect(existsSync(path)).toBe(false);

    mkdirSync(join(folder, 'data', 'bin'), { recursive: true });
    writeFileSync(path, 'old');
    expect([await launcher.compare(), await launcher.install()]).toEqual(['differs', packaged.path]);
    expect(readFileSync(path, 'utf8')).toBe(readFileSync(source, 'utf8'));

    const spaced = createLauncher({ path: join(folder, 'my data', 'belljar-launcher'), source, packaged });
    expect(await spaced.install()).toBe(packaged.path);
    isFit = false;
    await expect(launcher.install()).rejects.toMatchObject({ code: 'launcher-missing', file: packaged.path });
  });

  it('is found beside a bundle, and where make puts it', () => {
    const root = join(folder, 'package');
    mkdirSync(join(root, 'dist', 'cli'), { recursive: true });
    mkdirSync(join(root, 'dist', 'launcher'));
    mkdirSync(join(root, 'native-helpers', 'build'), { recursive: true });
    writeFileSync(join(root, 'package.json'), '{"name":"belljar"}');
    const from = (...names: string[]): string => pathToFileURL(join(root, ...names)).href;
    expect(shippedLauncher(from('dist', 'cli', 'belljar.js'))).toBe(null);
    mkdirSync(join(root, 'bin'));
    writeFileSync(join(root, 'bin', 'belljar-launcher'), '');
    expect(shippedLauncher(from('dist', 'cli', 'belljar.js'))).toBe(join(root, 'bin/belljar-launcher'));
    writeFileSync(join(root, 'native-helpers', 'build', 'belljar-launcher'), '');
    writeFileSync(join(root, 'dist', 'launcher', 'belljar-launcher'), '');
    expect(shippedLauncher(from('dist', 'cli', 'belljar.js'))).toBe(join(root, 'dist/launcher/belljar-launcher'));
    expect(shippedLauncher(from('app', 'platform', 'x.ts'))).toBe(join(root, 'native-helpers/build/belljar-launcher'));
  });
});

describe('probe', () => {
  const launcher = () => createLauncher({ path: source, source });

  it('gives what the launcher says', async () => {
    expect(await launcher().probe()).toEqual(answer);
  });

  it.each([
    ['no JSON', 'echo hello', 'no JSON'],
    ['another form', prints({ ...answer, extra: 1 }), 'not of the form'],
    ['a failure', 'exit 3', 'ended with 3'],
    ['endless output', 'yes', 'ended with'],
  ])('refuses %s', async (_name, text, detail) => {
    program(text);
    await expect(launcher().probe()).rejects.toMatchObject({
      code: 'launcher-missing',
      params: { detail: expect.stringContaining(detail) as string },
    });
  });

  it('makes the facts of the machine, also where it cannot', async () => {
    const places = { system: 'linux', home: '/home/x' } as const;
    const facts = createMachineFacts({ places, launcher: createLauncher({ path, source }), version: '1.2.3' });
    expect(await facts.get()).toMatchObject({ version: '1.2.3', probe: answer, probeError: null, home: '/home/x' });
    const none = createMachineFacts({ places, launcher: createLauncher({ path, source: null }), version: '1' });
    const seen = await none.get();
    expect(seen.probe).toBe(null);
    expect(seen.enforcementSentence).toContain('Nothing can be contained here: The launcher is missing');
  });
});
