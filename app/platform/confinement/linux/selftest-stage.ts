/**
 * The selftest's stage: a throw-away folder with decoys (files, a program, a process, listeners), each refused thing
 * beside an allowed twin of the same kind, and one contained run that tries them all under a plan made for it. What the
 * run says is compared with what is seen from here.
 *
 * Refused means the error of a wall (EACCES, EPERM; a variable that is not there). Any other error means that nothing was
 * proven, and is reported as not tried: a missing file or program must never pass for a wall.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Server } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { RuleVerb } from '#contract/words.ts';
import { baseRules } from '#domain/base-rules.ts';
import { formatPlan, planDefaults } from '#domain/plan-text.ts';
import type { Attempt, Launcher, SelftestStage } from '#engine/doctor/ports.ts';
import { ProcessTree } from '../../mcp/process-tree.ts';
import { selftestProgram } from './selftest-program.ts';

const runTimeoutMs = 20_000;
const outputMaxBytes = 262_144;
/** A process that was not harmed answers at once. */
const answerMs = 5_000;
const lineSchema = z.strictObject({
  code: z.string().max(64),
  done: z.string().max(2000).optional(),
  error: z.string().max(200).optional(),
});
type Line = z.infer<typeof lineSchema>;

export interface SelftestStageOptions {
  launcher: Launcher;
  /** What runs the attempts: a Node program. */
  node?: string;
}

export function createSelftestStage(options: SelftestStageOptions): SelftestStage {
  return {
    async run(signal) {
      const folder = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-selftest-')));
      const cleanUps: (() => void | Promise<void>)[] = [() => rmSync(folder, { recursive: true, force: true })];
      try {
        return await runIn(folder, options, cleanUps, signal);
      } finally {
        for (const cleanUp of cleanUps.reverse()) {
          await cleanUp();
        }
      }
    },
  };
}

async function runIn(
  folder: string,
  options: SelftestStageOptions,
  cleanUps: (() => void | Promise<void>)[],
  signal: AbortSignal | undefined,
): Promise<Attempt[]> {
  const node = options.node ?? process.execPath;
  const secret = `belljar-selftest-${randomBytes(12).toString('hex')}`;
  const make = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  };
  const [granted, outside, programs, sockets, spool] = ['granted', 'outside', 'programs', 'sockets', 'spool'].map(make);
  if (!granted || !outside || !programs || !sockets || !spool) {
    throw new Error('unreachable: every folder was made');
  }
  writeFileSync(join(granted, 'twin'), 'twin');
  writeFileSync(join(outside, 'key'), secret);
  writeFileSync(join(outside, 'profile'), '');
  writeFileSync(join(outside, 'mode'), '', { mode: 0o600 });
  symlinkSync(join(outside, 'key'), join(granted, 'link'));
  // A static program that runs anywhere: the launcher itself, asked for its version.
  for (const place of [programs, outside]) {
    copyFileSync(options.launcher.path, join(place, 'program'));
  }

  const ports = [await listen(cleanUps, 0), await listen(cleanUps, 0)] as const;
  const [grantedSocket, otherSocket] = [join(sockets, 'granted'), join(sockets, 'other')];
  const unix = [await listen(cleanUps, grantedSocket), await listen(cleanUps, otherSocket)] as const;
  // It reads to the end of what we never finish, so it ends with us, however that comes.
  const decoy = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'], env: { ...path(), DECOY: secret }, cwd: '/' });
  decoy.stdin.on('error', () => undefined);
  cleanUps.push(() => {
    decoy.kill('SIGKILL');
  });
  await new Promise<void>((resolve, reject) => decoy.once('spawn', resolve).once('error', reject));

  // What every program gets under this level, and of the decoys only the granted twins.
  const rules = baseRules('standard');
  const base = (verb: RuleVerb): string[] =>
    rules.filter((rule) => rule.verb === verb && (verb === 'env' || existsSync(rule.what))).map((rule) => rule.what);
  const plan = join(folder, 'plan');
  writeFileSync(
    plan,
    formatPlan({
      server: 'selftest',
      level: 'standard',
      network: 'open',
      record: 'denials',
      spool,
      spoolLimit: 1_048_576,
      home: outside,
      refuse: [],
      read: base('read'),
      exec: ['runtime', ...base('exec'), programs],
      write: [granted, ...base('write')],
      socket: [[grantedSocket]],
      local: [ports[0].port],
      listen: [],
      ...planDefaults,
      env: [...base('env'), 'BELLJAR_SELFTEST_GRANTED'],
      set: [],
      limits: {},
    }),
    { mode: 0o600, flag: 'wx' },
  );
  const targets = {
    granted,
    outside,
    programs,
    grantedPort: ports[0].port,
    otherPort: ports[1].port,
    grantedSocket,
    otherSocket,
    process: decoy.pid,
  };
  const run = await runContained(
    options.launcher.path,
    ['exec', '--plan', plan, '--', node, '-e', selftestProgram, JSON.stringify(targets)],
    { ...path(), HOME: outside, BELLJAR_SELFTEST_GRANTED: secret, BELLJAR_SELFTEST_OTHER: secret },
    signal,
  );
  if (run.lines.length === 0) {
    const why = run.said === '' ? 'the contained run said nothing' : run.said;
    return [{ code: 'read-granted', outcome: 'not-tried', detail: `Not tried: ${why}.`, seenOutside: null }];
  }

  const done = (code: string): string | undefined => run.lines.find((line) => line.code === code)?.done;
  const leaked = (code: string): boolean => done(code)?.includes(secret) === true;
  const version = readVersion(done('exec-granted'));
  const seen: Record<string, boolean> = {
    'read-granted': done('read-granted') === 'twin',
    'read-outside': leaked('read-outside'),
    'read-through-link': leaked('read-through-link'),
    'write-granted': existsSync(join(granted, 'made')),
    'write-outside': readFileSync(join(outside, 'profile'), 'utf8') !== '',
    'change-mode-outside': (statSync(join(outside, 'mode')).mode & 0o777) !== 0o600,
    'exec-granted': version,
    'exec-outside': readVersion(done('exec-outside')),
    'connect-granted-port': await ports[0].wasReached(),
    'connect-other-port': await ports[1].wasReached(),
    'connect-granted-socket': await unix[0].wasReached(),
    'connect-other-socket': await unix[1].wasReached(),
    'signal-outside': !(await answers(decoy)),
    'read-environment-outside': leaked('read-environment-outside'),
    'environment-granted': leaked('environment-granted'),
    'environment-outside': leaked('environment-outside'),
  };
  return run.lines.map((line) => ({ ...toAttempt(line), seenOutside: seen[line.code] ?? null }));
}

