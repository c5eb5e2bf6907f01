import { expect, test } from 'vitest';
import type { Held } from '../ports.ts';
import { stillOpenOf } from './still-open.ts';

const by = { pid: 123, program: 'node' };
const file = (path: string, read = true, write = false): Held => ({ ...by, kind: 'file', path, read, write });

test('listed is what was allowed before and is refused now, by the access that is lost', () => {
  const held: Held[] = [
    file('/a/lost'),
    file('/a/lost'),
    file('/a/kept'),
    file('/never'),
    file('/a/half', true, true),
    { ...by, kind: 'connection', port: 5432 },
  ];
  const before = ({ target }: { target: string }): boolean => target !== '/never';
  const after = ({ target, access }: { target: string; access: string }): boolean =>
    target === '/a/kept' || (target === '/a/half' && access === 'read');
  expect(stillOpenOf([{ held, whole: true, before, after }])).toEqual({
    items: [
      { ...by, kind: 'file', what: '/a/lost', access: 'read' },
      { ...by, kind: 'file', what: '/a/half', access: 'write' },
      { ...by, kind: 'connection', what: 'localhost:5432', access: 'connect' },
    ],
    more: false,
  });
});

test('a list is bounded and says when it is not whole', () => {
  const held = Array.from({ length: 65 }, (_, index) => file(`/a/${index.toString()}`));
  const look = { before: () => true, after: () => false };
  const open = stillOpenOf([{ ...look, held, whole: true }]);
  expect([open.items.length, open.more]).toEqual([64, true]);
  expect(stillOpenOf([{ ...look, held: [], whole: false }])).toEqual({ items: [], more: true });
});
