/**
 * Discovery: reads the clients' files, executing nothing, and names what stands in them. A file that cannot be used is a
 * problem to be shown, and costs the servers of the other files nothing.
 */
import { BelljarError, type ErrorBody } from '#contract/errors.ts';
import { cannotRemedies, cannotSentences, toErrorBody } from '#contract/sentences.ts';
import type { Machine, Problem } from '#contract/server.ts';
import { cannotByCommand, hasPlaceholder } from '#domain/containable.ts';
import type { ConfiguredEntry, Launch, Obstacle } from '#domain/entry.ts';
import { makeServerId, userScope } from '#domain/server-id.ts';
import { isLauncher, readWrapping, type Wrapping } from '#domain/wrapping.ts';
import type {
  ClientAdapter,
  ClientFile,
  Clients,
  FileSnapshot,
  FileStore,
  Journal,
  Located,
  LocatedFile,
  Places,
  Unseen,
  Watched,
} from '../ports.ts';

export interface ConfigFile {
  located: LocatedFile;
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
  cannot: Required<Obstacle> | null;
  /** What another client that reads the same entry has against it: its list decides over the entry too. */
  heldElsewhere: Required<Obstacle> | null;
  /** Other clients that read the very same entry. */
  sharedWith: readonly string[];
}

export interface Discovered {
  servers: FoundServer[];
  problems: Problem[];
  /** The errors behind the problems, by client: what is asked of a file that cannot be read fails with its reason. */
  failures: { client: string; file: string; error: Error }[];
  lookedAt: NonNullable<Machine['lookedAt']>;
  unseen: readonly Unseen[];
}

export interface DiscoveryDeps {
  places: Places;
  clients: Clients;
  files: FileStore;
  journal: Pick<Journal, 'list'>;
}

export interface Discovery {
  discover(): Promise<Discovered>;
  /** As last discovered, where every id is known from then: what is changed is read anew in any case. */
  recall(ids: readonly string[]): Discovered | null;
  /** Reads one file anew: an edit starts from what is there now. Null when it is gone. */
  read(located: LocatedFile): Promise<ConfigFile | null>;
  /** A folder of a project besides those that clients have recorded; remembered while this process runs. */
  look(folder: string): void;
  /** What is to be watched: told now if it is known, and after each time the files were looked for. */
  followWatched(listener: (watched: Watched) => void): () => void;
  /** Files in which clients keep servers of this user, and what they are links to, as last found. */
  clientFiles(): Promise<readonly string[]>;
}

/** The most folders of projects that are remembered. */
const foldersMax = 64;

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
  if (entry.command === null || entry.cannot?.reason === 'bad-entry')
    return { wrapping: null, launch: null, cannot: inWords(entry.cannot ?? { reason: 'no-command' }) };
  const written: Launch = { command: entry.command, args: entry.args };
  const wrapping = readWrapping(written);
  const launch = wrapping?.launch ?? written;
  if (entry.cannot !== undefined) return { wrapping, launch, cannot: inWords(entry.cannot) };
  const reason = cannotByCommand(launch);
  if (reason !== null) return { wrapping, launch, cannot: inWords({ reason }) };
  if (hasPlaceholder(launch.command) && adapter.placeholders === 'command-only-or-unknown') {
    const sentence = `${adapter.title} replaces "${launch.command}" before it starts the server, and may not do so once it is an argument.`;
    const remedy = 'Write the path of the command out.';
    return { wrapping, launch, cannot: { reason: 'bad-entry', sentence, remedy } };
  }
  return { wrapping, launch, cannot: null };
}

function inWords({ reason, sentence, remedy }: Obstacle): Required<Obstacle> {
  return { reason, sentence: sentence ?? cannotSentences[reason], remedy: remedy ?? cannotRemedies[reason] };
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

function watchedOf({ files, watched }: Located): Watched {
  const named = files.flatMap(({ file, policyFiles }) => [file.file, ...policyFiles]);
  return { files: [...new Set([...named, ...watched.files])], folders: watched.folders };
}

interface FileText {
  snapshot: FileSnapshot;
  text: string;
}

type Reading = { config: ConfigFile } | { missing: LocatedFile } | { failed: LocatedFile; error: unknown };

/** What an entry says of itself depends on its client, its file with its scope, and what the file holds. */
function keyOf({ adapter, file }: LocatedFile): string {
  return JSON.stringify([adapter.id, file]);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, at) => text === other[at]);
}