const wallErrors = new Set(['EACCES', 'EPERM', 'NOTSET']);

function toAttempt(line: Line): Omit<Attempt, 'seenOutside'> {
  if (line.error === undefined) {
    return { code: line.code, outcome: 'allowed', detail: 'Allowed.' };
  }
  if (wallErrors.has(line.error)) {
    const detail = line.error === 'NOTSET' ? 'Refused: the variable was not passed on.' : `Refused: ${line.error}.`;
    return { code: line.code, outcome: 'refused', detail };
  }
  return { code: line.code, outcome: 'not-tried', detail: `Nothing was proven: ${line.error}.` };
}

function readVersion(text: string | undefined): boolean {
  return text !== undefined && /\d+\.\d+/.test(text);
}

function path(): { PATH: string } {
  return { PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin' };
}

/** Whether it still says what it is told: a signal that is on its way to it comes before. */
function answers(decoy: ChildProcess): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  return new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), answerMs);
    decoy.once('exit', () => resolve(false));
    decoy.stdout?.once('data', () => resolve(true));
    if (decoy.exitCode === null && decoy.signalCode === null) decoy.stdin?.write('there?');
    else resolve(false);
  }).finally(() => clearTimeout(timer));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface Listener {
  port: number;
  /** Whether anybody but this question came: connections are taken in their order, and this one comes last. */
  wasReached: () => Promise<boolean>;
}

async function listen(cleanUps: (() => void | Promise<void>)[], where: number | string): Promise<Listener> {
  let connections = 0;
  const server: Server = createServer((connection) => {
    connections += 1;
    connection.on('error', () => undefined).destroy();
  });
  cleanUps.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
      }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (typeof where === 'number') {
      server.listen(where, '127.0.0.1', resolve);
    } else {
      server.listen(where, resolve);
    }
  });
  return {
    port: portOf(server),
    async wasReached() {
      await new Promise<void>((resolve, reject) => {
        const options = typeof where === 'string' ? { path: where } : { port: portOf(server), host: '127.0.0.1' };
        connect(options)
          .once('error', reject)
          .once('close', () => resolve())
          .resume();
      });
      return connections > 1;
    },
  };
}

/** The run's own lines, and the last line of what it or the launcher had to say besides. Bounded in time and size. */
async function runContained(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<{ lines: Line[]; said: string }> {
  const child = spawn(command, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(0, outputMaxBytes);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', (error) => {
      said = error.message;
      resolve();
    });
  });
  const tree = child.pid === undefined ? null : new ProcessTree(child.pid);
  let timer: NodeJS.Timeout | undefined;
  const cut = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, runTimeoutMs);
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([ended, cut]);
  clearTimeout(timer);
  await tree?.end(1000);
  const lines: Line[] = [];
  for (const text of output.split('\n')) {
    try {
      const parsed = lineSchema.safeParse(JSON.parse(text));
      if (parsed.success) {
        lines.push(parsed.data);
      }
    } catch {
      // Cut off in the middle, or not the program's own line.
    }
  }
  return { lines, said: said.trim().split('\n').at(-1) ?? '' };
}
