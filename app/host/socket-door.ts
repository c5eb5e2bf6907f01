/**
 * The private door: a Unix socket in a folder that only this user can enter. Whoever reaches it is this user (or root),
 * so it asks for no key. It refuses requests that carry an Origin header: only pages send one, and a page that found a
 * way to a Unix socket (some proxies and extensions offer one) is not what this door is for.
 *
 * A caller of another version is refused (`host-version`) before anything is done, except for the two methods that
 * every version must answer.
 *
 * Launchers ask questions here. They know the state folder from their plan and nothing of this session's environment, so a
 * link in that folder leads to the socket.
 */
import { chmodSync, lstatSync, readlinkSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { versionHeader } from '#contract/doors.ts';
import { BelljarError } from '#contract/errors.ts';
import type { Handle } from './handler.ts';
import { errorResponse } from './handler.ts';
import { closeServer, createNodeServer } from './node-door.ts';
import { version } from './version.ts';

export interface Door {
  /** As people read it in `host status`. */
  readonly title: string;
  close(): Promise<void>;
}

const anyVersion = new Set(['/rpc/host.status', '/rpc/host.stop']);
const graceMs = 3_000;

/** The rules of this door in front of the handler. */
export function guardPrivateDoor(handle: Handle): Handle {
  return async (request) => {
    if (request.headers.has('origin')) return errorResponse(new BelljarError('bad-origin'));
    const caller = request.headers.get(versionHeader);
    if (caller !== null && caller !== version && !anyVersion.has(new URL(request.url).pathname)) {
      return errorResponse(
        new BelljarError('host-version', { params: { running: version, own: caller.slice(0, 64) } }),
      );
    }
    const response = await handle(request);
    response.headers.set(versionHeader, version);
    return response;
  };
}

function removeSocket(path: string): void {
  try {
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch {
    // There is none.
  }
}

/** In one step, so that a launcher finds the old or the new one. */
function placeLink(link: string, path: string): void {
  const making = `${link}.new`;
  rmSync(making, { force: true });
  symlinkSync(path, making);
  renameSync(making, link);
}

function removeLink(link: string, path: string): void {
  try {
    if (readlinkSync(link) === path) unlinkSync(link);
  } catch {
    // There is none.
  }
}

/** Only the holder of the lock may open it: a socket that is there already is debris of a killed host. */
export async function openSocketDoor(path: string, handle: Handle, link: string | null = null): Promise<Door> {
  const server = createNodeServer({ origin: 'http://belljar', handle: guardPrivateDoor(handle) });
  removeSocket(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new BelljarError('write-failed', { params: { detail: error.message }, file: path, cause: error }));
    });
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  if (link !== null) placeLink(link, path);
  return {
    title: `unix ${path}`,
    async close() {
      // Gone from the folder first, so that nobody knocks at a door that will not answer.
      if (link !== null) removeLink(link, path);
      removeSocket(path);
      await closeServer(server, graceMs);
    },
  };
}
