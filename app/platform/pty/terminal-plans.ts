/**
 * Plans of terminals: `<runtime>/terminals/<terminal>.plan`, mode 0600. A folder of their own, because the launcher watches the
 * folder its plan lies in. What a killed host left there is removed before the first one is written: one host at a time has the
 * folder, and its terminals died with it.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TerminalPlans } from '#engine/terminals/ports.ts';
import { removeOwnFile, writeOwnFile } from '../files/own-files.ts';

export function createTerminalPlans(runtimeFolder: string): TerminalPlans {
  const folder = join(runtimeFolder, 'terminals');
  const file = (terminal: string): string => join(folder, `${terminal}.plan`);
  let cleared: Promise<void> | null = null;
  return {
    async write(terminal, text) {
      cleared ??= rm(folder, { recursive: true, force: true });
      await cleared;
      await writeOwnFile(file(terminal), text);
      return file(terminal);
    },
    remove: (terminal) => removeOwnFile(file(terminal)),
  };
}
