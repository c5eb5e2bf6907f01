#!/usr/bin/env node
/**
 * The `belljar` command. What needs nothing (help, version) is answered from here; everything else is loaded when it is
 * asked for, so that each start pays only for its own verb.
 */
import { version } from '#host/version.ts';
import { helpFor, overview } from './help.ts';
import { findVerb } from './verbs.ts';

const [first, second] = process.argv.slice(2);

async function start(): Promise<number> {
  if (first === '--version' || first === '-V') {
    process.stdout.write(`belljar ${version}\n`);
    return 0;
  }
  if (first === undefined || first === '--help' || first === '-h' || (first === 'help' && second === undefined)) {
    process.stdout.write(overview());
    return first === undefined ? 2 : 0;
  }
  const asked =
    first === 'help' ? findVerb(second ?? '') : second === '--help' || second === '-h' ? findVerb(first) : null;
  if (asked !== null) {
    process.stdout.write(helpFor(asked));
    return 0;
  }
  const { runCommand } = await import('./main.ts');
  return await runCommand(process.argv.slice(2));
}

// A reader that has seen enough (`belljar events | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await start();
