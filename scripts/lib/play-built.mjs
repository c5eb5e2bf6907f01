/** Builds launcher and command line, then runs programs below e2e with what they say on this terminal. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { prepare } from './prepare.mjs';
import { say } from './say.mjs';

/** One program to its end; its exit status. */
export function runStep(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options }).status ?? 1;
}

/** `program` is run with this call's own arguments and exit status; none: only what must be built is built. */
export async function playBuilt(program) {
  try {
    await prepare(['install', 'launcher', 'bundles']);
  } catch (error) {
    say(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
  if (program !== undefined)
    process.exitCode = runStep(process.execPath, [join(root, program), ...process.argv.slice(2)]);
}
