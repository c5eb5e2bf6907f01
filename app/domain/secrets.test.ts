import { describe, expect, test } from 'vitest';
import { secretFormats, secretMaxBytes, type SecretFormat } from '#contract/secret.ts';
import { fillArgument, keptName, keptNameOfArgument, keptReference } from './kept-secrets.ts';
import { maskArguments, maskText } from './mask.ts';
import { formatOf } from './secret-formats.ts';
import { decoys } from '#contract/secret-decoys.ts';
import { findSecrets } from './secrets.ts';
import { hostilePieces } from './testing/hostile-pieces.ts';

const random = 'Zx81kQ9mB2vT7rY4pL0sN6wD';
const none = { command: 'server', args: [] };
const found = (env: Record<string, string>, args: string[] = [], command = 'server') =>
  findSecrets({ command, args }, env).map(({ where, value, reason, format, obstacle, name }) => ({
    where,
    value,
    reason,
    format,
    obstacle,
    name,
  }));

describe('formats', () => {
  test('each format has a decoy', () => {
    expect(Object.keys(decoys).toSorted()).toEqual(secretFormats.toSorted());
  });

  test.each(Object.entries(decoys) as [SecretFormat, string[]][])('%s', (format, examples) => {
    for (const example of examples) {
      expect(formatOf(example), example).toBe(format);
      expect(findSecrets(none, { SETTING: example })).toMatchObject([{ reason: 'format', format, obstacle: null }]);
      expect(findSecrets({ command: 's', args: ['--flag', example] }, {})).toMatchObject([{ format, index: 1 }]);
      // Hidden wherever it stands, also in the middle of a text.
      expect(maskText(`before ${example} behind`)).not.toContain(example);
      expect(maskArguments(['--flag', example]).join(' ')).not.toContain(example);
    }
  });
});

describe('looks like a secret', () => {
  test.each<[string, string, string, string]>([
    ['its name', 'API_KEY', 'abcdef-ghij', 'name'],
    ['its name in camel case', 'apiToken', 'abcdef-ghij', 'name'],
    ['a short password', 'DB_PASSWORD', '1234', 'name'],
    ['a password that is a word', 'password', 'hunter', 'name'],
    ['a key that is no known format', 'AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY', 'name'],
    [
      'a connection string',
      'DATABASE_URL',
      'postgres://anna:s3cr%40t@db.example.com:5432/x?sslmode=require',
      'address',
    ],
    ['one of another form', 'DB', 'Server=db;Database=x;User Id=sa;Password=p4ss;', 'address'],
    ['credentials in an address', 'PROXY', 'http://anna:pw12@proxy:8080', 'address'],
    ['a header', 'EXTRA', 'Bearer abcdefgh1234', 'header'],
    ['random text', 'SETTING', random, 'random'],
    ['random hexadecimal text', 'SETTING', '9f86d081884c7d659a2feaa0c55ad015', 'random'],
  ])('%s', (_, name, value, reason) => {
    expect(found({ [name]: value })).toEqual([{ where: name, name, value, reason, format: null, obstacle: null }]);
  });

  test.each<[string, string, string]>([
    ['a placeholder of VS Code', 'API_KEY', '${input:api-key}'],
    ['a placeholder of the environment', 'API_KEY', '${env:API_KEY}'],
    ['a part that is one', 'AUTH_HEADER', 'Bearer ${AUTH_TOKEN}'],
    ['a shell variable', 'TOKEN', '$TOKEN'],
    ['a variable of Windows', 'TOKEN', '%TOKEN%'],
    ['a template', 'TOKEN', '{{token}}'],
    ['a password that is a placeholder', 'URL', 'postgres://u:${PASSWORD}@db/x'],
    ['a dummy', 'API_KEY', 'YOUR_API_KEY_HERE'],
    ['a dummy in brackets', 'API_KEY', '<your-api-key>'],
    ['a dummy of letters', 'API_KEY', 'xxxxxxxx'],
    ['a reference to the store', 'API_KEY', 'kept-by-belljar:API_KEY'],
    ['nothing', 'API_KEY', ''],
    ['a switch', 'USE_AUTH', 'true'],
    ['a number', 'SESSION_KEY', '30'],
    ['a limit', 'MAX_TOKEN_COUNT', '40000'],
    ['a file', 'GOOGLE_APPLICATION_CREDENTIALS', '/home/anna/key.json'],
    ['a file by its name', 'TOKEN_FILE', 'token.txt'],
    ['an address', 'AUTH_URL', 'https://auth.example.com/authorize?client=x'],
    ['an address with a user alone', 'HOST_URL', 'ssh://git@example.com/x'],
    ['a folder', 'ROOT', '/home/anna/projects/my-very-long-project-name-2025/packages'],
    ['an id', 'PROJECT_ID', '9f86d081884c7d659a2feaa0c55ad015'],
    ['a uuid', 'SETTING', '3f0c9a52-7b1e-4d8a-9c55-0a1b2c3d4e5f'],
    ['a commit', 'GIT_SHA', '2fd4e1c67a2d28fced849ee1bb76e7391b93eb12'],
    ['a package', 'PACKAGE', '@modelcontextprotocol/server-filesystem@2025.8.21'],
    ['words', 'SETTING', 'a-long-name-with-words-and-2025'],
    ['a name that only begins like a token', 'SETTING', 'sk-something-long-and-plain-without-digits'],
    ['a list of models', 'MODELS', 'gpt-4o,claude-sonnet-4-20250514,gemini-2.5-pro-preview'],
  ])('not %s', (_, name, value) => {
    expect(found({ [name]: value })).toEqual([]);
  });
});

