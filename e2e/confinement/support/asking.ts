/**
 * A server that asks for what it was not given, and somebody who stands in the host's place, where launchers look for one, and answers as
 * the test says.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect } from 'vitest';
import { questionInputSchema, type QuestionInput } from '#contract/question.ts';
import type { Plan } from '#domain/plan-text.ts';
import type { Arena } from './arena.ts';
import { compile } from './compile.ts';
import { containedCommand, ordinaryPath } from './start.ts';

export const asks: Partial<Plan> = { permissions: ['ask-access'] };
/** Nothing waits longer than it must. */
export const slow = { timeout: 15_000 };

export const allowedOnce = { outcome: 'allowed', asked: true };
export const no = { outcome: 'refused', reason: 'no', asked: true };
export const untilStop = (up: number): object => ({ outcome: 'allowed', asked: true, until: 'stop', up });

export interface Asked {
  about: QuestionInput['about'];
  waitMs: number;
  answer(outcome: object): void;
  gone: boolean;
}

export async function until(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { timeout: 25_000 }).toBe(true);
}

export class StandIn {
  readonly asked: Asked[] = [];
  /** Answered at once; null: waits for the test. */
  always: object | null = null;
  private server: Server | null = null;

  async listen(arena: Arena): Promise<void> {
    mkdirSync(join(arena.folder, 'runtime'), { mode: 0o700, recursive: true });
    const path = join(arena.folder, 'runtime', 'host.sock');
    symlinkSync(path, join(arena.folder, 'host.sock'));
    this.server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        const input = questionInputSchema.parse(JSON.parse(body));
        const one: Asked = {
          about: input.about,
          waitMs: input.waitMs ?? 0,
          gone: false,
          answer: (outcome) => send(response, outcome),
        };
        response.on('close', () => (one.gone = !response.writableEnded));
        this.asked.push(one);
        if (this.always !== null) send(response, this.always);
      });
    });
    this.server.listen(path);
    await once(this.server, 'listening');
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise<void>((resolve) => (this.server === null ? resolve() : this.server.close(() => resolve())));
    this.server = null;
  }

  /** The question number `index`, when it was put. */
  async question(index: number): Promise<Asked> {
    await until(() => this.asked.length > index);
    return this.asked[index] as Asked;
  }
}

function send(response: ServerResponse, outcome: object): void {
  const text = JSON.stringify(outcome);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

export class Driver {
  private said = '';
  private last = 0;
  readonly child: ChildProcess;

  /** `enter`: what else stands around it, such as namespaces. */
  constructor(arena: Arena, plan: Partial<Plan>, enter = (...all: [string, string[]]): [string, string[]] => all) {
    const [command, args] = enter(...containedCommand(arena, compile('asking-server'), [], plan));
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: ordinaryPath } });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.said += text));
  }

  /** What came of it; not waited for. */
  begin(what: string, ...args: readonly string[]): { outcome: () => string | null } {
    const id = (++this.last).toString();
    this.child.stdin?.write(`${id} ${[what, ...args].join(' ')}\n`);
    return { outcome: () => new RegExp(`^${id} (.*)$`, 'm').exec(this.said)?.[1] ?? null };
  }

  async do(what: string, ...args: readonly string[]): Promise<string> {
    const begun = this.begin(what, ...args);
    await until(() => begun.outcome() !== null);
    return begun.outcome() ?? '';
  }

  /** Answers its client's initialize, and is seen to have done so. */
  async hello(way = 'hello'): Promise<void> {
    this.begin(way);
    await until(() => this.said.includes('protocolVersion'));
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    this.begin('end');
    await closed;
  }
}
