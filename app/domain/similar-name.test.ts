/** Names that could be taken for well-known ones. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { knownPackages } from './known-packages.ts';
import { isOneStep, similarPackage, skeleton } from './similar-name.ts';

test.each([
  ['npm', '@modelcontextprotoco1/server-filesystem', '@modelcontextprotocol/server-filesystem'],
  ['npm', '@modelcontextprotocol-/server-memory', '@modelcontextprotocol/server-filesystem'],
  ['npm', 'modelcontextprotocol-server-memory', '@modelcontextprotocol/server-memory'],
  ['npm', '@playwrigth/mcp', '@playwright/mcp'],
  ['npm', 'firecrawI-mcp', 'firecrawl-mcp'],
  ['npm', 'firecrwal-mcp', 'firecrawl-mcp'],
  ['npm', 'fırecrawl-mcp', 'firecrawl-mcp'],
  ['npm', 'chrome-devtool-mcp', 'chrome-devtools-mcp'],
  ['uv', 'mcp_server_fetсh', 'mcp-server-fetch'],
  ['uv', 'mcp-atIassian', 'mcp-atlassian'],
  ['uv', 'mcp-server-fetchh', 'mcp-server-fetch'],
] as const)('%s %s could be taken for %s', (registry, name, known) => {
  expect(similarPackage(registry, name)).toBe(known);
});

test.each([
  ['npm', '@modelcontextprotocol/server-filesystems'],
  ['npm', 'my-own-server'],
  ['npm', '@me/mcp'],
  ['npm', 'mcp'],
  ['uv', 'mcp_server_fetch'],
  ['uv', 'dot-mcp'],
  ['uv', 'mcp-server-kit'],
  ['uv', ''],
] as const)('%s %s is no such name', (registry, name) => {
  expect(similarPackage(registry, name)).toBeNull();
});

test('no well-known name could be taken for another, and none is like itself', () => {
  for (const registry of ['npm', 'uv'] as const)
    for (const name of knownPackages(registry).keys()) expect(similarPackage(registry, name)).toBeNull();
});

test('a letter added to, taken from or exchanged in a long enough name is found', () => {
  const names = [...knownPackages('uv').keys()].filter((name) => name.replaceAll(/mcp|server|-/g, '').length >= 5);
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.nat(), fc.constantFrom('add', 'drop', 'set'), (name, random, how) => {
      const at = 1 + (random % (name.length - 2));
      const rest = how === 'add' ? name.slice(at) : name.slice(at + 1);
      const changed = `${name.slice(0, at)}${how === 'drop' ? '' : 'q'}${rest}`;
      if (knownPackages('uv').has(changed.replaceAll(/-+/g, '-'))) return;
      expect(similarPackage('uv', changed)).not.toBeNull();
    }),
  );
});

test('one step: the same both ways, and what one edit makes; what looks the same has one skeleton', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
  const edits = (word: string): Set<string> => {
    const all = new Set([word]);
    for (let at = 0; at <= word.length; at += 1) {
      const [before, after] = [word.slice(0, at), word.slice(at)];
      all.add(before + after.slice(1));
      for (const letter of 'abc') all.add(before + letter + after).add(before + letter + after.slice(1));
      if (after.length > 1) all.add(before + after.charAt(1) + after.charAt(0) + after.slice(2));
    }
    return all;
  };
  fc.assert(
    fc.property(text, text, (one, other) => {
      expect(isOneStep(one, other)).toBe(edits(one).has(other) || edits(other).has(one));
      expect(isOneStep(one, other)).toBe(isOneStep(other, one));
    }),
    { numRuns: 1000 },
  );
  expect(skeleton('ＭСР-ѕerver')).toBe(skeleton('mcp_server'));
});

test('a name of any length and letters costs little', () => {
  const long = 'а'.repeat(1_000_000);
  expect(similarPackage('npm', long)).toBeNull();
  expect(similarPackage('npm', `@${long}/${long}`)).toBeNull();
});
