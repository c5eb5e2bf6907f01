/**
 * Kept secrets of an entry: read for it, and let go once its file holds them again.
 *
 * A project that was renamed or copied has ids of its own, and its entries still name the one under which their secrets lie.
 * Whoever can write a project's file can write any id into it; so such an entry gets what it asks for only where it says
 * in everything that could matter what was contained under that id.
 */
import { BelljarError } from '#contract/errors.ts';
import { fillLaunch, keptNames, keptReference, type KeptValues } from '#domain/kept-secrets.ts';
import type { ConfiguredEntry, Launch } from '#domain/entry.ts';
import type { Journal, JournalRecord } from '../ports.ts';
import type { FoundServer } from '../servers/discovery.ts';
import { entryAt, fillRest, valuesOf } from './exchange.ts';
import type { KeptSecret, SecretStore } from './ports.ts';

export interface KeptPlaces {
  secrets: SecretStore;
  journal: Pick<Journal, 'get'>;
}

export interface Kept extends KeptSecret {
  /** The server under whose id it lies. */
  of: string;
}

/** What became of everything that an entry asks for. */
export interface Asked {
  kept: Kept[];
  missing: string[];
  /** Of a server whose id it names, and whose entry it is not. */
  foreign: string[];
  /** What was contained under the id that it names, where it is the same elsewhere. */
  origin: JournalRecord | null;
}

/** What clients themselves write into an entry, by which nothing else is started. */
const harmless = new Set([
  'autoApprove',
  'alwaysAllow',
  'always_allow',
  'trust',
  'default_tools_approval_mode',
  'disabled',
  'enabled',
  'timeout',
  'description',
]);

/** True where the launcher is told to run another server than the one that this entry is. */
export function isCopied({ id, wrapping }: Pick<FoundServer, 'id' | 'wrapping'>): boolean {
  return wrapping !== null && wrapping.id !== id;
}

/** Where a file lies is what changes; what kind of file it is does not. */
function kindOf(scope: string): string {
  return scope.split(':', 1)[0] ?? scope;
}

/** The recorded entry, read as if it stood where the copy stands; null where it could not. */
function readRecorded({ config, entry }: FoundServer, record: JournalRecord): ConfiguredEntry | null {
  const { adapter, file, text } = config;
  try {
    return (
      entryAt(adapter.parse(adapter.restore(text, file, entry.path, record.original.text), file, []), entry.path) ??
      null
    );
  } catch (error) {
    if (error instanceof BelljarError) return null;
    throw error;
  }
}

/** All that an entry says besides its start, with `moved` variables as they are now. */
function saidBy(rest: string, values: KeptValues, moved: ReadonlySet<string>): string {
  const now = (value: unknown): unknown => {
    if (!Array.isArray(value)) return value;
    const [name, text] = value as unknown[];
    const isMoved = value.length === 2 && typeof name === 'string' && typeof text === 'string' && moved.has(name);
    return isMoved ? [name, values.get(name)] : value.map(now);
  };
  const said: unknown = JSON.parse(fillRest(rest, values));
  const meant = Array.isArray(said)
    ? said.filter((pair: unknown) => !(Array.isArray(pair) && harmless.has(String(pair[0]))))
    : said;
  return JSON.stringify(now(meant));
}

/**
 * True where the entry is the recorded one in another place: of the same client and name in the same kind of file, or in the
 * very same file, where whoever wrote it could have changed the recorded one. The same start, variables and all else.
 */
function isRecorded(found: FoundServer, record: JournalRecord, values: KeptValues): boolean {
  const { entry, launch } = found;
  if (record.client !== entry.client || launch === null) return false;
  const isItsPlace = kindOf(record.scope) === kindOf(entry.scope) && record.name === entry.name;
  if (record.file !== entry.file && !isItsPlace) return false;
  const [now, before] = [launch, record.original].map((each) => {
    const { command, args } = fillLaunch(each, values);
    return JSON.stringify([command, args]);
  });
  const recorded = readRecorded(found, record);
  if (now !== before || recorded === null) return false;
  // A newer value that was moved later is in the store alone.
  const moved = new Set(Object.keys(entry.env).filter((name) => entry.env[name] === keptReference(name)));
  return saidBy(entry.rest, values, moved) === saidBy(recorded.rest, values, moved);
}

async function originOf(
  { secrets, journal }: KeptPlaces,
  found: FoundServer,
  names: readonly string[],
): Promise<{ record: JournalRecord; kept: ReadonlyMap<string, Kept> } | null> {
  const of = isCopied(found) ? found.wrapping?.id : undefined;
  if (of === undefined || names.length === 0) return null;
  const record = await journal.get(of).catch((error: unknown) => {
    // A record that cannot be read vouches for nobody.
    if (error instanceof BelljarError) return null;
    throw error;
  });
  if (record === null) return null;
  const kept = new Map<string, Kept>();
  for (const name of names) {
    const secret = await secrets.get(of, name);
    if (secret !== null) kept.set(name, { ...secret, of });
  }
  // What the store lacks is compared as what it is: asked for by both.
  const values = new Map(names.map((name) => [name, kept.get(name)?.value ?? keptReference(name)]));
  return isRecorded(found, record, values) ? { record, kept } : null;
}

/** What the entry (and what it was before) asks for. What lies under its own id counts where it names no other's rightly. */
export async function askedOf(places: KeptPlaces, found: FoundServer, before: readonly string[] = []): Promise<Asked> {
  const { id, entry } = found;
  const names = keptNames({ args: [...entry.args, ...before] }, entry.env);
  const origin = await originOf(places, found, names);
  const asked: Asked = { kept: [], missing: [], foreign: [], origin: origin?.record ?? null };
  for (const name of names) {
    const own = origin?.kept.get(name) ?? (await places.secrets.get(id, name));
    if (own !== null) asked.kept.push({ of: id, ...own });
    else (isCopied(found) && origin === null ? asked.foreign : asked.missing).push(name);
  }
  return asked;
}

/** Why these are not given. No word of it says whether the other server has them. */
export function foreignError(found: FoundServer, names: readonly string[]): BelljarError {
  const params = { name: names.join(', '), server: found.wrapping?.id ?? '', entry: found.handle };
  return new BelljarError('secret-foreign', { file: found.entry.file, params });
}

/** The same, all of it; throws `secret-missing` for what the store does not hold, `secret-foreign` for what is another's. */
export async function keptFor(places: KeptPlaces, found: FoundServer, before: readonly string[] = []): Promise<Kept[]> {
  const { kept, missing, foreign } = await askedOf(places, found, before);
  if (foreign.length > 0) throw foreignError(found, foreign);
  refuseMissing(found, missing);
  return kept;
}

export function refuseMissing({ entry }: FoundServer, [name]: readonly string[]): void {
  if (name !== undefined) throw new BelljarError('secret-missing', { file: entry.file, params: { name } });
}

/** What a client would have started before anything was moved; null where the store lacks a value. */
export async function launchBefore(places: KeptPlaces, found: FoundServer): Promise<Launch | null> {
  const { launch } = found;
  if (launch === null || keptNames(launch, {}).length === 0) return launch;
  try {
    return fillLaunch(launch, valuesOf(await keptFor(places, found)));
  } catch (error) {
    if (error instanceof BelljarError) return null;
    throw error;
  }
}

/** True where nothing of the entry asks for the secret any more, and it says the value itself. */
export function holds(entry: ConfiguredEntry, { name, value }: KeptSecret): boolean {
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
