/** Reading and editing entries of one file, by the clients' own data. Where files are: locate.test.ts; real files: fixtures. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import { mask } from '#domain/mask.ts';
import type { ClientAdapter, ClientFile } from '#engine/ports.ts';
import { claudeCode as claudeCodeData } from './catalogue/claude-code.ts';
import { claudeDesktop as claudeDesktopData } from './catalogue/claude-desktop.ts';
import { cursor as cursorData } from './catalogue/cursor.ts';
import { createClient } from './client.ts';
import { readCommandLists } from './command-policies.ts';

const launcher = '/data/bin/belljar-launcher';
/** Made-up documents a law; `BELLJAR_DOCUMENTS=10000` runs that many. */
const documents = Number(process.env['BELLJAR_DOCUMENTS'] ?? '200');
const file: ClientFile = { file: '/c.json', scope: 'user', source: 0, project: null };
const claudeDesktop = createClient(claudeDesktopData, 'linux');
const claudeCode = createClient(claudeCodeData, 'linux');
/** Its first file, with the functions bound to it. */
function bound(adapter: ClientAdapter) {
  return {
    ...adapter,
    wrap: (text: string, path: string[], by: string, id: string) => adapter.wrap(text, file, path, by, id),
    unwrap: (text: string, path: string[], drop: boolean) => adapter.unwrap(text, file, path, drop),
    setLaunch: (text: string, path: string[], launch: Parameters<ClientAdapter['setLaunch']>[3]) =>
      adapter.setLaunch(text, file, path, launch),
    restore: (text: string, path: string[], entry: string) => adapter.restore(text, file, path, entry),
  };
}
const cursor = bound(createClient(cursorData, 'linux'));
const read = (text: string, adapter: Pick<ClientAdapter, 'parse'> = claudeDesktop, policy: string[] = []) =>
  adapter.parse(text, file, policy);
const entryOf = (value: string): ReturnType<typeof read>[number] => {
  const found = read(`{"mcpServers":{"a":${value}}}`)[0];
  if (found === undefined) throw new Error('no entry');
  return found;
};

