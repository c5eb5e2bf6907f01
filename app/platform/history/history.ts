/**
 * The history as the engine sees it: a thread, started with the first question, that does all reading and writing of
 * `<state>/history.sqlite`. A thread that dies is started again by the next question; it has nothing that is not on disk.
 *
 * While nothing is asked, the thread does not keep the program running.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { BelljarError } from '#contract/errors.ts';
import type { History, Log } from '#engine/events/ports.ts';
import type { Places } from '#engine/ports.ts';
import type { Retention } from '#contract/storage.ts';
import type { Answer, Asked, Call, Inputs, Outputs } from './worker-messages.ts';

/** News is gathered for so long before it is read: a flood then costs a batch and not a look each. */
const gatherMs = 500;

export interface HistoryOptions {
  stateFolder: string;
  spoolFolder: string;
  places: Places;
  /** What holds when the thread starts. */
  retention: () => Promise<Retention>;
  log: Log;
  /** For tests: where the thread's program is. */
  program?: string;
}

/** Built beside the command line; found there also by programs that run from the sources. */
export function findWorker(): string | null {
  const here = import.meta.dirname;
  const name = 'history-worker.js';
  const places = [join(here, name), join(here, '../../dist/cli', name), join(here, '../../../dist/cli', name)];
  return places.find((place) => existsSync(place)) ?? null;
}

interface Waiting {
  resolve: (output: never) => void;
  reject: (error: unknown) => void;
}

export function createHistory(options: HistoryOptions): History {
  const { log } = options;
  const file = join(options.stateFolder, 'history.sqlite');
  const waiting = new Map<number, Waiting>();
  let thread: Promise<Worker> | null = null;
  let lastId = 0;
  let gathering: NodeJS.Timeout | null = null;
  let closed = false;

  function fail(worker: Worker | null, error: BelljarError): void {
    if (worker !== null) worker.removeAllListeners();
    thread = null;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }

  async function start(): Promise<Worker> {
    const program = options.program ?? findWorker();
    if (program === null) {
      throw new BelljarError('history-unavailable', { file, params: { detail: 'its program is not built' } });
    }
    const { spoolFolder, places } = options;
    const retention = await options.retention();
    const worker = new Worker(program, {
      workerData: { file, spoolFolder, places, retention },
      // Whatever would be printed belongs on nobody's terminal.
      stdout: true,
      stderr: true,
    });
    worker.on('message', (message: Answer) => {
      if ('log' in message) {
        log[message.log](message.code, message.facts);
        return;
      }
      const call = waiting.get(message.id);
      waiting.delete(message.id);
      if (waiting.size === 0) worker.unref();
      if (call === undefined) return;
      if ('failure' in message) {
        call.reject(new BelljarError(message.failure.code, message.failure.details));
      } else {
        call.resolve(message.output as never);
      }
    });
    const died = (reason: string): void => {
      log.warn('history-thread-ended', { reason });
      fail(worker, new BelljarError('history-unavailable', { file, params: { detail: 'its thread ended' } }));
    };
    worker.on('error', (error) => died(String(error)));
    worker.on('exit', (code) => died(`exit ${code.toString()}`));
    return worker;
  }

  async function ask<Method extends Asked>(method: Method, ...input: Inputs[Method]): Promise<Outputs[Method]> {
    if (closed) throw new BelljarError('history-unavailable', { file, params: { detail: 'the host is closing' } });
    return await tell(method, ...input);
  }

  async function tell<Method extends Asked>(method: Method, ...input: Inputs[Method]): Promise<Outputs[Method]> {
    thread ??= start();
    const starting = thread;
    let worker: Worker;
    try {
      worker = await starting;
    } catch (error) {
      if (thread === starting) thread = null;
      throw error;
    }
    return await new Promise<Outputs[Method]>((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      worker.ref();
      worker.postMessage({ id: lastId, method, input } satisfies Call);
    });
  }

  /** The reason why nothing is taken in is told to whoever asks, and to the doctor. */
  async function takeIn(): Promise<void> {
    try {
      while (await ask('takeIn')) if (closed) return;
    } catch (error) {
      if (!closed) log.warn('history-not-taken-in', { error: String(error) });
    }
  }

  return {
    search: (query) => ask('search', query),
    groups: (query) => ask('groups', query),
    status: () => ask('status'),
    check: () => ask('check'),
    rebuild: () => ask('rebuild', 'asked'),
    // Also where no thread is yet: that it starts with this bound lets nothing go.
    retain: (retention) => ask('retain', retention),
    takeIn,
    nudge() {
      if (closed || gathering !== null) return;
      gathering = setTimeout(() => {
        void takeIn().finally(() => {
          gathering = null;
        });
      }, gatherMs);
      gathering.unref();
    },
    async close() {
      if (closed) return;
      // First: whatever is asked after `close` would open the file again.
      closed = true;
      if (gathering !== null) clearTimeout(gathering);
      const running = thread;
      try {
        if (running !== null) await tell('close');
      } catch {
        // It is gone already.
      }
      const worker = await running?.catch(() => null);
      worker?.removeAllListeners();
      await worker?.terminate();
    },
  };
}
