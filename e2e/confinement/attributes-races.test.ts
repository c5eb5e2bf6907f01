/** The same calls as in attributes.test.ts, on a path that a second thread changes while it is looked at. */
import { looks } from './support/arena.ts';
import { defineTechniques, type Technique } from './support/technique.ts';

const races = ['symlink', 'memory', 'folder'].map((way): Technique => ({
  name: `race-attributes-${way}`,
  tries: `beat the look at the path with a second thread (${way}), at least 20,000 times`,
  program: 'race-attributes',
  args: ({ arena }) => [way, arena.inside, arena.secret, arena.grant, '20000'],
  errno: 'EACCES',
  event: { kind: 'file.attr', target: () => /./ },
  twin: { program: 'change-attributes', args: ({ arena }) => ['chmod', arena.inside, arena.grant] },
  witness: ({ arena }) => looks(arena.secret),
  options: { timeoutMs: 50_000 },
}));

defineTechniques('races of attributes', races);