export function createDiscovery(deps: DiscoveryDeps): Discovery {
  const { clients, files } = deps;
  const folders = new Set<string>();
  let found: readonly string[] | null = null;
  let last: Discovered | null = null;
  let toWatch: Watched | null = null;
  const followers = new Set<(watched: Watched) => void>();
  /** Files as last read, with the lists that decided over their entries: what says the same is not parsed again. */
  const parsed = new Map<string, { config: ConfigFile; policies: readonly string[] }>();

  async function readText(file: string): Promise<FileText | null> {
    const snapshot = await files.read(file);
    return snapshot === null ? null : { snapshot, text: decode(snapshot) };
  }

  async function read(located: LocatedFile, textOf = readText): Promise<ConfigFile | null> {
    const { adapter, file } = located;
    const found = await textOf(file.file);
    if (found === null) return null;
    const texts = await Promise.all(
      located.policyFiles.map((each) =>
        textOf(each).then(
          (policy) => policy?.text ?? null,
          () => null,
        ),
      ),
    );
    const policies = [...located.policyValues, ...texts.filter((each) => each !== null)];
    const key = keyOf(located);
    const known = parsed.get(key);
    const { snapshot, text } = found;
    if (known !== undefined && known.config.text === text && isSame(known.policies, policies))
      return { ...known.config, located, file, snapshot };
    await adapter.load(file);
    const config = { located, adapter, file, snapshot, text, entries: adapter.parse(text, file, policies) };
    parsed.set(key, { config, policies });
    return config;
  }

  async function locate(): Promise<Located> {
    // A server that is contained is looked for also where no client has recorded its project.
    const records = await deps.journal.list().catch(() => []);
    return clients.locate([...folders], records);
  }

  async function readAll(located: Located): Promise<Reading[]> {
    // A file of a project is one of several clients.
    const texts = new Map<string, Promise<FileText | null>>();
    const once = (file: string): Promise<FileText | null> => {
      const known = texts.get(file) ?? readText(file);
      texts.set(file, known);
      return known;
    };
    return Promise.all(
      located.files.map(async (each): Promise<Reading> => {
        try {
          const config = await read(each, once);
          return config === null ? { missing: each } : { config };
        } catch (error) {
          return { failed: each, error };
        }
      }),
    );
  }

  /** One entry that several clients read counts once, as the first one's. */
  function merge(configs: readonly ConfigFile[]): FoundServer[] {
    const byPlace = new Map<string, FoundServer & { sharedWith: string[] }>();
    for (const config of configs) {
      for (const entry of config.entries) {
        const place = JSON.stringify([config.snapshot.realFile, entry.path]);
        const first = byPlace.get(place);
        if (first === undefined)
          byPlace.set(place, {
            id: makeServerId(entry.client, entry.scope, entry.name),
            handle: `${entry.client}/${entry.name}`,
            entry,
            config,
            sharedWith: [],
            heldElsewhere: null,
            ...resolveEntry(entry, config.adapter),
          });
        else if (first.config.adapter !== config.adapter) {
          first.sharedWith.push(config.adapter.title);
          if (entry.cannot?.reason === 'command-list') {
            first.heldElsewhere ??= inWords(entry.cannot);
            first.cannot ??= first.heldElsewhere;
          }
        }
      }
    }
    return [...byPlace.values()];
  }

  async function discover(): Promise<Discovered> {
    const located = await locate();
    // Before the files are read: what changes from now on is told.
    toWatch = watchedOf(located);
    for (const follower of followers) follower(toWatch);
    const readings = await readAll(located);
    const wanted = new Set(located.files.map(keyOf));
    for (const key of parsed.keys()) if (!wanted.has(key)) parsed.delete(key);
    const problems: Problem[] = [];
    const failures: Discovered['failures'] = [];
    const lookedAt: Discovered['lookedAt'] = [];
    const configs: ConfigFile[] = [];
    const told = new Set<string>();
    for (const reading of readings) {
      const { adapter, file } =
        'config' in reading ? reading.config : 'failed' in reading ? reading.failed : reading.missing;
      const isFound = !('missing' in reading);
      // Of what is not there, only the places where most people would expect it.
      if (isFound || file.scope === userScope)
        lookedAt.push({ clientTitle: adapter.title, file: file.file, found: isFound });
      if ('config' in reading) configs.push(reading.config);
      if (!('failed' in reading)) continue;
      const { error } = reading;
      const problem = toProblem(adapter.title, error, file.file);
      failures.push({
        client: adapter.id,
        file: file.file,
        error: error instanceof Error ? error : new Error('unknown'),
      });
      const key = `${problem.file} ${problem.code}`;
      if (!told.has(key)) problems.push(problem);
      told.add(key);
    }
    for (const folder of located.unreadable) {
      const detail = 'it holds a name that is no text, so what lies there cannot be reached';
      problems.push(
        toProblem('Belljar', new BelljarError('config-unreadable', { file: folder, params: { detail } }), folder),
      );
    }
    const own = configs.filter(({ file }) => file.project === null && file.obstacle === undefined);
    const foundNow = [...new Set(own.flatMap(({ file, snapshot }) => [file.file, snapshot.realFile]))];
    // The same list stays the same object, by which others tell that nothing has to be worked out anew.
    if (found === null || !isSame(found, foundNow)) found = foundNow;
    const servers = merge(configs);
    const counts = new Map<string, number>();
    for (const { handle } of servers) counts.set(handle, (counts.get(handle) ?? 0) + 1);
    last = {
      servers: servers.map((server) =>
        (counts.get(server.handle) ?? 0) > 1 ? { ...server, handle: server.id } : server,
      ),
      problems,
      failures,
      lookedAt,
      unseen: located.unseen,
    };
    return last;
  }

  return {
    discover,
    recall(ids) {
      const known = new Set(last?.servers.map((server) => server.id));
      return ids.every((id) => known.has(id)) ? last : null;
    },
    read: (located) => read(located),
    look(folder) {
      if (folders.size >= foldersMax) folders.delete([...folders][0] ?? '');
      folders.add(folder);
    },
    followWatched(listener) {
      followers.add(listener);
      if (toWatch !== null) listener(toWatch);
      return () => void followers.delete(listener);
    },
    async clientFiles() {
      if (found === null) await discover();
      return found ?? [];
    },
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
