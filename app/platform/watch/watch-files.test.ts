/** What is told of files that others replace, and what is not looked at. */
import { EventEmitter } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  watch,
  writeFileSync,
  type FSWatcher,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Watched } from '#engine/ports.ts';
import { watchFiles, type FileWatch, type FileWatchOptions } from './watch-files.ts';

let root: string;
let home: string;
const open: FileWatch[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'belljar-watch-'));
  home = join(root, 'home');
  mkdirSync(home);
});
afterEach(() => {
  for (const each of open.splice(0)) each.close();
  rmSync(root, { recursive: true, force: true });
});

function put(path: string, text = '{}'): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** As editors save: a new file, then its name over the old one. */
function replace(path: string, text = '{"a":1}'): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

interface Watching {
  files: FileWatch;
  told: string[];
}

function begin(watched: Partial<Watched>, more: Partial<FileWatchOptions> = {}): Watching {
  const told: string[] = [];
  const files = watchFiles(
    { files: [], folders: [], ...watched },
    { home, onChange: (path) => told.push(path), ...more },
  );
  open.push(files);
  return { files, told };
}

/** Something after which all that came before has been told: events of one watcher keep their order. */
async function quiet({ told }: Watching, file: string): Promise<string[]> {
  const before = [...told];
  writeFileSync(file, `${Math.random().toString()}`);
  await expect.poll(() => told.slice(before.length)).toContain(file);
  return told;
}

test('written into, replaced by rename, removed and made again', async () => {
  const file = put(join(home, '.cursor/mcp.json'));
  const watching = begin({ files: [file] });
  for (const act of [
    () => writeFileSync(file, '{"b":1}'),
    () => replace(file),
    () => unlinkSync(file),
    () => put(file),
    () => replace(file, '{"c":1}'),
  ]) {
    watching.told.length = 0;
    act();
    await expect.poll(() => watching.told.includes(file)).toBe(true);
  }
});

test('of a home, only the names that are asked for count, and nothing below it is watched', async () => {
  const file = put(join(home, '.claude.json'));
  put(join(home, 'work/deep/er/x.json'));
  const watching = begin({ files: [file] });
  writeFileSync(join(home, '.bash_history'), 'x');
  writeFileSync(join(home, 'work/deep/er/x.json'), 'y');
  expect(new Set(await quiet(watching, file))).toEqual(new Set([file]));
  expect(watching.files.status()).toEqual({ folders: 1, slowly: 0, reason: null });
});

test('a file whose folders come later', async () => {
  const file = join(home, '.config/Code/User/mcp.json');
  const watching = begin({ files: [file] });
  expect(watching.files.status().folders).toBe(1);
  mkdirSync(join(home, '.config'));
  await expect.poll(() => watching.files.status().folders === 2).toBe(true);
  put(file);
  // Made in one go: each folder that comes is told, and the file is found by whoever looks then.
  await expect.poll(() => watching.files.status().folders === 4).toBe(true);
  watching.told.length = 0;
  replace(file);
  await expect.poll(() => watching.told.includes(file)).toBe(true);
});

test('a folder that comes into the watch is told itself: what happened in it before would be lost', async () => {
  const file = join(home, '.config/Code/User/mcp.json');
  const watching = begin({ files: [file] });
  // In one go, so that of what lies in the new folders no event is left to come.
  put(file);
  await expect.poll(() => watching.told).toContain(dirname(file));
  const other = put(join(home, '.cursor/mcp.json'));
  expect(watching.told).not.toContain(dirname(other));
  watching.files.set({ files: [file, other], folders: [] });
  expect(watching.told).toContain(dirname(other));
  // One that was watched already is not told again.
  watching.told.length = 0;
  watching.files.set({ files: [file, other], folders: [] });
  expect(watching.told).toEqual([]);
});

test('a folder whose watch ends by an error is watched anew, and told', async () => {
  const file = put(join(home, '.cursor/mcp.json'));
  const folder = dirname(file);
  // The first watch of the folder is deaf, and fails when it is told to.
  const deaf = Object.assign(new EventEmitter(), { closed: false });
  const first = Object.assign(deaf, { close: () => void (deaf.closed = true) }) as unknown as FSWatcher;
  const given: FSWatcher[] = [];
  const watching = begin(
    { files: [file] },
    {
      open(at, listener) {
        const watcher = at === folder && given.length === 0 ? first : watch(at, { persistent: false }, listener);
        if (at === folder) given.push(watcher);
        return watcher;
      },
    },
  );
  expect([given.length, watching.told]).toEqual([1, []]);
  deaf.emit('error', Object.assign(new Error('EIO'), { code: 'EIO' }));
  await expect.poll(() => watching.told).toContain(folder);
  expect([given.length, deaf.closed, watching.files.status().folders]).toEqual([2, true, 2]);
  watching.told.length = 0;
  replace(file);
  await expect.poll(() => watching.told).toContain(file);
});

