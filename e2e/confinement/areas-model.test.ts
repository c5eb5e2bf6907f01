/**
 * An area against a model: a contained process makes many made-up operations on a few names, and each must end as a file system of
 * plain objects with the engine's own patterns says. What the model cannot know (a folder moved whose inside a pattern means) may be
 * refused; then nothing changed. Seen from outside at the end: the same tree, and what was kept back from the beginning unread and unchanged.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { areaVerdict, type AreaRules } from '#domain/pattern.ts';
import { makeArena, removeArena } from './support/arena.ts';
import { startInArea } from './support/areas.ts';
import { compile } from './support/compile.ts';

const rules: AreaRules = {
  deny: ['**/.env', '**/secret*'],
  protect: ['**/.git/hooks', '**/kept'],
  except: [{ access: 'write', pattern: '**/secret.example' }],
};

interface File {
  kind: 'file';
  content: string;
}
interface Folder {
  kind: 'folder';
  entries: Map<string, Node>;
}
interface Link {
  kind: 'link';
  to: string;
}
type Node = File | Folder | Link;
interface Step {
  op: 'read' | 'write' | 'create' | 'mkdir' | 'rmdir' | 'unlink' | 'rename' | 'link' | 'symlink' | 'truncate' | 'chmod';
  path: string;
  other: string;
}
type Expected = 'ok' | 'fails' | 'either';

const folder = (entries: Record<string, Node>): Folder => ({
  kind: 'folder',
  entries: new Map(Object.entries(entries)),
});
const file = (content: string): File => ({ kind: 'file', content });
const kept = 'kept-back-content';
const start = (): Folder =>
  folder({
    a: folder({ b: file('b'), '.env': file(kept) }),
    '.git': folder({ hooks: folder({ a: file('hook') }), b: file('config') }),
    'secret.txt': file(kept),
    'secret.example': file('example'),
    kept: file('kept'),
    b: file('plain'),
  });

/** The model. Paths are names below the area's root; `links` bounds what is followed. */
class Model {
  readonly root = start();
  readonly rootPath: string;

  constructor(rootPath: string) {
    this.rootPath = rootPath;
  }

  verdict(names: readonly string[]): 'free' | 'protect' | 'deny' {
    return areaVerdict(rules, this.rootPath, [this.rootPath, ...names].join('/')).verdict;
  }

  /** The folder a path ends in and its last name, every link but the last followed; null where there is none. */
  parent(names: readonly string[], links = 0): { at: readonly string[]; folder: Folder; name: string } | null {
    let at: string[] = [];
    let node: Folder = this.root;
    for (const name of names.slice(0, -1)) {
      const next = node.entries.get(name);
      if (next?.kind === 'link') {
        const found = links < 8 ? this.find([...at, ...next.to.split('/')], true, links + 1) : null;
        if (found?.node.kind !== 'folder') return null;
        at = [...found.at];
        node = found.node;
      } else if (next?.kind === 'folder') {
        at.push(name);
        node = next;
      } else return null;
    }
    return { at, folder: node, name: names.at(-1) ?? '' };
  }

  /** What a path leads to, and its real place. */
  find(names: readonly string[], follow: boolean, links = 0): { at: readonly string[]; node: Node } | null {
    const parent = this.parent(names, links);
    const node = parent?.folder.entries.get(parent.name);
    if (parent === null || node === undefined) return null;
    if (node.kind !== 'link' || !follow) return { at: [...parent.at, parent.name], node };
    return links < 8 ? this.find([...parent.at, ...node.to.split('/')], true, links + 1) : null;
  }

  private free(at: readonly string[]): boolean {
    return this.verdict(at) === 'free';
  }

