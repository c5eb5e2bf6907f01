/**
 * Folders of projects, from what clients themselves have recorded: no disk is ever searched. Which records are read is data.
 *
 * Limits: a bounded number of records and projects, newest records are not known to be first, so the bound is generous.
 * Trust: records are the client's; a path in one that is not absolute, or leads nowhere, costs nothing.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'jsonc-parser';
import { isMissing } from '../files/missing.ts';
import { toml } from './formats/toml.ts';
import { propertyOf } from './formats/document.ts';
import { expand, match, type Ground, type Look, type Template } from './places.ts';

const recordMaxBytes = 10 * 1024 * 1024;
const projectsMax = 1000;
const ancestorsMax = 32;

interface ProjectRecord {
  at: Template;
  read(text: string, file: string): readonly string[] | Promise<readonly string[]>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fromUri(value: unknown): string[] {
  if (typeof value !== 'string' || !value.startsWith('file://')) return [];
  try {
    return [fileURLToPath(value)];
  } catch {
    return [];
  }
}

/** A window of the VS Code family: one folder, or a workspace file that lists folders. */
function ofWorkspace(text: string): string[] {
  const record: unknown = parse(text);
  if (!isRecord(record)) return [];
  return [...fromUri(record['folder']), ...fromUri(record['workspace'])];
}

const codeFamily = [
  'Code',
  'Code - Insiders',
  'VSCodium',
  'Cursor',
  'Windsurf',
  'Devin',
  'Kiro',
  'Antigravity',
  'Trae',
];

const records: readonly ProjectRecord[] = [
  ...['{CLAUDE_CONFIG_DIR|~}/.claude.json', '~/.claude.json', '~/.claude/.config.json'].map((at) => ({
    at,
    read(text: string): string[] {
      const record: unknown = JSON.parse(text);
      const projects = isRecord(record) ? record['projects'] : undefined;
      return isRecord(projects) ? Object.keys(projects) : [];
    },
  })),
  {
    at: '{CODEX_HOME|~/.codex}/config.toml',
    async read(text, file) {
      await toml.load();
      return propertyOf(toml.parse(text, file), 'projects')?.value.properties.map((project) => project.name) ?? [];
    },
  },
  ...codeFamily.map((app) => ({ at: `{app}/${app}/User/workspaceStorage/*/workspace.json`, read: ofWorkspace })),
  {
    at: '~/.gemini/config/projects/*.json',
    read(text) {
      const record: unknown = JSON.parse(text);
      const resources = isRecord(record) ? record['projectResources'] : undefined;
      const list = isRecord(resources) ? resources['resources'] : undefined;
      return Array.isArray(list)
        ? list.flatMap((item: unknown) => (isRecord(item) ? fromUri(item['folderUri']) : []))
        : [];
    },
  },
];

async function textOf(file: string): Promise<string | null> {
  if (isMissing(file)) return null;
  try {
    const facts = await stat(file);
    return facts.isFile() && facts.size <= recordMaxBytes ? await readFile(file, 'utf8') : null;
  } catch {
    return null;
  }
}

/** The folders that a workspace file lists. */
async function foldersOfWorkspace(file: string): Promise<string[]> {
  const workspace: unknown = parse((await textOf(file)) ?? '');
  const folders = isRecord(workspace) ? workspace['folders'] : undefined;
  if (!Array.isArray(folders)) return [];
  return folders.flatMap((folder: unknown) => {
    const path = isRecord(folder) ? folder['path'] : undefined;
    return typeof path === 'string' ? [isAbsolute(path) ? path : join(dirname(file), path)] : [];
  });
}

export interface Projects {
  folders: readonly string[];
  /** Workspace files, which may hold settings of their own. */
  workspaces: readonly string[];
  /** The records that were read. */
  records: readonly string[];
}

export async function findProjects(ground: Ground, look: Look): Promise<Projects> {
  const folders = new Set<string>();
  const workspaces = new Set<string>();
  const read: string[] = [];
  // Two templates may mean one place, and such a file can have grown to megabytes.
  const byPath = new Map<string, ProjectRecord>();
  for (const record of records) {
    const path = expand(record.at, ground);
    if (path !== null) byPath.set(path, record);
  }
  await Promise.all(
    [...byPath].map(async ([path, record]) => {
      const files = await match(path, look);
      if (!path.includes('*')) read.push(path);
      await Promise.all(
        files.map(async (file) => {
          const text = await textOf(file);
          if (text === null) return;
          let found: readonly string[];
          try {
            found = await record.read(text, file);
          } catch {
            // The client's own file is listed with what is wrong with it.
            return;
          }
          for (const each of found) {
            if (!isAbsolute(each)) continue;
            if (!each.endsWith('.code-workspace')) folders.add(each);
            else {
              workspaces.add(each);
              for (const folder of await foldersOfWorkspace(each)) folders.add(folder);
            }
          }
        }),
      );
    }),
  );
  return {
    folders: [...folders].toSorted().slice(0, projectsMax),
    workspaces: [...workspaces].toSorted().slice(0, projectsMax),
    records: read,
  };
}

/** A folder and those above it, up to the top of its repository; never a home or what is above it. */
export async function projectFoldersAbove(folder: string, home: string, look: Look): Promise<string[]> {
  const found: string[] = [];
  for (let at = folder; found.length < ancestorsMax; at = dirname(at)) {
    if (at === home || at === dirname(at) || home.startsWith(`${at}/`)) break;
    found.push(at);
    if ((await look.names(at)).includes('.git')) break;
  }
  return found;
}
