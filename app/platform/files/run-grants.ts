/**
 * What was granted until runs stop: `<state>/run-grants/<server id>/<run>.json`, and the plan of such a run beside its server's,
 * `<data>/plans/<server id>@<run>.plan`, which the launcher of that run alone reads. `@` stands in no server's id.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { policyFormatVersion, runGrantsSchema } from '#contract/policy.ts';
import { serverIdSchema } from '#contract/words.ts';
import type { RunGrantStore } from '#engine/ports.ts';
import { isMissing } from './missing.ts';
import { listOwnFiles, parseDocument, readOwnFile, removeOwnFile, writeOwnFile } from './own-files.ts';

const ending = '.json';

export function createRunGrantStore({ data, state }: { data: string; state: string }): RunGrantStore {
  const all = join(state, 'run-grants');
  const folder = (server: string): string => join(all, server);
  const file = (server: string, run: string): string => join(folder(server), `${run}${ending}`);
  const planFile = (server: string, run: string): string => join(data, 'plans', `${server}@${run}.plan`);
  return {
    async list(server) {
      const files = (await listOwnFiles(folder(server), ending)).map((name) => join(folder(server), name));
      const texts = await Promise.all(files.map(async (path) => ({ path, text: await readOwnFile(path) })));
      return texts.flatMap(({ path, text }) =>
        text === null ? [] : [parseDocument(runGrantsSchema, text, path, policyFormatVersion, 'policy-invalid')],
      );
    },
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
