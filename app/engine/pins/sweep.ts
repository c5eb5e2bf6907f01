/** Removes what was installed for a server and no record names, unless a live run may still read from it. */
import { noActivity, type RunService } from '../runs/run-service.ts';
import type { PinStore } from './ports.ts';

export async function sweepTrees(
  pins: Pick<PinStore, 'unused' | 'removeTree'>,
  runs: Pick<RunService, 'activity'>,
  server: string,
): Promise<void> {
  const { liveRuns } = (await runs.activity()).get(server) ?? noActivity;
  if (liveRuns > 0) return;
  for (const tree of await pins.unused(server)) await pins.removeTree(tree);
}
