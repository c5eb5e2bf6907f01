/** Finds the files of all clients on this machine, from their data. Reads names and records of projects; executes nothing. */
import { join, relative, sep } from 'node:path';
import type { ClientAdapter, Clients, Located, LocatedFile, Places, Unseen } from '#engine/ports.ts';
import type { Obstacle } from '#domain/entry.ts';
import { createClient, type Client, type FileScope, type FileSource } from './client.ts';
import { findProjects, projectFoldersAbove } from './projects.ts';
import { createLook, expand, match, type Ground, type Look, type Template } from './places.ts';

/** A program whose servers stand in no file that could be edited, and what tells that it is here. */
export interface UnseenClient {
  title: string;
  sign: Template;
  sentence: string;
  remedy: string;
}

const otherSystem: Obstacle = {
  reason: 'other-system',
  sentence: 'It belongs to a Linux inside this Windows (WSL), where it is started.',
  remedy: 'Run Belljar inside that Linux.',
};

interface Found {
  path: string;
  source: number;
  scope: FileScope;
  project: string | null;
  obstacle?: Obstacle;
}

function templatesOf(source: FileSource): readonly Template[] {
  return typeof source.at === 'object' && Symbol.iterator in source.at ? source.at : [source.at];
}

async function isThere(path: string, look: Look): Promise<boolean> {
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  return (await look.names(path.slice(0, end))).includes(path.slice(end + 1));
}

async function findFixed(source: FileSource, index: number, ground: Ground, look: Look): Promise<Found[]> {
  const paths = templatesOf(source).flatMap((template) => expand(template, ground) ?? []);
  const found = (path: string): Found => ({ path, source: index, scope: source.scope, project: null });
  const [only, ...others] = paths;
  if (only === undefined) return [];
  if (others.length === 0) return (await match(only, look)).map(found);
  for (const path of paths) if (await isThere(path, look)) return [found(path)];
  return [found(paths.at(-1) ?? only)];
}

/** The files of a project that are there: only folders that exist are looked into, however many clients ask. */
async function findInProject(source: FileSource, index: number, folder: string, look: Look): Promise<Found[]> {
  const found: Found[] = [];
  const names = await look.names(folder);
  for (const template of templatesOf(source)) {
    if (typeof template !== 'string') continue;
    const [first = '', ...rest] = template.split('/');
    if (!first.includes('*') && !names.includes(first)) continue;
    for (const path of await match(join(folder, template), look)) {
      if (rest.length > 0 && !(await isThere(path, look))) continue;
      found.push({ path, source: index, scope: 'project', project: folder });
    }
  }
  return found;
}

/** The project that a file is known to belong to, by the place that one of the client's sources has in a project. */
function projectOf(client: Client, file: string): string[] {
  return client.sources.flatMap((source) =>
    source.scope !== 'project'
      ? []
      : templatesOf(source).flatMap((template) => {
          if (typeof template !== 'string') return [];
          const tail = `${sep}${template.split('/').join(sep)}`;
          return file.endsWith(tail) ? [file.slice(0, -tail.length)] : [];
        }),
  );
}

