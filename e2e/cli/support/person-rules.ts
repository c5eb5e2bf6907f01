/** What a person decided about a server, as it stands on disk. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Each rule as `verb what`, in the order of the file. */
export function personRules(home: string, server: string): string[] {
  const text = readFileSync(join(home, '.config/belljar/policies', `${server}.json`), 'utf8');
  const { rules } = JSON.parse(text) as { rules: { verb: string; what: string }[] };
  return rules.map(({ verb, what }) => `${verb} ${what}`);
}
