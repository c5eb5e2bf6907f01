/** Kept secrets of an entry: read for it, and let go once its file holds them again. */
import { BelljarError } from '#contract/errors.ts';
import { fillLaunch, keptNames } from '#domain/kept-secrets.ts';
import type { ConfiguredEntry, Launch } from '#domain/entry.ts';
import type { FoundServer } from '../servers/discovery.ts';
import { valuesOf } from './exchange.ts';
import type { KeptSecret, SecretStore } from './ports.ts';

/** What the entry (and what it was before) asks for; throws `secret-missing` for what the store does not hold. */
export async function keptFor(
  store: SecretStore,
  { id, entry }: FoundServer,
  before: readonly string[] = [],
): Promise<KeptSecret[]> {
  const kept: KeptSecret[] = [];
  for (const name of keptNames({ args: [...entry.args, ...before] }, entry.env)) {
    const secret = await store.get(id, name);
    if (secret === null) throw new BelljarError('secret-missing', { file: entry.file, params: { name } });
    kept.push(secret);
  }
  return kept;
}

/** What a client would have started before anything was moved; null where the store lacks a value. */
export async function launchBefore(store: SecretStore, found: FoundServer): Promise<Launch | null> {
  const { launch } = found;
  if (launch === null || keptNames(launch, {}).length === 0) return launch;
  try {
    return fillLaunch(launch, valuesOf(await keptFor(store, found)));
  } catch (error) {
    if (error instanceof BelljarError) return null;
    throw error;
  }
}

/** True where nothing of the entry asks for the secret any more, and it says the value itself. */
function holds(entry: ConfiguredEntry, { name, value }: KeptSecret): boolean {
  if (keptNames(entry, entry.env).includes(name)) return false;
  return (
    Object.values(entry.env).includes(value) ||
    entry.args.some((argument) => argument === value || argument.endsWith(`=${value}`))
  );
}

/** Removes from the store what the entry, read from its file just now, holds itself. Whatever else is there stays. */
export async function letGo(store: SecretStore, { id, entry }: FoundServer): Promise<void> {
  for (const { name } of await store.list(id)) {
    const secret = await store.get(id, name);
    if (secret !== null && holds(entry, secret)) await store.remove(id, name);
  }
}
