import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { serverIdPattern } from '#contract/words.ts';
import { makeServerId } from './server-id.ts';
import { sha256Hex } from './sha256.ts';

test('the hash is SHA-256', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      expect(sha256Hex(text)).toBe(createHash('sha256').update(text).digest('hex'));
    }),
  );
});

test('a plain name of the user scope stands as it is', () => {
  expect(makeServerId('claude-desktop', 'user', 'filesystem')).toBe('claude-desktop.filesystem');
  expect(makeServerId('cursor', 'user', 'my-server.v2')).toBe('cursor.my-server.v2');
});

test.each([
  ['upper case', 'FileSystem', 'filesystem'],
  ['a slash', 'team/files', 'team-files'],
  ['quotes', `it's "mine"`, 'it-s-mine'],
  ['emoji', '🔥files🔥', 'files'],
  ['emoji alone', '🔥', 'server'],
  ['nothing', '', 'server'],
  ['dots', '..', 'server'],
  ['accents', 'café', 'cafe'],
  ['a hash of its own', 'files-0123456789ab', 'files-0123456789ab'],
])('%s in a name gives a slug and a hash', (_, name, slug) => {
  const id = makeServerId('cursor', 'user', name);
  expect(id).toMatch(serverIdPattern);
  expect(id.slice(0, -13)).toBe(`cursor.${slug}`);
  expect(id).toMatch(/-[0-9a-f]{12}$/);
});

test('another scope never shares an id with the user scope', () => {
  expect(makeServerId('claude-code', 'local:/home/a/p', 'files')).not.toBe(
    makeServerId('claude-code', 'user', 'files'),
  );
  expect(makeServerId('claude-code', 'local:/home/a/p', 'files')).not.toBe(
    makeServerId('claude-code', 'local:/home/a/q', 'files'),
  );
});

test('ids are valid, deterministic and unique', () => {
  const name = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 100 }),
    fc.stringMatching(/^[a-zA-Z0-9.-]{0,70}$/),
    fc.constantFrom('files', 'Files', 'files-', 'fi les', 'files.', '__proto__'),
  );
  const scope = fc.constantFrom('user', 'local:/home/a', 'local:/home/b');
  fc.assert(
    fc.property(fc.array(fc.tuple(scope, name), { maxLength: 40 }), (pairs) => {
      const different = new Map(pairs.map((pair) => [JSON.stringify(pair), pair]));
      const ids = [...different.values()].map(([s, n]) => makeServerId('claude-desktop', s, n));
      for (const id of ids) expect(id).toMatch(serverIdPattern);
      expect(new Set(ids).size).toBe(different.size);
    }),
  );
});
