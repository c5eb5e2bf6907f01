/** The neighbour: another program of the same user (techniques/neighbour.c), with a log of every contact it noticed. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
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

export class Neighbour {
  readonly facts: NeighbourFacts;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, facts: NeighbourFacts) {
    this.#child = child;
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
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve);
      child.once('exit', () => {
        reject(new Error('The neighbour did not start.'));
      });
    });
    return new Neighbour(child, arena.neighbour, JSON.parse(line) as NeighbourFacts);
  }

  /** What was noticed, after time for it to be written down. */
  async contacts(): Promise<string[]> {
    await sleep(40);
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
      this.#child.stdin?.end();
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 2000);
      await ended;
      clearTimeout(timer);
    }
    // An attack that ended it kept it from cleaning up: what System V made outlives its maker.
    spawnSync('ipcrm', ['-m', this.facts.shm.toString()], { stdio: 'ignore' });
    spawnSync('ipcrm', ['-s', this.facts.sem.toString()], { stdio: 'ignore' });
    spawnSync('ipcrm', ['-q', this.facts.msg.toString()], { stdio: 'ignore' });
  }
}
