/**
 * What was installed for pinned servers: `<data>/pins/<server id>/pin.json`, and beside it one folder a tree. All of it is
 * the user's alone, lies in a folder that no rule can open, and is opened to its own server by the plan that names it.
 *
 * Records of what was pinned before, from which the same can be installed again when a decision is undone, are in
 * `<data>/former-pins/<server id>/<SHA-256 of the lock>.json`: the newest few of each server, without their trees.
 */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BelljarError } from '#contract/errors.ts';
import { pinFormatVersion, pinRecordSchema, type PinRecord } from '#contract/pin.ts';
import { serverIdPattern } from '#contract/words.ts';
import { isSamePinned, pinnedOf } from '#domain/pin-changes.ts';
import { sha256Hex } from '#domain/sha256.ts';
import type { PinStore } from '#engine/pins/ports.ts';
import { makeOwnFolder, parseDocument, readOwnFile, removeOwnFile, writeOwnFile } from '../files/own-files.ts';
import { contentDigest, newestChange, treeDigest } from './tree-listing.ts';

const recordName = 'pin.json';
const formerKept = 8;
/** No installation takes this long. */
const strayAfterMs = 3_600_000;
/** Longer than any kernel's tick: what changes after it has another time. */
const tickNs = 50_000_000n;

export function createPinStore(dataFolder: string): PinStore {
  const root = join(dataFolder, 'pins');
  const folderOf = (server: string): string => join(root, server);
  const fileOf = (server: string): string => join(folderOf(server), recordName);
  const formerFolderOf = (server: string): string => join(dataFolder, 'former-pins', server);

  async function namesIn(folder: string): Promise<string[]> {
    return readdir(folder).catch(() => []);
  }

  async function get(server: string): ReturnType<PinStore['get']> {
    const file = fileOf(server);
    const text = await readOwnFile(file);
    return text === null ? null : parse(server, file, text);
  }

  function parse(server: string, file: string, text: string): PinRecord {
    const record = parseDocument(pinRecordSchema, text, file, pinFormatVersion, 'pin-invalid');
    // A tree elsewhere would open that place to the server.
    if (record.server !== server || dirname(record.tree) !== folderOf(server))
      throw new BelljarError('pin-invalid', { file, params: { detail: "its record is another server's" } });
    return record;
  }

  /** Newest first. */
  async function formerFiles(server: string): Promise<string[]> {
    const folder = formerFolderOf(server);
    const found = await Promise.all(
      (await namesIn(folder))
        .filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
        .map(async (name) => ({ file: join(folder, name), at: (await lstat(join(folder, name))).mtimeMs })),
    );
    return found.toSorted((a, b) => b.at - a.at).map(({ file }) => file);
  }

  /** A record that cannot be read is not worth keeping. */
  async function keepFormer(server: string, next: PinRecord | null): Promise<void> {
    const before = await get(server).catch(() => null);
    if (before === null || before.lock === next?.lock) return;
    await writeOwnFile(join(formerFolderOf(server), `${sha256Hex(before.lock)}.json`), `${JSON.stringify(before)}\n`);
    for (const file of (await formerFiles(server)).slice(formerKept)) await removeOwnFile(file);
  }

  async function removeTree(tree: string): Promise<void> {
    await rm(tree, { recursive: true, force: true, maxRetries: 3 });
  }

  return {
    get,
    async put(record) {
      const text = `${JSON.stringify(pinRecordSchema.parse(record))}\n`;
      await keepFormer(record.server, record);
      await writeOwnFile(fileOf(record.server), text);
    },
    async remove(server) {
      await keepFormer(server, null);
      await removeOwnFile(fileOf(server));
    },
    async former(server, pinned) {
      for (const file of await formerFiles(server)) {
        const text = await readOwnFile(file);
        const record = text === null ? null : parse(server, file, text);
        if (record !== null && isSamePinned(pinnedOf(record), pinned)) return record;
      }
      return null;
    },
    list: async () => (await namesIn(root)).filter((name) => serverIdPattern.test(name)),
    async makeTree(server, version) {
      await makeOwnFolder(folderOf(server));
      const name = version.replace(/[^A-Za-z0-9._+-]/g, '-').slice(0, 64);
      const tree = join(folderOf(server), `${name}-${randomBytes(4).toString('hex')}`);
      await mkdir(tree, { mode: 0o700 });
      return tree;
    },
    async removeTree(tree) {
      await removeTree(tree);
      // The last one takes the server's folder along.
      await rmdir(dirname(tree)).catch(() => undefined);
    },
    folder: folderOf,
    async strays() {
      const names = (await namesIn(root)).filter((name) => name.startsWith('.work-'));
      const old = await Promise.all(
        names.map(async (name) => {
          const facts = await lstat(join(root, name)).catch(() => null);
          return facts !== null && Date.now() - facts.mtimeMs > strayAfterMs ? [join(root, name)] : [];
        }),
      );
      return old.flat();
    },
    async unused(server) {
      const used = await get(server).catch(() => null);
      // A record that cannot be read may still name one of them.
      if (used === null && (await readOwnFile(fileOf(server)).catch(() => '')) !== null) return [];
      return (await namesIn(folderOf(server)))
        .filter(
          (name) => name !== recordName && !name.startsWith(`.${recordName}.`) && name !== basename(used?.tree ?? ''),
        )
        .map((name) => join(folderOf(server), name));
    },
    async seal(tree) {
      // A clock that was set back would make this wait for ever; what it waits for is a tick.
      for (let waits = 0; waits < 3; waits += 1) {
        if (BigInt(Date.now()) * 1_000_000n - newestChange(tree) > tickNs) break;
        await sleep(Number(tickNs / 1_000_000n));
      }
      const digest = treeDigest(tree);
      const content = contentDigest(tree);
      if (treeDigest(tree) !== digest)
        throw new BelljarError('pin-invalid', { params: { detail: 'it changed while it was sealed' } });
      return { digest, content };
    },
    isSound: (record) =>
      Promise.resolve().then(() => {
        try {
          return treeDigest(record.tree) === record.digest;
        } catch {
          return false;
        }
      }),
    async examine(record) {
      const facts = await lstat(record.tree).catch(() => null);
      if (facts?.isDirectory() !== true) return { state: 'tampered', digest: null };
      try {
        const digest = treeDigest(record.tree);
        if (contentDigest(record.tree) !== record.content) return { state: 'tampered', digest };
        return { state: digest === record.digest ? 'sound' : 'touched', digest };
      } catch {
        return { state: 'tampered', digest: null };
      }
    },
  };
}