function thrown(work: () => unknown): BelljarError {
  try {
    work();
  } catch (error) {
    if (error instanceof BelljarError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('reading', () => {
  test('an entry with all it holds', () => {
    const text = '{ "mcpServers": { "a b": { "command": "node", "args": ["x"], "env": { "K": "v" } } }, "other": [1] }';
    expect(read(text)).toEqual([
      {
        client: 'claude-desktop',
        scope: 'user',
        name: 'a b',
        file: '/c.json',
        path: ['mcpServers', 'a b'],
        text: '{ "command": "node", "args": ["x"], "env": { "K": "v" } }',
        command: 'node',
        args: ['x'],
        hasArgs: true,
        env: { K: 'v' },
        autoApprove: false,
        headers: [],
        exposed: [],
        range: { start: 25, end: 82 },
        rest: '[["env",[["K","v"]]]]',
      },
    ]);
  });

  test.each([
    ['{}', 'no-command'],
    ['{"command":""}', 'no-command'],
    ['{"args":["x"]}', 'no-command'],
    ['{"command":5}', 'bad-entry'],
    ['{"command":"a","args":"x"}', 'bad-entry'],
    ['{"command":"a","args":["x",5]}', 'bad-entry'],
    ['{"command":"a","args":["x",null]}', 'bad-entry'],
    ['{"command":"a","env":[]}', 'bad-entry'],
    ['{"command":"a","env":{"K":[]}}', 'bad-entry'],
    ['{"command":"a\\u0000b"}', 'bad-entry'],
    ['{"command":"a","type":"magic"}', 'bad-entry'],
    ['{"command":"a","url":"https://x"}', 'bad-entry'],
    ['[]', 'bad-entry'],
    ['null', 'bad-entry'],
    ['{"url":"https://x"}', 'remote'],
    ['{"type":"http","url":"https://x"}', 'remote'],
    ['{"type":"sse","url":"https://x"}', 'remote'],
    ['{"type":"ws","url":"wss://x"}', 'remote'],
    ['{"command":"a","extensionId":"x"}', 'client-managed'],
  ])('%s cannot be contained: %s', (value, reason) => {
    expect(entryOf(value).cannot?.reason).toBe(reason);
  });

  test.each(['{"command":"a"}', '{"command":"a","type":"stdio"}', '{"command":"a","args":[],"env":{},"cwd":"/x"}'])(
    '%s can',
    (value) => {
      expect(entryOf(value).cannot).toBeUndefined();
    },
  );

  test('names are taken as they are, also those of objects themselves', () => {
    const names = ['__proto__', 'constructor', 'a"b', "it's", 'x/y', '🔥', '', 'toString'];
    const text = `{"mcpServers":{${names.map((name) => `${JSON.stringify(name)}:{"command":"c"}`).join(',')}}}`;
    expect(read(text).map((entry) => [entry.name, entry.command])).toEqual(names.map((name) => [name, 'c']));
  });

  test.each([
    ['a byte order mark', '\uFEFF{}', 'config-bom', [1, 1]],
    ['nothing', '', 'config-invalid', [1, 1]],
    ['only spaces', ' \n', 'config-invalid', [1, 1]],
    ['a comment', '{\n  // x\n}', 'config-invalid', [2, 3]],
    ['a comma too many', '{\r\n "a": 1,\r\n}', 'config-invalid', [3, 1]],
    ['a cut end', '{"a": {', 'config-invalid', [1, 8]],
    ['a bare word', '{"a": yes}', 'config-invalid', [1, 7]],
    ['two values', '{} {}', 'config-invalid', [1, 4]],
    ['a raw line end in a string', '{"a": "x\ny"}', 'config-invalid', [1, 7]],
    ['a map that is a list', '{"mcpServers": []}', 'config-invalid', [1, 16]],
    ['deep nesting', '['.repeat(200_000), 'config-invalid', [1, 1]],
    ['a server twice', '{"mcpServers":{"a":{"command":"x"},\n"a":{"command":"y"}}}', 'config-duplicate-key', [2, 1]],
    ['a server twice, once escaped', '{"mcpServers":{"a":{},\n "\\u0061":{}}}', 'config-duplicate-key', [2, 2]],
    ['a command twice', '{"mcpServers":{"a":{"command":"x","command":"y"}}}', 'config-duplicate-key', [1, 35]],
    ['a key twice elsewhere', '{"x":{"b":1,"b":2}}', 'config-duplicate-key', [1, 13]],
  ])('%s is refused with its place', (_, text, code, [line, column]) => {
    expect(thrown(() => read(text))).toMatchObject({ code, file: '/c.json', at: { line, column } });
  });

  test('Claude Code also keeps servers of single projects', () => {
    const text = JSON.stringify({
      mcpServers: { a: { command: 'x' } },
      projects: { '/p': { mcpServers: { a: { command: 'y' } } }, '/q': {}, '/r': { mcpServers: {} } },
    });
    expect(claudeCode.parse(text, file, []).map(({ scope, name, path }) => [scope, name, path])).toEqual([
      ['user', 'a', ['mcpServers', 'a']],
      ['local:/p', 'a', ['projects', '/p', 'mcpServers', 'a']],
    ]);
    expect(claudeCode.parse('{"projects":5}', file, [])).toEqual([]);
  });

  test('an administrator decides by the exact command', () => {
    const text = '{"mcpServers":{"a":{"command":"npx","args":["x"]},"b":{"command":"npx","args":["y"]}}}';
    const reasons = (settings: unknown) =>
      read(text, claudeCode, [JSON.stringify(settings)]).map((entry) => entry.cannot?.reason);
    expect(reasons({ deniedMcpServers: [{ serverCommand: ['npx', 'x'] }] })).toEqual(['command-list', undefined]);
    expect(reasons({ deniedMcpServers: [{ serverName: 'a' }] })).toEqual([undefined, undefined]);
    expect(reasons({ allowedMcpServers: [{ serverCommand: ['npx', 'x'] }] })).toEqual(['command-list', 'command-list']);
    expect(reasons({ allowedMcpServers: [{ serverName: 'a' }] })).toEqual([undefined, undefined]);
    expect(readCommandLists(['not json', '[]', '{"allowedMcpServers":5}'])).toEqual({ allowed: null, denied: [] });
    const wrapped = claudeCode.wrap(text, file, ['mcpServers', 'a'], launcher, 'claude-code.a');
    const allowed = { allowedMcpServers: [{ serverCommand: [launcher, 'run', 'claude-code.a', '--', 'npx', 'x'] }] };
    expect(read(wrapped, claudeCode, [JSON.stringify(allowed)])[0]?.cannot).toBeUndefined();
    const denied = { deniedMcpServers: [{ serverCommand: ['npx', 'x'] }] };
    expect(read(wrapped, claudeCode, [JSON.stringify(denied)])[0]?.cannot?.reason).toBe('command-list');
  });

  test('managed entries are listed and never edited', () => {
    const source = claudeCodeData.sources.findIndex(({ scope }) => scope === 'managed');
    const text = '{"mcpServers":{"a":{"command":"x"}}}';
    const managed = claudeCode.parse(text, { ...file, scope: 'managed:/m', source }, []);
    expect(managed).toMatchObject([{ scope: 'managed:/m', cannot: { reason: 'client-managed' } }]);
  });
});

describe('editing', () => {
  const wrap = (text: string, name = 'a') => cursor.wrap(text, ['mcpServers', name], launcher, 'cursor.a');
  const unwrap = (text: string, dropArgs = false) => cursor.unwrap(text, ['mcpServers', 'a'], dropArgs);

  test.each([
    [
      'one line',
      '{"mcpServers":{"a":{"command":"node","args":["x","y"]}}}',
      `{"mcpServers":{"a":{"command":"${launcher}","args":["run","cursor.a","--","node","x","y"]}}}`,
    ],
    [
      'one argument',
      '{"mcpServers":{"a":{"command":"node","args":["x"]}}}',
      `{"mcpServers":{"a":{"command":"${launcher}","args":["run", "cursor.a", "--", "node", "x"]}}}`,
    ],
    [
      'no arguments',
      '{ "mcpServers": { "a": { "command": "node" } } }',
      `{ "mcpServers": { "a": { "command": "${launcher}", "args": ["run", "cursor.a", "--", "node"] } } }`,
    ],
    [
      'an empty list',
      '{"mcpServers":{"a":{"args": [ ],"command":"node"}}}',
      `{"mcpServers":{"a":{"args": ["run", "cursor.a", "--", "node" ],"command":"${launcher}"}}}`,
    ],
    [
      'many lines and carriage returns',
      '{\r\n\t"mcpServers": {\r\n\t\t"a": {\r\n\t\t\t"command": "node",\r\n\t\t\t"args": [\r\n\t\t\t\t"x"\r\n\t\t\t]\r\n\t\t}\r\n\t}\r\n}\r\n',
      `{\r\n\t"mcpServers": {\r\n\t\t"a": {\r\n\t\t\t"command": "${launcher}",\r\n\t\t\t"args": [\r\n\t\t\t\t"run",\r\n\t\t\t\t"cursor.a",\r\n\t\t\t\t"--",\r\n\t\t\t\t"node",\r\n\t\t\t\t"x"\r\n\t\t\t]\r\n\t\t}\r\n\t}\r\n}\r\n`,
    ],
    [
      'no arguments on many lines',
      '{\n  "mcpServers": {\n    "a": {\n      "env": {},\n      "command": "node"\n    }\n  }\n}',
      `{\n  "mcpServers": {\n    "a": {\n      "env": {},\n      "command": "${launcher}",\n      "args": ["run", "cursor.a", "--", "node"]\n    }\n  }\n}`,
    ],
    [
      'escapes that stay as they were written',
      '{"mcpServers":{"a":{"command":"\\u006eode","args":["\\/x"]}}}',
      `{"mcpServers":{"a":{"command":"${launcher}","args":["run", "cursor.a", "--", "\\u006eode", "\\/x"]}}}`,
    ],
  ])('%s', (_, before, after) => {
    expect(wrap(before)).toBe(after);
    expect(unwrap(after, !before.includes('"args"'))).toBe(before);
  });

  const space = fc.constantFrom('', ' ', '\n', '\n  ', '\r\n\t', '  ');
  const string = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => JSON.stringify(text.replaceAll('\0', ''))),
    fc.constantFrom('"\\u0041"', '"\\/"', '"--"', '"run"', `"${launcher}"`, '"a,b"', '"]"', '"}"', '"\\""'),
  );
  const list = (items: fc.Arbitrary<string>) =>
    fc
      .tuple(fc.array(fc.tuple(space, items, space), { maxLength: 4 }), space)
      .map(([parts, empty]) =>
        parts.length === 0 ? `[${empty}]` : `[${parts.map((part) => part.join('')).join(',')}]`,
      );
  const object = (pairs: readonly (readonly [string, string])[], spaces: readonly string[]) => {
    const s = (at: number): string => spaces[at % Math.max(spaces.length, 1)] ?? '';
    const inner = pairs.map(([key, value], at) => `${s(at)}${key}${s(at + 1)}:${s(at + 2)}${value}${s(at + 3)}`);
    return `{${inner.join(',')}}`;
  };
  const spaces = fc.array(space, { minLength: 1, maxLength: 7 });
  const entry = fc
    .record({
      command: string.filter((text) => JSON.parse(text) !== ''),
      args: fc.option(list(string)),
      env: fc.option(fc.constant('{"K":"v"}')),
      order: fc.boolean(),
      spaces,
    })
    .map(({ command, args, env, order, spaces: s }) => {
      const pairs: [string, string][] = [['"command"', command]];
      if (args !== null) pairs.push(['"args"', args]);
      if (env !== null) pairs.push(['"env"', env]);
      return object(order ? pairs : pairs.toReversed(), s);
    });
  const names = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 6 }), { minLength: 1, maxLength: 4 });
  const config = fc
    .record({
      names,
      entries: fc.array(entry, { minLength: 4, maxLength: 4 }),
      spaces,
      end: space,
      noise: fc.jsonValue(),
    })
    .map(({ names: keys, entries, spaces: s, end, noise }) => {
      const servers = object(
        keys.map((key, at) => [JSON.stringify(key), entries[at] ?? '{"command":"c"}'] as const),
        s,
      );
      const text =
        object(
          [
            ['"other"', JSON.stringify(noise)],
            ['"mcpServers"', servers],
          ],
          s,
        ) + end;
      return { keys, text };
    });
  const usable = (text: string): boolean => {
    try {
      return read(text, cursor).every((item) => item.cannot === undefined);
    } catch {
      return false;
    }
  };

  test('any number of entries wrapped, then released in any order, gives the same bytes', () => {
    fc.assert(
      fc.property(config, fc.infiniteStream(fc.nat()), ({ keys, text }, random) => {
        fc.pre(usable(text));
        const before = new Map(read(text, cursor).map((item) => [item.name, item]));
        let now = text;
        for (const key of keys) now = cursor.wrap(now, ['mcpServers', key], launcher, 'cursor.x');
        for (const item of read(now, cursor)) {
          const original = before.get(item.name);
          expect(item.command).toBe(launcher);
          expect(item.args).toEqual(['run', 'cursor.x', '--', original?.command, ...(original?.args ?? [])]);
          expect(item.env).toEqual(original?.env);
        }
        const rest = [...keys];
        while (rest.length > 0) {
          const [key = ''] = rest.splice((random.next().value ?? 0) % rest.length, 1);
          now = cursor.unwrap(now, ['mcpServers', key], before.get(key)?.hasArgs === false);
        }
        expect(now).toBe(text);
      }),
      { numRuns: documents },
    );
  });

  test('an edit touches nothing but the entry', () => {
    fc.assert(
      fc.property(config, ({ keys, text }) => {
        fc.pre(usable(text));
        const path = ['mcpServers', keys[0] ?? ''];
        const before = read(text, cursor).find((item) => item.name === keys[0]);
        const start = text.indexOf(before?.text ?? '?');
        const edits = [
          cursor.wrap(text, path, launcher, 'cursor.x'),
          cursor.setLaunch(text, path, { command: 'c', args: ['d'] }),
          cursor.setLaunch(text, path, { command: 'c', args: null }),
          cursor.restore(text, path, '{"command":"z"}'),
        ];
        for (const after of edits) {
          expect(() => JSON.parse(after) as unknown).not.toThrow();
          const others = (list: ReturnType<typeof read>) =>
            list.filter((item) => item.name !== keys[0]).map((item) => [item.name, item.text]);
          expect(others(read(after, cursor))).toEqual(others(read(text, cursor)));
          // The entry's text may also stand in another entry before it; then its own place is not known here.
          if (start >= 0 && text.indexOf(before?.text ?? '?', start + 1) < 0) {
            expect(after.slice(0, start)).toBe(text.slice(0, start));
            const tail = text.slice(start + (before?.text.length ?? 0));
            expect(after.endsWith(tail)).toBe(true);
          }
        }
        const set = read(cursor.setLaunch(text, path, { command: 'c', args: null }), cursor);
        expect(set.find((item) => item.name === keys[0])).toMatchObject({ command: 'c', args: [], hasArgs: false });
      }),
      { numRuns: documents },
    );
  });

  test('an entry is shown without its secrets, laid out as it was', () => {
    const entry =
      '{ "command": "npx",\n  "args": ["--api-key", "hunter2", "x"],\n  "env": { "A": "plain", "B": "${B}" }, "headers": {"h": "v", "n": 5}, "url": "https://u:pw@x/?token=abc" }';
    const text = `{\n  "mcpServers": {\n   "a" : ${entry} } }`;
    expect(cursor.show(text, file, ['mcpServers', 'a'])).toEqual({
      text: `   "a" : { "command": "npx",\n  "args": ["--api-key", "${mask}", "x"],\n  "env": { "A": "${mask}", "B": "\${B}" }, "headers": {"h": "${mask}", "n": "${mask}"}, "url": "https://${mask}@x/?token=${mask}" }`,
      line: 3,
    });
  });
});
