/**
 * Discovery: reads the clients' files, executing nothing, and names what stands in them. A file that cannot be used is a
 * problem to be shown, and costs the servers of the other files nothing.
 */
import { BelljarError, type ErrorBody } from '#contract/errors.ts';
import { cannotSentences, toErrorBody } from '#contract/sentences.ts';
import type { Machine, Problem } from '#contract/server.ts';
import type { CannotReason } from '#contract/words.ts';
import { cannotByCommand, hasPlaceholder } from '#domain/containable.ts';
import type { ConfiguredEntry, Launch } from '#domain/entry.ts';
import { makeServerId } from '#domain/server-id.ts';
import { isLauncher, readWrapping, type Wrapping } from '#domain/wrapping.ts';
import type { ClientAdapter, ClientFile, FileSnapshot, FileStore, Places } from '../ports.ts';

export interface ConfigFile {
  adapter: ClientAdapter;
  file: ClientFile;
  snapshot: FileSnapshot;
  text: string;
  entries: readonly ConfiguredEntry[];
}

/** A server as it stands in its client's file. Holds secrets: `entry`, `launch`. */
export interface FoundServer {
  id: string;
  /** `client/name` where that is unique among all servers, else the id. */
  handle: string;
  /** The entry as written; wrapped or not. */
  entry: ConfiguredEntry;
  config: ConfigFile;
  /** Null when the entry does not start through a launcher. */
  wrapping: Wrapping | null;
  /** What is started in the end; null when the entry has no usable command. */
  launch: Launch | null;
  cannot: { reason: CannotReason; sentence: string } | null;
}

export interface Discovered {
  servers: FoundServer[];
  problems: Problem[];
  /** The errors behind the problems, by client: what is asked of a file that cannot be read fails with its reason. */
  failures: { client: string; file: string; error: Error }[];
  lookedAt: NonNullable<Machine['lookedAt']>;
}

export interface DiscoveryDeps {
  places: Places;
  clients: readonly ClientAdapter[];
  files: FileStore;
}

