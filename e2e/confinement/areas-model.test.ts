/**
 * An area against a model: a contained process makes many made-up operations on a few names, and each must end as a file system of
 * plain objects with the engine's own patterns says, and with what the run itself made under a name that is kept where it was
 * there before. Seen from outside at the end: the same tree, and what was kept back from the beginning unread and unchanged.
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
/** Kept only where the run did not make what has the first name. */
const protectOld = ['**/.old/hooks'];
const oldName = '.old';
/** Names that a pattern of several names leads through. */
const leadsOn = (name: string): boolean => name === '.git' || name === oldName;
/** So many things of the run's own are known again. */
const madeMax = 64;

interface File {
  kind: 'file';
  content: string;
  /** Made by the run under the name that is kept. */
  made: boolean;
}
interface Folder {
  kind: 'folder';
  entries: Map<string, Node>;
  made: boolean;
}
interface Link {
  kind: 'link';
  to: string;
}
type Node = File | Folder | Link;
const operations = [
  ...([
    'read',
    'read',
    'write',
    'create',
    'mkdir',
    'mknod',
    'rmdir',
    'unlink',
    'rename',
    'rename',
    'exchange',
  ] as const),
  ...(['link', 'symlink', 'tmpfile', 'tmpfile', 'truncate', 'chmod', 'chown', 'utimes', 'setxattr'] as const),
];
interface Step {
  op: (typeof operations)[number];
  path: string;
  other: string;
}
type Expected = 'ok' | 'fails';

