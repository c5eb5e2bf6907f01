import { describe, expect, it } from 'vitest';
import { unifiedLines } from './format.ts';
import { createTerminal, plain, plainLines } from './terminal.ts';

describe('plain', () => {
  it.each([
    ['ordinary text, ümläute and 漢字', 'ordinary text, ümläute and 漢字'],
    ['a\u001b[2Jb', 'a\\x1b[2Jb'],
    ['line\nbreak\r', 'line\\x0abreak\\x0d'],
    ['\u009b31m', '\\x9b31m'],
    ['txt.\u202egpj.exe', 'txt.\\u202egpj.exe'],
    ['zero\u200bwidth', 'zero\\u200bwidth'],
    ['\u2066isolate\u2069', '\\u2066isolate\\u2069'],
    ['a\u2028b', 'a\\u2028b'],
  ])('makes %j safe to print', (text, safe) => {
    expect(plain(text)).toBe(safe);
  });

  it('keeps the lines and tabs of texts that Belljar laid out', () => {
    expect(plainLines('a\n\tb\u001b')).toBe('a\n\tb\\x1b');
  });
});

describe('a diff', () => {
  it('keeps the tabs that a file is indented by, and nothing else that could move the cursor', () => {
    expect(unifiedLines('--- a\n-\t\t"x\u001b"\n', createTerminal({}))).toBe('--- a\n-\t\t"x\\x1b"');
  });
});

describe('table', () => {
  const terminal = createTerminal({});

  it('aligns columns, numbers to the right, wide characters by what they take', () => {
    expect(
      terminal.table(
        ['NAME', 'N', 'WHAT'],
        [
          ['漢字', { text: '7', right: true }, 'x'],
          ['ab', { text: '1234', right: true }, 'long text stays whole in a file'],
        ],
      ),
    ).toBe('NAME     N  WHAT\n漢字     7  x\nab    1234  long text stays whole in a file');
  });

  it('cannot be broken by what a server chose', () => {
    expect(terminal.table(['A', 'B'], [['x\n\u001b[1m', 'y']]).split('\n')).toHaveLength(2);
  });

  it('has no colour where standard output is no terminal', () => {
    expect(terminal.paint('red', 'x')).toBe('x');
  });
});
