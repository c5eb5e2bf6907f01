import { describe, expect, it } from 'vitest';
import { makeServer } from '../../test-support/fixtures.ts';
import type { ListOptions } from './arrange.ts';
import { arrange, matches } from './arrange.ts';

const options: ListOptions = { search: '', grouping: 'client', order: 'listed' };
const servers = [
  makeServer({ id: 'a.one', name: 'zeta', denialsLastHour: 1, risk: { score: 90, grade: 'severe', reasons: [] } }),
  makeServer({ id: 'b.two', name: 'alpha', client: 'other', clientTitle: 'Other', command: 'uvx', args: ['mcp-x'] }),
  makeServer({ id: 'a.three', name: 'beta', denialsLastHour: 9, state: 'failing', level: 'strict', risk: null }),
  makeServer({ id: 'a.four', name: 'far', command: null, args: [], state: 'cannot', reason: 'remote' }),
];
const shape = (list: ReturnType<typeof arrange>): string[] =>
  list.map((item) => (item.kind === 'group' ? `${item.title} ${String(item.count)}` : item.server.name));

describe('arranging servers', () => {
  it('groups by client in the host’s order', () => {
    expect(shape(arrange(servers, options))).toEqual(['Desk 3', 'zeta', 'beta', 'far', 'Other 1', 'alpha']);
  });

  it('groups by what runs', () => {
    expect(shape(arrange(servers, { ...options, grouping: 'runs' }))).toEqual([
      'Packages from PyPI 1',
      'alpha',
      'Programs on this machine 2',
      'zeta',
      'beta',
      'Run elsewhere 1',
      'far',
    ]);
  });

  it.each([
    ['name', ['beta', 'far', 'zeta']],
    ['risk', ['zeta', 'far', 'beta']],
    ['refused', ['beta', 'zeta', 'far']],
    ['attention', ['beta', 'zeta', 'far']],
  ] as const)('orders inside of groups by %s', (order, names) => {
    // Groups stand in the order of their first: here the other client may come before.
    const all = shape(arrange(servers, { ...options, order }));
    const first = all.slice(all.indexOf('Desk 3') + 1).slice(0, 3);
    if (order === 'risk') expect(first[0]).toBe('zeta');
    else expect(first).toEqual(names);
  });

  it('what comes first of all stands at the top, whatever its group', () => {
    const quiet = Array.from({ length: 300 }, (_, index) =>
      makeServer({ id: `q.${String(index)}`, name: `quiet-${String(index)}`, client: 'quiet', clientTitle: 'Quiet' }),
    );
    const list = [...quiet, ...servers];
    expect(shape(arrange(list, { ...options, order: 'attention' })).slice(0, 2)).toEqual(['Desk 3', 'beta']);
    expect(shape(arrange(list, { ...options, order: 'risk' })).slice(0, 2)).toEqual(['Desk 3', 'zeta']);
    expect(shape(arrange(list, { ...options, order: 'name' })).slice(0, 2)).toEqual(['Other 1', 'alpha']);
    expect(shape(arrange(list, { ...options, grouping: 'runs', order: 'refused' }))[1]).toBe('beta');
    // As listed, the host's order stands.
    expect(shape(arrange(list, options))[0]).toBe('Quiet 300');
  });

  it('keeps what every word is found in, wherever it stands, and no empty group', () => {
    expect(shape(arrange(servers, { ...options, search: 'uvx MCP-X' }))).toEqual(['Other 1', 'alpha']);
    expect(shape(arrange(servers, { ...options, search: 'failing desk' }))).toEqual(['Desk 1', 'beta']);
    expect(arrange(servers, { ...options, search: 'alpha failing' })).toEqual([]);
    expect(matches(makeServer({ name: '<b>\u202E' }), '\u202E')).toBe(true);
  });
});
