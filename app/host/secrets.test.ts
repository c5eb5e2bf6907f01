/**
 * Secrets moved out of clients' files and put back, over the real file system in a throw-away home: byte for byte, in each
 * format, with what people and clients do to the file meanwhile. The launcher's side is in e2e/confinement/secrets.test.ts.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { secretSentence } from '#contract/sentences.ts';
import { decoys } from '#contract/secret-decoys.ts';
import { findFolders } from '#platform/paths/folders.ts';
import { removeFolders } from './removal.ts';
import { makeServerWorld, memoryDocuments, type ServerWorld } from './testing/server-world.ts';

const github = decoys.github[0] ?? '';
const other = decoys.github[1] ?? '';
const key = decoys['private-key'][0] ?? '';
const token = decoys.supabase[0] ?? '';
const password = 's3cr"et\\päss ✓';

const json = (text: unknown): string => JSON.stringify(text);

/** Odd on purpose: comments, escapes, several styles; a server with two secrets, a setting, a placeholder. */
const documents = {
  JSON: {
    file: '.cursor/mcp.json',
    id: 'cursor.notes',
    text: `{
  "mcpServers" : {
    "other": { "command": "x", "env": { "GITHUB_TOKEN": "${other}" } },
    "notes": {
\t"command": "notes-server", "args": [ "--port" , "8080" ],
\t"env": { "LEVEL" : "debug", "GITHUB_TOKEN":"${github.replace('g', '\\u0067')}",
\t\t"DB_PASSWORD"  :  ${json(password)}, "SIGNING_KEY": ${json(key)}, "ASKED": "\${input:token}" }
    }
  }
}`,
  },
  'JSON with comments': {
    file: '.config/Code/User/mcp.json',
    id: 'vscode.notes',
    text: `{
  // mine
  "servers": {
    "notes": {
      "type": "stdio", "command": "notes-server",
      "env": {
        "GITHUB_TOKEN": "${github}", // do not lose
        "DB_PASSWORD": ${json(password)}, /* nor this */
        "SIGNING_KEY": ${json(key)},
        "LEVEL": "debug",
        "ASKED": "\${input:token}",
      },
    },
  },
}\r\n`,
  },
  TOML: {
    file: '.codex/config.toml',
    id: 'codex.notes',
    text: `# mine
[mcp_servers.notes]
command = 'notes-server' # literal

[mcp_servers.notes.env]
GITHUB_TOKEN = '${github}' # do not lose
DB_PASSWORD = ${json(password)}
SIGNING_KEY = """
${key}"""
LEVEL = "debug"
ASKED = "\${input:token}"

[tui]
notifications = true
`,
  },
  YAML: {
    file: '.config/goose/config.yaml',
    id: 'goose.notes',
    text: `# mine
extensions:
  notes:
    type: stdio
    name: notes
    cmd: notes-server # started so
    args:
      - -y
      - plain text
    enabled: true
    envs:
      GITHUB_TOKEN: ${github} # do not lose
      DB_PASSWORD: ${json(password)}
      SIGNING_KEY: ${json(key)}
      LEVEL: debug
      ASKED: '\${input:token}'
    timeout: 300
`,
  },
} as const;
type Format = keyof typeof documents;
const names = ['DB_PASSWORD', 'GITHUB_TOKEN', 'SIGNING_KEY'];

let home: string;
let world: ServerWorld;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'belljar-secrets-'));
  // Processes are not what is tried here.
  world = makeServerWorld(home, {}, { processes: memoryDocuments().processes });
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