describe('in arguments', () => {
  const supabase = ['-y', '@supabase/mcp-server-supabase@latest'];
  test.each<[string, string[], string, string, string | null]>([
    ['an option', ['--token', random], '--token', random, 'argument'],
    ['an assigned option', [`--api-key=${random}`], '--api-key', random, 'argument'],
    ['a header', ['--header', `Authorization: Bearer ${random}`], '--header', `Bearer ${random}`, 'part'],
    ['a header without spaces', [`Authorization:Bearer ${random}`], 'argument 1', `Bearer ${random}`, 'part'],
    ['an address', [`postgres://anna:${random}@db/x`], 'argument 1', `postgres://anna:${random}@db/x`, 'part'],
    ['a query', [`https://example.com/mcp?api_key=${random}`], 'argument 1', random, 'part'],
    ['a variable before a program', [`API_TOKEN=${random}`], 'API_TOKEN', random, 'part'],
    [
      'one that a known program also takes from a variable',
      [...supabase, '--access-token', decoys.supabase[0] ?? ''],
      '--access-token',
      decoys.supabase[0] ?? '',
      null,
    ],
    [
      'the same, assigned',
      [...supabase, `--access-token=${decoys.supabase[0] ?? ''}`],
      '--access-token',
      decoys.supabase[0] ?? '',
      null,
    ],
  ])('%s', (_, args, where, value, obstacle) => {
    expect(found({}, args, 'npx')).toMatchObject([{ where, value, obstacle }]);
    expect(maskArguments(args).join(' ')).not.toContain(random);
  });

  /** How people hand a secret to a program: an option's name or the token itself tells, whatever the program is. */
  const password = 'hunter7Blue';
  const carriers: [string, (value: string) => string[]][] = [
    ['an option', (value) => ['--password', value]],
    ['an assigned option', (value) => [`--client-secret=${value}`]],
    ['a header', (value) => ['-H', `X-Api-Key: ${value}`]],
    ['a header that is assigned', (value) => [`--header=Authorization: Bearer ${value}`]],
    ['a variable before a program', (value) => ['env', `DB_PASSWORD=${value}`, 'server']],
    ['a variable in a script', (value) => ['-c', `cd /srv && API_TOKEN=${value} exec node server.js`]],
    ['a variable in a script, quoted', (value) => ['-c', `export API_TOKEN="${value}"; node server.js`]],
    ['a variable of cmd', (value) => ['/c', `set API_TOKEN=${value}&& npx server`]],
    ['a variable for a container', (value) => ['run', '-e', `API_TOKEN=${value}`, 'image']],
    ['settings as JSON', (value) => ['--config', JSON.stringify({ region: 'eu', auth: { apiKey: value } })]],
    [
      'settings as JSON inside of JSON',
      (value) => ['--config', JSON.stringify({ h: JSON.stringify({ token: value }) })],
    ],
    ['settings that are assigned', (value) => [`--config={"apiKey":"${value}"}`]],
    ['a list of settings', (value) => ['--set', `a=b,password=${value},c=d`]],
    ['words of a connection string', (value) => [`host=db user=anna password=${value} dbname=x`]],
    ['parts of a connection string', (value) => ['--dsn', `Server=db;User Id=sa;Password=${value};`]],
    ['an address', (value) => [`redis://default:${value}@cache:6379`]],
    ['a query', (value) => [`https://mcp.example.com/sse?token=${value}&x=1`]],
    ['a user and its password', (value) => ['-u', `anna:${value}`]],
  ];
  const values = [password, random, ...secretFormats.flatMap((format) => decoys[format].slice(0, 1))].filter((value) =>
    // What would need a quoting of its own, or is an address with its own, is no case of these.
    /^[\w.:-]+$/.test(value),
  );

  test.each(carriers)('of a program that nobody knows, %s: found, not to be moved, and never shown', (_, carry) => {
    expect(values.length).toBeGreaterThan(30);
    for (const value of values) {
      const args = ['server.js', ...carry(value)];
      const [secret, ...more] = findSecrets({ command: 'some-server', args }, {});
      expect([secret?.value.includes(value), more], args.join(' ')).toEqual([true, []]);
      expect(['argument', 'part'], args.join(' ')).toContain(secret?.obstacle);
      expect(secret?.where).not.toContain(value);
      const shown = maskArguments(args);
      expect(shown.join(' '), args.join(' ')).not.toContain(value);
      expect(shown).toHaveLength(args.length);
    }
  });

  test.each(carriers)('a placeholder or a dummy in its place is none: %s', (_, carry) => {
    for (const value of ['${API_TOKEN}', 'YOUR_API_KEY_HERE'])
      expect(findSecrets({ command: 'some-server', args: carry(value) }, {}), carry(value).join(' ')).toEqual([]);
  });

  test('a known one is moved by its variable, unless the entry has that variable too', () => {
    const args = [...supabase, '--access-token', random];
    expect(found({}, args, 'npx')).toMatchObject([{ name: 'SUPABASE_ACCESS_TOKEN', obstacle: null }]);
    expect(found({ SUPABASE_ACCESS_TOKEN: 'x' }, args, 'npx').at(-1)).toMatchObject({ obstacle: 'twice' });
  });

  test.each<[string, string[]]>([
    ['a placeholder', ['--token', '${env:TOKEN}', '--key=${KEY}', '-H', 'Authorization: Bearer ${AUTH}']],
    ['a reference to the store', ['--token', 'kept-by-belljar:T', '--api-key=kept-by-belljar:T']],
    ['a file', ['--token-file', '/run/token', '--key', './key.pem']],
    ['plain options', ['--port', '8080', '--auth', '--verbose', '--transport', 'stdio']],
    ['a package', ['-y', '@scope/server-with-a-long-name-and-digits-2025@1.2.3']],
    ['a folder', ['/home/anna/projects/X9Y8Z7/my-very-long-project-name-2025']],
    ['settings without any', ['--config', '{"region":"eu","tokens":4096,"useAuth":true,"keyFile":"/run/k"}']],
    ['a user and a group', ['--user', '1000:1000']],
    ['a script', ['-c', 'node --max-tokens=100 server.js; echo done: ok']],
  ])('not %s', (_, args) => {
    expect(found({}, args)).toEqual([]);
  });
});

