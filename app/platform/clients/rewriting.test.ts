/**
 * Laws of rewriting, in every format and shape, over made-up documents: contain then release is the identity, in any order;
 * nothing outside of an entry changes; what the entry says besides its start stays; nothing is wrapped twice.
 *
 * A hundred documents a shape run each time. `BELLJAR_DOCUMENTS=10000` runs that many.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClientFile } from '#engine/ports.ts';
import { readWrapping } from '#domain/wrapping.ts';
import { createClient, type Client } from './client.ts';
import { oneListFields, usualFields, type EntryMap } from './entries.ts';
import type { Format } from './formats/document.ts';
import { json, jsonWithComments } from './formats/json.ts';
import { toml } from './formats/toml.ts';
import { yaml } from './formats/yaml.ts';
import { mcpServers } from './shapes.ts';

const documents = Number(process.env['BELLJAR_DOCUMENTS'] ?? '100');
const launcher = '/home/anna/.local/share/belljar/bin/belljar-launcher';
const file: ClientFile = { file: '/c', scope: 'user', source: 0, project: null };

function clientOf(format: Format, maps: readonly EntryMap[]): ReturnType<typeof createClient> {
  const client: Client = {
    id: 'some',
    title: 'Some',
    uptake: 'automatic',
    placeholders: 'none',
    sources: [{ at: '~/c', scope: 'user', format, maps }],
  };
  return createClient(client, 'linux');
}

/** Words that formats treat in special ways. */
const words = fc.oneof(
  fc.constantFrom(
    ...['npx', '-y', '@scope/pkg@1.2.3', 'run', '--', 'true', 'null', '~', 'yes', '1', '0x1f', '1e3', '2024-01-01'],
    ...[
      'a: b',
      'a #b',
      '# c',
      '- x',
      '{a}',
      '[b]',
      "it's",
      '"quoted"',
      'a,b',
      '${HOME}/x',
      '{env:X}',
      '*alias',
      '&anchor',
    ],
    ...[
      '',
      ' ',
      ' lead',
      'trail ',
      '\t',
      'a\tb',
      'C:\\tools\\x.cmd',
      launcher,
      '|',
      '>',
      '%x',
      '@at',
      '`b`',
      '!tag',
      '?',
      ':',
      '-',
    ],
    ...[
      'über',
      '🔥',
      '\u2028',
      '\u0085',
      '\u007f',
      '\u0007',
      'line\nbreak',
      'cr\r\nlf',
      '---',
      '...',
      "''",
      '""',
      '\\',
      '\\u0041',
    ],
  ),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
);
const commands = words.filter((word) => word.trim() !== '');
const keys = fc.oneof(
  fc.constantFrom('a', 'files', 'a-b', 'a.b', 'a b', 'über', '1', 'true', '__proto__', "it's", 'x/y', '@s/p'),
  fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 6 }).filter((key) => key.trim() === key && key !== ''),
);

interface Entry {
  command: string;
  args: string[] | null;
  env: [string, string][];
  order: boolean;
  style: number;
}

const entries = fc.record<Entry>({
  command: commands,
  args: fc.option(fc.array(words, { maxLength: 4 })),
  env: fc.uniqueArray(fc.tuple(fc.stringMatching(/^[A-Z]{1,4}$/), words), { maxLength: 2, selector: ([name]) => name }),
  order: fc.boolean(),
  style: fc.nat({ max: 1000 }),
});
const files = fc.record({
  names: fc.uniqueArray(keys, { minLength: 1, maxLength: 4 }),
  entries: fc.array(entries, { minLength: 4, maxLength: 4 }),
  style: fc.nat({ max: 1000 }),
  end: fc.constantFrom('\n', '\r\n'),
  last: fc.boolean(),
});
type File = typeof files extends fc.Arbitrary<infer T> ? T : never;

/** One of several ways to write a thing, chosen by a number that is used up digit by digit. */
function pick<T>(style: number, digit: number, ...ways: T[]): T {
  return ways[Math.floor(style / 3 ** digit) % ways.length] as T;
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}

