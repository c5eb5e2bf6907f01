/** `belljar secrets`: what looks like a secret in clients' files; moved into Belljar's store, and back. Never a value. */
import { exitCodes } from '#contract/errors.ts';
import type { SecretsResult } from '#contract/methods.ts';
import type { Secret } from '#contract/secret.ts';
import { secretSentence, secretStateTitles, secretWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import type { Session } from '#host/session.ts';
import type { Command, Context } from '../context.ts';
import { usageError } from '../context.ts';
import { unifiedLines } from '../format.ts';
import { plain } from '../terminal.ts';

const effectiveWords = { now: 'Effective now.', restart: 'Effective when the server starts the next time.' };

function tellServer({ terminal }: Context, server: Server): void {
  terminal.out(terminal.paint('bold', plain(server.handle)));
  if (server.secrets.length === 0) {
    terminal.out(`  ${secretWords.none}`);
    return;
  }
  const rowOf = (secret: Secret): string[] => [
    `  ${secret.name}`,
    secret.state === 'moved' ? '' : '•••',
    secretStateTitles[secret.state],
    secretSentence(secret),
  ];
  terminal.out(terminal.table(['  NAME', 'VALUE', 'STATE', 'WHY'], server.secrets.map(rowOf)));
  const movable = server.secrets.some(({ state, obstacle }) => state === 'in-file' && obstacle === null);
  if (movable) terminal.note(server.level === 'off' ? secretWords.containFirst : secretWords.how(plain(server.handle)));
}

async function tell(context: Context, session: Session, handle: string | undefined): Promise<number> {
  const servers =
    handle === undefined
      ? (await session.api['servers.list']({}, context.signal)).servers.filter(({ secrets }) => secrets.length > 0)
      : [(await session.api['servers.show']({ server: handle }, context.signal)).server];
  if (context.json) {
    context.terminal.json({
      servers: servers.map(({ id, handle: name, file, state, secrets }) => ({
        id,
        handle: name,
        file,
        state,
        secrets,
      })),
    });
    return exitCodes.done;
  }
  for (const server of servers) tellServer(context, server);
  if (servers.length === 0) context.terminal.note(secretWords.none);
  return exitCodes.done;
}

function tellResult({ terminal, json }: Context, result: SecretsResult, done: (names: string) => string): void {
  if (json) terminal.json(result);
  else if (!result.changed) terminal.out(unifiedLines(result.diff.unified, terminal));
  else terminal.note(`${done(plain(result.names.join(', ')))} ${effectiveWords[result.effective]}`);
}

async function move(context: Context, session: Session, server: string, named: string[]): Promise<number> {
  const { terminal, json, values, signal } = context;
  const dryRun = values['dry-run'] === true;
  const isDecided = named.length > 0 || values['all'] === true;
  if (!isDecided && !dryRun && (json || !terminal.canAsk))
    throw usageError('secrets move asks first, and cannot here. Name secrets, or give --all.');
  const input = {
    server,
    names: named.length > 0 ? named : ('all' as const),
    as: values['file'] === true ? ('file' as const) : ('variable' as const),
    project: values['project'] === true,
  };
  if (!isDecided || dryRun) {
    const planned = await session.api['secrets.move']({ ...input, dryRun: true }, signal);
    if (planned.names.length === 0 && !json) {
      terminal.note(secretWords.nothing);
      return exitCodes.done;
    }
    tellResult(context, planned, secretWords.movedNow);
    if (dryRun) return exitCodes.done;
    if (!(await terminal.ask(secretWords.question))) return exitCodes.interrupted;
  }
  const result = await session.api['secrets.move']({ ...input, dryRun: false }, signal);
  if (result.names.length === 0 && !json) terminal.note(secretWords.nothing);
  else tellResult(context, result, secretWords.movedNow);
  return exitCodes.done;
}

async function putBack(context: Context, session: Session, server: string, named: string[]): Promise<number> {
  const result = await session.api['secrets.restore'](
    { server, names: named.length > 0 ? named : 'all', dryRun: context.values['dry-run'] === true },
    context.signal,
  );
  if (result.names.length === 0 && !context.json) context.terminal.note(secretWords.nothingBack);
  else tellResult(context, result, secretWords.putBackNow);
  return exitCodes.done;
}

export const secrets: Command = async (context) => {
  const [first, server, ...named] = context.positionals;
  const isAction = first === 'move' || first === 'put-back';
  if (isAction && server === undefined) throw usageError(`Name the server: belljar secrets ${first} <server>`);
  if (!isAction && server !== undefined)
    throw usageError(
      `"${plain(first ?? '')}" is neither move nor put-back; to see one server: belljar secrets <server>`,
    );
  if (context.values['all'] === true && named.length > 0) throw usageError('Name secrets, or give --all; not both.');
  const session = await context.session({ serve: false });
  if (!isAction || server === undefined) return tell(context, session, first);
  return (first === 'move' ? move : putBack)(context, session, server, named);
};
