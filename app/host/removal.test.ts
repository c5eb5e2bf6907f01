/** What an uninstall removes is what was made, by whoever makes it; everything else stays. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDecisionLog } from '#platform/decisions/decision-log.ts';
import { createStartedPlanStore } from '#platform/files/started-plans.ts';
import { findFolders, makeFolders } from '#platform/paths/folders.ts';
import { createPinStore } from '#platform/pins/pin-store.ts';
import { createTerminalPlans } from '#platform/pty/terminal-plans.ts';
import { removeFolders } from './removal.ts';

test('plans of terminals go with the folder that they lie in; what is not ours stays in it, and is named', async () => {
  const home = mkdtempSync(join(tmpdir(), 'belljar-removal-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const xdgRuntime = join(home, 'run');
  mkdirSync(xdgRuntime, { mode: 0o700 });
  const folders = findFolders({ HOME: home, XDG_RUNTIME_DIR: xdgRuntime });
  expect(folders.runtime.startsWith(`${xdgRuntime}/`)).toBe(true);
  const plans = createTerminalPlans(folders.runtime);
  const left = await plans.write('t-0123456789abcdef', 'left by a host that was killed');
  await plans.write('t-fedcba9876543210', 'ended');
  await plans.remove('t-fedcba9876543210');
  expect(existsSync(left)).toBe(true);
  writeFileSync(join(folders.runtime, 'notes'), 'of a person');
  expect(removeFolders(folders).left).toEqual([folders.runtime]);
  expect(readdirSync(folders.runtime)).toEqual(['notes']);
  rmSync(join(folders.runtime, 'notes'));
  expect(removeFolders(folders)).toMatchObject({ removed: [folders.runtime], left: [] });
  expect(existsSync(folders.runtime)).toBe(false);
});

test('decisions, plans of runs and pinned packages go: nothing of what the stores keep is left', async () => {
  const home = mkdtempSync(join(tmpdir(), 'belljar-removal-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const folders = findFolders({ HOME: home });
  makeFolders(folders);
  await createDecisionLog({ stateFolder: folders.state }).append({ v: 1, id: '0123456789abcdef', done: true });
  await createStartedPlanStore(folders.state).keep('cursor.a', 'run-1', 'belljar-plan 3\n');
  const tree = await createPinStore(folders.data).makeTree('cursor.a', '1.0.0');
  writeFileSync(join(tree, 'package.json'), '{}');
  const all = [folders.config, folders.data, folders.state, folders.runtime];
  expect(all.map((folder) => existsSync(folder))).toEqual([true, true, true, true]);
  expect(removeFolders(folders).left).toEqual([]);
  expect(all.map((folder) => existsSync(folder))).toEqual([false, false, false, false]);
});
