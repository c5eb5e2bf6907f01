/**
 * No text of the product says that something is safe: no sandbox makes it so, and who reads it looks no further. Held for
 * every text in the sources, wherever it is shown: sentences, the panel, the desktop program, the command line.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseSync } from 'vite';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const claim =
  /\b(?:safe|safer|safely|safety|secured?|securely|harmless|risk-free|bulletproof|unbreakable|foolproof)\b/iu;

/** Sentences with such a word that claim nothing. */
const claimless = [
  'Its entry shows little that speaks against it. Nobody has looked into the program: this does not say that it is harmless.',
  'Certificates of the authorities that secure connections.',
];

/** Strings, templates without what is put in, text between tags; a single word is a name in the code. */
function textsOf(file: string, source: string): string[] {
  const texts: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, value } = node as { type?: unknown; value?: unknown };
    const text =
      type === 'TemplateElement'
        ? (value as { cooked?: unknown }).cooked
        : /^(?:Literal|JSXText)$/u.test(String(type))
          ? value
          : null;
    if (typeof text === 'string' && /\S\s+\S/u.test(text)) texts.push(text.trim());
    for (const part of Object.values(node)) visit(part);
  };
  visit(parseSync(file, source).program);
  return texts;
}

const claims = (file: string, source: string): string[] =>
  textsOf(file, source).filter((text) => claim.test(text) && !claimless.includes(text));

describe('no text says that something is safe', () => {
  it.each([
    ['a.ts', "export const words = { contained: 'This server is safe now.' };"],
    ['a.ts', 'export const words = (name: string) => `${name} is secured against everything.`;'],
    ['a.tsx', 'export const Words = () => <p>Harmless, whatever it does.</p>;'],
    ['a.tsx', 'export const Words = () => <button title="Run it safely">Run</button>;'],
  ])('a claim is found: %s %s', (file, source) => {
    expect(claims(file, source)).toHaveLength(1);
  });

  it.each([
    ['app', 100],
    ['renderer', 50],
    ['main', 3],
  ])('there is none in %s', (folder, atLeast) => {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.tsx?$/u.test(file) && !/\.test\.tsx?$|(?:^|\/)(?:testing|test-support|node_modules)\//u.test(file),
    );
    expect(files.length).toBeGreaterThan(atLeast);
    const found = files.flatMap((file) =>
      claims(file, readFileSync(join(root, folder, file), 'utf8')).map((text) => `${folder}/${file}: ${text}`),
    );
    expect(found).toEqual([]);
  });

  it('what is excepted is still said', () => {
    const texts = textsOf('sentences.ts', readFileSync(join(root, 'app/contract/sentences.ts'), 'utf8'));
    for (const sentence of claimless) expect(texts).toContain(sentence);
  });
});
