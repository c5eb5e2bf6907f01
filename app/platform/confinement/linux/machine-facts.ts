/**
 * Facts of this machine that belong to no server. A kernel does not change while a program runs and neither does what the
 * launcher says of it, so a good probe is asked for once; a failed one is asked for again.
 */
import { userInfo } from 'node:os';
import { BelljarError } from '#contract/errors.ts';
import { toErrorBody } from '#contract/sentences.ts';
import type { Probe } from '#contract/server.ts';
import { enforcementSentence } from '#domain/enforcement-sentence.ts';
import type { Launcher } from '#engine/doctor/ports.ts';
import type { MachineFacts, Places } from '#engine/ports.ts';

export interface MachineFactsOptions {
  places: Pick<Places, 'system' | 'home'>;
  launcher: Launcher;
  version: string;
}

export function createMachineFacts(options: MachineFactsOptions): MachineFacts {
  let known: Probe | null = null;

  async function ask(): Promise<{ probe: Probe } | { error: BelljarError }> {
    if (known !== null) {
      return { probe: known };
    }
    try {
      known = await options.launcher.probe();
      return { probe: known };
    } catch (error) {
      return { error: error instanceof BelljarError ? error : new BelljarError('internal', { cause: error }) };
    }
  }

  return {
    async get() {
      const answer = await ask();
      const facts = {
        system: options.places.system,
        user: userName(),
        home: options.places.home,
        version: options.version,
      };
      if ('probe' in answer) {
        return {
          ...facts,
          probe: answer.probe,
          probeError: null,
          enforcementSentence: enforcementSentence(answer.probe),
        };
      }
      const probeError = toErrorBody(answer.error).message;
      return {
        ...facts,
        probe: null,
        probeError,
        enforcementSentence: `Nothing can be contained here: ${probeError}`,
      };
    },
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in the user database.
    return String(process.geteuid?.() ?? '');
  }
}