function writeJson(made: File, comments: boolean, key: string, oneList: boolean): string {
  const { style, end } = made;
  const tab = pick(style, 0, '  ', '\t', '    ');
  const colon = pick(style, 1, ': ', ':', ' : ');
  const note = comments ? pick(style, 2, `// it's, "a" {b\n`, '/* , ] */ ', '') : '';
  const comma = comments ? pick(style, 3, ',', '') : '';
  const list = (items: string[], at: number, depth: string): string => {
    if (items.length === 0) return pick(at, 0, '[]', '[ ]', comments ? '[ /* none */ ]' : '[\n]');
    const inner = `${depth}${tab}`;
    return pick(
      at,
      1,
      `[${items.join(', ')}]`,
      `[\n${inner}${items.join(`,\n${inner}`)}${comma}\n${depth}]`,
      comments ? `[ // first\n${inner}${items.join(`, // next\n${inner}`)}\n${depth}]` : `[ ${items.join(',')} ]`,
    );
  };
  const object = (pairs: [string, string][], depth: string): string => {
    const inner = `${depth}${tab}`;
    const lines = pairs.map(
      ([name, value]) => `${inner}${note.endsWith('\n') ? note + inner : note}${quoted(name)}${colon}${value}`,
    );
    return pairs.length === 0 ? '{}' : `{\n${lines.join(',\n')}${comma}\n${depth}}`;
  };
  const servers = made.names.map((name, at): [string, string] => {
    const entry = made.entries[at] as Entry;
    const env = object(
      entry.env.map(([variable, value]) => [variable, quoted(value)]),
      tab + tab + tab,
    );
    const pairs: [string, string][] = oneList
      ? [
          ['type', '"local"'],
          ['command', list([entry.command, ...(entry.args ?? [])].map(quoted), entry.style, tab + tab + tab)],
          ['environment', env],
        ]
      : [
          ['command', quoted(entry.command)],
          ...(entry.args === null
            ? []
            : [['args', list(entry.args.map(quoted), entry.style, tab + tab + tab)] as [string, string]]),
          ['env', env],
        ];
    return [name, object(entry.order ? pairs : pairs.toReversed(), tab + tab)];
  });
  const text = object(
    [
      ['x', '{"k": [1, null]}'],
      [key, object(servers, tab)],
      ['y', '"é"'],
    ],
    '',
  );
  return text.replaceAll('\n', end) + (made.last ? end : '');
}

function writeToml(made: File, asList: boolean): string {
  const { style, end } = made;
  const equals = pick(style, 0, ' = ', '=', '   = ');
  const string = (text: string, at: number): string => {
    const literal = pick(at, 0, true, false);
    return literal && /^[\x20-\x26\x28-\x7e]*$/.test(text) ? `'${text}'` : quoted(text);
  };
  const list = (items: string[], at: number): string =>
    items.length === 0
      ? pick(at, 0, '[]', '[ ]', '[ # none\n]')
      : pick(
          at,
          1,
          `[${items.join(', ')}]`,
          `[\n  ${items.join(',\n  ')},\n]`,
          `[ # first\n  ${items.join(', # next, "x"\n  ')}\n]`,
        );
  const tables = made.names.map((name, at) => {
    const entry = made.entries[at] as Entry;
    const heading = /^[A-Za-z0-9_-]+$/.test(name) ? name : quoted(name);
    const pairs = [
      `command${equals}${string(entry.command, entry.style)} # c`,
      ...(entry.args === null
        ? []
        : [
            `args${equals}${list(
              entry.args.map((arg) => string(arg, entry.style)),
              entry.style,
            )}`,
          ]),
      `startup_timeout_sec${equals}20`,
    ];
    const body = (entry.order ? pairs : pairs.toReversed()).join('\n');
    const env = entry.env.map(([variable, value]) => `${variable}${equals}${string(value, entry.style)}`);
    if (asList) return `[[mcp_servers]]\nname${equals}${quoted(name)}\n${body}\nenv${equals}{ ${env.join(', ')} }\n`;
    const inline = `{ command${equals}${string(entry.command, entry.style)}${
      entry.args === null ? '' : `, args${equals}[${entry.args.map((arg) => string(arg, 0)).join(', ')}]`
    } }`;
    if (pick(entry.style, 4, false, false, true)) return `[mcp_servers]\n${heading}${equals}${inline}\n`;
    return `# of ${at.toString()}\n[mcp_servers.${heading}]\n${body}\n\n[mcp_servers.${heading}.env]\n${env.join('\n')}\n`;
  });
  // A table may stand once: inline ones share theirs.
  const [inline, whole] = [
    tables.filter((table) => table.startsWith('[mcp_servers]')),
    tables.filter((table) => !table.startsWith('[mcp_servers]')),
  ];
  const shared =
    inline.length === 0
      ? []
      : [`[mcp_servers]\n${inline.map((table) => table.split('\n').slice(1).join('\n')).join('')}`];
  const text = ['model = "x" # m\n', ...shared, ...whole, '[other]\na.b = 1\n'].join('\n');
  return (made.last ? text : text.trimEnd()).replaceAll('\n', end);
}