export interface Discovery {
  discover(): Promise<Discovered>;
  /** Reads one file anew: an edit starts from what is there now. Null when it is gone. */
  read(adapter: ClientAdapter, file: ClientFile): Promise<ConfigFile | null>;
  files(): readonly string[];
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(snapshot: FileSnapshot): string {
  try {
    return decoder.decode(snapshot.bytes);
  } catch (error) {
    throw new BelljarError('config-invalid', {
      file: snapshot.file,
      params: { detail: 'it is not UTF-8 text' },
      cause: error,
    });
  }
}

/** What an entry really starts, and whether that can be contained. */
export function resolveEntry(
  entry: ConfiguredEntry,
  adapter: ClientAdapter,
): Pick<FoundServer, 'wrapping' | 'launch' | 'cannot'> {
  if (entry.command === null || entry.cannot?.reason === 'bad-entry') {
    const reason = entry.cannot?.reason ?? 'no-command';
    return { wrapping: null, launch: null, cannot: sentenced(reason, entry.cannot?.sentence) };
  }
  const written: Launch = { command: entry.command, args: entry.args };
  const wrapping = readWrapping(written);
  const launch = wrapping?.launch ?? written;
  if (entry.cannot !== undefined)
    return { wrapping, launch, cannot: sentenced(entry.cannot.reason, entry.cannot.sentence) };
  const reason = cannotByCommand(launch);
  if (reason !== null) return { wrapping, launch, cannot: sentenced(reason) };
  if (hasPlaceholder(launch.command) && adapter.placeholders === 'command-only-or-unknown') {
    const sentence = `${adapter.title} replaces "${launch.command}" before it starts the server, and may not do so once it is an argument.`;
    return { wrapping, launch, cannot: { reason: 'bad-entry', sentence } };
  }
  return { wrapping, launch, cannot: null };
}

function sentenced(reason: CannotReason, sentence?: string): { reason: CannotReason; sentence: string } {
  return { reason, sentence: sentence ?? cannotSentences[reason] };
}

/** True for an entry that names the launcher and nothing that it could run. */
export function isBrokenWrapping(server: Pick<FoundServer, 'entry' | 'wrapping'>): boolean {
  return server.wrapping === null && server.entry.command !== null && isLauncher(server.entry.command);
}

export function toProblem(client: string, error: unknown, file: string): Problem {
  const body: ErrorBody = toErrorBody(error);
  return {
    client,
    file: body.file ?? file,
    code: body.code,
    message: body.message,
    ...(body.at === undefined ? {} : { at: body.at }),
    ...(body.remedy === undefined ? {} : { remedy: body.remedy }),
  };
}

export function createDiscovery(deps: DiscoveryDeps): Discovery {
  const { places, clients, files } = deps;

  async function policyTexts(adapter: ClientAdapter): Promise<string[]> {
    const texts = await Promise.all(
      adapter.policyFiles(places).map(async (file) => {
        try {
          const snapshot = await files.read(file);
          return snapshot === null ? null : decode(snapshot);
        } catch {
          return null;
        }
      }),
    );
    return texts.filter((text) => text !== null);
  }

  async function read(adapter: ClientAdapter, file: ClientFile): Promise<ConfigFile | null> {
    const snapshot = await files.read(file.file);
    if (snapshot === null) return null;
    const text = decode(snapshot);
    return { adapter, file, snapshot, text, entries: adapter.parse(text, file, await policyTexts(adapter)) };
  }

  async function discover(): Promise<Discovered> {
    const problems: Problem[] = [];
    const failures: Discovered['failures'] = [];
    const lookedAt: Discovered['lookedAt'] = [];
    const all = clients.flatMap((adapter) => adapter.files(places).map((file) => ({ adapter, file })));
    const configs = await Promise.all(
      all.map(async ({ adapter, file }) => {
        try {
          const config = await read(adapter, file);
          if (!file.managed || config !== null)
            lookedAt.push({ clientTitle: adapter.title, file: file.file, found: config !== null });
          return config;
        } catch (error) {
          lookedAt.push({ clientTitle: adapter.title, file: file.file, found: true });
          problems.push(toProblem(adapter.title, error, file.file));
          failures.push({
            client: adapter.id,
            file: file.file,
            error: error instanceof Error ? error : new Error('unknown'),
          });
          return null;
        }
      }),
    );
    const order = new Map(all.map(({ file }, index) => [file.file, index]));
    lookedAt.sort((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0));
    const servers = configs
      .filter((config) => config !== null)
      .flatMap((config) =>
        config.entries.map((entry) => ({
          id: makeServerId(entry.client, entry.scope, entry.name),
          handle: `${entry.client}/${entry.name}`,
          entry,
          config,
          ...resolveEntry(entry, config.adapter),
        })),
      );
    const counts = new Map<string, number>();
    for (const { handle } of servers) counts.set(handle, (counts.get(handle) ?? 0) + 1);
    return {
      servers: servers.map((server) =>
        (counts.get(server.handle) ?? 0) > 1 ? { ...server, handle: server.id } : server,
      ),
      problems,
      failures,
      lookedAt,
    };
  }

  return {
    discover,
    read,
    files: () =>
      clients.flatMap((adapter) => [...adapter.files(places).map((file) => file.file), ...adapter.policyFiles(places)]),
  };
}

/**
 * From an id, `client/name`, or a bare name where that is unique. Throws `not-found`, `ambiguous`; and where a file that may
 * hold the server cannot be used, what is wrong with that file.
 */
export function resolveHandle(handle: string, discovered: Pick<Discovered, 'servers' | 'failures'>): FoundServer {
  const { servers, failures } = discovered;
  const byId = servers.find((server) => server.id === handle);
  if (byId !== undefined) return byId;
  const byHandle = servers.filter((server) => `${server.entry.client}/${server.entry.name}` === handle);
  const named = byHandle.length > 0 ? byHandle : servers.filter((server) => server.entry.name === handle);
  const [only, another] = named;
  if (only === undefined) {
    const failure =
      failures.find(({ client }) => handle.startsWith(`${client}/`) || handle.startsWith(`${client}.`)) ??
      (/^[^/]*$/.test(handle) ? failures[0] : undefined);
    throw failure?.error ?? new BelljarError('not-found', { params: { server: handle } });
  }
  if (another !== undefined)
    throw new BelljarError('ambiguous', {
      params: { server: handle, candidates: named.map((server) => server.handle).join(', ') },
    });
  return only;
}
