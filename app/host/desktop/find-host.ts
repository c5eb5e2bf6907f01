/**
 * Finds the host or starts it, in a process of its own: the Node that is shipped beside the program runs the same bundle as
 * the command line, `belljar host --background`. Not a utilityProcess: that one would end with the window, would need
 * the prebuilt parts for Electron's binary interface besides Node's, and would be a second way to run a host.
 *
 * What it prints is parsed strictly. A host of another version is asked to stop and is started anew, once.
 */
import { execFile } from 'node:child_process';
import { z } from 'zod';
import { BelljarError } from '#contract/errors.ts';
import { hostStatusSchema } from '#contract/methods.ts';

const startedSchema = hostStatusSchema.extend({
  kept: z.enum(['service', 'process', 'already']),
  socket: z.string().min(1).max(4096),
});

/** Runs the command line to its end and answers what it printed. Rejects when it fails. */
export type RunBelljar = (args: string[]) => Promise<string>;

export interface HostPlace {
  socket: string;
  pid: number;
}

const commandMs = 30_000;

export function runBelljar(node: string, program: string): RunBelljar {
  return (args) =>
    new Promise((resolve, reject) => {
      execFile(
        node,
        [program, ...args],
        { timeout: commandMs, maxBuffer: 1024 * 1024, windowsHide: true },
        (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(new Error(stderr.trim().slice(-2000) || error.message, { cause: error }));
        },
      );
    });
}

async function start(run: RunBelljar): Promise<z.infer<typeof startedSchema>> {
  const text = await run(['host', '--background', '--json']).catch((error: unknown) => {
    throw new BelljarError('host-unreachable', { cause: error });
  });
  try {
    return startedSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new BelljarError('internal', { params: { detail: 'the host said something else' }, cause: error });
  }
}

export async function findHost(run: RunBelljar, version: string): Promise<HostPlace> {
  let host = await start(run);
  if (host.version !== version) {
    await run(['host', 'stop']);
    host = await start(run);
    if (host.version !== version) {
      throw new BelljarError('host-version', { params: { running: host.version, own: version } });
    }
  }
  return { socket: host.socket, pid: host.pid };
}

/** The host's place, found once and found again after `lost`; callers meanwhile share one attempt. */
export function createHostFinder(find: () => Promise<HostPlace>): {
  place: () => Promise<HostPlace>;
  lost: () => void;
} {
  let finding: Promise<HostPlace> | null = null;
  return {
    place() {
      const attempt = (finding ??= find());
      attempt.catch(() => {
        if (finding === attempt) finding = null;
      });
      return attempt;
    },
    lost() {
      finding = null;
    },
  };
}
