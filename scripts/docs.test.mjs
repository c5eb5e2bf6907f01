/** What the documentation points to exists: files, headings, npm scripts and parts of the tests. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const text = (file) => readFileSync(join(root, file), 'utf8');

/** Folders of the project; a quoted path that begins with one of these must exist. */
const ours = /^(app|renderer|native-helpers|e2e|bench|scripts|docs)\/[\w./-]*\w$/;

/** The anchor that a heading gets. */
function anchors(file) {
  return [...text(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}

describe.each(documents)('%s', (file) => {
  it('links to what exists', () => {
    const broken = [...text(file).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [path, anchor] = target.split('#');
        const to = path === '' ? file : relative(root, resolve(root, dirname(file), path));
        if (!existsSync(join(root, to))) return true;
        return anchor !== undefined && !anchors(to).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  it('names paths that exist', () => {
    const missing = [...text(file).matchAll(/`([^`\n]+)`/g)]
      .map(([, quoted]) => quoted)
      .filter((quoted) => ours.test(quoted) && !quoted.includes('/build/'))
      .filter((path) => !existsSync(join(root, path)));
    expect(missing).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(text('package.json'));
    const unknown = [...text(file).matchAll(/\bnpm run ([\w:-]+)/g)]
      .map(([, name]) => name)
      .filter((name) => scripts[name] === undefined);
    expect(unknown).toEqual([]);
  });
});

it('docs/testing.md names the parts that npm test has', () => {
  const parts = [...text('scripts/test.mjs').matchAll(/^\s+(?:\{ )?name: '([\w-]+)',/gm)].map(([, name]) => name);
  const named = [...text('docs/testing.md').matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name);
  expect(parts.length).toBeGreaterThan(5);
  expect(named).toEqual(parts);
});
