/**
 * Trials: one start of an entry, as its client would make it (the SDK's environment, the home folder, no shell), and the
 * questions every client asks first. The contained one goes through the launcher with a plan of its own in a throw-away
 * folder, so that neither the server's plan nor its history is touched; when a trial resolves, nothing of it runs or lies
 * around any more.
 */
import { existsSync, mkdtempSync, rmSync, statSync, accessSync, constants, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { TrialEntry, TrialOptions, TrialRecord, Trials } from '#engine/checks/ports.ts';
import type { Spool } from '#engine/events/ports.ts';
import { defaultEnvironment } from './default-environment.ts';
import { expandPlaceholders } from './expand.ts';
import type { SessionLaunch } from './line-session.ts';
import { LineSession, SessionError } from './line-session.ts';

const protocolVersion = '2025-06-18';
const pagesMax = 100;
const toolsMax = 10_000;
const eventsMax = 5000;

export interface TrialsOptions {
  home: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** Puts the launcher in its place and answers its path. */
  installLauncher: () => Promise<string>;
  openSpool: (folder: string) => Spool;
}

export function createTrials(options: TrialsOptions): Trials {
  function launchOf(entry: TrialEntry): SessionLaunch {
    const env = { ...defaultEnvironment(options.environment), HOME: options.home, ...entry.env };
    return { command: entry.command, args: entry.args, env, cwd: entry.cwd ?? options.home };
  }

  return {
    expand: (text) => expandPlaceholders(text, options.environment, options.home),

    async bare(entry, trial) {
      const launch = launchOf(entry);
      return missingCommand(launch) ?? (await converse(launch, trial));
    },

    async contained(entry, makePlan, trial) {
      const launch = launchOf(entry);
      const missing = missingCommand(launch);
      if (missing !== null) {
        return missing;
      }
      const launcher = await options.installLauncher();
      const folder = mkdtempSync(join(tmpdir(), 'belljar-check-'));
      try {
        const spool = join(folder, 'spool');
        mkdirSync(spool, { mode: 0o700 });
        const plan = join(folder, 'plan');
        writeFileSync(plan, makePlan(spool), { mode: 0o600, flag: 'wx' });
        const record = await converse(
          { ...launch, command: launcher, args: ['exec', '--plan', plan, '--', launch.command, ...launch.args] },
          trial,
        );
        return { ...record, events: await options.openSpool(spool).newest({ limit: eventsMax }) };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Looked up before anything is started, so that "not found" is told apart from a program that ends with status 127. */
function missingCommand(launch: SessionLaunch): TrialRecord | null {
  const failed = (failure: 'command-not-found' | 'cannot-execute', detail: string): TrialRecord => ({
    failure,
    detail,
    initializeMs: null,
    initialize: null,
    tools: null,
    events: [],
  });
  if (!existsSync(launch.cwd)) {
    return failed('cannot-execute', `the folder ${launch.cwd} is not there`);
  }
  const candidates = launch.command.includes('/')
    ? [resolve(launch.cwd, launch.command)]
    : (launch.env['PATH'] ?? '')
        .split(delimiter)
        .filter((folder) => folder !== '')
        .map((folder) => join(isAbsolute(folder) ? folder : resolve(launch.cwd, folder), launch.command));
  const files = candidates.filter(isFile);
  if (files.length === 0) {
    return failed('command-not-found', `the command "${launch.command}" was not found`);
  }
  return files.some(isExecutable) ? null : failed('cannot-execute', `${files[0] ?? ''} is not executable`);
}

/** Folders of a PATH may be closed to this user; what cannot be looked at is not found there, as execvp does it. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts it, asks what every client asks first, ends it. */
async function converse(launch: SessionLaunch, options: TrialOptions): Promise<TrialRecord> {
  const record: TrialRecord = {
    failure: null,
    detail: '',
    initializeMs: null,
    initialize: null,
    tools: null,
    events: [],
  };
  const started = performance.now();
  const session = new LineSession(launch);
  const timer = setTimeout(
    () => session.abort('timeout', `it did not answer within ${Math.round(options.timeoutMs / 1000)} s`),
    options.timeoutMs,
  );
  const cancel = (): void => session.abort('cancelled', 'the check was cancelled');
  options.signal?.addEventListener('abort', cancel, { once: true });
  if (options.signal?.aborted === true) {
    cancel();
  }
  try {
    record.initialize = await session.request('initialize', {
      protocolVersion,
      capabilities: {},
      clientInfo: { name: 'belljar-check', version: '1' },
    });
    record.initializeMs = Math.round((performance.now() - started) * 10) / 10;
    session.notify('notifications/initialized');
    record.tools = hasTools(record.initialize) ? await allTools(session) : [];
  } catch (error) {
    if (!(error instanceof SessionError)) {
      throw error;
    }
    record.failure = error.failure;
    record.detail = withExplanation(error, session);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', cancel);
    await session.close();
  }
  return record;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasTools(initialize: unknown): boolean {
  const capabilities = isRecord(initialize) ? initialize['capabilities'] : undefined;
  return isRecord(capabilities) && capabilities['tools'] !== undefined;
}

async function allTools(session: LineSession): Promise<unknown[]> {
  const tools: unknown[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const answer = await session.request('tools/list', cursor === undefined ? {} : { cursor });
    if (!isRecord(answer) || !Array.isArray(answer['tools'])) {
      throw new SessionError('not-mcp', 'its list of tools is not of the form the protocol asks for');
    }
    tools.push(...(answer['tools'] as unknown[]));
    if (tools.length > toolsMax) {
      throw new SessionError('not-mcp', `it lists more than ${toolsMax} tools`);
    }
    const next = answer['nextCursor'];
    if (typeof next !== 'string') {
      return tools;
    }
    cursor = next;
  }
  throw new SessionError('not-mcp', 'its list of tools does not end');
}

/** The line of its own output that most likely says why: programs put the error last, stack traces put it before. */
function withExplanation(error: SessionError, session: LineSession): string {
  if (error.failure !== 'ended' && error.failure !== 'timeout') {
    return error.message;
  }
  const lines = session.errorLines();
  const telling =
    lines.findLast((line) => line.startsWith('belljar: ')) ??
    lines.findLast((line) => /^[\w. ]*(?:error|exception)\b[^:]*:/i.test(line)) ??
    lines.at(-1) ??
    session.strayLine;
  return telling === undefined || telling === null ? error.message : `${error.message}: ${telling.slice(0, 500)}`;
}