function write(file: string, text: string): string {
  const path = join(home, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
const textOf = (file: string): string => readFileSync(file, 'utf8');
const contain = (id: string) => world.servers.contain({ servers: [id], dryRun: false, check: false });
const release = (id: string) => world.servers.release({ servers: [id], dryRun: false });
const move = (server: string, chosen: 'all' | string[] = 'all', as: 'variable' | 'file' = 'variable') =>
  world.secrets.move({ server, names: chosen, as, dryRun: false });
const restore = (server: string, chosen: 'all' | string[] = 'all') =>
  world.secrets.restore({ server, names: chosen, dryRun: false });
const stored = (id: string): string[] => {
  const folder = join(world.places.dataFolder, 'secrets', id);
  return existsSync(folder) ? readdirSync(folder).toSorted() : [];
};
const statesOf = async (id: string): Promise<Record<string, string>> => {
  const { server } = await world.servers.show({ server: id });
  return Object.fromEntries(server.secrets.map(({ name, state }) => [name, state]));
};
/** The secrets of a plan, as its text has them. */
const planOf = (id: string): { secrets: { name: string; as: string; path: string }[] } => {
  const lines = textOf(join(world.places.dataFolder, 'plans', `${id}.plan`)).split('\n');
  const secrets = lines
    .filter((line) => line.startsWith('secret '))
    .map((line) => {
      const [, name = '', as = '', path = ''] = line.split(' ');
      return { name, as, path };
    });
  return { secrets };
};

async function setUp(format: Format): Promise<{ file: string; id: string; before: string; wrapped: string }> {
  const { file, id, text } = documents[format];
  const path = write(file, text);
  expect((await contain(id)).results).toMatchObject([{ changed: true, state: 'contained' }]);
  return { file: path, id, before: text, wrapped: textOf(path) };
}

describe.each(Object.keys(documents) as Format[])('%s', (format) => {
  test('moved, and released to the byte', async () => {
    const { file, id, before } = await setUp(format);
    const result = await move(id);
    expect(result).toMatchObject({ changed: true, effective: 'now' });
    expect(result.names.toSorted()).toEqual(names);
    const now = textOf(file);
    for (const value of [github, 'Zx', key.split('\n')[1] ?? '?', 's3cr']) expect(now).not.toContain(value);
    for (const name of names) expect(now).toContain(`kept-by-belljar:${name}`);
    expect(now).toContain('${input:token}');
    expect(now).toContain('debug');
    if (format === 'JSON') expect(now).toContain(other);
    expect(await statesOf(id)).toEqual(Object.fromEntries(names.map((name) => [name, 'moved'])));
    expect((await world.servers.show({ server: id })).server.state).toBe('contained');
    // The values, byte for byte, for the launcher alone.
    const folder = join(world.places.dataFolder, 'secrets', id);
    expect(textOf(join(folder, 'GITHUB_TOKEN.variable'))).toBe(github);
    expect(textOf(join(folder, 'DB_PASSWORD.variable'))).toBe(password);
    expect(textOf(join(folder, 'SIGNING_KEY.variable'))).toBe(key);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of stored(id)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(planOf(id).secrets).toEqual(
      names.map((name) => ({ name, as: 'variable', path: join(folder, `${name}.variable`) })),
    );
    expect((await release(id)).results).toMatchObject([{ changed: true, state: 'off' }]);
    expect(textOf(file)).toBe(before);
    expect(stored(id)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  test('put back, one and then all, to the byte', async () => {
    const { file, id, before, wrapped } = await setUp(format);
    await move(id);
    expect(await restore(id, ['GITHUB_TOKEN'])).toMatchObject({ changed: true, names: ['GITHUB_TOKEN'] });
    expect(await statesOf(id)).toMatchObject({ GITHUB_TOKEN: 'in-file', DB_PASSWORD: 'moved' });
    expect(stored(id).filter((name) => name.startsWith('GITHUB_TOKEN'))).toEqual([]);
    expect(planOf(id).secrets.map(({ name }) => name)).toEqual(['DB_PASSWORD', 'SIGNING_KEY']);
    await restore(id);
    expect(textOf(file)).toBe(wrapped);
    expect(stored(id).filter((name) => !name.endsWith('.sealed'))).toEqual([]);
    await release(id);
    expect(textOf(file)).toBe(before);
  });

  test('released from the arguments alone, when the journal is lost', async () => {
    const { file, id, before } = await setUp(format);
    await move(id);
    rmSync(join(world.places.dataFolder, 'journal'), { recursive: true });
    expect((await release(id)).results).toMatchObject([{ changed: true, state: 'off' }]);
    const now = textOf(file);
    // An argument list that had to be added stays behind, as without secrets.
    expect(now.replace(/,?[ \t]*\n?[ \t]*"?args"?\s*[:=]\s*\[\]/, '').replaceAll(/"-y"|'-y'/g, '-y')).toBe(before);
    expect(stored(id).filter((name) => !name.endsWith('.sealed'))).toEqual([]);
  });
});

test('what is shown never holds a value', async () => {
  const { id } = await setUp('JSON');
  const said: unknown[] = [await world.secrets.move({ server: id, names: 'all', as: 'file', dryRun: true })];
  said.push(await move(id), await world.servers.list({}), await world.servers.show({ server: id }));
  said.push(await world.servers.diff({ server: id }), await world.servers.diff({ server: id, level: 'off' }));
  said.push(await world.history.list({}), await restore(id, ['GITHUB_TOKEN']), await release(id));
  const text = JSON.stringify(said);
  for (const value of [github, other, token, 's3cr', key.split('\n')[1] ?? '?']) expect(text).not.toContain(value);
  expect(text).toContain('kept-by-belljar:GITHUB_TOKEN');
  expect(text).toContain('moved GITHUB_TOKEN, DB_PASSWORD, SIGNING_KEY out of the file');
});

test('a move is undone exactly, and done again', async () => {
  const { id, file, wrapped } = await setUp('JSON');
  const kept = (): string[] => stored(id).filter((name) => !name.endsWith('.sealed'));
  const { names } = await move(id);
  const [moved, before] = [textOf(file), kept()];
  const { decision } = await world.history.undo({});
  expect(textOf(file)).toBe(wrapped);
  expect(kept()).toEqual([]);
  expect(decision.changes).toEqual(names.map((name) => ({ of: 'secret', name, before: 'variable', after: null })));
  await world.history.undo({ id: decision.id });
  expect([textOf(file), kept()]).toEqual([moved, before]);
  await restore(id, ['GITHUB_TOKEN']);
  // Of what was moved, one is back already: the newer decision is named.
  const first = (await world.history.list({})).entries.findLast(({ action }) => action === 'secrets');
  await expect(world.history.undo({ id: first?.id ?? '' })).rejects.toMatchObject({ code: 'decision-overtaken' });
});

test('a dry run writes nothing', async () => {
  const { id, file, wrapped } = await setUp('JSON');
  const result = await world.secrets.move({ server: id, names: 'all', as: 'variable', dryRun: true });
  expect(result).toMatchObject({ changed: false, names: ['GITHUB_TOKEN', 'DB_PASSWORD', 'SIGNING_KEY'] });
  expect(result.diff.after).toContain('kept-by-belljar:DB_PASSWORD');
  expect(textOf(file)).toBe(wrapped);
  expect(stored(id).filter((name) => !name.endsWith('.sealed'))).toEqual([]);
  expect(planOf(id).secrets).toEqual([]);
});

test('a variable that looks like nothing is moved when it is named; what is not there is not', async () => {
  const { id, file } = await setUp('JSON');
  expect(await move(id, ['LEVEL'], 'file')).toMatchObject({ names: ['LEVEL'] });
  expect(textOf(file)).toContain('"LEVEL" : "kept-by-belljar:LEVEL"');
  expect(planOf(id).secrets).toMatchObject([{ name: 'LEVEL', as: 'file' }]);
  await expect(move(id, ['NOTHING'])).rejects.toMatchObject({ code: 'no-such-secret' });
  await expect(move(id, ['LEVEL'])).rejects.toMatchObject({ code: 'no-such-secret' });
  await expect(restore(id, ['GITHUB_TOKEN'])).rejects.toMatchObject({ code: 'no-such-secret' });
});

test('from one way of being given to the other', async () => {
  const { id } = await setUp('JSON');
  await move(id, ['GITHUB_TOKEN'], 'file');
  await restore(id);
  await move(id, ['GITHUB_TOKEN'], 'variable');
  expect(stored(id).filter((name) => !name.endsWith('.sealed'))).toEqual([
    'GITHUB_TOKEN.source',
    'GITHUB_TOKEN.variable',
  ]);
});

test('only what Belljar starts can be given what its file no longer holds', async () => {
  const { file, id, text } = documents.JSON;
  write(file, text);
  await expect(move(id)).rejects.toMatchObject({ code: 'not-contained' });
  expect(textOf(join(home, file))).toBe(text);
  expect(await statesOf(id)).toEqual(Object.fromEntries(names.map((name) => [name, 'in-file'])));
  expect((await contain(id)).results).toMatchObject([{ changed: true }]);
  expect(await move(id)).toMatchObject({ changed: true });
});

describe('the file changes meanwhile', () => {
  test('a newer value in the file wins, is shown, and is what a release leaves', async () => {
    const { id, file, before } = await setUp('JSON');
    await move(id);
    writeFileSync(file, textOf(file).replace('kept-by-belljar:GITHUB_TOKEN', other));
    expect(await statesOf(id)).toEqual({ GITHUB_TOKEN: 'newer', DB_PASSWORD: 'moved', SIGNING_KEY: 'moved' });
    const { server } = await world.servers.show({ server: id });
    expect(server.state).toBe('contained');
    expect(server.secrets.map(secretSentence).join(' ')).toContain('holds a value again, and that one is used');
    // Moved again, the store has the newer one.
    await move(id);
    expect(await statesOf(id)).toEqual(Object.fromEntries(names.map((name) => [name, 'moved'])));
    expect((await release(id)).results).toMatchObject([{ state: 'off' }]);
    expect(textOf(file)).toBe(before.replace(github.replace('g', '\\u0067'), other));
    expect(stored(id)).toEqual([]);
  });

  test('a release with a newer value in the file keeps the older one, and says so', async () => {
    const { id, file, before } = await setUp('TOML');
    await move(id);
    writeFileSync(file, textOf(file).replace('kept-by-belljar:GITHUB_TOKEN', other));
    await release(id);
    expect(textOf(file)).toBe(before.replace(`'${github}'`, `"${other}"`));
    expect(stored(id)).toEqual(['GITHUB_TOKEN.source', 'GITHUB_TOKEN.variable']);
  });

  test('a value that is only moved about is not lost', async () => {
    const { id, file } = await setUp('JSON');
    await move(id);
    const text = textOf(file).replace(
      '"GITHUB_TOKEN":"kept-by-belljar:GITHUB_TOKEN"',
      '"GH":"kept-by-belljar:GITHUB_TOKEN"',
    );
    writeFileSync(file, text);
    await release(id);
    expect(textOf(file)).toContain(`"GH":"${github.replace('g', '\\u0067')}"`);
    expect(stored(id)).toEqual([]);
  });

  test('a variable that was taken out of the entry stays in the store', async () => {
    const { id, file } = await setUp('JSON');
    await move(id);
    writeFileSync(file, textOf(file).replace('"GITHUB_TOKEN":"kept-by-belljar:GITHUB_TOKEN",', ''));
    expect(await statesOf(id)).toMatchObject({ GITHUB_TOKEN: 'unused' });
    await release(id);
    expect(stored(id)).toEqual(['GITHUB_TOKEN.source', 'GITHUB_TOKEN.variable']);
    // An uninstall leaves it, and names the folder.
    const folders = {
      ...findFolders({ HOME: home }),
      config: world.places.configFolder,
      data: world.places.dataFolder,
      state: world.places.stateFolder,
    };
    expect(removeFolders(folders).left).toContain(join(world.places.dataFolder, 'secrets', id));
    expect(textOf(join(world.places.dataFolder, 'secrets', id, 'GITHUB_TOKEN.variable'))).toBe(github);
  });

  test('an entry that somebody took out of the launcher by hand gets its secrets back all the same', async () => {
    const { id, file, before } = await setUp('JSON');
    await move(id);
    const bare = before
      .replace(github.replace('g', '\\u0067'), 'kept-by-belljar:GITHUB_TOKEN')
      .replace(json(password), '"kept-by-belljar:DB_PASSWORD"')
      .replace(json(key), '"kept-by-belljar:SIGNING_KEY"');
    writeFileSync(file, bare);
    expect((await release(id)).results).toMatchObject([{ changed: true, state: 'off' }]);
    expect(textOf(file)).toBe(before);
    expect(stored(id)).toEqual([]);
  });

  test('a client that writes its old text back is contained again, and loses nothing', async () => {
    const { id, file, before } = await setUp('YAML');
    await move(id);
    writeFileSync(file, before);
    expect((await world.servers.show({ server: id })).server.state).toBe('drifted');
    await contain(id);
    await move(id);
    await release(id);
    expect(textOf(file)).toBe(before);
    expect(stored(id)).toEqual([]);
  });

  test('contained again while secrets are moved', async () => {
    const { id, file, before } = await setUp('JSON');
    await move(id);
    // As a move of the home does: the launcher is another one now.
    writeFileSync(file, textOf(file).replace(world.places.launcher, '/elsewhere/belljar-launcher'));
    expect((await world.servers.show({ server: id })).server.state).toBe('moved');
    await contain(id);
    expect(await statesOf(id)).toEqual(Object.fromEntries(names.map((name) => [name, 'moved'])));
    await release(id);
    expect(textOf(file)).toBe(before);
  });
});

describe('the store is lost', () => {
  test('a release says so, and changes nothing until the value is written', async () => {
    const { id, file, before } = await setUp('JSON');
    await move(id, ['GITHUB_TOKEN']);
    const moved = textOf(file);
    rmSync(join(world.places.dataFolder, 'secrets', id, 'GITHUB_TOKEN.variable'));
    const { results } = await release(id);
    expect(results).toMatchObject([
      { changed: false, error: { code: 'secret-missing', params: { name: 'GITHUB_TOKEN' } } },
    ]);
    expect(results[0]?.error?.remedy).toContain('in place of kept-by-belljar:GITHUB_TOKEN');
    expect(textOf(file)).toBe(moved);
    expect(await statesOf(id)).toMatchObject({ GITHUB_TOKEN: 'missing' });
    writeFileSync(file, moved.replace('kept-by-belljar:GITHUB_TOKEN', github.replace('g', '\\u0067')));
    expect((await release(id)).results).toMatchObject([{ changed: true, state: 'off' }]);
    expect(textOf(file)).toBe(before);
  });

  test('without the file of the source the value goes back as the format writes it', async () => {
    const { id, file } = await setUp('TOML');
    await move(id, ['GITHUB_TOKEN']);
    rmSync(join(world.places.dataFolder, 'secrets', id, 'GITHUB_TOKEN.source'));
    await release(id);
    expect(textOf(file)).toContain(`GITHUB_TOKEN = "${github}" # do not lose`);
  });

  test('a source that says another value does not count', async () => {
    const { id, file } = await setUp('JSON');
    await move(id, ['GITHUB_TOKEN']);
    for (const source of [`"${other}"`, 'not a string', '"a", "B": "c"'])
      writeFileSync(join(world.places.dataFolder, 'secrets', id, 'GITHUB_TOKEN.source'), source);
    await release(id);
    expect(textOf(file)).toContain(`"GITHUB_TOKEN":"${github}"`);
  });
});

describe('in arguments', () => {
  const entry = (args: unknown): string => `{ "mcpServers": { "db": { "command": "npx", "args": ${json(args)} } } }`;

  test.each([
    [['-y', '@supabase/mcp-server-supabase@latest', '--access-token', token, '--read-only']],
    [['-y', '@supabase/mcp-server-supabase', `--access-token=${token}`]],
  ])('a known program gets it as its variable: %j', async (args) => {
    const file = write('.cursor/mcp.json', entry(args));
    await contain('cursor.db');
    const wrapped = textOf(file);
    expect(await move('cursor.db')).toMatchObject({ names: ['SUPABASE_ACCESS_TOKEN'] });
    expect(textOf(file)).not.toContain(token);
    expect(textOf(file)).toContain('kept-by-belljar:SUPABASE_ACCESS_TOKEN');
    const { server } = await world.servers.show({ server: 'cursor.db' });
    expect([server.state, server.secrets]).toMatchObject(['contained', [{ state: 'moved', place: 'argument' }]]);
    // Tried bare it is what the client started before; contained, what the client starts now.
    await world.servers.check({ server: 'cursor.db' });
    expect(world.checked.at(-1)).toMatchObject({
      args,
      contained: { args: args.map((one) => one.replace(token, 'kept-by-belljar:SUPABASE_ACCESS_TOKEN')) },
    });
    await restore('cursor.db');
    expect(textOf(file)).toBe(wrapped);
    await move('cursor.db');
    await release('cursor.db');
    expect(textOf(file)).toBe(entry(args));
    expect(stored('cursor.db')).toEqual([]);
  });

  test('of another program it says that it cannot be moved, and why', async () => {
    const file = write('.cursor/mcp.json', entry(['-y', 'some-server', '--api-key', token]));
    await contain('cursor.db');
    const wrapped = textOf(file);
    const { server } = await world.servers.show({ server: 'cursor.db' });
    expect(server.secrets).toMatchObject([{ name: '--api-key', obstacle: 'argument', format: 'supabase' }]);
    expect(server.secrets.map(secretSentence).join(' ')).toContain('Arguments can be read by every program');
    expect(await move('cursor.db')).toMatchObject({ changed: false, names: [] });
    await expect(move('cursor.db', ['--api-key'])).rejects.toMatchObject({
      code: 'cannot-move',
      params: { obstacle: 'argument' },
    });
    expect(textOf(file)).toBe(wrapped);
  });
});

test.each([
  ['an anchor', 'GITHUB_TOKEN: &token ' + github],
  ['a block of text', `GITHUB_TOKEN: |\n        ${github}`],
])('%s cannot be exchanged alone, and says so', async (_, line) => {
  const text = documents.YAML.text.replace(/GITHUB_TOKEN: .*/, line);
  const file = write(documents.YAML.file, text);
  await contain('goose.notes');
  const wrapped = textOf(file);
  await expect(move('goose.notes', ['GITHUB_TOKEN'])).rejects.toMatchObject({ code: 'cannot-move' });
  expect(textOf(file)).toBe(wrapped);
  expect(await move('goose.notes')).toMatchObject({ names: ['DB_PASSWORD', 'SIGNING_KEY'] });
  await release('goose.notes');
  expect(textOf(file)).toBe(text);
});

test('a file that cannot be written keeps its secrets, and the store nothing', async () => {
  const { id, file, wrapped } = await setUp('JSON');
  chmodSync(file, 0o444);
  await expect(move(id)).rejects.toMatchObject({ code: 'config-read-only' });
  expect(textOf(file)).toBe(wrapped);
  expect(stored(id).filter((name) => !name.endsWith('.sealed'))).toEqual([]);
  chmodSync(file, 0o644);
  expect(await move(id)).toMatchObject({ changed: true });
});

test('a client that writes at the last moment loses nothing', async () => {
  const { id, file } = await setUp('JSON');
  world.onStep = (step) => {
    if (step === 'temporary-synced') writeFileSync(file, textOf(file).replace('debug', 'info'));
  };
  await expect(move(id)).rejects.toMatchObject({ code: 'config-changed' });
  expect(textOf(file)).toContain('"LEVEL" : "info"');
  expect(stored(id).filter((name) => !name.endsWith('.sealed'))).toEqual([]);
  world.onStep = () => undefined;
  expect(await move(id)).toMatchObject({ changed: true });
});