test('is never named by the argument before it, where that holds a value', () => {
  const [secret = ''] = decoys.github ?? [];
  const wheres = found({}, [`--api-key=${secret}`, `/srv?token=${secret}`]).map(({ where }) => where);
  expect(wheres).toEqual(['--api-key', 'argument 2']);
});

test('what no variable can hold says so', () => {
  expect(found({ 'my.token': random })).toMatchObject([{ obstacle: 'name' }]);
  expect(found({ TOKEN: `${random}\0` })).toMatchObject([{ obstacle: 'name' }]);
  expect(found({ KEY: `${decoys.github[0] ?? ''}${'x'.repeat(secretMaxBytes)}` })).toMatchObject([
    { obstacle: 'too-large' },
  ]);
});

test('references are exactly that', () => {
  expect(keptName(keptReference('A_1'))).toBe('A_1');
  for (const text of ['kept-by-belljar:', 'kept-by-belljar:a b', 'x kept-by-belljar:A', 'kept-by-belljar:1'])
    expect(keptName(text)).toBeNull();
  expect(keptNameOfArgument('--token=kept-by-belljar:A')).toBe('A');
  expect(keptNameOfArgument('kept-by-belljar:A')).toBe('A');
  expect(keptNameOfArgument('token=kept-by-belljar:A')).toBeNull();
  expect(fillArgument('--token=kept-by-belljar:A', new Map([['A', 'a=b']]))).toBe('--token=a=b');
  expect(maskArguments(['--token=kept-by-belljar:A', '--key', 'kept-by-belljar:B'])).toEqual([
    '--token=kept-by-belljar:A',
    '--key',
    'kept-by-belljar:B',
  ]);
});

// Patterns that tried again from every place would need minutes for these; the test's own time limit ends them.
test('hostile text of any length is gone through once', () => {
  for (const piece of hostilePieces)
    for (const length of [8000, secretMaxBytes, 1_000_000]) {
      const text = piece.repeat(length / piece.length);
      expect(findSecrets({ command: 's', args: [text] }, { KEY: text, [text.slice(0, 9000)]: 'x' })).toBeDefined();
    }
});
