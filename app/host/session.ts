/**
 * A session: how a command gets at the engine. A host that runs is asked over its socket; without one, the command takes
 * the lock and runs the engine itself. Commands that take long (they follow, or start servers) open the socket
 * meanwhile, so that others attach to them instead of waiting.
 *
 * Two commands at the same moment: the second waits until the first is done or answers on the socket, a bounded time.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BelljarError } from '#contract/errors.ts';
import type { Api, MethodName } from '#contract/methods.ts';
import { methods } from '#contract/methods.ts';
import type { Lock } from '#platform/lock/host-lock.ts';
import { tryLock } from '#platform/lock/host-lock.ts';
import type { Folders } from '#platform/paths/folders.ts';
import { isOwnSocket, makeFolders } from '#platform/paths/folders.ts';
import type { FollowOptions, Knock } from './client.ts';
import { createClient, directKnock, socketKnock } from './client.ts';
import { checkedApi } from './dispatch.ts';
import type { Host, HostEngine } from './host.ts';
import { createHost } from './host.ts';
import type { HostLog } from './log.ts';
import { createHostLog } from './log.ts';

export interface SessionOptions {
  folders: Folders;
  rendererFolder: string;
  /** Loaded only when this process has to run the engine. */
  makeEngine: (folders: Folders, log: HostLog) => Promise<HostEngine>;
  /** Opens the socket while the engine runs in this process. */
  serve: boolean;
  waitMs?: number;
  /** Where the person stands: looked at as a folder of a project. */
  folder?: string;
}

export interface Session {
  readonly api: Api;
  /** The way to the feed, asked again at each reconnection: the host that was there may be gone, or have come. */
  readonly connect: FollowOptions['connect'];
  /** Null when attached to another process's host. */
  readonly host: Host | null;
  close(): Promise<void>;
}

/** Enough for several commands one after another on a machine that is busy; whoever holds it that long hangs. */
export const lockWaitMs = 10_000;
const pollMs = 15;

export function lockFolder(folders: Folders): string {
  return join(folders.state, 'lock');
}

type Way = { attached: Knock } | { lock: Lock };

async function isAnswering(path: string): Promise<boolean> {
  const { connect } = await import('node:net');
  return await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The socket of a host that runs, or the lock to be one. */
export async function findWay(folders: Folders, waitMs: number): Promise<Way> {
  makeFolders(folders);
  const deadline = Date.now() + waitMs;
  for (;;) {
    if (isOwnSocket(folders) && (await isAnswering(folders.socket))) return { attached: socketKnock(folders.socket) };
    const outcome = tryLock(lockFolder(folders));
    if ('lock' in outcome) return outcome;
    if (Date.now() >= deadline) {
      throw new BelljarError('host-locked', outcome.heldBy === null ? {} : { params: { pid: outcome.heldBy.pid } });
    }
    await sleep(pollMs + Math.random() * pollMs);
  }
}

/** Methods that change nothing: asking twice does no harm. */
const repeatable = new Set<MethodName>([
  'machine.get',
  'machine.paths',
  'machine.probe',
  'servers.list',
  'servers.show',
  'servers.diff',
  'servers.rollout',
  'servers.audit',
  'policies.explain',
  'paths.complete',
  'events.list',
  'events.search',
  'events.groups',
  'events.mutes',
  'storage.get',
  'runs.list',
  'history.list',
  'questions.list',
  'terminals.list',
  'log.tail',
  'host.status',
]);

interface Opened {
  api: Api;
  knock: Knock;
  host: Host | null;
  close(): Promise<void>;
}

async function open(options: SessionOptions): Promise<Opened> {
  const { folders } = options;
  const way = await findWay(folders, options.waitMs ?? lockWaitMs);
  if ('attached' in way) {
    return { api: createClient(way.attached), knock: way.attached, host: null, close: async () => undefined };
  }
  const release = (): void => way.lock.release();
  process.once('exit', release);
  const log = createHostLog(folders.state);
  try {
    const engine = await options.makeEngine(folders, log);
    const host = createHost({ engine, log, runtimeFolder: folders.runtime, rendererFolder: options.rendererFolder });
    if (options.serve) await host.openSocket(folders.socket, join(folders.state, 'host.sock'));
    return {
      api: checkedApi(host.api),
      knock: directKnock(host.handle),
      host,
      async close() {
        await host.close();
        await log.close();
        release();
        process.off('exit', release);
      },
    };
  } catch (error) {
    await log.close();
    release();
    process.off('exit', release);
    throw error;
  }
}

/** Whether a call may be made again with a new way: nothing can have been done by the first. */
function mayRepeat(error: unknown, name: MethodName): boolean {
  if (!(error instanceof BelljarError) || error.code !== 'host-unreachable') return false;
  return error.params['sent'] !== true || repeatable.has(name);
}

async function openLooking(options: SessionOptions): Promise<Opened> {
  const opened = await open(options);
  // A host that cannot be told is found out by the call that follows.
  if (options.folder !== undefined) await opened.api['servers.look']({ folder: options.folder }).catch(() => undefined);
  return opened;
}

export async function openSession(options: SessionOptions): Promise<Session> {
  let current = await openLooking(options);
  let reopening: Promise<Opened> | null = null;

  /** The host that answered is gone: another is found, or this process becomes one. */
  async function reopen(from: Opened): Promise<Opened> {
    if (current !== from) return current;
    reopening ??= openLooking(options)
      .then((opened) => {
        current = opened;
        return opened;
      })
      .finally(() => {
        reopening = null;
      });
    return await reopening;
  }

  async function call(name: MethodName, input: unknown, signal?: AbortSignal): Promise<unknown> {
    const deadline = Date.now() + lockWaitMs;
    for (;;) {
      const used = current;
      try {
        const invoke = used.api[name] as (input: unknown, signal?: AbortSignal) => Promise<unknown>;
        return await invoke(input, signal);
      } catch (error) {
        if (used.host !== null || !mayRepeat(error, name) || Date.now() >= deadline) throw error;
      }
      // A host that was killed may accept one more connection while it dies: once is not enough.
      await sleep(pollMs);
      await reopen(used);
    }
  }

  const entries = (Object.keys(methods) as MethodName[]).map((name) => [
    name,
    (input: unknown, signal?: AbortSignal) => call(name, input, signal),
  ]);
  let connectedTo: Opened | null = null;
  return {
    api: Object.fromEntries(entries) as Api,
    async connect() {
      // The first time as opened; after a break, whoever is there now.
      if (connectedTo === current && current.host === null) await reopen(current);
      connectedTo = current;
      await current.host?.startFeed();
      return current.knock;
    },
    get host() {
      return current.host;
    },
    close: () => current.close(),
  };
}
