/**
 * The neighbour: another program of the same user (support/neighbour.c), with a log of every contact and signal that reached
 * it. It also says what it finds itself to be, so that a change made to it from outside is seen.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const neighbourSecrets = {
  environment: 'neighbour-environment-secret',
  argument: 'neighbour-argument-secret',
  memory: 'neighbour-memory-secret',
  segment: 'neighbour-sysv-secret',
  queue: 'neighbour-queue-secret',
  posix: 'neighbour-posix-secret',
  posixQueue: 'neighbour-mq-secret',
};

/** A signal that one technique sends to every process of the user; it may come from another run of it on this machine. */
const toEveryone = 'signal 23';

export async function startNeighbour(program, { folder, secret, cwd }) {
  const child = spawn(program, [folder, secret, neighbourSecrets.argument], {
    cwd,
    env: { NEIGHBOUR_TOKEN: neighbourSecrets.environment },
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout });
  const [first] = await once(lines, 'line');
  const facts = JSON.parse(first);
  const alive = () => child.exitCode === null && child.signalCode === null;
  /** Null when it does not answer: it was ended, or stopped. */
  const ask = async (what) => {
    if (!alive()) return null;
    const over = new AbortController();
    const late = setTimeout(() => over.abort(), 3000);
    try {
      const answered = once(lines, 'line', { signal: over.signal });
      child.stdin.write(`${what}\n`);
      const [line] = await Promise.race([answered, once(child, 'exit', { signal: over.signal }).then(() => [null])]);
      return line;
    } catch {
      return null;
    } finally {
      clearTimeout(late);
      over.abort();
    }
  };
  const read = (name) => {
    try {
      return readFileSync(`/proc/${facts.pid}/${name}`, 'utf8').trim();
    } catch {
      return 'gone';
    }
  };
  return {
    facts,
    async look(everyone) {
      const state = (await ask('s')) ?? 'no answer';
      const log = readFileSync(join(folder, 'contacts.log'), 'utf8').split('\n').filter(Boolean);
      const scheduled = ['oom_score_adj', 'coredump_filter', 'timerslack_ns', 'autogroup', 'comm'].map(read).join(' ');
      return {
        alive: alive(),
        state: `${state} ${scheduled}`,
        contacts: log.filter((line) => everyone || line !== toEveryone),
      };
    },
    async stop() {
      if (!alive()) return;
      const ended = once(child, 'exit');
      child.kill('SIGCONT');
      child.stdin.end();
      const late = setTimeout(() => child.kill('SIGKILL'), 2000);
      await ended;
      clearTimeout(late);
    },
  };
}