const folder = (entries: Record<string, Node>): Folder => ({
  kind: 'folder',
  entries: new Map(Object.entries(entries)),
  made: false,
});
const file = (content: string): File => ({ kind: 'file', content, made: false });
const isMade = (node: Node | undefined): boolean => node !== undefined && node.kind !== 'link' && node.made;
const kept = 'kept-back-content';
const start = (): Folder =>
  folder({
    a: folder({ b: file('b'), '.env': file(kept), '.old': file('leads elsewhere') }),
    '.old': folder({ hooks: folder({ a: file('old hook') }), b: file('old config') }),
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

  /** `nodes`: what stands at each name of the path, as far as there is something. */
  verdict(names: readonly string[], nodes = this.nodesOn(names)): 'free' | 'protect' | 'deny' {
    const { verdict } = areaVerdict(rules, this.rootPath, [this.rootPath, ...names].join('/'));
    const isOld = (name: string, index: number): boolean =>
      name === oldName && names[index + 1] === 'hooks' && !isMade(nodes[index]);
    return verdict === 'free' && names.some(isOld) ? 'protect' : verdict;
  }

  private nodesOn(names: readonly string[], from: Node = this.root): (Node | undefined)[] {
    let node: Node | undefined = from;
    return names.map((name) => (node = node?.kind === 'folder' ? node.entries.get(name) : undefined));
  }

  /** What has the kept name and was not made by the run stays as it is. */
  private stays(name: string, node: Node | undefined): boolean {
    return node !== undefined && name === oldName && !isMade(node);
  }

  private make(parent: { folder: Folder; name: string }, node: File | Folder): void {
    node.made = parent.name === oldName && [...below(this.root)].filter(([, one]) => isMade(one)).length < madeMax;
    parent.folder.entries.set(parent.name, node);
  }

  /** May a folder or a link be moved from here to there, by what its names and those below it mean at both ends? */
  private meansTheSame(node: Node, from: readonly string[], to: readonly string[]): boolean {
    if (node.kind === 'link') return !leadsOn(to.at(-1) ?? '');
    if (node.kind === 'file') return true;
    const onTheWay = this.nodesOn(to.slice(0, -1));
    return [...below(node)].every(([inner]) => {
      const before = this.verdict([...from, ...inner]);
      const after = this.verdict([...to, ...inner], [...onTheWay, node, ...this.nodesOn(inner, node)]);
      const leads =
        inner.length === 1 && inner[0] === 'hooks' && (leadsOn(from.at(-1) ?? '') || leadsOn(to.at(-1) ?? ''));
      return before === after && (!leads || before === 'free');
    });
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
    const done = (apply: () => void) => ({ expected: 'ok' as const, apply });
    if (parent === null) return fails;
    switch (op) {
      case 'read':
      case 'write':
      case 'truncate':
      case 'chmod':
      case 'chown':
      case 'utimes':
      case 'setxattr': {
        const found = this.find(names, true);
        const isOfAttributes = op !== 'read' && op !== 'write' && op !== 'truncate';
        if (found === null || (found.node.kind !== 'file' && !isOfAttributes)) return fails;
        const verdict = this.verdict(found.at);
        if (verdict === 'deny' || (verdict === 'protect' && op !== 'read')) return fails;
        const { node } = found;
        if (node.kind !== 'file' || isOfAttributes) return done(() => undefined);
        if (op === 'read') return { ...done(() => undefined), content: node.content };
        if (this.stays(found.at.at(-1) ?? '', node)) return fails;
        return done(() => (node.content = op === 'write' ? other : ''));
      }
      case 'create':
      case 'mkdir':
      case 'mknod':
        if (entry !== undefined || !this.free(place)) return fails;
        return done(() => this.make(parent, op === 'mkdir' ? folder({}) : file(op === 'create' ? other : '')));
      case 'tmpfile': {
        const found = this.find(names, true);
        const to = this.parent(other.split('/'));
        if (found?.node.kind !== 'folder' || !this.free(found.at)) return fails;
        if (to === null || to.folder.entries.has(to.name) || !this.free([...to.at, to.name])) return fails;
        return done(() => to.folder.entries.set(to.name, file(other)));
      }
      case 'symlink': {
        // Where a pattern of several names leads through, no link may stand.
        if (entry !== undefined || !this.free(place) || leadsOn(parent.name)) return fails;
        return done(() => parent.folder.entries.set(parent.name, { kind: 'link', to: other }));
      }
      case 'rmdir':
        return entry?.kind === 'folder' &&
          entry.entries.size === 0 &&
          this.free(place) &&
          !this.stays(parent.name, entry)
          ? done(() => parent.folder.entries.delete(parent.name))
          : fails;
      case 'unlink':
        return entry !== undefined && entry.kind !== 'folder' && this.free(place) && !this.stays(parent.name, entry)
          ? done(() => parent.folder.entries.delete(parent.name))
          : fails;
      case 'link': {
        const to = this.parent(other.split('/'));
        if (entry === undefined || entry.kind === 'folder' || to === null || to.folder.entries.has(to.name))
          return fails;
        if (!this.free(place) || !this.free([...to.at, to.name])) return fails;
        if ((entry.kind === 'link' && leadsOn(to.name)) || this.stays(parent.name, entry)) return fails;
        return done(() => to.folder.entries.set(to.name, entry));
      }
      case 'rename':
      case 'exchange': {
        const to = this.parent(other.split('/'));
        if (entry === undefined || to === null) return fails;
        const goal = [...to.at, to.name];
        const there = to.folder.entries.get(to.name);
        if (!this.free(place) || !this.free(goal)) return fails;
        if (this.stays(parent.name, entry) || this.stays(to.name, there)) return fails;
        if (goal.join('/').startsWith(`${place.join('/')}/`)) return fails;
        if (place.join('/').startsWith(`${goal.join('/')}/`)) return fails;
        if (op === 'exchange' && there === undefined) return fails;
        if (op === 'rename' && there !== undefined && there !== entry) {
          if (entry.kind === 'folder' && (there.kind !== 'folder' || there.entries.size > 0)) return fails;
          if (entry.kind !== 'folder' && there.kind === 'folder') return fails;
        }
        // Moved with everything below it: no pattern may come to mean another thing there.
        if (!this.meansTheSame(entry, place, goal)) return fails;
        if (op === 'exchange' && there !== undefined && !this.meansTheSame(there, goal, place)) return fails;
        return done(() => {
          if (there === entry) return;
          parent.folder.entries.delete(parent.name);
          to.folder.entries.set(to.name, entry);
          if (op === 'exchange' && there !== undefined) parent.folder.entries.set(parent.name, there);
        });
      }
    }
  }
}

function* below(node: Folder): Iterable<[names: string[], node: Node]> {
  for (const [name, inner] of node.entries) {
    yield [[name], inner];
    if (inner.kind === 'folder') for (const [rest, one] of below(inner)) yield [[name, ...rest], one];
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

const name = fc.constantFrom('a', 'b', 'c', '.env', '.git', '.old', 'hooks', 'secret.txt', 'secret.example', 'kept');
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
    '.old',
    '.old/hooks',
    '.old/hooks/a',
    'a/.old',
    'c/.old',
    'c/.old/hooks',
    'secret.txt',
    'secret.example',
    'c',
  ),
  fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/')),
);
const step = fc.record({ op: fc.constantFrom(...operations), path, other: path });
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
          const result = await startInArea(arena, program, [], { ...rules, protectOld, areas }, { input, cwd: root });
          expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' });
          const answers = result.stdout.split('\n').slice(0, -1);
          expect(answers).toHaveLength(steps.length);
          for (const [index, one] of steps.entries()) {
            const answer = answers[index] ?? '';
            const { expected, content, apply } = model.plan(one);
            const isDone = answer.startsWith('ok');
            const told = `${index.toString()}: ${one.op} ${one.path} ${one.other}: ${answer}`;
            expect(isDone, told).toBe(expected === 'ok');
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
