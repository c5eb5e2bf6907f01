/**
 * The renderer's files. Paths come from strangers: each is decoded once, may hold no empty, hidden or climbing part,
 * and what it names must, links resolved, lie inside the folder and be a regular file of a known type.
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

const fileMaxBytes = 16 * 1024 * 1024;

export interface StaticFile {
  type: string;
  body: Uint8Array<ArrayBuffer>;
}

function partsOf(pathname: string): string[] | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  const path = decoded === '/' ? '/index.html' : decoded;
  if (!path.startsWith('/') || path.includes('\0') || path.includes('\\')) return null;
  const parts = path.slice(1).split('/');
  return parts.some((part) => part === '' || part.startsWith('.')) ? null : parts;
}

export async function readStaticFile(folder: string, pathname: string): Promise<StaticFile | null> {
  const parts = partsOf(pathname);
  const type = parts === null ? undefined : types[extname(parts.at(-1) ?? '')];
  if (parts === null || type === undefined) return null;
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, ...parts));
    if (!path.startsWith(root + sep)) return null;
    const facts = await stat(path);
    if (!facts.isFile() || facts.size > fileMaxBytes) return null;
    return { type, body: new Uint8Array(await readFile(path)) };
  } catch {
    return null;
  }
}
