/**
 * The text of a client's file with secrets taken out of one entry, and with them put back: computed, then proved by reading
 * it again, before anything is written. Pure over text.
 */
import { BelljarError } from '#contract/errors.ts';
import type { ConfiguredEntry, EntryPath, StringPlace } from '#domain/entry.ts';
import {
  fillArgument,
  fillLaunch,
  fillText,
  fillVariables,
  keptName,
  keptNameOfArgument,
  keptReference,
  type KeptValues,
} from '#domain/kept-secrets.ts';
import type { FoundSecret } from '#domain/secrets.ts';
import type { ConfigFile, FoundServer } from '../servers/discovery.ts';
import type { KeptSecret } from './ports.ts';

export function valuesOf(kept: readonly KeptSecret[]): KeptValues {
  return new Map(kept.map(({ name, value }) => [name, value]));
}

export function entryAt(entries: readonly ConfiguredEntry[], path: EntryPath): ConfiguredEntry | undefined {
  const key = JSON.stringify(path);
  return entries.find((entry) => JSON.stringify(entry.path) === key);
}

/** What an entry says besides its start, with every reference in it filled. */
export function fillRest(rest: string, values: KeptValues): string {
  if (values.size === 0) return rest;
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return fillText(value, values);
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each)]));
  };
  return JSON.stringify(fill(JSON.parse(rest)));
}

/** Where a secret stands in the entry as its file has it, around which the launcher's own arguments may be. */
export function placeOfSecret(server: FoundServer, secret: FoundSecret): StringPlace {
  if (secret.index === null) return { variable: secret.where };
  const before = server.entry.args.length - (server.launch?.args.length ?? 0);
  return { argument: before + secret.index };
}

/** Where the entry asks for kept secrets. */
function references(entry: ConfiguredEntry): { name: string; place: StringPlace; text: string }[] {
  const variables = Object.entries(entry.env).map(([variable, text]) => ({
    name: keptName(text),
    place: { variable },
    text,
  }));
  const args = entry.args.map((text, argument) => ({ name: keptNameOfArgument(text), place: { argument }, text }));
  return [...variables, ...args].flatMap(({ name, ...rest }) => (name === null ? [] : [{ name, ...rest }]));
}

function stringOf(entry: ConfiguredEntry | undefined, place: StringPlace): string | undefined {
  return 'variable' in place ? entry?.env[place.variable] : entry?.args[place.argument];
}

/**
 * The text with every reference that has a value filled, each string written as it was where that is known. Throws
 * `internal` unless taking the same strings out again leads to the same text, to the byte.
 */
export function putBack(config: ConfigFile, text: string, path: EntryPath, kept: readonly KeptSecret[]): string {
  const { adapter, file } = config;
  const read = (now: string): ConfiguredEntry | undefined => entryAt(adapter.parse(now, file, []), path);
  const entry = kept.length === 0 ? undefined : read(text);
  if (entry === undefined) return text;
  const values = valuesOf(kept);
  const asked = references(entry).filter(({ name }) => values.has(name));
  const sourceAt = (place: StringPlace): string => {
    const written = adapter.written(text, file, path, place);
    if (typeof written === 'string') throw new BelljarError('config-changed', { file: file.file });
    return written.source;
  };
  let result = text;
  for (const { name, place, text: reference } of asked) {
    const wanted = 'variable' in place ? fillText(reference, values) : fillArgument(reference, values);
    const exchange = (source: string | null): string => adapter.exchange(result, file, path, place, wanted, source);
    const source = kept.find((each) => each.name === name)?.source ?? null;
    result = (source === null ? null : ifItSays(wanted, place, () => exchange(source), read)) ?? exchange(null);
  }
  const again = asked.reduce(
    (now, { place, text: reference }) => adapter.exchange(now, file, path, place, reference, sourceAt(place)),
    result,
  );
  if (again !== text) throw new BelljarError('internal', { file: file.file });
  return result;
}

/** Null where a text does not say the value there: someone changed one of the two in the store. */
function ifItSays(
  wanted: string,
  place: StringPlace,
  make: () => string,
  read: (text: string) => ConfiguredEntry | undefined,
): string | null {
  try {
    const text = make();
    return stringOf(read(text), place) === wanted ? text : null;
  } catch (error) {
    if (error instanceof BelljarError) return null;
    throw error;
  }
}

/** The server as its file would have it with these secrets in place. */
export function filledServer(server: FoundServer, kept: readonly KeptSecret[]): FoundServer {
  const { config, entry, launch } = server;
  if (kept.length === 0) return server;
  const text = putBack(config, config.text, entry.path, kept);
  const entries = config.adapter.parse(text, config.file, []);
  const filled = entryAt(entries, entry.path);
  if (filled === undefined) throw new BelljarError('internal', { file: config.file.file });
  return {
    ...server,
    config: { ...config, text, entries },
    entry: filled,
    launch: launch === null ? null : fillLaunch(launch, valuesOf(kept)),
  };
}

export interface TakenOut {
  text: string;
  kept: KeptSecret[];
}

/** The text with references in place of these secrets; throws `cannot-move`. */
export function takeOut(server: FoundServer, secrets: readonly FoundSecret[], as: KeptSecret['as']): TakenOut {
  const { config, entry } = server;
  const { adapter, file } = config;
  let { text } = config;
  const kept: KeptSecret[] = [];
  for (const secret of secrets) {
    const place = placeOfSecret(server, secret);
    const found = adapter.written(text, file, entry.path, place);
    if (typeof found === 'string' || secret.obstacle !== null)
      throw new BelljarError('cannot-move', {
        file: file.file,
        params: { name: secret.name, obstacle: typeof found === 'string' ? found : (secret.obstacle ?? '') },
      });
    const reference = keptReference(secret.name);
    const whole = stringOf(entry, place) ?? '';
    const value = 'variable' in place ? reference : whole.slice(0, whole.length - secret.value.length) + reference;
    text = adapter.exchange(text, file, entry.path, place, value, null);
    kept.push({ name: secret.name, as, value: secret.value, source: found.source });
  }
  prove(config, entry.path, text, valuesOf(kept));
  if (putBack(config, text, entry.path, kept) !== config.text) throw new BelljarError('internal', { file: file.file });
  return { text, kept };
}

/**
 * Reads the new text as the client would. Throws `internal` unless this entry, references filled, says exactly what it said
 * before, and every other one says the same.
 */
export function prove(config: ConfigFile, path: EntryPath, text: string, values: KeptValues): void {
  const key = JSON.stringify(path);
  const said = (entry: ConfiguredEntry): unknown =>
    JSON.stringify(entry.path) === key
      ? [
          entry.command,
          entry.args.map((argument) => fillArgument(argument, values)),
          fillVariables(entry.env, values),
          fillRest(entry.rest, values),
        ]
      : [entry.path, entry.command, entry.args, entry.env, entry.rest];
  const [after, before] = [config.adapter.parse(text, config.file, []), config.entries].map((entries) =>
    JSON.stringify(entries.map(said)),
  );
  if (after !== before) throw new BelljarError('internal', { file: config.file.file });
}
