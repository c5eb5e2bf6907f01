/** `belljar list`: the servers of this machine. With `--watch` it goes on, and tells what changes. */
import { exitCodes } from '#contract/errors.ts';
import type { Input, Output } from '#contract/methods.ts';
import { riskSentences } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import type { ServerState } from '#contract/words.ts';
import type { Command, Context } from '../context.ts';
import { choiceOption, given, textOption } from '../context.ts';
import { machineNotes, serverNotes, serverTable, withheldNote } from '../format.ts';

type List = Output<'servers.list'>;

function tellNothingFound(context: Context, list: List, filtered: boolean): void {
  if (filtered) {
    context.terminal.note('No server is like that.');
    return;
  }
  context.terminal.note('No MCP servers are configured for the clients that Belljar knows. It looked at:');
  for (const place of list.machine.lookedAt ?? []) {
    context.terminal.note(`  ${place.clientTitle}: ${place.file}${place.found ? '' : ' (not there)'}`);
  }
}

function tellList(context: Context, list: List, filtered: boolean): void {
  const { terminal } = context;
  if (list.servers.length === 0) tellNothingFound(context, list, filtered);
  else terminal.out(serverTable(list.servers, terminal));
  const ofServers = list.servers.flatMap((server) => [...serverNotes(server), ...withheldNote(server)]);
  const ofRisk = list.servers.some(({ risk }) => risk?.grade === 'low') ? [`Risk low: ${riskSentences.low}`] : [];
  for (const note of [...ofServers, ...ofRisk, ...machineNotes(list.machine)]) {
    terminal.note(terminal.isScreen ? terminal.paint('dim', note) : note);
  }
}

async function watch(context: Context, filter: Input<'servers.list'>): Promise<number> {
  const { terminal, signal } = context;
  const session = await context.session({ serve: true });
  const { followFeed } = await import('#host/client.ts');
  const shown = new Map<string, string>();
  const latest: { list: List | null } = { list: null };

  const fits = (server: Server): boolean =>
    (filter.client === undefined || server.client === filter.client) &&
    (filter.state === undefined || server.state === filter.state);

  function tellServer(server: Server): void {
    const text = JSON.stringify(server);
    if (shown.get(server.id) === text) return;
    shown.set(server.id, text);
    if (context.json) terminal.jsonLine(server);
    else if (!terminal.isScreen) {
      terminal.out(serverTable([server], terminal).split('\n')[1] ?? '');
      for (const note of server.drift === undefined ? [] : serverNotes(server)) terminal.note(note);
    }
  }

  function tellGone(id: string): void {
    if (!shown.delete(id)) return;
    if (context.json) terminal.jsonLine({ id, gone: true });
    else if (!terminal.isScreen) terminal.out(`${id}  gone`);
  }

  function redraw(): void {
    if (context.json || !terminal.isScreen || latest.list === null) return;
    process.stdout.write('\u001b[H\u001b[2J');
    tellList(context, latest.list, Object.keys(filter).length > 0);
  }

  async function snapshot(): Promise<void> {
    const list = await session.api['servers.list'](filter);
    latest.list = list;
    const present = new Set(list.servers.map((server) => server.id));
    for (const id of [...shown.keys()]) if (!present.has(id)) tellGone(id);
    for (const server of list.servers) tellServer(server);
    redraw();
  }

  function update(list: List, server: Server): void {
    const servers = list.servers.filter((one) => one.id !== server.id);
    if (fits(server)) {
      const place = list.servers.findIndex((one) => one.id === server.id);
      servers.splice(place < 0 ? servers.length : place, 0, server);
      tellServer(server);
    } else {
      tellGone(server.id);
    }
    latest.list = { ...list, servers };
  }

  for await (const message of followFeed({ connect: session.connect, signal })) {
    const { list } = latest;
    if (message.type === 'hello' || message.type === 'snapshot-needed') {
      await snapshot();
      continue;
    }
    if (list === null) continue;
    if (message.type === 'server') {
      update(list, message.server);
    } else if (message.type === 'server-gone') {
      tellGone(message.id);
      latest.list = { ...list, servers: list.servers.filter((server) => server.id !== message.id) };
    } else if (message.type === 'machine') {
      latest.list = { ...list, machine: message.machine };
    }
    redraw();
  }
  return exitCodes.done;
}

export const list: Command = async (context) => {
  const filter = given({
    client: textOption(context, 'client'),
    state: choiceOption<ServerState>(context, 'state'),
  });
  if (context.values['watch'] === true) return await watch(context, filter);
  const session = await context.session({ serve: false });
  const answer = await session.api['servers.list'](filter, context.signal);
  if (context.json) context.terminal.json(answer);
  else tellList(context, answer, Object.keys(filter).length > 0);
  return exitCodes.done;
};
