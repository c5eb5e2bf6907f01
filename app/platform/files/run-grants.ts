/**
 * What was granted until runs stop: `<state>/run-grants/<server id>/<run>.json`, and the plan of such a run beside its server's,
 * `<data>/plans/<server id>@<run>.plan`, which the launcher of that run alone reads. `@` stands in no server's id.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BelljarError } from '#contract/errors.ts';
import { policyFormatVersion, runGrantsSchema } from '#contract/policy.ts';
import { serverIdSchema } from '#contract/words.ts';
import type { ListedRunGrants, RunGrantStore } from '#engine/ports.ts';
import { isMissing } from './missing.ts';
import { listOwnFiles, parseDocument, readOwnFile, removeOwnFile, writeOwnFile } from './own-files.ts';

const ending = '.json';

export function createRunGrantStore({ data, state }: { data: string; state: string }): RunGrantStore {
  const all = join(state, 'run-grants');
  const folder = (server: string): string => join(all, server);
  const file = (server: string, run: string): string => join(folder(server), `${run}${ending}`);
  const planFile = (server: string, run: string): string => join(data, 'plans', `${server}@${run}.plan`);

  async function read(server: string, run: string): Promise<ListedRunGrants[]> {
    const path = file(server, run);
    try {
      const text = await readOwnFile(path);
      if (text === null) return [];
      const grants = parseDocument(runGrantsSchema, text, path, policyFormatVersion, 'policy-invalid');
      if (grants.server !== server || grants.run !== run)
        throw new BelljarError('policy-invalid', { file: path, params: { detail: 'of another run' } });
      return [{ run, rules: grants.rules, error: null }];
    } catch (error) {
      if (error instanceof BelljarError) return [{ run, rules: [], error }];
      throw error;
    }
  }

  return {
    async list(server) {
      const runs = (await listOwnFiles(folder(server), ending)).map((name) => name.slice(0, -ending.length));
      return (await Promise.all(runs.map((run) => read(server, run)))).flat();
    },
    plan: (server, run) => readOwnFile(planFile(server, run)),
    async put(grants, plan) {
      await writeOwnFile(file(grants.server, grants.run), `${JSON.stringify(grants, null, 2)}\n`);
      await writeOwnFile(planFile(grants.server, grants.run), plan);
    },
    async remove(server, run) {
      await removeOwnFile(planFile(server, run));
      await removeOwnFile(file(server, run));
    },
    async servers() {
      if (isMissing(all)) return [];
      return (await readdir(all)).filter((name) => serverIdSchema.safeParse(name).success).toSorted();
    },
  };
}
