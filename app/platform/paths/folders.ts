/**
 * Where Belljar keeps its things. Every folder is one user's own: made with mode 0700, and used only when it belongs to
 * that user and nobody else may write to it (a runtime folder that fails this is refused, never repaired: whoever could
 * write there could have put his own socket there).
 *
 * Trust: the environment is the caller's own, but values that are not absolute are ignored, as the XDG specification
 * asks. HOME decides where homes are thrown away (tests, the demo); without it the user database does.
 */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { BelljarError } from '#contract/errors.ts';

export interface Folders {
  readonly home: string;
  /** What a person decided: policies. */
  readonly config: string;
  /** The launcher, plans, the journal. */
  readonly data: string;
  /** Spool, log, the lock. */
  readonly state: string;
  /** Holds the private socket and the panel's redirect files. */
  readonly runtime: string;
  /** The private socket of the host that owns exactly these folders. */
  readonly socket: string;
  /** False when an override or a HOME of its own moved anything: then nothing outside these folders is touched. */
  readonly usual: boolean;
}

/** Unix socket paths hold 108 bytes on Linux and 104 on macOS, the end mark included. */
const socketPathMaxBytes = 103;

interface User {
  uid: number;
  homedir: string;
}

function absolute(value: string | undefined): string | undefined {
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

/** A folder that belongs to this user and that nobody else may write to. */
function isOwn(path: string, uid: number): boolean {
  try {
    const facts = lstatSync(path);
    return facts.isDirectory() && (uid < 0 || facts.uid === uid) && (facts.mode & 0o022) === 0;
  } catch {
    return false;
  }
}

/** Finds the folders without touching them. */
export function findFolders(environment: NodeJS.ProcessEnv = process.env, user: User = userInfo()): Folders {
  const home = absolute(environment['HOME']) ?? user.homedir;
  const place = (override: string, xdg: string, ...fallback: string[]): string =>
    absolute(environment[override]) ?? join(absolute(environment[xdg]) ?? join(home, ...fallback), 'belljar');
  const config = place('BELLJAR_CONFIG_DIR', 'XDG_CONFIG_HOME', '.config');
  const data = place('BELLJAR_DATA_DIR', 'XDG_DATA_HOME', '.local', 'share');
  const state = place('BELLJAR_STATE_DIR', 'XDG_STATE_HOME', '.local', 'state');
  const usual =
    home === user.homedir &&
    ['BELLJAR_CONFIG_DIR', 'BELLJAR_DATA_DIR', 'BELLJAR_STATE_DIR'].every((name) => !absolute(environment[name]));

  // Two sets of folders must never share a socket, though one user may have only one runtime folder: hence the digest.
  const digest = createHash('sha256').update([config, data, state].join('\0')).digest('hex').slice(0, 12);
  const socketName = usual ? 'host.sock' : `host-${digest}.sock`;
  const base = absolute(environment['XDG_RUNTIME_DIR']);
  let runtime = base !== undefined && isOwn(base, user.uid) ? join(base, 'belljar') : join(state, 'runtime');
  if (Buffer.byteLength(join(runtime, socketName)) > socketPathMaxBytes) {
    runtime = join(tmpdir(), `belljar-${user.uid}-${digest}`);
  }
  return {
    home,
    config,
    data,
    state,
    runtime,
    socket: join(runtime, socketName),
    usual,
  };
}

function makeOwnFolder(path: string, uid: number, follow: boolean): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new BelljarError('write-failed', {
      params: { detail: describe(error) },
      file: path,
      cause: error,
    });
  }
  // Someone may keep the configuration elsewhere and link to it; a runtime folder is never a link.
  const facts = follow ? statSync(path) : lstatSync(path);
  if (!facts.isDirectory() || (uid >= 0 && facts.uid !== uid) || (facts.mode & 0o022) !== 0) {
    throw new BelljarError('unsafe-folder', {
      params: { folder: path },
      file: path,
    });
  }
  if ((facts.mode & 0o077) !== 0) chmodSync(path, 0o700);
}

function describe(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no access';
}

/** Root in another user's home would leave files there that the user cannot change any more. */
export function refuseRootInUserHome(folders: Folders, effectiveUser: number = process.geteuid?.() ?? -1): void {
  if (effectiveUser !== 0) return;
  let owner: number;
  try {
    owner = statSync(folders.home).uid;
  } catch {
    return;
  }
  if (owner !== 0)
    throw new BelljarError('refused-root-in-user-home', {
      params: { home: folders.home },
    });
}

/** Makes the folders where they are missing, and refuses those that are not safely this user's own. */
export function makeFolders(folders: Folders, uid: number = process.geteuid?.() ?? -1): void {
  refuseRootInUserHome(folders, uid);
  for (const path of [folders.config, folders.data, folders.state]) makeOwnFolder(path, uid, true);
  // Launchers write their events here, and start nothing where they cannot: it must be there before the first one runs.
  makeOwnFolder(join(folders.state, 'spool'), uid, false);
  makeOwnFolder(folders.runtime, uid, false);
}

/**
 * Whether the socket is one that this user made in a folder of his own. A client asks before it trusts who answers.
 */
export function isOwnSocket(folders: Folders, uid: number = process.geteuid?.() ?? -1): boolean {
  if (!isOwn(folders.runtime, uid)) return false;
  try {
    const facts = lstatSync(folders.socket);
    return facts.isSocket() && (uid < 0 || facts.uid === uid);
  } catch {
    return false;
  }
}
