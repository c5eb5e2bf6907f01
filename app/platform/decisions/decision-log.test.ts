import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { build } from 'vite';
import type { Decision } from '#contract/decision.ts';
import { createDecisionLog } from './decision-log.ts';

/** Root in a namespace that may mount; others cannot. */
const canMount =
  process.getuid?.() === 0 &&
  spawnSync('/usr/bin/unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { stdio: 'ignore' }).status === 0;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belljar-decisions-'));
  file = join(folder, 'state', 'decisions.jsonl');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const log = (maxBytes?: number): ReturnType<typeof createDecisionLog> =>
  createDecisionLog({ stateFolder: join(folder, 'state'), ...(maxBytes === undefined ? {} : { maxBytes }) });

function decision(number: number): Decision {
  return {
    v: 1,
    id: number.toString(16).padStart(16, '0'),
    at: '2026-01-02T03:04:05.678Z',
    door: 'panel',
    action: 'level',
    server: 'cursor.a',
    file: null,
    summary: `level ${number.toString()}`,
    changes: [{ of: 'level', before: 'standard', after: 'strict' }],
    undoes: null,
  };
}

test('keeps decisions and what became of them, oldest first, for this user alone', async () => {
  expect(await log().read()).toEqual([]);
  await log().append(decision(1));
  await log().append({ v: 1, id: decision(1).id, done: true });
  expect(await log().read()).toEqual([decision(1), { v: 1, id: decision(1).id, done: true }]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
});

test('a line that was cut short at any byte spoils nothing but itself', async () => {
  const line = `\n${JSON.stringify(decision(2))}\n`;
  for (let length = 0; length < line.length - 1; length++) {
    rmSync(join(folder, 'state'), { recursive: true, force: true });
    await log().append(decision(1));
    appendFileSync(file, line.slice(0, length));
    await log().append(decision(3));
    const ids = (await log().read()).map(({ id }) => Number.parseInt(id, 16));
    // Whole but for its line end, it counts.
    expect(ids.filter((id) => id !== 2)).toEqual([1, 3]);
  }
});

test('a writer that is killed in the middle of many leaves whole lines', async () => {
  await build({
    configFile: false,
    logLevel: 'silent',
    ssr: { noExternal: true },
    build: {
      ssr: join(import.meta.dirname, 'decision-log.ts'),
      outDir: folder,
      emptyOutDir: false,
      target: 'node20',
      rollupOptions: { output: { entryFileNames: 'decision-log.mjs' } },
    },
  });
  const writer = join(folder, 'write.mjs');
  writeFileSync(
    writer,
    `import { createDecisionLog } from './decision-log.mjs';
     const log = createDecisionLog({ stateFolder: ${JSON.stringify(join(folder, 'state'))} });
     for (let i = 1; ; i++) {
       await log.append({ ...${JSON.stringify(decision(0))}, id: i.toString(16).padStart(16, '0') });
       if (i === 20) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1);
     }`,
  );
  const child = spawnSync(process.execPath, [writer], { encoding: 'utf8' });
  expect(child.signal, child.stderr).toBe('SIGKILL');
  const ids = (await log().read()).map(({ id }) => Number.parseInt(id, 16));
  expect(ids.length).toBeGreaterThanOrEqual(20);
  expect(ids).toEqual(ids.map((_, index) => index + 1));
}, 60_000);

test.runIf(canMount)(
  'on a disk that is really full nothing is lost, and it goes on where there is room again',
  async () => {
    const mount = join(folder, 'state');
    mkdirSync(mount, { mode: 0o700 });
    expect(spawnSync('/usr/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', mount]).status).toBe(0);
    try {
      let number = 0;
      let failure: unknown = null;
      while (failure === null && number < 1000) {
        number += 1;
        await log()
          .append(decision(number))
          .catch((error: unknown) => (failure = error));
      }
      expect(failure).toMatchObject({ code: 'disk-full', file });
      const whole = (await log().read()).length;
      expect(whole).toBe(number - 1);
      expect(spawnSync('/usr/bin/mount', ['-o', 'remount,size=128k', mount]).status).toBe(0);
      await log().append(decision(number + 1));
      expect((await log().read()).length).toBe(whole + 1);
    } finally {
      spawnSync('/usr/bin/umount', [mount]);
    }
  },
);

test('what is not of its form is skipped; a newer format stops writing, and is left as it is', async () => {
  await log().append(decision(1));
  appendFileSync(file, `\n{"v":1,"id":"x"}\nno json\n${JSON.stringify({ ...decision(2), more: 1 })}\n`);
  expect(await log().read()).toEqual([decision(1)]);
  appendFileSync(file, `\n{"v":2,"anything":true}\n`);
  const text = readFileSync(file, 'utf8');
  await expect(log().read()).rejects.toMatchObject({ code: 'newer-format', file });
  await expect(log().append(decision(3))).rejects.toMatchObject({ code: 'newer-format' });
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('stays within its bound, and the newest stay', async () => {
  const small = log(4000);
  for (let number = 1; number <= 60; number++) await small.append(decision(number));
  expect(statSync(file).size).toBeLessThanOrEqual(4000);
  const ids = (await small.read()).map(({ id }) => Number.parseInt(id, 16));
  expect(ids.at(-1)).toBe(60);
  expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index));
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a folder that is none is an error that names it', async () => {
  writeFileSync(join(folder, 'state'), '');
  await expect(log().append(decision(1))).rejects.toMatchObject({ code: expect.any(String) as string });
});