function writeYaml(made: File, asList: boolean): string {
  const { style, end } = made;
  const plain = /^[A-Za-z][A-Za-z0-9/@._-]*$/;
  const taken = /^(?:true|false|null|yes|no|on|off|y|n|\d.*)$/i;
  const string = (text: string, at: number): string => {
    if (plain.test(text) && !taken.test(text) && pick(at, 0, true, true, false)) return text;
    if (/^[\x20-\x7e]*$/.test(text) && pick(at, 1, true, false)) return `'${text.replaceAll("'", "''")}'`;
    return quoted(text).replaceAll('\u2028', '\\u2028').replaceAll('\u0085', '\\u0085');
  };
  const list = (items: string[], at: number, depth: string): string =>
    items.length === 0
      ? pick(at, 0, ' []', ' [ ]', ' [] # none')
      : pick(
          at,
          1,
          ` [${items.join(', ')}]`,
          `\n${depth}- ${items.join(`\n${depth}- `)}`,
          `\n${depth}  # first\n${depth}  -  ${items.join(`  # next\n${depth}  -  `)}`,
        );
  const [command, args, env] = asList ? ['command', 'args', 'env'] : ['cmd', 'args', 'envs'];
  const blocks = made.names.map((name, at) => {
    const entry = made.entries[at] as Entry;
    const depth = pick(style, 1, '    ', '      ');
    const pairs = [
      `${command}: ${string(entry.command, entry.style)} # c`,
      ...(entry.args === null
        ? []
        : [
            `${args}:${list(
              entry.args.map((arg) => string(arg, entry.style)),
              entry.style,
              depth,
            )}`,
          ]),
      `${env}:${entry.env.length === 0 ? ' {}' : entry.env.map(([variable, value]) => `\n${depth}  ${quoted(variable)}: ${string(value, entry.style)}`).join('')}`,
      'timeout: 300',
    ];
    const ordered = entry.order ? pairs : pairs.toReversed();
    if (asList) return `  - name: ${quoted(name)}\n${ordered.map((pair) => `    ${pair}`).join('\n')}\n`;
    return `  ${quoted(name)}: # n\n${depth}# before\n${ordered.map((pair) => `${depth}${pair}`).join('\n')}\n`;
  });
  const text = `# top\nGOOSE_MODEL: x\n${asList ? 'mcpServers' : 'extensions'}:\n${blocks.join(pick(style, 2, '', '\n'))}# end\nlast: [1, 2]\n`;
  return (made.last ? text : text.trimEnd()).replaceAll('\n', end);
}

const shapes: readonly [string, ReturnType<typeof clientOf>, (made: File) => string][] = [
  ['JSON', clientOf(json, mcpServers), (made) => writeJson(made, false, 'mcpServers', false)],
  ['JSON with comments', clientOf(jsonWithComments, mcpServers), (made) => writeJson(made, true, 'mcpServers', false)],
  [
    'JSON with comments, one list',
    clientOf(jsonWithComments, [{ path: ['mcp'], kind: 'map', fields: oneListFields }]),
    (made) => writeJson(made, true, 'mcp', true),
  ],
  [
    'TOML tables',
    clientOf(toml, [{ path: ['mcp_servers'], kind: 'map', fields: usualFields }]),
    (made) => writeToml(made, false),
  ],
  [
    'TOML list of tables',
    clientOf(toml, [{ path: ['mcp_servers'], kind: 'list', fields: usualFields }]),
    (made) => writeToml(made, true),
  ],
  [
    'YAML map',
    clientOf(yaml, [{ path: ['extensions'], kind: 'map', fields: { command: 'cmd', args: 'args', env: 'envs' } }]),
    (made) => writeYaml(made, false),
  ],
  [
    'YAML list',
    clientOf(yaml, [{ path: ['mcpServers'], kind: 'list', fields: usualFields }]),
    (made) => writeYaml(made, true),
  ],
];

