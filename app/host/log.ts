/**
 * The log: one JSON object a line in the state folder, for whoever looks into a failure. Codes and facts; error texts
 * go here and nowhere else. Never values of secrets, never what a server sent.
 *
 * Most commands log nothing, so the logger itself is loaded with the first line.
 */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';

type Facts = Record<string, string | number | boolean>;

export interface HostLog {
  info(code: string, facts?: Facts): void;
  warn(code: string, facts?: Facts): void;
  /** An unexpected error, with its stack. */
  error(code: string, error: unknown, facts?: Facts): void;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

const rotateAtBytes = 4 * 1024 * 1024;

/** One older file is kept. */
function rotate(path: string): void {
  try {
    if (statSync(path).size > rotateAtBytes) renameSync(path, `${path}.1`);
  } catch {
    // There is none yet.
  }
}

function describe(error: unknown): Facts {
  if (!(error instanceof Error)) return { error: String(error) };
  const cause = error.cause instanceof Error ? { cause: error.cause.stack ?? error.cause.message } : {};
  return { error: error.stack ?? error.message, ...cause };
}

export function createHostLog(stateFolder: string): HostLog {
  const folder = join(stateFolder, 'log');
  let loading: Promise<Logger | null> | null = null;

  async function load(): Promise<Logger | null> {
    try {
      const { destination, pino } = await import('pino');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, 'host.log');
      rotate(path);
      return pino(
        { base: { pid: process.pid }, timestamp: () => `,"at":"${new Date().toISOString()}"` },
        destination({ dest: path, sync: true, mode: 0o600 }),
      );
    } catch {
      // A disk that is full must not turn a working answer into a failure.
      return null;
    }
  }

  /** Lines keep their order: all wait on the same promise. */
  function write(level: 'info' | 'warn' | 'error', code: string, facts: Facts): void {
    loading ??= load();
    void loading.then((logger) => logger?.[level](facts, code)).catch(() => undefined);
  }

  return {
    info: (code, facts = {}) => write('info', code, facts),
    warn: (code, facts = {}) => write('warn', code, facts),
    error: (code, error, facts = {}) => write('error', code, { ...facts, ...describe(error) }),
    async close() {
      await loading;
    },
  };
}
