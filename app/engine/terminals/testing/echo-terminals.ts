/** For tests: the service itself, over programs that repeat what is typed. */
import { formatPlan } from '#domain/plan-text.ts';
import { plainPlan } from '#domain/testing/plain-plan.ts';
import type { Launch } from '#domain/entry.ts';
import type { FoundServer } from '../../servers/discovery.ts';
import { createTerminalService, type TerminalService } from '../terminal-service.ts';
import { createEchoPty } from './echo-pty.ts';

interface KnownServer extends Pick<FoundServer, 'id' | 'handle'> {
  launch: Launch;
}

/** A server as discovery finds it, as far as a terminal asks. */
export function foundServer(
  { id, handle, launch }: KnownServer,
  env: Readonly<Record<string, string>> = {},
): FoundServer {
  return {
    id,
    handle,
    launch,
    entry: { env, args: [] },
    config: { adapter: { written: () => ({ source: '' }) } },
    wrapping: { id },
  } as unknown as FoundServer;
}

export function createEchoTerminals(find: (handle: string) => KnownServer): TerminalService {
  return createTerminalService({
    places: { home: '/home/user' },
    ptys: { start: async () => createEchoPty(), shell: () => ['/bin/sh', '-i'] },
    programs: { find: async () => new Map() },
    expand: (text) => text,
    terminalPlans: { write: async (terminal) => `/run/${terminal}.plan`, remove: async () => undefined },
    plans: { read: async () => formatPlan(plainPlan()) },
    files: { resolve: async (path) => path },
    launcher: { install: async () => '/launcher' },
    events: { subscribe: async () => () => undefined },
    find: async (handle) => foundServer(find(handle)),
    log: { info: () => undefined, warn: () => undefined },
    now: Date.now,
  });
}
