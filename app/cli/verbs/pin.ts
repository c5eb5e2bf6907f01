/** `belljar pin`, `belljar unpin` and `belljar outdated`: what is installed once, in place of what is fetched at each start. */
import { exitCodes } from '#contract/errors.ts';
import type { PinChanges } from '#contract/pin.ts';
import type { Command } from '../context.ts';
import { textsOption } from '../context.ts';
import { plain } from '../terminal.ts';

const effectiveWords = { now: 'Effective now.', restart: 'Effective when the server starts the next time.' };
const listed = 20;

function some(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const more = items.length > listed ? [`  … ${String(items.length - listed)} more`] : [];
  return [`${title}:`, ...items.slice(0, listed).map((item) => `  ${plain(item)}`), ...more];
}

function changeLines(changes: PinChanges): string[] {
  const versions =
    changes.from === null || changes.from === changes.to ? changes.to : `${changes.from} → ${changes.to}`;
  const publisher =
    changes.publisher === null
      ? 'the registry does not tell who published it'
      : changes.publisherBefore === null || changes.publisherBefore === changes.publisher
        ? `published by ${changes.publisher}`
        : `published by ${changes.publisher}, the one before by ${changes.publisherBefore}`;
  const each = ({ name, version }: { name: string; version: string }): string => `${name} ${version}`;
  return [
    plain(`${changes.package}  ${versions}  (${publisher})`),
    ...(changes.from === null
      ? [`${String(changes.added.length)} packages`]
      : [
          ...some('New', changes.added.map(each)),
          ...some('Gone', changes.removed.map(each)),
          ...some(
            'Changed',
            changes.changed.map(({ name, from, to }) => `${name} ${from} → ${to}`),
          ),
        ]),
    ...some('Other content under the same name and version', changes.replaced.map(each)),
    ...some('Runs programs while it is installed', changes.scripts),
  ];
}

export const pin: Command = async (context) => {
  const { api } = await context.session({ serve: true });
  const dryRun = context.values['dry-run'] === true;
  if (!context.json) context.terminal.note('Asking the registry, from a contained run.');
  const answer = await api['pins.pin'](
    {
      server: context.positionals[0] ?? '',
      update: context.values['update'] === true,
      dryRun,
      withScripts: context.values['with-scripts'] === true,
      hosts: textsOption(context, 'host').map((host) => host.toLowerCase()),
    },
    context.signal,
  );
  if (context.json) {
    context.terminal.json(answer);
    return exitCodes.done;
  }
  for (const line of changeLines(answer.changes)) context.terminal.out(line);
  if (!answer.changed) context.terminal.note('Pinned already; nothing was changed.');
  else if (dryRun) context.terminal.note('Nothing was installed.');
  else context.terminal.note(`${plain(answer.id)} is pinned. ${effectiveWords[answer.effective]}`);
  return exitCodes.done;
};

export const unpin: Command = async (context) => {
  const { api } = await context.session({ serve: false });
  const answer = await api['pins.unpin']({ server: context.positionals[0] ?? '' }, context.signal);
  if (context.json) context.terminal.json(answer);
  else {
    context.terminal.out(`${plain(answer.id)}  starts what its entry says again`);
    context.terminal.note(effectiveWords[answer.effective]);
  }
  return exitCodes.done;
};

export const outdated: Command = async (context) => {
  const server = context.positionals[0];
  const { api } = await context.session({ serve: true });
  const { servers } = await api['pins.outdated'](server === undefined ? {} : { server }, context.signal);
  if (context.json) {
    context.terminal.json({ servers });
    return servers.some((one) => one.error !== undefined) ? exitCodes.partly : exitCodes.done;
  }
  for (const one of servers) {
    if (one.error !== undefined) context.terminal.note(`${plain(one.handle)}: ${plain(one.error.message)}`);
    else if (one.changes === null || !one.outdated) context.terminal.out(`${plain(one.handle)}  up to date`);
    else {
      context.terminal.out(
        `${context.terminal.paint('bold', plain(one.handle))}  belljar pin ${plain(one.id)} --update`,
      );
      for (const line of changeLines(one.changes)) context.terminal.out(`  ${line}`);
    }
  }
  if (servers.length === 0) context.terminal.note('No server is pinned.');
  else
    context.terminal.note(
      'What a new version will read or connect to is known when it runs; its rules stay as they are.',
    );
  return servers.some((one) => one.error !== undefined) ? exitCodes.partly : exitCodes.done;
};
