import { expect, test } from 'vitest';
import { areaWords } from '#contract/sentences.ts';
import { openWords } from './about-store.ts';

test('what stays open is named with the remedy; where nothing is known the sentence stands alone', () => {
  expect(openWords(undefined)).toBe(areaWords.open);
  const item = { kind: 'file', what: '/home/a/note', access: 'read', pid: 123, program: 'node' } as const;
  const told = openWords({ items: [item], more: false });
  expect(told).toBe(
    `${areaWords.open} still open: /home/a/note (read), process 123 (node). ${areaWords.stillOpenRemedy}`,
  );
  expect(openWords({ items: Array.from({ length: 6 }, () => item), more: false })).toContain(areaWords.stillOpenMore);
});
