/**
 * Four projects: `unit` (the product's own code, Node), `renderer` (the panel, happy-dom), `e2e` (the whole product with
 * the real launcher) and `rules` (who may import whom).
 *
 * Half as many files again at a time as there are processors, in all of them: much of a test is waiting (a third of the time
 * of e2e, with as many as processors), and each looks only at what it made itself.
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const rules = 'app/import-rules.test.ts';

/** Files that take long by themselves, longest first: begun last, they would be all that still runs at the end. */
const long = [
  'e2e/confinement/kit.test.ts',
  'e2e/launched/pins.test.ts',
  'e2e/real-servers/real-servers.test.ts',
  'e2e/packaging/packages.test.ts',
  'e2e/cli/walk.test.ts',
  'e2e/terminals/terminals.test.ts',
  'e2e/confinement/network.test.ts',
  'e2e/cli/network.test.ts',
  'e2e/real-servers/second-witness.test.ts',
  'e2e/real-servers/pinned.test.ts',
  'e2e/real-servers/browsers.test.ts',
  'e2e/cli/secrets.test.ts',
  'e2e/cli/history.test.ts',
  'e2e/confinement/names.test.ts',
  'e2e/cli/host.test.ts',
  'e2e/confinement/ask.test.ts',
  'e2e/confinement/file-calls.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = long.findIndex((name) => moduleId.endsWith(`/${name}`));
      return place < 0 ? long.length : place;
    };
    return (await super.sort(files)).toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

export default defineConfig({
  test: {
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    sequence: { sequencer: LongestFirst },
    // A fact is waited for until a test would be over anyway: how long it takes says what else the machine does.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          include: ['app/**/*.test.ts', 'main/**/*.test.ts', 'scripts/**/*.test.mjs'],
          exclude: [rules],
          testTimeout: 60_000,
        },
      },
      {
        extends: './renderer/vite.config.ts',
        root: './renderer',
        test: {
          name: 'renderer',
          environment: 'happy-dom',
          include: ['**/*.test.{ts,tsx}'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['e2e/**/*.test.ts'],
          exclude: ['e2e/panel/**'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: { name: 'rules', environment: 'node', include: [rules], testTimeout: 60_000 },
      },
    ],
    restoreMocks: true,
    passWithNoTests: false,
  },
});
