import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JournalRecord } from '#engine/ports.ts';
import { createPlanStore } from '../files/plan-store.ts';
import { createPolicyStore } from '../files/policy-store.ts';
import { createJournal } from './journal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belljar-journal-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const record: JournalRecord = {
  v: 1,
  server: 'cursor.a',
  client: 'cursor',
  scope: 'user',
  name: 'a',
  file: '/f',
  at: '2026-01-01T00:00:00.000Z',
  settled: true,
  original: { text: '{"command":"x"}', command: 'x', args: [], hasArgs: false },
  wrapped: { text: '{}', launcher: '/l' },
};
const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('records are kept for the user alone', async () => {
  const journal = createJournal(folder);
  expect(await journal.get('cursor.a')).toBeNull();
  expect(await journal.list()).toEqual([]);
  await journal.put(record);
  await journal.put({ ...record, settled: false });
  expect(await journal.get('cursor.a')).toEqual({ ...record, settled: false });
  expect(await journal.list()).toHaveLength(1);
  expect(modeOf(join(folder, 'journal'))).toBe(0o700);
  expect(modeOf(join(folder, 'journal', 'cursor.a.json'))).toBe(0o600);
  expect(readdirSync(join(folder, 'journal'))).toEqual(['cursor.a.json']);
  await journal.remove('cursor.a');
  await journal.remove('cursor.a');
  expect(await journal.get('cursor.a')).toBeNull();
});

test('what is not of the form is refused, what is newer is refused as newer', async () => {
  const journal = createJournal(folder);
  await journal.put(record);
  const file = join(folder, 'journal', 'cursor.a.json');
  const bad = (text: string): void => writeFileSync(file, text);
  bad('{');
  await expect(journal.get('cursor.a')).rejects.toMatchObject({ code: 'journal-invalid', file });
  bad(JSON.stringify({ ...record, more: 1 }));
  await expect(journal.get('cursor.a')).rejects.toMatchObject({ code: 'journal-invalid' });
  bad(JSON.stringify({ ...record, server: 'cursor.b' }));
  await expect(journal.get('cursor.a')).rejects.toMatchObject({ code: 'journal-invalid' });
  bad(JSON.stringify({ v: 3, anything: true }));
  await expect(journal.get('cursor.a')).rejects.toMatchObject({ code: 'newer-format' });
  expect(readFileSync(file, 'utf8')).toBe('{"v":3,"anything":true}');
});

test('a link in the place of a document is not followed', async () => {
  const journal = createJournal(folder);
  await journal.put(record);
  writeFileSync(join(folder, 'elsewhere'), JSON.stringify(record));
  rmSync(join(folder, 'journal', 'cursor.a.json'));
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'journal', 'cursor.a.json'));
  await expect(journal.get('cursor.a')).rejects.toMatchObject({ code: 'config-unreadable' });
});

test('policies and plans are kept the same way', async () => {
  const policies = createPolicyStore(folder);
  const policy = { v: 1, server: 'cursor.a', level: 'strict', rules: [] } as const;
  await policies.put({ ...policy, rules: [] });
  expect(await policies.get('cursor.a')).toEqual(policy);
  const file = join(folder, 'policies', 'cursor.a.json');
  expect(modeOf(file)).toBe(0o600);
  writeFileSync(file, JSON.stringify({ ...policy, v: 2 }));
  await expect(policies.get('cursor.a')).rejects.toMatchObject({ code: 'newer-format', file });
  writeFileSync(file, JSON.stringify({ ...policy, level: 'loose' }));
  await expect(policies.get('cursor.a')).rejects.toMatchObject({ code: 'policy-invalid' });

  const plans = createPlanStore(folder);
  await plans.write('cursor.a', 'text');
  expect(await plans.read('cursor.a')).toBe('text');
  expect(modeOf(plans.file('cursor.a'))).toBe(0o600);
  await plans.remove('cursor.a');
  expect(await plans.read('cursor.a')).toBeNull();
});
