import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { testEnvironment, testSettings } from './environment.mjs';

const folder = mkdtempSync(join(tmpdir(), 'belljar-environment-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it('leads no test back to the real home, and says how much is to be tried', () => {
  vi.stubEnv('XDG_CONFIG_HOME', '/real');
  vi.stubEnv('BELLJAR_DATA_DIR', '/real');
  vi.stubEnv('CLAUDE_CONFIG_DIR', '/real');
  expect(Object.values(testEnvironment(folder))).not.toContain('/real');
  expect(testEnvironment(folder).HOME).toBe(folder);
  const settings = { BELLJAR_TEST_LONG: '1', BELLJAR_DOCUMENTS: '10000', BELLJAR_FAULTS: 'all' };
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
  expect(testSettings()).toEqual(settings);
  expect(testEnvironment(folder)).toMatchObject(settings);
});
