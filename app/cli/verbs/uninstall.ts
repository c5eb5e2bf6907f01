/**
 * `belljar uninstall`: puts every entry back, stops the host, removes what Belljar made. If one entry cannot be put back
 * nothing is removed: its client would start a launcher that is gone.
 */
import { BelljarError, exitCodes } from '#contract/errors.ts';
import { removeService, stopHost } from '#host/background.ts';
import { ownFolders } from '#host/own-folders.ts';
import { removeFolders } from '#host/removal.ts';
import { findWay, lockWaitMs } from '#host/session.ts';
import type { Command } from '../context.ts';
import { usageError } from '../context.ts';
import { describeError } from '../error-lines.ts';
import { plain } from '../terminal.ts';

export const uninstall: Command = async (context) => {
  const { terminal, json, values } = context;
  if (values['yes'] !== true) {
    if (json || !terminal.canAsk) throw usageError('uninstall asks first, and cannot here. Add --yes.');
    const isSure = await terminal.ask('Put every server back and remove Belljar from this account?');
    if (!isSure) return exitCodes.interrupted;
  }
  const session = await context.session({ serve: false });
  const { results } = await session.api['servers.release']({ servers: 'all', dryRun: false });
  const failures = results.flatMap((result) => (result.error === undefined ? [] : [result.error]));
  const released = results.filter((result) => result.changed).map((result) => result.id);
  if (failures.length > 0) {
    if (json) terminal.json({ released, removed: [], left: [], errors: failures });
    else for (const id of released) terminal.out(`put back  ${plain(id)}`);
    for (const { id, error } of results)
      for (const line of error === undefined ? [] : describeError(error))
        terminal.note(line.replace(/^belljar: /, `${plain(id)}: `));
    terminal.note('Nothing was removed: these entries still need the launcher.');
    return failures.length < results.length ? exitCodes.partly : exitCodes.failed;
  }
  const notices = results.flatMap(({ notice }) => (notice === undefined ? [] : [notice]));
  if (!json) for (const notice of notices) for (const line of describeError(notice)) terminal.note(line);
  await session.close();
  const folders = ownFolders();
  const services = await removeService(folders);
  await stopHost(folders);
  // Nobody else may begin anything in folders that are about to go.
  const way = await findWay(folders, lockWaitMs);
  if (!('lock' in way)) throw new BelljarError('host-locked');
  const { removed, left } = removeFolders(folders);
  way.lock.release();
  if (json) {
    terminal.json({ released, removed: [...services, ...removed], left, ...(notices.length > 0 ? { notices } : {}) });
    return exitCodes.done;
  }
  for (const id of released) terminal.out(`put back  ${plain(id)}`);
  for (const path of [...services, ...removed]) terminal.out(`removed   ${plain(path)}`);
  for (const path of left) terminal.note(`Left, because it holds something else: ${plain(path)}`);
  if (released.length > 0)
    terminal.note('Restart the clients: those that still run would start a launcher that is gone.');
  return exitCodes.done;
};
