import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
  openSync,
  closeSync,
} from 'node:fs';
import type * as FileSystemPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFileStore, windowsHabits, type WriteStep } from './file-store.ts';

/** What happens around the second name of a file that is being replaced. */
const linked = {
  refused: false,
  noSync: false,
  after: (): void => undefined,
};
vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof FileSystemPromises>();
  const fault = (code: string): Error => Object.assign(new Error(code), { code });
  return {
    ...real,
    default: real,
    async link(from: string, to: string) {
      if (linked.refused) throw fault('EPERM');
      await real.link(from, to);
      linked.after();
    },
    async open(path: string, flags: number | string, mode?: number) {
      if (linked.noSync && typeof flags === 'number' && (flags & constants.O_DIRECTORY) !== 0) throw fault('EIO');
      return real.open(path, flags, mode);
    },
  };
});

let folder: string;
let file: string;
const old = '{"old": true}\n';
const fresh = '{"fresh": true, "longer": "than before"}\n';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const isRoot = process.geteuid?.() === 0;
/** In a mount namespace of its own, so that asking leaves no trace. */
const canMount =
  isRoot &&
  spawnSync('/usr/bin/unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { stdio: 'ignore' }).status === 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belljar-files-'));
  file = join(folder, 'config.json');
  writeFileSync(file, old, { mode: 0o640 });
  chmodSync(file, 0o640);
});
afterEach(() => {
  Object.assign(linked, { refused: false, noSync: false, after: () => undefined });
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

async function snapshotOf(store = createFileStore(), path = file) {
  const snapshot = await store.read(path);
  if (snapshot === null) throw new Error('not there');
  return snapshot;
}

describe('reading', () => {
  test('too much is refused with how much is read', async () => {
    writeFileSync(file, 'x'.repeat(1_048_577));
    await expect(createFileStore({ maxBytes: 1_048_576 }).read(file)).rejects.toMatchObject({
      params: { limit: '1 MiB' },
    });
  });

  test('what is there, and what is not', async () => {
    const store = createFileStore();
    expect(Buffer.from((await snapshotOf(store)).bytes).toString()).toBe(old);
    expect(await store.read(join(folder, 'none'))).toBeNull();
    expect(await store.read(join(file, 'below'))).toBeNull();
  });

  test('too much is refused', async () => {
    writeFileSync(file, 'x'.repeat(101));
    await expect(createFileStore({ maxBytes: 100 }).read(file)).rejects.toMatchObject({
      code: 'config-too-large',
      file,
    });
    writeFileSync(file, 'x'.repeat(100));
    expect((await snapshotOf(createFileStore({ maxBytes: 100 }))).bytes).toHaveLength(100);
  });

  test('a folder, a pipe that nobody writes to and an endless device are refused at once', async () => {
    const store = createFileStore();
    await expect(store.read(folder)).rejects.toMatchObject({ code: 'config-unreadable' });
    const pipe = join(folder, 'pipe');
    spawnSync('mkfifo', [pipe]);
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    await expect(store.read(pipe)).rejects.toMatchObject({ code: 'config-unreadable' });
    await expect(store.read('/dev/zero')).rejects.toMatchObject({ code: 'config-unreadable' });
  });

  test('a link that leads to itself is refused', async () => {
    symlinkSync('loop', join(folder, 'loop'));
    await expect(createFileStore().read(join(folder, 'loop'))).rejects.toMatchObject({ code: 'config-unreadable' });
  });
});

describe('replacing', () => {
  test('keeps the mode and leaves nothing behind', async () => {
    const store = createFileStore();
    await store.replace(await snapshotOf(store), bytes(fresh));
    expect(readFileSync(file, 'utf8')).toBe(fresh);
    expect(statSync(file).mode & 0o7777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(['config.json']);
  });

  test.runIf(isRoot)('keeps the owner', async () => {
    spawnSync('chown', ['1001:1001', file]);
    const store = createFileStore();
    await store.replace(await snapshotOf(store), bytes(fresh));
    expect(statSync(file)).toMatchObject({ uid: 1001, gid: 1001 });
  });

  test('follows links and keeps them', async () => {
    const target = join(folder, 'dotfiles');
    mkdirSync(target);
    writeFileSync(join(target, 'real.json'), old);
    const link = join(folder, 'link.json');
    symlinkSync('dotfiles/real.json', link);
    const store = createFileStore();
    await store.replace(await snapshotOf(store, link), bytes(fresh));
    expect(readlinkSync(link)).toBe('dotfiles/real.json');
    expect(readFileSync(join(target, 'real.json'), 'utf8')).toBe(fresh);
    expect(readdirSync(target)).toEqual(['real.json']);
  });

  test.each<[string, () => void]>([
    ['written to', () => writeFileSync(file, '{"client": 1}')],
    [
      'written to with the same length and time',
      () => {
        const { atime, mtime } = statSync(file);
        writeFileSync(file, old.replace('old', 'OLD'));
        utimesSync(file, atime, mtime);
      },
    ],
    ['given another mode', () => chmodSync(file, 0o600)],
    [
      'replaced by a link',
      () => {
        writeFileSync(join(folder, 'other'), old);
        rmSync(file);
        symlinkSync('other', file);
      },
    ],
    ['removed', () => rmSync(file)],
  ])('refuses a file that was %s meanwhile', async (_, change) => {
    const steps: WriteStep[] = [];
    const store = createFileStore({ onStep: (step) => void steps.push(step) });
    const snapshot = await snapshotOf(store);
    change();
    const now = existsSync(file) ? readFileSync(file, 'utf8') : null;
    await expect(store.replace(snapshot, bytes(fresh))).rejects.toMatchObject({ code: 'config-changed', file });
    expect(existsSync(file) ? readFileSync(file, 'utf8') : null).toBe(now);
    expect(readdirSync(folder).filter((name) => name.includes('belljar'))).toEqual([]);
    expect(steps).not.toContain('renamed');
  });

  test.each<WriteStep>(['checked', 'temporary-made', 'temporary-written', 'temporary-synced'])(
    'refuses a file that changes at the step "%s"',
    async (at) => {
      const store = createFileStore({
        onStep: (step) => {
          if (step === at) writeFileSync(file, '{"client": 2}');
        },
      });
      await expect(store.replace(await snapshotOf(store), bytes(fresh))).rejects.toMatchObject({
        code: 'config-changed',
      });
      expect(readFileSync(file, 'utf8')).toBe('{"client": 2}');
      expect(readdirSync(folder)).toEqual(['config.json']);
    },
  );

  test('what another program writes into the old file at the last moment wins', async () => {
    const descriptor = openSync(file, 'r+');
    const store = createFileStore({
      onStep: (step) => {
        if (step === 'compared') writeSync(descriptor, '{"client":', 0);
      },
    });
    await expect(store.replace(await snapshotOf(store), bytes(fresh))).rejects.toMatchObject({
      code: 'config-changed',
    });
    closeSync(descriptor);
    expect(readFileSync(file, 'utf8').startsWith('{"client":')).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(['config.json']);
  });

  test.each([true, false])(
    'a program that emptied the file and writes its text later loses none of it',
    async (kills) => {
      let descriptor = -1;
      const store = createFileStore({
        onStep: (step) => {
          if (step !== 'compared') return;
          descriptor = openSync(file, 'w');
          if (kills) writeSync(descriptor, '{"client": ');
        },
      });
      const replaced = store.replace(await snapshotOf(store), bytes(fresh));
      await expect(replaced).rejects.toMatchObject({ code: 'config-changed', file });
      writeSync(descriptor, kills ? '3}' : '{"client": 3}');
      closeSync(descriptor);
      expect(readFileSync(file, 'utf8')).toBe('{"client": 3}');
      expect(statSync(file).mode & 0o777).toBe(0o640);
      expect(readdirSync(folder)).toEqual(['config.json']);
    },
  );

  test('a file that another program makes grow beyond the bound at the last moment stays', async () => {
    const store = createFileStore({
      maxBytes: 1000,
      onStep: (step) => {
        if (step === 'compared') writeFileSync(file, 'x'.repeat(1001));
      },
    });
    const replaced = store.replace(await snapshotOf(store), bytes(fresh));
    await expect(replaced).rejects.toMatchObject({ code: 'config-changed', file });
    expect(readFileSync(file, 'utf8')).toBe('x'.repeat(1001));
    expect(readdirSync(folder)).toEqual(['config.json']);
  });

  test('the same text in another file is another program’s, and its file stays', async () => {
    let inode = 0;
    const store = createFileStore({
      onStep: (step) => {
        if (step !== 'temporary-synced') return;
        // After the old file is kept, and before it is compared.
        linked.after = () => {
          writeFileSync(`${file}.new`, old);
          renameSync(`${file}.new`, file);
          inode = statSync(file).ino;
        };
      },
    });
    const replaced = store.replace(await snapshotOf(store), bytes(fresh));
    await expect(replaced).rejects.toMatchObject({ code: 'config-changed', file });
    expect([readFileSync(file, 'utf8'), statSync(file).ino]).toEqual([old, inode]);
    expect(readdirSync(folder)).toEqual(['config.json']);
  });

  test('where a file has no second names, a copy of what was written at the last moment is put back', async () => {
    linked.refused = true;
    const descriptor = openSync(file, 'r+');
    const store = createFileStore({
      onStep: (step) => {
        if (step === 'compared') writeSync(descriptor, '{"client":', 0);
      },
    });
    const replaced = store.replace(await snapshotOf(store), bytes(fresh));
    await expect(replaced).rejects.toMatchObject({ code: 'config-changed', file });
    closeSync(descriptor);
    expect(readFileSync(file, 'utf8').startsWith('{"client":')).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    await createFileStore().replace(await snapshotOf(), bytes(fresh));
    expect(readFileSync(file, 'utf8')).toBe(fresh);
    expect(readdirSync(folder)).toEqual(['config.json']);
  });

  test('a folder that cannot be synced afterwards: it is in place, and that is what is said', async () => {
    linked.noSync = true;
    const store = createFileStore();
    await store.replace(await snapshotOf(store), bytes(fresh));
    expect(readFileSync(file, 'utf8')).toBe(fresh);
    expect(readdirSync(folder)).toEqual(['config.json']);
  });

  test('a file or folder without any write bit is read-only, also for root', async () => {
    const store = createFileStore();
    chmodSync(file, 0o444);
    await expect(store.replace(await snapshotOf(store), bytes(fresh))).rejects.toMatchObject({
      code: 'config-read-only',
      file,
    });
    await expect(store.assertReplaceable(await snapshotOf(store))).rejects.toMatchObject({ code: 'config-read-only' });
    chmodSync(file, 0o640);
    chmodSync(folder, 0o555);
    await expect(store.replace(await snapshotOf(store), bytes(fresh))).rejects.toMatchObject({
      code: 'config-read-only',
      file,
    });
    expect(readFileSync(file, 'utf8')).toBe(old);
    chmodSync(folder, 0o755);
    await store.replace(await snapshotOf(store), bytes(fresh));
    expect(readFileSync(file, 'utf8')).toBe(fresh);
  });

  test('what a killed process left behind is removed, what a living one uses is not', async () => {
    const dead = spawnSync('true').pid;
    const living = spawn('sleep', ['30']);
    const leftover = join(folder, `.config.json.belljar-${String(dead)}-0123456789ab`);
    const used = join(folder, `.config.json.belljar-${String(living.pid)}-0123456789ab`);
    const foreign = join(folder, '.config.json.belljar-notes');
    for (const path of [leftover, used, foreign]) writeFileSync(path, 'x');
    const store = createFileStore();
    await store.replace(await snapshotOf(store), bytes(fresh));
    living.kill('SIGKILL');
    expect([leftover, used, foreign].map((path) => existsSync(path))).toEqual([false, true, true]);
  });
});

describe('a full disk', () => {
  test.each<WriteStep>(['temporary-made', 'temporary-written', 'temporary-synced'])(
    'found out at the step "%s" is said as such, and the file stays',
    async (at) => {
      const store = createFileStore({
        onStep: (step) => {
          if (step === at) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        },
      });
      await expect(store.replace(await snapshotOf(store), bytes(fresh))).rejects.toMatchObject({
        code: 'disk-full',
        file,
      });
      expect(readFileSync(file, 'utf8')).toBe(old);
      expect(readdirSync(folder)).toEqual(['config.json']);
    },
  );

  test.runIf(canMount)('that is a real one', async () => {
    const mount = join(folder, 'small');
    mkdirSync(mount);
    expect(spawnSync('/usr/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount]).status).toBe(0);
    try {
      const small = join(mount, 'config.json');
      writeFileSync(small, old);
      const store = createFileStore();
      const snapshot = await snapshotOf(store, small);
      await expect(store.replace(snapshot, new Uint8Array(200_000))).rejects.toMatchObject({
        code: 'disk-full',
        file: small,
      });
      expect(readFileSync(small, 'utf8')).toBe(old);
      expect(readdirSync(mount)).toEqual(['config.json']);
    } finally {
      spawnSync('/usr/bin/umount', [mount]);
    }
  });
});

test('paths resolve through links as far as they exist', async () => {
  const store = createFileStore();
  symlinkSync(folder, join(folder, 'self'));
  expect(await store.resolve(join(folder, 'self', 'none', 'below'))).toBe(join(folder, 'none', 'below'));
  expect(await store.resolve('/')).toBe('/');
  expect(await store.exists(file)).toBe(true);
  expect(await store.exists(join(folder, 'none'))).toBe(false);
});

describe('killed', () => {
  let built: string;
  beforeAll(async () => {
    built = mkdtempSync(join(tmpdir(), 'belljar-built-'));
    await build({
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: {
        ssr: join(import.meta.dirname, 'file-store.ts'),
        outDir: built,
        emptyOutDir: false,
        target: 'node20',
        rollupOptions: { output: { entryFileNames: 'file-store.mjs' } },
      },
    });
    writeFileSync(
      join(built, 'replace.mjs'),
      `import { createFileStore } from './file-store.mjs';
       const [file, text, at] = process.argv.slice(2);
       const store = createFileStore({ onStep: (step) => { if (step === at) process.kill(process.pid, 'SIGKILL'); } });
       await store.replace(await store.read(file), new TextEncoder().encode(text));`,
    );
  }, 60_000);
  afterAll(() => rmSync(built, { recursive: true, force: true }));

  const run = (at: string) => spawnSync(process.execPath, [join(built, 'replace.mjs'), file, fresh, at]);

  test.each<[WriteStep, string]>([
    ['checked', old],
    ['temporary-made', old],
    ['temporary-written', old],
    ['temporary-synced', old],
    ['compared', old],
    ['renamed', fresh],
    ['folder-synced', fresh],
  ])('at the step "%s" the file is whole, and the next replacement works and cleans up', (at, expected) => {
    expect(run(at).signal).toBe('SIGKILL');
    expect(readFileSync(file, 'utf8')).toBe(expected);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    const again = run('never');
    expect(again.stderr.toString()).toBe('');
    expect(again.status).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(fresh);
    expect(readdirSync(folder)).toEqual(['config.json']);
  });
});

describe('where no open file may be replaced, as on Windows', () => {
  const fault = (code: string): Error => Object.assign(new Error(code), { code });
  const leftovers = (): string[] => readdirSync(folder).filter((name) => name !== 'config.json');

  test.each(['EPERM', 'EACCES', 'EBUSY'])(
    '%s by someone who holds the file: tried again, and written',
    async (code) => {
      let tries = 0;
      const store = createFileStore({
        habits: {
          ...windowsHabits,
          rename: (from, to) => ((tries += 1) < 3 ? Promise.reject(fault(code)) : windowsHabits.rename(from, to)),
        },
      });
      await store.replace(await snapshotOf(store), bytes(fresh));
      expect([readFileSync(file, 'utf8'), tries, leftovers()]).toEqual([fresh, 3, []]);
    },
  );

  test('held all the time: given up, the old text stays, and nothing is written into it', async () => {
    const habits = { ...windowsHabits, waits: [1, 1], rename: () => Promise.reject(fault('EBUSY')) };
    const store = createFileStore({ habits });
    const before = statSync(file).ino;
    const replaced = store.replace(await snapshotOf(store), bytes(fresh));
    await expect(replaced).rejects.toMatchObject({ code: 'config-busy', file, params: { detail: 'EBUSY' } });
    expect([readFileSync(file, 'utf8'), statSync(file).ino, leftovers()]).toEqual([old, before, []]);
  });

  test('what its holder wrote meanwhile is seen before the next try', async () => {
    const habits = {
      ...windowsHabits,
      waits: [1, 1],
      rename: () => {
        writeFileSync(file, '{"client": 1}');
        return Promise.reject(fault('EPERM'));
      },
    };
    const store = createFileStore({ habits });
    const replaced = store.replace(await snapshotOf(store), bytes(fresh));
    await expect(replaced).rejects.toMatchObject({ code: 'config-changed', file });
    expect([readFileSync(file, 'utf8'), leftovers()]).toEqual(['{"client": 1}', []]);
  });

  test('any other error is no reason to try again', async () => {
    let tries = 0;
    const rename = (): Promise<void> => {
      tries += 1;
      return Promise.reject(fault('EXDEV'));
    };
    const store = createFileStore({ habits: { ...windowsHabits, rename } });
    await expect(store.replace(await snapshotOf(store), bytes(fresh))).rejects.toMatchObject({ code: 'write-failed' });
    expect([readFileSync(file, 'utf8'), tries]).toEqual([old, 1]);
  });
});
