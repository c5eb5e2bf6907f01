import { describe, expect, test } from 'vitest';
import { mask, maskArguments, maskText, maskVariable } from './mask.ts';
import { hostilePieces } from './testing/hostile-pieces.ts';
import { unifiedDiff } from './unified-diff.ts';

const secret = 'Zx81kQ9mB2vT7rY4pL0sN6wD';

describe('masked', () => {
  test.each<[string, string[]]>([
    ['an option', ['--api-key', secret]],
    ['an option in camel case', ['--apiKey', secret]],
    ['an assigned option', [`--token=${secret}`]],
    ['a short secret where its name says so', ['--password', 'hunter2']],
    ['a header option', ['--header', `Authorization: Bearer ${secret}`]],
    ['a short header option', ['-H', `X-Whatever: ${secret}`]],
    ['a header as an argument of its own', [`Authorization:Bearer ${secret}`]],
    ['a variable', [`API_TOKEN=${secret}`]],
    ['credentials in an address', [`postgres://anna:${secret}@db:5432/x`]],
    ['a user alone in an address', [`https://${secret}@example.com/x`]],
    ['a value of a query', [`https://example.com/mcp?x=1&api_key=${secret}`]],
    ['a token by its shape', ['ghp_0123456789abcdefghij0123456789abcdef']],
    ['a token inside a text', ['use sk-ant-api03-abcdefghijklmnop now']],
    ['long random text', [secret]],
    ['long hexadecimal text', ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08']],
    ['a web token', ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U']],
  ])('%s', (_, args) => {
    const shown = maskArguments(args).join(' ');
    expect(shown).toContain(mask);
    for (const part of [secret, 'hunter2', 'ghp_', 'sk-ant', '9f86d081', 'dozjgNry']) expect(shown).not.toContain(part);
  });

  test.each<[string, string[]]>([
    ['a package', ['-y', '@modelcontextprotocol/server-filesystem@2025.8.21']],
    ['folders', ['/home/anna/projects/my-very-long-project-name-2025/packages/server']],
    ['an address', ['https://mcp.example.com/v1/servers?page=2']],
    ['plain options', ['--port', '8080', '--transport', 'stdio', '--read-only']],
    ['an option that only looks like one', ['--token-file', '/run/x', '--auth-type', 'none']],
    ['a placeholder of a secret', ['--token', '${env:GITHUB_TOKEN}', '--key=${KEY}']],
    ['a switch before another option', ['--auth', '--verbose']],
    ['an email', ['--user', 'anna@example.com']],
    ['a commit', ['git+https://github.com/a/b']],
    ['settings', ['--config', '{"region":"eu","depth":3,"useAuth":true}']],
    ['settings that name a placeholder', ['--config', '{"apiKey":"${API_KEY}"}']],
    ['a user and a group', ['--user', '1000:1000']],
    ['a script', ['-c', 'cd /srv && MODE=fast exec node server.js']],
  ])('not %s', (_, args) => {
    expect(maskArguments(args)).toEqual(args);
  });
});

test('variables never show their value', () => {
  expect(maskVariable('x')).toBe(mask);
  expect(maskVariable('${TOKEN}')).toBe('${TOKEN}');
});

// Patterns that tried again from every place would need hours for these; the test's own time limit ends them.
test('hostile text of any length is gone through once', () => {
  for (const piece of hostilePieces)
    for (const length of [8000, 1_000_000]) expect(maskText(piece.repeat(length / piece.length))).toBeTypeOf('string');
});

test('a diff names the lines of the file', () => {
  expect(unifiedDiff('/f', 'a\nb\nc', 'a\nB\nc', 10)).toBe('--- /f\n+++ /f\n@@ -10,3 +10,3 @@\n a\n-b\n+B\n c\n');
  expect(unifiedDiff('/f', 'a', 'a')).toBe('');
});
