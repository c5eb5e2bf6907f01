/** What clients read of a project cannot be changed by a server that may change the project. */
import { expect, test } from 'vitest';
import { areaDefaults } from '#domain/area-defaults.ts';
import { areaVerdict } from '#domain/pattern.ts';
import { catalogue } from './clients.ts';

const protect = areaDefaults.filter(({ verb }) => verb === 'protect').map(({ what }) => what);
const files = catalogue.flatMap(({ id, sources }) =>
  sources
    .filter(({ scope }) => scope === 'project')
    .flatMap(({ at }) => [at].flat().flatMap((file) => (typeof file === 'string' ? [[id, file] as const] : []))),
);

test.each(files)('%s: %s', (_, file) => {
  const path = `/work/${file.replaceAll('*', 'x')}`;
  expect(areaVerdict({ deny: [], protect, except: [] }, '/work', path).verdict).toBe('protect');
});

test('there are such files', () => {
  expect(files.length).toBeGreaterThan(20);
});
