/**
 * The text of a client's file after a change of one entry: computed, then proved by reading it again, before anything is
 * written. Pure over text; the adapter knows the format.
 */
import { BelljarError } from '#contract/errors.ts';
import type { FileDiff } from '#contract/server.ts';
import type { ConfiguredEntry, EntryPath, Launch } from '#domain/entry.ts';
import { unifiedDiff } from '#domain/unified-diff.ts';
import { readWrapping } from '#domain/wrapping.ts';
import { fillLaunch } from '#domain/kept-secrets.ts';
import type { JournalRecord } from '../ports.ts';
import { entryAt, filledServer, putBack, valuesOf } from '../secrets/exchange.ts';
import type { KeptSecret } from '../secrets/ports.ts';
import { isBrokenWrapping, type ConfigFile, type FoundServer } from './discovery.ts';

export interface Rewrite {
  text: string;
  /** The entry's own text afterwards. */
  entryText: string;
}

/** How often a wrapped entry may be wrapped again before it is left alone. */
const nestingMax = 8;

function launchOf(entry: ConfiguredEntry): Launch | null {
  return entry.command === null ? null : { command: entry.command, args: entry.args };
}

/**
 * Reads the new text as the client would. Throws `internal` unless the entry starts exactly `expected`, says everything else
 * it said before, and not one character outside of it is another one.
 */
function prove(config: ConfigFile, path: EntryPath, text: string, expected: Launch): ConfiguredEntry {
  const entries = config.adapter.parse(text, config.file, []);
  const changed = entryAt(entries, path);
  const before = entryAt(config.entries, path);
  const isRight =
    changed !== undefined &&
    before !== undefined &&
    JSON.stringify(launchOf(changed)) === JSON.stringify({ command: expected.command, args: [...expected.args] }) &&
    changed.rest === before.rest &&
    entries.length === config.entries.length &&
    text.slice(0, changed.range.start) === config.text.slice(0, before.range.start) &&
    text.slice(changed.range.end) === config.text.slice(before.range.end);
  if (!isRight) throw new BelljarError('internal', { file: config.file.file });
  return changed;
}

/** The file's text with the entry taken out of any launcher, from the arguments alone or from the journal. */
function unwrapped(server: FoundServer, record: JournalRecord | null, exact: boolean): string {
  const { config, entry } = server;
  const { adapter } = config;
  if (isBrokenWrapping(server)) {
    if (record === null) throw new BelljarError('drifted', { file: config.file.file });
    const { command, args, hasArgs } = record.original;
    return adapter.setLaunch(config.text, config.file, entry.path, { command, args: hasArgs ? args : null });
  }
  if (exact && record !== null && record.wrapped.text === entry.text)
    return adapter.restore(config.text, config.file, entry.path, record.original.text);
  let { text } = config;
  for (let i = 0; i < nestingMax; i += 1) {
    const now = entryAt(adapter.parse(text, config.file, []), entry.path);
    const launch = now === undefined ? null : launchOf(now);
    if (launch === null || readWrapping(launch) === null) return text;
    text = adapter.unwrap(text, config.file, entry.path, record?.original.hasArgs === false);
  }
  return text;
}

export interface Wrapped extends Rewrite {
  /** The entry as it is without a launcher: what a release brings back. */
  original: JournalRecord['original'];
}

/** The file with the entry started by the launcher. */
export function wrapEntry(server: FoundServer, record: JournalRecord | null, launcher: string): Wrapped {
  const { config, entry, launch } = server;
  const { adapter, file } = config;
  const bare = server.wrapping === null && !isBrokenWrapping(server) ? config.text : unwrapped(server, record, true);
  const original = entryAt(adapter.parse(bare, file, []), entry.path);
  const inner = original === undefined ? null : launchOf(original);
  if (original === undefined || inner === null || launch === null)
    throw new BelljarError('config-changed', { file: file.file });
  const text = adapter.wrap(bare, file, entry.path, launcher, server.id);
  const expected = { command: launcher, args: ['run', server.id, '--', inner.command, ...inner.args] };
  const changed = prove(config, entry.path, text, expected);
  return {
    text,
    entryText: changed.text,
    original: { text: original.text, command: inner.command, args: [...inner.args], hasArgs: original.hasArgs },
  };
}

/** The file with the entry as it was before, the secrets that it asks for among it. */
export function unwrapEntry(
  server: FoundServer,
  record: JournalRecord | null,
  kept: readonly KeptSecret[] = [],
): Rewrite {
  const { config, entry } = server;
  const filled = filledServer(server, kept);
  const broken = isBrokenWrapping(server);
  // Contained again after secrets were moved, the record has the references, else the values.
  const isAsWritten = record !== null && record.wrapped.text === entry.text && !broken;
  const text = putBack(config, unwrapped(isAsWritten ? server : filled, record, true), entry.path, kept);
  const expected = broken ? record?.original : server.launch;
  if (expected === undefined || expected === null) throw new BelljarError('drifted', { file: config.file.file });
  const changed = prove(filled.config, entry.path, text, fillLaunch(expected, valuesOf(kept)));
  return { text, entryText: changed.text };
}

/** What changes, as it may be shown: the entry as the file has it and as `text` has it. */
export function maskedDiff(server: FoundServer, text: string): FileDiff {
  const { adapter, file, text: now } = server.config;
  const { text: before, line } = adapter.show(now, file, server.entry.path);
  const after = text === now ? before : adapter.show(text, file, server.entry.path).text;
  return { file: file.file, before, after, unified: unifiedDiff(file.file, before, after, line) };
}
