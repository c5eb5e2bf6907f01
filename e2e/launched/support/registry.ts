/**
 * A package registry on this machine, small and whole: what npm asks for, from packages that are made here. Their names
 * (`@pinned-here/…`) are nobody's, should another registry ever be asked by mistake.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PackageParts {
  name: string;
  version: string;
  publisher?: string;
  dependencies?: Record<string, string>;
  bin?: string;
  scripts?: Record<string, string>;
  files?: Record<string, string>;
  /** Where the registry says the archive is, instead of with itself. */
  archiveAt?: string;
}

export interface Registry {
  address: string;
  port: number;
  /** Paths that were asked for. */
  asked: string[];
  publish(parts: PackageParts): void;
  /** Serves other bytes for a package than its hash says. */
  replaceArchive(name: string, version: string): void;
  close(): Promise<void>;
}

export async function openRegistry(): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), 'belljar-registry-'));
  const archives = new Map<string, Buffer>();
  const manifests = new Map<string, Record<string, Record<string, unknown>>>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    asked.push(path);
    const archive = archives.get(path);
    const versions = manifests.get(path);
    if (archive !== undefined) response.end(archive);
    else if (versions === undefined) response.writeHead(404).end('{}');
    else {
      const latest = Object.keys(versions).at(-1);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ _id: path, name: path, 'dist-tags': { latest }, versions }));
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const address = `http://127.0.0.1:${port.toString()}/`;
  const archivePath = (name: string, version: string): string => `${name}/-/${version}.tgz`;
  return {
    address,
    port,
    asked,
    publish({ name, version, publisher, dependencies = {}, bin, scripts = {}, files = {}, archiveAt }) {
      const base = mkdtempSync(join(folder, 'package-'));
      mkdirSync(join(base, 'package'));
      const manifest = {
        name,
        version,
        dependencies,
        scripts,
        ...(bin === undefined ? {} : { bin: { [name.slice(name.indexOf('/') + 1)]: bin } }),
      };
      for (const [file, text] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files }))
        writeFileSync(join(base, 'package', file), text, { mode: 0o755 });
      const packed = spawnSync('tar', ['-czf', join(base, 'archive.tgz'), '-C', base, 'package']);
      if (packed.status !== 0) throw new Error(`tar: ${packed.stderr.toString()}`);
      const bytes = readFileSync(join(base, 'archive.tgz'));
      archives.set(archivePath(name, version), bytes);
      manifests.set(name, {
        ...manifests.get(name),
        [version]: {
          ...manifest,
          ...(scripts['postinstall'] === undefined ? {} : { hasInstallScript: true }),
          ...(publisher === undefined ? {} : { _npmUser: { name: publisher, email: `${publisher}@example.org` } }),
          dist: {
            tarball: archiveAt ?? `${address}${archivePath(name, version)}`,
            integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
          },
        },
      });
    },
    replaceArchive(name, version) {
      archives.set(archivePath(name, version), Buffer.from('not what was published'));
    },
    close: () =>
      new Promise((resolve) => {
        rmSync(folder, { recursive: true, force: true });
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A server that answers what a client asks first, and says what is asked of it by `tools/call`. */
export const serverProgram = (marks: string): string => `#!/usr/bin/env node
const part = require('@pinned-here/part');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (id === undefined) return;
  const result = method === 'initialize'
    ? { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: ${JSON.stringify(marks)}, version: part } }
    : method === 'tools/list'
      ? { tools: [{ name: 'facts', inputSchema: { type: 'object' } }] }
      : { content: [{ type: 'text', text: JSON.stringify({ args: process.argv.slice(2), file: __filename }) }] };
  console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
});
`;
