import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from './event.ts';
import { csvCell, exportHead, exportLine } from './event-export.ts';

const event: Event = {
  v: 1,
  seq: 3,
  at: '2026-03-01T10:00:00.000Z',
  firstAt: '2026-03-01T09:00:00.000Z',
  run: 'run-1',
  server: 'cursor.files',
  kind: 'file.read',
  target: '/home/person/.ssh/id_ed25519',
  verdict: 'refused',
  by: 'broker',
  errno: 'EACCES',
  count: 2,
  known: 'ssh-keys',
  process: { pid: 7, exe: '/usr/bin/node' },
};

/** Mostly of what matters to a spreadsheet. */
const odd = fc
  .array(fc.constantFrom('=', '+', '-', '@', '"', "'", ',', ' ', '\t', '\r', '\n', 'a', '1'), { maxLength: 6 })
  .map((parts) => parts.join(''));

describe('a cell of CSV', () => {
  it.each([
    ['=HYPERLINK("http://evil")', `"'=HYPERLINK(""http://evil"")"`],
    ['+1', `"'+1"`],
    ['-1+cmd|x', `"'-1+cmd|x"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\t=1', `"'\\u0009=1"`],
    ['\r=1', `"'\\u000d=1"`],
    ['a\nb', '"a\\u000ab"'],
    ['\u001b[31mred', '"\\u001b[31mred"'],
    ['\u202eexe', '"\\u202eexe"'],
    ['/plain/path, with "quotes"', '"/plain/path, with ""quotes"""'],
  ])('%j becomes %s', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });

  it('never begins as a formula and never ends a line, whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), odd), (value) => {
        const cell = csvCell(value);
        expect(cell).toMatch(/^"(?![\s]*[=+\-@])[^\r\n]*"$/);
        expect(cell.slice(1, -1).replaceAll('""', '')).not.toContain('"');
      }),
    );
  });
});

it('has as many cells as there are columns, and the sentence in words', () => {
  const line = exportLine('csv', event);
  expect(line).toBe(
    '"2026-03-01T10:00:00.000Z","2026-03-01T09:00:00.000Z","cursor.files","run-1",3,"file.read","refused",2,' +
      '"tried to read","your SSH keys","/home/person/.ssh/id_ed25519","","/usr/bin/node",7,"EACCES","broker",""\r\n',
  );
  expect(exportHead('csv').split(',')).toHaveLength(line.split(',').length);
  expect(exportHead('jsonl') + exportLine('jsonl', event)).toBe(`${JSON.stringify(event)}\n`);
});
