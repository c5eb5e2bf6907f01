/** The built product in a throw-away home: starts the command as a person would and tells what came of it. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach } from 'vitest';

export const root = resolve(import.meta.dirname, '../../..');
/** `npm test` has built it; a single file of tests is run after `npm run build`. */
export const program = join(root, 'dist/cli/belljar.js');
if (!existsSync(program)) throw new Error('The product is not built: npm run build');

const cleanUps: (() => unknown)[] = [];

export function later(cleanUp: () => unknown): void {
  cleanUps.push(cleanUp);
}

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
  milliseconds: number;
}

export interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Finished>;
  /** The first line of standard output, from now on, that fits; fails when the program ends without one. */
  line(fits?: (line: string) => boolean): Promise<string>;
  kill(signal: NodeJS.Signals): Promise<Finished>;
}

export interface Home {
  readonly path: string;
  readonly environment: NodeJS.ProcessEnv;
  folder(...parts: string[]): string;
  run(...args: string[]): Promise<Finished>;
  start(...args: string[]): Started;
  /** Runs and reads what it printed. */
  json<Value>(...args: string[]): Promise<Value>;
}

export function startProgram(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  cwd: string,
): Started {
  const started = Date.now();
  const child = spawn(command, args, { env: environment, cwd });
  child.stdin.end();
  let out = '';
  let err = '';
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const one of waiting) one();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    wake();
  });
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  let isOver = false;
  const ended = new Promise<Finished>((done) => {
    child.once('close', (code, signal) => {
      isOver = true;
      wake();
      done({ code, signal, out, err, milliseconds: Date.now() - started });
    });
  });
  later(async () => {
    if (!isOver) child.kill('SIGKILL');
    await ended;
  });
  let read = 0;
  return {
    child,
    ended,
    line: (fits = () => true) =>
      new Promise((done, fail) => {
        const look = (): void => {
          for (;;) {
            const end = out.indexOf('\n', read);
            if (end < 0) break;
            const line = out.slice(read, end);
            read = end + 1;
            if (!fits(line)) continue;
            waiting.delete(look);
            done(line);
            return;
          }
          if (isOver) fail(new Error(`It ended without that line.\n${out}\n${err}`));
        };
        waiting.add(look);
        look();
      }),
    async kill(signal) {
      child.kill(signal);
      return await ended;
    },
  };
}

export function makeHome(): Home {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-cli-')));
  later(() => rmSync(path, { recursive: true, force: true }));
  mkdirSync(join(path, 'runtime'), { mode: 0o700 });
  const environment: NodeJS.ProcessEnv = {
    // Folders that this user may not enter would decide which error a missing command gives.
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: path,
    XDG_RUNTIME_DIR: join(path, 'runtime'),
    LANG: 'C.UTF-8',
    TZ: 'UTC',
  };
  const start = (...args: string[]): Started => startProgram(process.execPath, [program, ...args], environment, path);
  return {
    path,
    environment,
    folder: (...parts) => join(path, ...parts),
    start,
    run: (...args) => start(...args).ended,
    async json<Value>(...args: string[]) {
      const finished = await start(...args).ended;
      try {
        return JSON.parse(finished.out) as Value;
      } catch {
        throw new Error(`belljar ${args.join(' ')}: exit ${String(finished.code)}\n${finished.out}\n${finished.err}`);
      }
    },
  };
}
