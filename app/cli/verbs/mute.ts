/** `belljar mute` and `belljar unmute`: what the panel leaves out. */
import { exitCodes } from '#contract/errors.ts';
import type { Mute } from '#contract/event-search.ts';
import { muteWords } from '#contract/sentences.ts';
import type { Command, Context } from '../context.ts';
import { kindOption, textOption } from '../context.ts';
import { localTime } from '../format.ts';
import type { Cell } from '../terminal.ts';

function show(context: Context, mutes: readonly Mute[]): void {
  const rows = mutes.map(({ id, at, server, kind, target }): Cell[] => [
    id,
    localTime(at),
    server ?? muteWords.everyServer,
    kind ?? muteWords.everyKind,
    target,
  ]);
  context.terminal.out(context.terminal.table(['MUTE', 'SINCE', 'SERVER', 'KIND', 'TARGET'], rows));
}

export const mute: Command = async (context) => {
  const { terminal } = context;
  const [target] = context.positionals;
  const { api } = await context.session({ serve: false });
  if (target === undefined) {
    const answer = await api['events.mutes']({}, context.signal);
    if (context.json) terminal.json(answer);
    else if (answer.mutes.length === 0) terminal.note(muteWords.nothing);
    else show(context, answer.mutes);
    return exitCodes.done;
  }
  const handle = textOption(context, 'server');
  const server = handle === undefined ? null : (await api['servers.show']({ server: handle })).server.id;
  const answer = await api['events.mute']({ server, kind: kindOption(context) ?? null, target });
  if (context.json) {
    terminal.json(answer);
    return exitCodes.done;
  }
  show(context, [answer.mute]);
  terminal.note(muteWords.done);
  terminal.note(muteWords.undo(answer.mute.id));
  return exitCodes.done;
};

export const unmute: Command = async (context) => {
  const { api } = await context.session({ serve: false });
  const answer = await api['events.unmute']({ id: context.positionals[0] ?? '' });
  if (context.json) context.terminal.json(answer);
  else {
    show(context, [answer.mute]);
    context.terminal.note(muteWords.undone);
  }
  return exitCodes.done;
};
