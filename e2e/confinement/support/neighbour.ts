/** The neighbour: another program of the same user (techniques/neighbour.c), with a log of every contact it noticed. */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Arena } from './arena.ts';
import { compile } from './compile.ts';

export interface NeighbourFacts {
  pid: number;
  tcp: number;
  udp: number;
  mptcp: number;
  shm: number;
  sem: number;
  msg: number;
  posix: string;
  abstractStream: string;
  abstractDatagram: string;
  /** Number of its descriptor that is open on the secret file. */
  held: number;
  secretAddress: string;
}

export const neighbourEnvironment = 'NEIGHBOUR_TOKEN=neighbour-environment-secret';
export const neighbourArgument = 'neighbour-argument-secret';

/** SIGURG, which only `attack-process kill-all` sends. */
const toEveryone = 'signal 23';

type Child = ChildProcessByStdio<Writable, Readable, null>;

export class Neighbour {
  readonly facts: NeighbourFacts;
  readonly #child: Child;
  readonly #lines: Interface;
  readonly #folder: string;

  private constructor(child: Child, lines: Interface, folder: string, facts: NeighbourFacts) {
    this.#child = child;
    this.#lines = lines;
    this.#folder = folder;
    this.facts = facts;
  }

  static async start(arena: Arena): Promise<Neighbour> {
    const [name = '', value = ''] = neighbourEnvironment.split('=');
    const child = spawn(compile('neighbour'), [arena.neighbour, arena.secret, neighbourArgument], {
      cwd: arena.outside,
      env: { [name]: value },
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    child.stdin.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout });
    const line = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      child.once('exit', () => {
        reject(new Error('The neighbour did not start.'));
      });
    });
    return new Neighbour(child, lines, arena.neighbour, JSON.parse(line) as NeighbourFacts);
  }

  /** What was noticed: all that had reached it when it was asked, or when it was ended. */
  async contacts(): Promise<string[]> {
    return (await this.#log()).filter((line) => line !== toEveryone);
  }

  /** How often a signal to every process reached it, which may as well have come from another test run on this machine. */
  async broadcasts(): Promise<number> {
    return (await this.#log()).filter((line) => line === toEveryone).length;
  }

  async #log(): Promise<string[]> {
    if (this.alive) {
      const over = new AbortController();
      const { signal } = over;
      const answered = Promise.race([once(this.#lines, 'line', { signal }), once(this.#child, 'exit', { signal })]);
      this.#child.stdin.write('?\n');
      await answered;
      over.abort();
    }
    return readFileSync(join(this.#folder, 'contacts.log'), 'utf8').split('\n').filter(Boolean);
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** One line: limits, priorities, scheduling, group. */
  observed(): string {
    return spawnSync(compile('observe-process'), [this.facts.pid.toString()], { encoding: 'utf8' }).stdout.trim();
  }

  async stop(): Promise<void> {
    if (this.alive) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGCONT');
      this.#child.stdin.end();
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 2000);
      await ended;
      clearTimeout(timer);
    }
    // An attack that ended it kept it from cleaning up: what System V made outlives its maker.
    const { shm, sem, msg } = this.facts;
    spawnSync('ipcrm', ['-m', shm, '-s', sem, '-q', msg].map(String), { stdio: 'ignore' });
  }
}