  /** What has to come of a step, and how the tree changes if it is done. */
  plan({ op, path, other }: Step): { expected: Expected; content?: string; apply: () => void } {
    const fails = { expected: 'fails' as const, apply: () => undefined };
    const names = path.split('/');
    const parent = this.parent(names);
    const entry = parent?.folder.entries.get(parent.name);
    const place = parent === null ? [] : [...parent.at, parent.name];
    const done = (apply: () => void, expected: Expected = 'ok') => ({ expected, apply });
    if (parent === null) return fails;
    switch (op) {
      case 'read':
      case 'write':
      case 'truncate':
      case 'chmod': {
        const found = this.find(names, true);
        if (found === null || (found.node.kind !== 'file' && op !== 'chmod')) return fails;
        const verdict = this.verdict(found.at);
        if (verdict === 'deny' || (verdict === 'protect' && op !== 'read')) return fails;
        const { node } = found;
        if (node.kind !== 'file' || op === 'chmod') return done(() => undefined);
        if (op === 'read') return { ...done(() => undefined), content: node.content };
        return done(() => (node.content = op === 'write' ? other : ''));
      }
      case 'create':
        return entry === undefined && this.free(place)
          ? done(() => parent.folder.entries.set(parent.name, file(other)))
          : fails;
      case 'mkdir':
        return entry === undefined && this.free(place)
          ? done(() => parent.folder.entries.set(parent.name, folder({})))
          : fails;
      case 'symlink': {
        if (entry !== undefined || !this.free(place)) return fails;
        // Where a pattern of several names leads through, no link may stand.
        return done(
          () => parent.folder.entries.set(parent.name, { kind: 'link', to: other }),
          parent.name === '.git' ? 'fails' : 'ok',
        );
      }
      case 'rmdir':
        return entry?.kind === 'folder' && entry.entries.size === 0 && this.free(place)
          ? done(() => parent.folder.entries.delete(parent.name))
          : fails;
      case 'unlink':
        return entry !== undefined && entry.kind !== 'folder' && this.free(place)
          ? done(() => parent.folder.entries.delete(parent.name))
          : fails;
      case 'link': {
        const to = this.parent(other.split('/'));
        if (entry === undefined || entry.kind === 'folder' || to === null || to.folder.entries.has(to.name))
          return fails;
        if (!this.free(place) || !this.free([...to.at, to.name])) return fails;
        if (entry.kind === 'link' && to.name === '.git') return fails;
        return done(() => to.folder.entries.set(to.name, entry));
      }
      case 'rename': {
        const to = this.parent(other.split('/'));
        if (entry === undefined || to === null) return fails;
        const goal = [...to.at, to.name];
        const there = to.folder.entries.get(to.name);
        if (!this.free(place) || !this.free(goal)) return fails;
        if (goal.join('/') !== place.join('/') && goal.join('/').startsWith(`${place.join('/')}/`)) return fails;
        if (place.join('/').startsWith(`${goal.join('/')}/`)) return fails;
        if (there !== undefined && there !== entry) {
          if (entry.kind === 'folder' && (there.kind !== 'folder' || there.entries.size > 0)) return fails;
          if (entry.kind !== 'folder' && there.kind === 'folder') return fails;
        }
        if (entry.kind === 'link' && to.name === '.git') return fails;
        const apply = (): void => {
          if (there === entry) return;
          parent.folder.entries.delete(parent.name);
          to.folder.entries.set(to.name, entry);
        };
        if (entry.kind !== 'folder') return done(apply);
        // Moved with everything below it: no pattern may come to mean another thing there.
        const changes = [...below(entry)].some(
          (inner) => this.verdict([...place, ...inner]) !== this.verdict([...goal, ...inner]),
        );
        const concerns = parent.name === '.git' || to.name === '.git';
        return done(apply, changes ? 'fails' : concerns ? 'either' : 'ok');
      }
    }
  }
}

function* below(node: Folder): Iterable<string[]> {
  for (const [name, inner] of node.entries) {
    yield [name];
    if (inner.kind === 'folder') for (const rest of below(inner)) yield [name, ...rest];
  }
}

function treeOf(node: Node): unknown {
  if (node.kind === 'file') return node.content;
  return node.kind === 'link'
    ? { to: node.to }
    : Object.fromEntries(
        [...node.entries].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, treeOf(inner)]),
      );
}

function makeOnDisk(node: Node, path: string): void {
  if (node.kind === 'file') writeFileSync(path, node.content);
  else if (node.kind === 'folder') {
    mkdirSync(path, { recursive: true });
    for (const [name, inner] of node.entries) makeOnDisk(inner, join(path, name));
  }
}

function seenOnDisk(path: string): unknown {
  const status = lstatSync(path);
  if (status.isSymbolicLink()) return { to: readlinkSync(path) };
  if (!status.isDirectory()) return readFileSync(path, 'utf8');
  return Object.fromEntries(
    readdirSync(path)
      .sort()
      .map((name) => [name, seenOnDisk(join(path, name))]),
  );
}

const name = fc.constantFrom('a', 'b', 'c', '.env', '.git', 'hooks', 'secret.txt', 'secret.example', 'kept');
// Half of the time what is there at the beginning, so that much of it succeeds.
const path = fc.oneof(
  fc.constantFrom(
    'a',
    'a/b',
    'b',
    'kept',
    'a/.env',
    '.git',
    '.git/hooks',
    '.git/hooks/a',
    '.git/b',
    'secret.txt',
    'secret.example',
    'c',
  ),
  fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/')),
);
const operation = fc.constantFrom<Step['op']>(
  'read',
  'read',
  'write',
  'create',
  'mkdir',
  'rmdir',
  'unlink',
  'rename',
  'rename',
  'link',
  'symlink',
  'truncate',
  'chmod',
);
const step = fc.record({ op: operation, path, other: path });
const rounds = process.env['BELLJAR_TEST_LONG'] === '1' ? 200 : 6;

test(
  'a contained process finds the area as a model of it says, step by step',
  async () => {
    const program = compile('file-steps');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 200, maxLength: 400 }), async (steps) => {
        const arena = makeArena();
        try {
          const root = join(arena.grant, 'root');
          const model = new Model(root);
          makeOnDisk(model.root, root);
          const input = steps.map(({ op, path: at, other }) => `${op}\t${at}\t${other}\n`).join('');
          const areas = [{ access: 'write' as const, place: root }];
          const result = await startInArea(arena, program, [], { ...rules, areas }, { input, cwd: root });
          expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' });
          const answers = result.stdout.split('\n').slice(0, -1);
          expect(answers).toHaveLength(steps.length);
          for (const [index, one] of steps.entries()) {
            const answer = answers[index] ?? '';
            const { expected, content, apply } = model.plan(one);
            const isDone = answer.startsWith('ok');
            const told = `${index.toString()}: ${one.op} ${one.path} ${one.other}: ${answer}`;
            if (expected !== 'either') expect(isDone, told).toBe(expected === 'ok');
            if (content !== undefined && isDone) expect(answer, told).toBe(`ok ${content}`);
            if (isDone) apply();
          }
          expect(result.stdout).not.toContain(kept);
          expect(seenOnDisk(root)).toEqual(treeOf(model.root));
          expect(seenOnDisk(dirname(root))).toMatchObject({ 'inside.txt': expect.any(String) as string });
        } finally {
          removeArena(arena);
        }
      }),
      { numRuns: rounds },
    );
  },
  rounds * 30_000,
);