await Promise.all([toml.load(), yaml.load()]);

describe.each(shapes)('%s', (_name, client, write) => {
  const read = (text: string): ReturnType<typeof client.parse> => client.parse(text, file, []);
  const entryAt = (text: string, path: readonly (string | number)[]): ReturnType<typeof read>[number] => {
    const found = read(text).find((entry) => JSON.stringify(entry.path) === JSON.stringify(path));
    if (found === undefined) throw new Error(`nothing at ${path.join('.')}`);
    return found;
  };

  test('contained and released in any order, every byte is what it was', () => {
    fc.assert(
      fc.property(files, fc.infiniteStream(fc.nat()), (made, random) => {
        const text = write(made);
        const originals = read(text);
        expect(originals.map(({ command, args, cannot }) => ({ command, args, cannot }))).toEqual(
          originals.map(({ name }) => {
            const entry = made.entries[made.names.indexOf(name)];
            return { command: entry?.command, args: entry?.args ?? [], cannot: undefined };
          }),
        );
        let now = text;
        const wrapped = new Map<string, string>();
        for (const { path, range } of originals) {
          const before = entryAt(now, path);
          const next = client.wrap(now, file, path, launcher, 'some.id');
          const after = entryAt(next, path);
          expect(next.slice(0, after.range.start)).toBe(now.slice(0, before.range.start));
          expect(next.slice(after.range.end)).toBe(now.slice(before.range.end));
          expect(after.rest).toBe(before.rest);
          expect(after.env).toEqual(before.env);
          expect([after.command, ...after.args]).toEqual([
            launcher,
            'run',
            'some.id',
            '--',
            before.command,
            ...before.args,
          ]);
          expect(range.end).toBeGreaterThan(range.start);
          wrapped.set(JSON.stringify(path), after.text);
          now = next;
        }
        const rest = [...originals];
        while (rest.length > 0) {
          const [original] = rest.splice((random.next().value ?? 0) % rest.length, 1);
          if (original === undefined) break;
          const before = entryAt(now, original.path);
          expect(before.text).toBe(wrapped.get(JSON.stringify(original.path)));
          // From the arguments alone the meaning comes back in every format, and in those with one way to quote, every byte.
          const alone = client.unwrap(now, file, original.path, !original.hasArgs);
          expect(entryAt(alone, original.path)).toMatchObject({
            command: original.command,
            args: original.args,
            rest: original.rest,
          });
          const exact = client.restore(now, file, original.path, original.text);
          if (!_name.startsWith('YAML')) expect(alone).toBe(exact);
          now = exact;
        }
        expect(now).toBe(text);
      }),
      { numRuns: documents },
    );
  });

  test('set anew, shown, wrapped again: nothing but the entry changes, nothing is wrapped twice', () => {
    fc.assert(
      fc.property(
        files,
        words.filter((word) => word.trim() !== ''),
        (made, word) => {
          const text = write(made);
          const [first] = read(text);
          if (first === undefined) return;
          const set = client.setLaunch(text, file, first.path, { command: word, args: [word, 'd'] });
          const after = entryAt(set, first.path);
          expect([after.command, ...after.args, after.rest]).toEqual([word, word, 'd', first.rest]);
          expect(set.slice(0, after.range.start)).toBe(text.slice(0, first.range.start));
          expect(set.slice(after.range.end)).toBe(text.slice(first.range.end));
          const bare = entryAt(client.setLaunch(text, file, first.path, { command: word, args: null }), first.path);
          expect([bare.command, bare.args]).toEqual([word, []]);
          const once = client.wrap(text, file, first.path, launcher, 'some.id');
          const { command, args } = entryAt(once, first.path);
          const inner = readWrapping({ command: command ?? '', args })?.launch;
          const twice = readWrapping({
            command: launcher,
            args: ['run', 'some.id', '--', command ?? '', ...args],
          })?.launch;
          expect(twice).toEqual(inner);
          expect(client.show(text, file, first.path).line).toBeGreaterThan(0);
        },
      ),
      { numRuns: Math.ceil(documents / 2) },
    );
  });
});
