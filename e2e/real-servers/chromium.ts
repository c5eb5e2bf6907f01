/** The Chromium that browser servers are given. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { RuleVerb } from '#contract/words.ts';
import { ordinaryPath } from '../confinement/support/start.ts';

export function findChromium(): string {
  const named = process.env['CHROMIUM_PATH'] ?? '';
  const folders = `${ordinaryPath}:${process.env['PATH'] ?? ''}`.split(':');
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  const all = [
    ...(named === '' ? [] : [named]),
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
  ];
  for (const path of all) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  throw new Error('Chromium is missing. Install it (apt-get install -y chromium), or name it: CHROMIUM_PATH');
}

/** What a server needs to start a Chromium that lies elsewhere. */
export function chromiumRules(chromium: string): { verb: RuleVerb; what: string }[] {
  return chromium.startsWith('/usr/') ? [] : [{ verb: 'exec', what: join(chromium, '..') }];
}
