/** What a person decided, one JSON document a server: `<config>/policies/<server id>.json`. */
import { join } from 'node:path';
import { policyFormatVersion, storedPolicySchema } from '#contract/policy.ts';
import { BelljarError } from '#contract/errors.ts';
import type { PolicyStore } from '#engine/ports.ts';
import { parseDocument, readOwnFile, removeOwnFile, writeOwnFile } from './own-files.ts';

export function createPolicyStore(configFolder: string): PolicyStore {
  const fileOf = (server: string): string => join(configFolder, 'policies', `${server}.json`);
  return {
    async get(server) {
      const file = fileOf(server);
      const text = await readOwnFile(file);
      if (text === null) return null;
      const policy = parseDocument(storedPolicySchema, text, file, policyFormatVersion, 'policy-invalid');
      if (policy.server !== server)
        throw new BelljarError('policy-invalid', { file, params: { detail: 'it names another server' } });
      return policy;
    },
    async put(policy) {
      await writeOwnFile(fileOf(policy.server), `${JSON.stringify(storedPolicySchema.parse(policy), null, 2)}\n`);
    },
    remove: (server) => removeOwnFile(fileOf(server)),
  };
}
