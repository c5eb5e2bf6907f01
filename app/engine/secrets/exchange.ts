/**
 * The text of a client's file with secrets taken out of one entry, and with them put back: computed, then proved by reading
 * it again, before anything is written. Pure over text.
 */
import { BelljarError } from '#contract/errors.ts';
import type { ConfiguredEntry, EntryPath, StringPlace } from '#domain/entry.ts';
import {
  fillArgument,
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

/** The text with every reference that has a value filled, each string written as it was where that is known. */
export function putBack(config: ConfigFile, text: string, path: EntryPath, kept: readonly KeptSecret[]): string {
  const { adapter, file } = config;
  const read = (now: string): ConfiguredEntry | undefined => entryAt(adapter.parse(now, file, []), path);
  const entry = kept.length === 0 ? undefined : read(text);
  if (entry === undefined) return text;
  let result = text;
  for (const { name, place, text: reference } of references(entry)) {
    const secret = kept.find((each) => each.name === name);
    if (secret === undefined) continue;
    const wanted =
      'variable' in place ? secret.value : fillArgument(reference, new Map([[name, secret.value]]));
    result = written(secret.source) ?? exchange(null);
    function exchange(source: string | null): string {
      return adapter.exchange(result, file, path, place, wanted, source);
    }
    /** Null where the source does not say the value: someone changed one of the two in the store. */
    function written(source: string | null): string | null {
      if (source === null) return null;
      try {
        const tried = exchange(source);
        return stringOf(read(tried), place) === wanted ? tried : null;
      } catch (error) {
        if (error instanceof BelljarError) return null;
        throw error;
      }
    }
  }
  return result;
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
 * Reads the new text as the client would. Throws `internal` unless the entry, references filled, says exactly what it said
 * before, and not one character outside of it is another one.
 */
export function prove(config: ConfigFile, path: EntryPath, text: string, values: KeptValues): void {
  const { adapter, file } = config;
  const entries = adapter.parse(text, file, []);
  const [after, before] = [entryAt(entries, path), entryAt(config.entries, path)];
  const said = (entry: ConfiguredEntry): string =>
    JSON.stringify([
      entry.command,
      entry.args.map((argument) => fillArgument(argument, values)),
      fillVariables(entry.env, values),
      fillRest(entry.rest, values),
    ]);
  const isRight =
    after !== undefined &&
    before !== undefined &&
    said(after) === said(before) &&
    entries.length === config.entries.length &&
    text.slice(0, after.range.start) === config.text.slice(0, before.range.start) &&
    text.slice(after.range.end) === config.text.slice(before.range.end);
  if (!isRight) throw new BelljarError('internal', { file: file.file });
}
