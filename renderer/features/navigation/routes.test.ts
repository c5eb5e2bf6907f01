import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Route } from './routes.ts';
import { formatRoute, home, parseRoute, placeOf } from './routes.ts';

describe('routes', () => {
  it('reads what it writes', () => {
    const routes: Route[] = [
      { name: 'servers' },
      { name: 'server', server: 'claude-desktop.filesystem' },
      { name: 'activity', query: '' },
      { name: 'activity', query: 'server=a&verdict=refused' },
      { name: 'rollout' },
      { name: 'machine' },
      { name: 'terminal', id: 't-0123456789abcdef' },
      { name: 'welcome' },
    ];
    for (const route of routes) expect(parseRoute(formatRoute(route))).toEqual(route);
  });

  it.each([
    '',
    '#',
    '#/',
    '#code=abc',
    '#/nothing',
    '#/servers/',
    '#/servers/a/b',
    '#/servers/%',
    '#/servers/%2e%2e%2fetc',
    '#/servers/A',
    '#/servers/<b>',
    '#/machine/x',
    '#/terminal',
    '#/terminal/..',
    '#/terminal/t-0123',
    `#/activity?${'x'.repeat(5000)}`,
  ])('%s is no route', (hash) => {
    expect(parseRoute(hash)).toBeNull();
  });

  it('never fails, and what it takes can be written again', () => {
    const told = fc.check(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `#/servers/${text}`),
        ),
        (hash) => {
          const route = parseRoute(hash);
          return route === null || formatRoute(parseRoute(formatRoute(route)) ?? home) === formatRoute(route);
        },
      ),
    );
    expect(told.failed).toBe(false);
  });

  it('a query is the same place', () => {
    expect(placeOf({ name: 'activity', query: 'a=1' })).toBe(placeOf({ name: 'activity', query: '' }));
    expect(placeOf({ name: 'server', server: 'a' })).not.toBe(placeOf({ name: 'server', server: 'b' }));
  });
});