export function createClients(places: Places, all: readonly Client[], unseen: readonly UnseenClient[]): Clients {
  const clients = all.filter(({ systems }) => systems === undefined || systems.includes(places.system));
  const adapters = new Map<Client, ClientAdapter>(
    clients.map((client) => [client, createClient(client, places.system)]),
  );
  const own: Ground = { system: places.system, home: places.home, places };

  function label(path: string): string {
    const inHome = relative(places.home, path);
    return inHome.startsWith('..') || inHome === path ? path : `~/${inHome.split(sep).join('/')}`;
  }

  function located(client: Client, { path, source, scope, project, obstacle }: Found, isFirst: boolean): LocatedFile[] {
    const adapter = adapters.get(client);
    if (adapter === undefined) return [];
    const policies = client.policies ?? [];
    const name = isFirst ? 'user' : scope === 'project' ? `project:${path}` : `${scope}:${label(path)}`;
    return [
      {
        adapter,
        file: { file: path, scope: name, source, project, ...(obstacle === undefined ? {} : { obstacle }) },
        policyFiles: policies.flatMap((policy) => policy.files.flatMap((file) => expand(file, own) ?? [])),
        policyValues: policies.flatMap(({ variables = [] }) =>
          variables.flatMap((variable) => places.environment[variable] ?? []),
        ),
      },
    ];
  }

  async function ofClient(
    client: Client,
    projects: readonly string[],
    workspaces: readonly string[],
    look: Look,
  ): Promise<LocatedFile[]> {
    const fixed = await Promise.all(
      client.sources.map((source, index) =>
        source.scope === 'project' ? Promise.resolve([]) : findFixed(source, index, own, look),
      ),
    );
    const inProjects = await Promise.all(
      projects.flatMap((folder) =>
        client.sources.map((source, index) =>
          source.scope === 'project' ? findInProject(source, index, folder, look) : Promise.resolve([]),
        ),
      ),
    );
    const ofWorkspaces = client.sources.flatMap((source, index) =>
      source.scope === 'project' && source.at === '*.code-workspace'
        ? workspaces.map((path): Found => ({ path, source: index, scope: 'project', project: join(path, '..') }))
        : [],
    );
    const seen = new Set<string>();
    const firstUser = client.sources.findIndex((source) => source.scope === 'user');
    let hasFirst = false;
    return [...fixed.flat(), ...inProjects.flat(), ...ofWorkspaces].flatMap((found) => {
      const key = `${found.source.toString()} ${found.path}`;
      if (seen.has(key)) return [];
      seen.add(key);
      const isFirst = !hasFirst && found.source === firstUser;
      hasFirst ||= isFirst;
      return located(client, found, isFirst);
    });
  }

  /** Homes of WSL as Windows sees them; on other systems there are none. */
  async function otherHomes(look: Look): Promise<LocatedFile[]> {
    if (places.system !== 'windows') return [];
    const root = places.systemRoot === '' ? '\\\\wsl.localhost' : join(places.systemRoot, 'wsl.localhost');
    const homes = await match(join(root, '*', 'home', '*'), look);
    const found = await Promise.all(
      homes.flatMap((home) =>
        clients.flatMap((client) =>
          client.sources.map(async (source, index) => {
            if (source.scope === 'project' || source.scope === 'managed') return [];
            const ground: Ground = { system: 'linux', home, places };
            const files = await findFixed(source, index, ground, look);
            const there = await Promise.all(
              files.map(async (file) => ((await isThere(file.path, look)) ? [file] : [])),
            );
            return there.flat().flatMap((file) => located(client, { ...file, obstacle: otherSystem }, false));
          }),
        ),
      ),
    );
    return found.flat();
  }

  async function findUnseen(look: Look): Promise<Unseen[]> {
    const found = await Promise.all(
      unseen.map(async ({ sign, ...words }) => {
        const path = expand(sign, own);
        if (path === null) return [];
        const paths = path.includes('*') ? await match(path, look) : (await isThere(path, look)) ? [path] : [];
        return paths.slice(0, 1).map((each) => ({ ...words, sign: each }));
      }),
    );
    return found.flat();
  }

  return {
    adapters: [...adapters.values()],
    async locate(folders, servers): Promise<Located> {
      const look = createLook();
      const recorded = await findProjects(own, look);
      const besides = await Promise.all(folders.map((folder) => projectFoldersAbove(folder, places.home, look)));
      const known = servers.flatMap(({ client: id, scope, file }) => {
        const client = clients.find((each) => each.id === id);
        return client === undefined || !scope.startsWith('project:') ? [] : projectOf(client, file);
      });
      const projects = [...new Set([...recorded.folders, ...besides.flat(), ...known])];
      const found = await Promise.all(clients.map((client) => ofClient(client, projects, recorded.workspaces, look)));
      const others = await otherHomes(look);
      return {
        files: [...found.flat(), ...others],
        watched: { files: recorded.records, folders: [...look.folders] },
        unseen: await findUnseen(look),
        unreadable: [...look.unreadable],
      };
    },
  };
}
