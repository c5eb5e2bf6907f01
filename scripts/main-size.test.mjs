/**
 * The desktop program is a window on the host: what does not need Electron stands where tests need no stand-in for it. So main/
 * stays small, counted in lines that hold code.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = join(import.meta.dirname, '../main');
const linesMax = 500;

/** Lines that hold more than a comment. */
function linesOfCode(text) {
  const withoutComments = text.replaceAll(/\/\*[^]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
  return withoutComments.split('\n').filter((line) => line.trim() !== '').length;
}

describe('main/', () => {
  it(`has fewer than ${linesMax} lines of code`, () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
    expect(files).toContain('main.ts');
    const counts = files.map((name) => [name, linesOfCode(readFileSync(join(folder, name), 'utf8'))]);
    const sum = counts.reduce((total, [, lines]) => total + lines, 0);
    expect(sum, JSON.stringify(Object.fromEntries(counts))).toBeLessThan(linesMax);
  });

  it('is counted without comments and empty lines', () => {
    expect(linesOfCode('/** One\n * two */\nconst a = 1;\n\n  // three\nb();\n')).toBe(2);
  });
});
