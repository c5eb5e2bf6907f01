/**
 * Lists by which an administrator decides over servers through their exact command. Wrapping would turn an allowed one into
 * one that is not on the list, and slip a denied one past it, so such entries are left alone and the remedy is his.
 *
 * Trust: a file that cannot be read decides nothing here; the client itself says what is wrong with it.
 */
import type { ConfiguredEntry, Launch } from '#domain/entry.ts';
import { readWrapping } from '#domain/wrapping.ts';
import { toml } from './formats/toml.ts';
import { findValue, stringOf, type DocumentNode, type Format } from './formats/document.ts';
import type { Template } from './places.ts';

export interface CommandPolicy {
  /** Files whose content decides. */
  files: readonly Template[];
  /** In which `apply` reads them, where a parser is needed. */
  format?: Format;
  /** Variables of the environment whose presence decides; their values are given as texts too. */
  variables?: readonly string[];
  apply(entries: readonly ConfiguredEntry[], texts: readonly string[], root: DocumentNode): readonly ConfiguredEntry[];
}

/** What an entry starts, as written and without the launcher. */
interface Commands {
  written: Launch;
  inner: Launch;
}

function commandsOf(entry: ConfiguredEntry): Commands | null {
  if (entry.cannot !== undefined || entry.command === null) return null;
  const written = { command: entry.command, args: entry.args };
  return { written, inner: readWrapping(written)?.launch ?? written };
}

function isSame(launch: Launch, listed: readonly string[]): boolean {
  const words = [launch.command, ...launch.args];
  return words.length === listed.length && words.every((word, index) => word === listed[index]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The exact commands that settings allow and deny. Null where commands are not restricted. */
export interface CommandLists {
  allowed: string[][] | null;
  denied: string[][];
}

function listOf(settings: unknown, key: string): string[][] {
  const list: unknown = isRecord(settings) ? settings[key] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    const command: unknown = isRecord(item) ? item['serverCommand'] : undefined;
    return Array.isArray(command) && command.every((part) => typeof part === 'string') ? [command] : [];
  });
}

export function readCommandLists(texts: readonly string[]): CommandLists {
  const lists: CommandLists = { allowed: null, denied: [] };
  for (const text of texts) {
    let settings: unknown;
    try {
      settings = JSON.parse(text);
    } catch {
      continue;
    }
    const allowed = listOf(settings, 'allowedMcpServers');
    if (allowed.length > 0) lists.allowed = [...(lists.allowed ?? []), ...allowed];
    lists.denied.push(...listOf(settings, 'deniedMcpServers'));
  }
  return lists;
}

function refused(entry: ConfiguredEntry, sentence: string, remedy: string): ConfiguredEntry {
  return { ...entry, cannot: { reason: 'command-list', sentence, remedy } };
}

/** `allowedMcpServers` and `deniedMcpServers` with `serverCommand`, as Claude Code and GitHub Copilot read them. */
export function serverCommandLists(title: string, files: readonly Template[]): CommandPolicy {
  return {
    files,
    apply(entries, texts) {
      const lists = readCommandLists(texts);
      return entries.map((entry) => {
        const commands = commandsOf(entry);
        if (commands === null) return entry;
        const { written, inner } = commands;
        if (lists.denied.some((denied) => isSame(inner, denied)))
          return refused(
            entry,
            `${title} is set to refuse this exact command, and containing the server would slip it past that list.`,
            'Remove the server; whoever keeps the list has decided against it.',
          );
        // Someone may have put the contained command itself on the list.
        const isListed = inner !== written && lists.allowed?.some((allowed) => isSame(written, allowed)) === true;
        if (lists.allowed !== null && !isListed)
          return refused(
            entry,
            `${title} is set to start only servers whose exact command is on a list, and a contained server has another command.`,
            'Whoever keeps the list has to add the contained command: see it with belljar diff.',
          );
        return entry;
      });
    },
  };
}

/** Codex: `requirements.toml`, `[mcp_servers.<name>.identity] command`; with the table there, no other server starts. */
export function codexRequirements(files: readonly Template[]): CommandPolicy {
  return {
    files,
    format: toml,
    apply(entries, texts) {
      const roots = texts.flatMap((text) => {
        try {
          return [toml.parse(text, '')];
        } catch {
          return [];
        }
      });
      const tables = roots.flatMap((root) => findValue(root, ['mcp_servers']) ?? []);
      if (tables.length === 0) return entries;
      return entries.map((entry) => {
        const commands = commandsOf(entry);
        if (commands === null) return entry;
        const isListed = tables.some(
          (table) => stringOf(findValue(table, [entry.name, 'identity', 'command'])) === commands.written.command,
        );
        if (commands.inner !== commands.written && isListed) return entry;
        return refused(
          entry,
          'Codex is set to start only servers whose command is on a list of requirements, and a contained server has another command.',
          'Whoever keeps requirements.toml has to set the identity of this server to the launcher: see it with belljar diff.',
        );
      });
    },
  };
}

/** Goose: a list behind an address, which is matched against the whole command. */
export const gooseAllowlist: CommandPolicy = {
  files: [],
  variables: ['GOOSE_ALLOWLIST'],
  apply(entries, texts, root) {
    const isSet = texts.length > 0 || (stringOf(findValue(root, ['GOOSE_ALLOWLIST'])) ?? '') !== '';
    if (!isSet) return entries;
    return entries.map((entry) =>
      commandsOf(entry) === null
        ? entry
        : refused(
            entry,
            'Goose is set to start only what is on a list (GOOSE_ALLOWLIST), and a contained server has another command.',
            'Whoever keeps the list has to add the contained command: see it with belljar diff.',
          ),
    );
  },
};
