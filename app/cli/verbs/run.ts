/**
 * `belljar run -- cmd…`: any command, contained once. Standard input, output and error are the command's own, untouched;
 * nothing of ours goes to standard output. Exit status: the command's, 128 + n after signal n, 125 when it was refused.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { LaunchedLevel, NetworkMode, RuleVerb } from '#contract/words.ts';
import { prepareRun } from '#host/ad-hoc-run.ts';
import { ownFolders } from '#host/own-folders.ts';
import type { Command } from '../context.ts';
import { absolutePath, choiceOption, textsOption, usageError } from '../context.ts';

const failed = 125;
/** Sent to this process alone, so passed on. A terminal's Ctrl-C reaches the command by itself. */
const passedOn: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];

export const run: Command = async (context) => {
  const end = context.args.indexOf('--');
  if (end < 0 || context.positionals.length !== context.args.length - end - 1) {
    throw usageError('Usage: belljar run [options] -- <command> [argument...]');
  }
  const [command = '', ...args] = context.positionals;
  const ruleOf =
    (verb: RuleVerb, resolve: (text: string) => string) =>
    (what: string): { verb: RuleVerb; what: string } => ({ verb, what: resolve(what) });
  const level = choiceOption<LaunchedLevel>(context, 'level') ?? 'standard';
  const hosts = textsOption(context, 'host');
  // Who names hosts means these hosts.
  const network = choiceOption<NetworkMode>(context, 'net') ?? (hosts.length > 0 ? 'hosts' : null);
  if (network === 'none' && hosts.length > 0) throw usageError('--net none and --host say opposite things.');
  if (network === 'hosts' && hosts.length === 0) throw usageError('--net hosts needs at least one --host.');
  if (level === 'watch' && network !== null && network !== 'open')
    throw usageError('At the level watch nothing is blocked, so its network cannot be limited.');
  const prepared = await prepareRun(ownFolders(), {
    launch: { command, args },
    level,
    network,
    rules: [
      ...textsOption(context, 'read').map(ruleOf('read', absolutePath)),
      ...textsOption(context, 'write').map(ruleOf('write', absolutePath)),
      ...hosts.map(ruleOf('host', (host) => host)),
      ...textsOption(context, 'env').map(ruleOf('env', (name) => name)),
    ],
  });
  try {
    return await new Promise<number>((resolve) => {
      const child = spawn(prepared.launcher, prepared.args, { stdio: 'inherit' });
      const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
      const interrupt = (): void => {
        if (process.stdin.isTTY !== true) child.kill('SIGINT');
      };
      for (const signal of passedOn) process.on(signal, forward);
      process.on('SIGINT', interrupt);
      child.once('error', (error) => {
        context.terminal.note(`belljar: the launcher does not run: ${error.message}`);
        resolve(failed);
      });
      child.once('exit', (code, signal) => {
        for (const one of passedOn) process.off(one, forward);
        process.off('SIGINT', interrupt);
        resolve(signal === null ? (code ?? failed) : 128 + constants.signals[signal]);
      });
    });
  } finally {
    prepared.close();
  }
};
