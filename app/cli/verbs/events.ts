/**
 * `belljar events`: what runs did and were refused. With `--follow` the feed is opened before the past is asked for, so
 * that nothing falls between the two; what both tell is told once.
 */
import { BelljarError, exitCodes } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import type { EventFilter } from '#contract/methods.ts';
import type { EventKind, Verdict } from '#contract/words.ts';
import { eventKinds, serverIdPattern } from '#contract/words.ts';
import type { Session } from '#host/session.ts';
import type { Command, Context } from '../context.ts';
import { choiceOption, given, numberOption, textOption, usageError } from '../context.ts';
import { eventLine } from '../format.ts';

const limitMost = 100_000;
/** Without a limit, following starts with what just happened, not with all there ever was. */
const followLimit = 20;

function filterOf(context: Context): EventFilter {
  const kind = textOption(context, 'kind');
  if (kind !== undefined && !eventKinds.some((one) => one === kind)) {
    throw usageError(`--kind is one of: ${eventKinds.join(', ')}.`);
  }
  return given({
    server: textOption(context, 'server'),
    run: textOption(context, 'run'),
    kind: kind as EventKind | undefined,
    verdict: choiceOption<Verdict>(context, 'verdict'),
    since: textOption(context, 'since'),
    limit: numberOption(context, 'limit', limitMost),
  });
}

/** The id behind a handle. One that is known only from its events, or will come, is taken as it is. */
async function resolveServer(session: Session, handle: string): Promise<string> {
  try {
    return (await session.api['servers.show']({ server: handle })).server.id;
  } catch (error) {
    if (error instanceof BelljarError && error.code === 'not-found' && serverIdPattern.test(handle)) return handle;
    throw error;
  }
}

async function follow(context: Context, filter: EventFilter, tell: (event: Event) => void): Promise<number> {
  const session = await context.session({ serve: true });
  const { followFeed } = await import('#host/client.ts');
  const server = filter.server === undefined ? undefined : await resolveServer(session, filter.server);
  /** The last `seq` that was told, a run. */
  const told = new Map<string, number>();

  const fits = (event: Event): boolean =>
    (server === undefined || event.server === server) &&
    (filter.run === undefined || event.run === filter.run) &&
    (filter.kind === undefined || event.kind === filter.kind) &&
    (filter.verdict === undefined || event.verdict === filter.verdict);

  function tellOnce(event: Event): void {
    if (event.seq <= (told.get(event.run) ?? 0)) return;
    told.set(event.run, event.seq);
    if (fits(event)) tell(event);
  }

  let latest = '';
  async function catchUp(): Promise<void> {
    const past: EventFilter =
      latest === ''
        ? { ...filter, limit: filter.limit ?? followLimit }
        : {
            ...given({ server: filter.server, run: filter.run, kind: filter.kind, verdict: filter.verdict }),
            since: latest,
          };
    try {
      for (const event of (await session.api['events.list'](past)).events) tellOnce(event);
    } catch (error) {
      // A server that has no events yet is followed all the same.
      if (!(error instanceof BelljarError && error.code === 'not-found' && server !== undefined)) throw error;
    }
    latest = new Date(Date.now() - 1000).toISOString();
  }

  let caughtUp = false;
  for await (const message of followFeed({ connect: session.connect, signal: context.signal })) {
    if (message.type === 'event') tellOnce(message.event);
    else if (message.type === 'snapshot-needed' || (message.type === 'hello' && !caughtUp)) {
      caughtUp = true;
      await catchUp();
    }
    latest = latest === '' ? '' : new Date(Date.now() - 1000).toISOString();
  }
  return exitCodes.done;
}

export const events: Command = async (context) => {
  const { terminal } = context;
  const filter = filterOf(context);
  const tell = (event: Event): void => {
    if (context.json) terminal.jsonLine(event);
    else terminal.out(eventLine(event, terminal));
  };
  if (context.values['follow'] === true) return await follow(context, filter, tell);
  const session = await context.session({ serve: false });
  const answer = await session.api['events.list'](filter, context.signal);
  for (const event of answer.events) tell(event);
  if (answer.events.length === 0 && !context.json) {
    terminal.note(Object.keys(filter).length === 0 ? 'No contained server has done anything yet.' : 'No such events.');
  }
  return exitCodes.done;
};
