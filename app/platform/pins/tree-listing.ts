/**
 * The listing of a sealed tree, twin of native-helpers/launcher/linux/sealed-tree.cpp: every file, folder and link in it, in
 * the byte order of the names, with what changes when its content does. Its SHA-256 is what a plan's `tree` holds and what
 * the launcher computes at each start. `contentDigest` reads the files themselves instead of trusting their times: when a
 * tree is sealed, and whenever the doctor looks.
 *
 * Trust: the tree lies in Belljar's own folder, which anything that runs as the user may have changed. Bounded in entries and
 * depth; what is neither a file, a folder nor a link is an error.
 */
import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type BigIntStats,
} from 'node:fs';
import { BelljarError } from '#contract/errors.ts';

const entriesMax = 200_000;
const depthMax = 64;
const chunkBytes = 1 << 20;

interface Entry {
  kind: 'd' | 'f' | 'l';
  facts: BigIntStats;
  /** From the tree's top, `.` for itself. */
  path: Buffer;
  /** On the disk. */
  file: Buffer;
}

const slash = Buffer.from('/');
const nothing = Buffer.from('\0');

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, slash, name]);
}

function invalid(path: Buffer, detail: string): BelljarError {
  return new BelljarError('pin-invalid', { params: { detail: `${path.toString()}: ${detail}` } });
}

function walk(folder: string, visit: (entry: Entry) => void): void {
  let entries = 0;
  function below(file: Buffer, path: Buffer | null, depth: number): void {
    if (depth > depthMax) throw invalid(path ?? Buffer.from('.'), 'too deep');
    const names = readdirSync(file, { encoding: 'buffer' }).toSorted((one, other) => Buffer.compare(one, other));
    entries += names.length;
    if (entries > entriesMax) throw invalid(path ?? Buffer.from('.'), 'too many files');
    for (const name of names) {
      const inner = { file: join(file, name), path: path === null ? name : join(path, name) };
      const facts = lstatSync(inner.file, { bigint: true });
      if (facts.isFile()) visit({ kind: 'f', facts, ...inner });
      else if (facts.isSymbolicLink()) visit({ kind: 'l', facts, ...inner });
      else if (facts.isDirectory()) {
        visit({ kind: 'd', facts, ...inner });
        below(inner.file, inner.path, depth + 1);
      } else throw invalid(inner.path, 'neither a file, a folder nor a link');
    }
  }
  const top = Buffer.from(folder);
  const facts = lstatSync(top, { bigint: true });
  if (!facts.isDirectory()) throw invalid(Buffer.from('.'), 'not a folder');
  visit({ kind: 'd', facts, path: Buffer.from('.'), file: top });
  below(top, null, 0);
}

function modeText(facts: BigIntStats): string {
  return (facts.mode & 0o7777n).toString(8).padStart(4, '0');
}

function addLink(sum: Hash, entry: Entry): void {
  sum.update(readlinkSync(entry.file, { encoding: 'buffer' }));
  sum.update(nothing);
}

/** Throws `pin-invalid` for what cannot be sealed, and the system's own error for what cannot be read. */
export function treeDigest(folder: string): string {
  const sum = createHash('sha256');
  walk(folder, (entry) => {
    const { kind, facts } = entry;
    const size = kind === 'd' ? 0n : facts.size;
    sum.update(
      `${kind} ${modeText(facts)} ${size.toString()} ${facts.mtimeNs.toString()} ${facts.ctimeNs.toString()} `,
    );
    sum.update(entry.path);
    sum.update(nothing);
    if (kind === 'l') addLink(sum, entry);
  });
  return sum.digest('hex');
}

/** The same over what the files hold, whenever they were written. */
export function contentDigest(folder: string): string {
  const sum = createHash('sha256');
  const chunk = Buffer.allocUnsafe(chunkBytes);
  walk(folder, (entry) => {
    sum.update(`${entry.kind} ${modeText(entry.facts)} `);
    sum.update(entry.path);
    sum.update(nothing);
    if (entry.kind === 'l') addLink(sum, entry);
    if (entry.kind !== 'f') return;
    const content = createHash('sha256');
    const descriptor = openSync(entry.file, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      for (;;) {
        const read = readSync(descriptor, chunk, 0, chunk.length, null);
        if (read === 0) break;
        content.update(chunk.subarray(0, read));
      }
    } finally {
      closeSync(descriptor);
    }
    sum.update(content.digest());
  });
  return sum.digest('hex');
}

/** When anything in the tree last changed, in nanoseconds since 1970: a change within the same tick could not be told. */
export function newestChange(folder: string): bigint {
  let newest = 0n;
  walk(folder, ({ facts }) => {
    if (facts.ctimeNs > newest) newest = facts.ctimeNs;
  });
  return newest;
}
