/** What the documentation points to exists: files, headings, npm scripts, commands and parts of the tests. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from '../app/cli/main.ts';
import { findVerb } from '../app/cli/verbs.ts';
import { summaryIn, summaryOf } from './lib/results-summary.mjs';

const root = resolve(import.meta.dirname, '..');
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'e2e/confinement/kit/README.md',
];
const text = (file) => readFileSync(join(root, file), 'utf8');

/** Folders of the project; a quoted path that begins with one of these must exist. */
const ours = /^(app|main|renderer|native-helpers|e2e|bench|scripts|docs|packaging)\/[\w./-]*\w$/;

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

/** Words of a shell's line, up to a comment or what is done with its output. */
function words(line) {
  const found = [];
  for (const [, single, double, plain] of line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)) {
    if (plain !== undefined && /^[#|;&>]/.test(plain)) break;
    found.push(single ?? double ?? plain);
  }
  return found;
}

/** Commands of ours in code, without `belljar` itself. */
function commands(document) {
  const blocks = [...document.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block]) => block.split('\n'));
  const inline = [...document.replaceAll(/^```[^]*?^```/gm, '').matchAll(/`([^`]+)`/g)].map(([, code]) => code);
  return [...blocks, ...inline]
    .map((line) => line.replaceAll(/\s+/g, ' '))
    .filter((line) => /^(npx )?belljar( |$)/.test(line))
    .map((line) => words(line.replace(/^npx /, '')).slice(1));
}

/** What is wrong with a command, by the command line's own table and parser; undefined when nothing is. */
function wrongWith([name, ...args]) {
  if (name === undefined || name === '--help' || name === '--version') return undefined;
  if (name === 'help') return args.every((verb) => verb === '<verb>' || findVerb(verb) !== null) ? undefined : 'help';
  const verb = findVerb(name);
  if (verb === null) return `there is no verb ${name}`;
  // A verb by its name alone is spoken of, not shown.
  if (args.length === 0) return undefined;
  try {
    const { positionals } = parse(verb, args);
    const ends = args.indexOf('--');
    const own = ends === -1 ? positionals : positionals.slice(0, positionals.length - (args.length - ends - 1));
    const wrong = own.find((word, index) => {
      const offer = verb.offers?.[index];
      return Array.isArray(offer) && !/[<…]/.test(word) && word.split('|').some((one) => !offer.includes(one));
    });
    return wrong === undefined ? undefined : `${wrong} is not among ${verb.name}'s words`;
  } catch (error) {
    return error.params?.detail ?? String(error);
  }
}

describe('a command in the documentation', () => {
  it.each([
    ['belljar explian x /y', 'there is no verb explian'],
    ['belljar runs --server x', 'runs has no option --server.'],
    ['belljar contain --level tight x', '--level is one of: watch, standard, strict.'],
    ['belljar explain x', 'Usage: belljar explain <server> <path|host:port|program>'],
    ['belljar level x tight', "tight is not among level's words"],
    ['belljar help nothing', 'help'],
  ])('%s: %s', (line, wrong) => {
    expect(commands(`\`${line}\``).map(wrongWith)).toEqual([expect.stringContaining(wrong)]);
    expect(commands(`\`\`\`sh\n${line}   # a comment\n\`\`\`\n`).map(wrongWith)).toEqual([
      expect.stringContaining(wrong),
    ]);
  });

  it('is found, with quotes, comments and pipes', () => {
    const document =
      "`belljar undo`; `belljar-launcher probe`\n```sh\nbelljar grant a deny '**/x y'  # why\nbelljar list | sort\nls\n```\n";
    expect(commands(document)).toEqual([['grant', 'a', 'deny', '**/x y'], ['list'], ['undo']]);
  });
});

it("README's results are those of docs/results.md", () => {
  expect(summaryIn(text('README.md')).text).toBe(summaryOf(text('docs/results.md')));
});

it('each property of the threat model has a number of its own', () => {
  const numbers = [...text('docs/threat-model.md').matchAll(/^\*\*(P\d+[a-z]?)\. /gm)].map(([, number]) => number);
  expect(numbers.length).toBeGreaterThan(30);
  expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([]);
});

// The results of the kit are written by a command, and name only how runs of it began.
describe.each(documents.filter((file) => file !== 'docs/results.md'))('%s', (file) => {
  it('names commands that the command line takes', () => {
    const wrong = commands(text(file)).flatMap((command) => {
      const why = wrongWith(command);
      return why === undefined ? [] : [`belljar ${command.join(' ')}: ${why}`];
    });
    expect(wrong).toEqual([]);
  });

  it('links to what exists', () => {
    const broken = [...text(file).matchAll(/\]\(([^)\s]+)\)/g), ...text(file).matchAll(/ src(?:set)?="([^"]+)"/g)]
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

it('pictures are small, and each is shown somewhere, in both colour schemes', () => {
  const pictures = readdirSync(join(root, 'docs/pictures'));
  expect(pictures.length).toBeGreaterThan(1);
  for (const name of pictures) {
    expect(statSync(join(root, 'docs/pictures', name)).size, name).toBeLessThan(150_000);
    expect(text('README.md')).toContain(`docs/pictures/${name}`);
    expect(pictures).toContain(name.replace(/-(light|dark)\./, (_, look) => (look === 'light' ? '-dark.' : '-light.')));
  }
});

it('docs/testing.md names the parts that npm test has', () => {
  const parts = [...text('scripts/test.mjs').matchAll(/^\s+(?:\{ )?name: '([\w-]+)',/gm)].map(([, name]) => name);
  const named = [...text('docs/testing.md').matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name);
  expect(parts.length).toBeGreaterThan(5);
  expect(named).toEqual(parts);
});
