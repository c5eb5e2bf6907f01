/**
 * Four projects: `unit` (the product's own code, Node), `renderer` (the panel, happy-dom), `e2e` (the whole product with
 * the real launcher) and `rules` (who may import whom).
 *
 * As many files at a time as there are processors, in all of them: much of a test is waiting, and each looks only at what
 * it made itself. Vitest would leave one processor out, which is half of two.
 */
import { defineConfig } from 'vitest/config';

const rules = 'app/import-rules.test.ts';

export default defineConfig({
  test: {
    maxWorkers: '100%',
    // A fact is waited for until a test would be over anyway: how long it takes says what else the machine does.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          include: ['app/**/*.test.ts', 'scripts/**/*.test.mjs'],
          exclude: [rules],
          testTimeout: 20_000,
        },
      },
      {
        extends: './renderer/vite.config.ts',
        root: './renderer',
        test: {
          name: 'renderer',
          environment: 'happy-dom',
          include: ['**/*.test.{ts,tsx}'],
          testTimeout: 20_000,
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