test('a folder on the way is removed and made again, or renamed away and another put there', async () => {
  const file = put(join(home, '.config/Code/User/mcp.json'));
  const watching = begin({ files: [file] });
  rmSync(join(home, '.config/Code'), { recursive: true });
  await expect.poll(() => watching.files.status().folders === 2).toBe(true);
  put(file);
  await expect.poll(() => watching.files.status().folders === 4).toBe(true);
  replace(file);
  await expect.poll(() => watching.told.includes(file)).toBe(true);

  put(join(home, '.config/Other/User/mcp.json'), '{"other":1}');
  renameSync(join(home, '.config/Code'), join(home, '.config/Gone'));
  renameSync(join(home, '.config/Other'), join(home, '.config/Code'));
  watching.told.length = 0;
  await vi.waitFor(
    () => {
      replace(file);
      expect(watching.told).toContain(file);
    },
    { timeout: 15_000, interval: 100 },
  );
});

test('a file that becomes a folder, and a file again', async () => {
  const file = put(join(home, '.cursor/mcp.json'));
  const watching = begin({ files: [file] });
  unlinkSync(file);
  mkdirSync(file);
  await expect.poll(() => watching.told.includes(file)).toBe(true);
  watching.told.length = 0;
  rmSync(file, { recursive: true });
  put(file);
  await expect.poll(() => watching.told.includes(file)).toBe(true);
});

test('what links lead to is watched, each of a chain, and a link that is set anew', async () => {
  const target = put(join(home, 'dotfiles/cursor/mcp.json'));
  const middle = join(home, 'links/mcp.json');
  const file = join(home, '.cursor/mcp.json');
  for (const each of [middle, file]) mkdirSync(dirname(each), { recursive: true });
  symlinkSync('../dotfiles/cursor/mcp.json', middle);
  symlinkSync(middle, file);
  const watching = begin({ files: [file] });
  replace(target);
  await expect.poll(() => watching.told.includes(target)).toBe(true);
  const other = put(join(home, 'elsewhere/mcp.json'));
  unlinkSync(middle);
  symlinkSync(other, middle);
  await expect.poll(() => watching.told.includes(middle)).toBe(true);
  await vi.waitFor(
    () => {
      replace(other);
      expect(watching.told).toContain(other);
    },
    { timeout: 15_000, interval: 100 },
  );
});

test('folders in which any name counts', async () => {
  const folder = join(home, '.config/Code/User/profiles');
  mkdirSync(folder, { recursive: true });
  const watching = begin({ folders: [folder] });
  mkdirSync(join(folder, 'p1'));
  await expect.poll(() => watching.told.includes(join(folder, 'p1'))).toBe(true);
  // And once more, when what is in it may have come too.
  await expect.poll(() => watching.told).toContain(folder);
});

test('many changes: the last one is told', async () => {
  const file = put(join(home, '.cursor/mcp.json'));
  const seen: string[] = [];
  begin({ files: [file] }, { onChange: () => seen.push(readFileSync(file, 'utf8')) });
  for (let at = 1; at <= 300; at += 1) {
    if (at % 2 === 0) replace(file, at.toString());
    else writeFileSync(file, at.toString());
    if (at % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await expect.poll(() => seen.at(-1) === '300').toBe(true);
});

function systemThatRefuses(code: string, which: (folder: string) => boolean) {
  return (folder: string, listener: (event: string, name: string | null) => void): FSWatcher => {
    if (which(folder)) throw Object.assign(new Error(code), { code });
    return watch(folder, { persistent: false }, listener);
  };
}

test('no watches left: what could not be watched is looked at slowly and said so, until there are some', async () => {
  const near = put(join(home, '.cursor/mcp.json'));
  const far = put(join(home, '.gemini/settings.json'));
  let full = true;
  const refuse = systemThatRefuses('ENOSPC', (folder) => full && folder.endsWith('.gemini'));
  const watching = begin({ files: [near, far] }, { open: refuse, slowMs: 20 });
  expect(watching.files.status()).toEqual({ folders: 2, slowly: 1, reason: 'ENOSPC' });
  replace(far);
  await expect.poll(() => watching.told.includes(dirname(far))).toBe(true);
  replace(near);
  await expect.poll(() => watching.told.includes(near)).toBe(true);
  full = false;
  await expect.poll(() => watching.files.status().slowly === 0).toBe(true);
  expect(watching.files.status()).toEqual({ folders: 3, slowly: 0, reason: null });
  watching.told.length = 0;
  replace(far);
  await expect.poll(() => watching.told.includes(far)).toBe(true);
});

test('never more folders than its bound; the files of the others are looked at slowly', async () => {
  const files = Array.from({ length: 30 }, (_, at) => put(join(root, 'work', at.toString(), '.mcp.json')));
  const watching = begin({ files }, { foldersMax: 10, slowMs: 20 });
  const { folders, slowly, reason } = watching.files.status();
  expect([folders, reason]).toEqual([10, 'bound']);
  expect(slowly).toBeGreaterThan(0);
  const last = files.at(-1) ?? '';
  replace(last);
  await expect.poll(() => watching.told.includes(dirname(last))).toBe(true);
});

test('nothing is told after the end', async () => {
  const file = put(join(home, '.cursor/mcp.json'));
  const watching = begin({ files: [file] });
  const witness = begin({ files: [file] });
  watching.files.close();
  replace(file);
  await expect.poll(() => witness.told.includes(file)).toBe(true);
  expect(watching.told).toEqual([]);
});
