/**
 * The store of secrets: `<data>/secrets/<server id>/`, folders 0700, files 0600, in Belljar's own folder that no rule can
 * open. `<NAME>.variable` or `<NAME>.file` is the value and nothing else, byte for byte, because the launcher reads it; its
 * ending says how the server gets it. `<NAME>.source` is how the string stood in the client's file.
 *
 * The source is written before the value: a value that is there can be put back exactly.
 */
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { secretWays, type SecretWay } from '#contract/secret.ts';
import { keptNamePattern } from '#domain/kept-secrets.ts';
import type { SecretStore } from '#engine/secrets/ports.ts';
import { listOwnFiles, readOwnFile, removeOwnFile, writeOwnFile } from '../files/own-files.ts';

/** Where everything secret of one server lies. */
export function secretsFolder(dataFolder: string, server: string): string {
  return join(dataFolder, 'secrets', server);
}

/**
 * Removes what a process that was killed was still writing: a value under a name that nobody looks for. Only one host writes
 * here, under its lock, and one document after the other; so what is unfinished now is left over.
 */
export async function removeUnfinished(dataFolder: string, server: string): Promise<void> {
  const folder = secretsFolder(dataFolder, server);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) if (name.startsWith('.')) await removeOwnFile(join(folder, name));
}

export function createSecretStore(dataFolder: string): SecretStore {
  const place = (server: string, name: string, ending: string): string =>
    join(secretsFolder(dataFolder, server), `${name}.${ending}`);

  /** One look into the folder: every list of servers asks for each of them. */
  async function list(server: string): Promise<{ name: string; as: SecretWay }[]> {
    const names = await listOwnFiles(secretsFolder(dataFolder, server), '');
    const files = secretWays.flatMap((as) =>
      names.filter((file) => file.endsWith(`.${as}`)).map((file) => ({ name: file.slice(0, -as.length - 1), as })),
    );
    // A change from one way to the other that was cut short leaves both, with the same value or one that the file has too.
    const byName = new Map(files.map((secret) => [secret.name, secret]));
    return [...byName.values()]
      .filter(({ name }) => keptNamePattern.test(name))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  return {
    file: place,
    list,
    async get(server, name) {
      const found = (await list(server)).find((secret) => secret.name === name);
      if (found === undefined) return null;
      const value = await readOwnFile(place(server, name, found.as));
      return value === null ? null : { ...found, value, source: await readOwnFile(place(server, name, 'source')) };
    },
    async put(server, { name, as, value, source }) {
      if (!keptNamePattern.test(name)) throw new Error('not the name of a secret');
      await removeUnfinished(dataFolder, server);
      if (source === null) await removeOwnFile(place(server, name, 'source'));
      else await writeOwnFile(place(server, name, 'source'), source);
      await writeOwnFile(place(server, name, as), value);
      for (const other of secretWays) if (other !== as) await removeOwnFile(place(server, name, other));
    },
    async remove(server, name) {
      for (const as of secretWays) await removeOwnFile(place(server, name, as));
      await removeOwnFile(place(server, name, 'source'));
      await removeUnfinished(dataFolder, server);
      // Goes with its last file; stays while it holds one.
      await rmdir(secretsFolder(dataFolder, server)).catch(() => undefined);
    },
  };
}
