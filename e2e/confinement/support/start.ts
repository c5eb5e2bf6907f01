/**
 * Starts an attack program, bare or through the launcher, and reads what it said (techniques/attack.h is the form).
 */
import { spawn } from 'node:child_process';
import { readEvents, writePlan, type Arena } from './arena.ts';
import { requireLauncher } from './places.ts';
import type { Event } from '#contract/event.ts';
import type { Plan } from '#domain/plan-text.ts';

export type Outcome =
  | { kind: 'reached'; what: string }
  | { kind: 'refused'; errno: string; step: string }
  | { kind: 'absent'; step: string }
  /** The program said nothing that can be understood: a defect of the test or a program that was killed. */
  | { kind: 'other'; said: string };

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Result extends Finished {
  outcome: Outcome;
  events: Event[];
}

export interface StartOptions {
  env?: Record<string, string>;
  input?: string;
  cwd?: string;
  /** Descriptors from 3 on that the program inherits; null leaves a gap. */
  descriptors?: readonly (number | null)[];
  uid?: number;
  gid?: number;
  timeoutMs?: number;
}

export const ordinaryPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Runs to the end. A program that does not end is killed with its process group and reported with its signal. */
export function run(command: string, args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const extra = (options.descriptors ?? []).map((one) => one ?? ('ignore' as const));
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe', ...extra],
      env: { PATH: ordinaryPath, ...options.env },
      detached: true,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    });
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended between the timer and the signal.
      }
    }, options.timeoutMs ?? 30_000);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
  });
}

export function understand(finished: Finished): Outcome {
  const lines = finished.stdout.split('\n').filter((line) => /^(?:REACHED|REFUSED|ABSENT|BROKEN) /.test(line));
  const line = lines.length === 1 ? (lines[0] ?? '') : '';
  const [word, first = '', ...rest] = line.split(' ');
  if (word === 'REACHED') return { kind: 'reached', what: [first, ...rest].join(' ') };
  if (word === 'REFUSED') return { kind: 'refused', errno: first, step: rest.join(' ') };
  if (word === 'ABSENT') return { kind: 'absent', step: [first, ...rest].join(' ') };
  const end = `exit ${String(finished.code)} signal ${String(finished.signal)}`;
  return { kind: 'other', said: `${end}\nstdout: ${finished.stdout}\nstderr: ${finished.stderr}` };
}

export async function startBare(program: string, args: readonly string[], options: StartOptions = {}): Promise<Result> {
  const finished = await run(program, args, options);
  return { ...finished, outcome: understand(finished), events: [] };
}

/** The command line that contains `program`; the plan is written first. */
export function containedCommand(
  arena: Arena,
  program: string,
  args: readonly string[],
  plan: Partial<Plan> = {},
): [string, string[]] {
  return [requireLauncher(), ['exec', '--plan', writePlan(arena, plan), '--', program, ...args]];
}

export async function startContained(
  arena: Arena,
  program: string,
  args: readonly string[],
  plan: Partial<Plan> = {},
  options: StartOptions = {},
): Promise<Result> {
  const finished = await run(...containedCommand(arena, program, args, plan), options);
  return { ...finished, outcome: understand(finished), events: readEvents(arena.spool) };
}
