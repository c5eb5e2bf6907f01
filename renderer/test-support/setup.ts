/** For every test of the panel: what is written to the console as an error or warning fails it, and the page is cleared. */
import { cleanup, configure } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';
import '../lib/zod-without-eval.ts';

// As in vitest.config.ts: a fact is waited for until a test would be over anyway.
configure({ asyncUtilTimeout: 15_000 });

let said: unknown[][] = [];

beforeEach(() => {
  said = [];
  for (const method of ['error', 'warn'] as const) {
    vi.spyOn(console, method).mockImplementation((...words: unknown[]) => {
      said.push([method, ...words]);
    });
  }
});

afterEach(() => {
  cleanup();
  if (said.length > 0)
    throw new Error(`The console was written to: ${said.map((words) => words.join(' ')).join('; ')}`);
});
