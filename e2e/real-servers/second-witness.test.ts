/**
 * The kernel as second witness over real servers: Landlock's own audit records of each run beside what its events say, call by call.
 * For root only, and from Landlock's ABI 7 on; npm test as an ordinary user says so. The kit and calls at random: e2e/confinement/kit/second-witness.mjs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probeSchema } from '#contract/server.ts';
import type { Event } from '#contract/event.ts';
import { readEvents } from '../confinement/support/arena.ts';
import { requireLauncher } from '../confinement/support/places.ts';
import { compareRun, missingForWitness, openWitness, type Comparison } from '../confinement/kit/lib/witness.mjs';
import { clientEnvironment, contain, makeWorkplace } from './contain.ts';
import { realEntries, type Entry } from './entries.ts';
import { provision, type RealServers } from './provision.ts';
import { callTool, talk, type Question } from './session.ts';

let servers: RealServers;
const entries = realEntries(() => servers);
const { landlockAbi } = probeSchema.parse(
  JSON.parse(spawnSync(requireLauncher(), ['probe'], { encoding: 'utf8' }).stdout),
);
const missing = missingForWitness(landlockAbi);

/** Beyond what is compared with a bare start: what the policy does not allow, so that there is something to see. */
function more(entry: Entry, outside: string): readonly Question[] {
  if (entry.name.startsWith('memory'))
    return [
      callTool('create_entities', { entities: [{ name: 'one', entityType: 'thing', observations: ['seen'] }] }),
      callTool('read_graph', {}),
    ];
  if (entry.name.startsWith('filesystem'))
    return [
      callTool('read_text_file', { path: join(outside, 'secret.txt') }),
      callTool('write_file', { path: join(outside, 'new.txt'), content: 'new' }),
      callTool('list_directory', { path: outside }),
    ];
  return [];
}

const comparisons = new Map<string, Comparison>();
let lost = 0;

beforeAll(async () => {
  if (missing !== undefined) return;
  servers = await provision();
  const folder = mkdtempSync(join(tmpdir(), 'belljar-witness-'));
  const events = new Map<string, Event[]>();
  const witness = await openWitness(join(folder, 'audit.jsonl'));
  for (const entry of entries) {
    const workplace = makeWorkplace();
    try {
      entry.kind.before?.(workplace);
      const bare = entry.launch();
      const { command, args } = contain(
        workplace,
        { command: bare.command, args: [...bare.args, ...entry.kind.args(workplace)] },
        { home: servers.home },
      );
      const questions = [...entry.kind.questions(workplace), ...more(entry, workplace.outside)];
      // The plan was made for the project alone; the server's own check lets it go further.
      const wider = entry.name.startsWith('filesystem') ? [workplace.outside] : [];
      const said = await talk({ command, args: [...args, ...wider] }, questions, {
        env: clientEnvironment(servers.home, servers.node),
        cwd: workplace.project,
        timeoutMs: 60_000,
      });
      if (said.answers.length !== questions.length + 1) throw new Error(`${entry.name}: ${said.stderr}`);
      events.set(entry.name, readEvents(workplace.spool));
    } finally {
      workplace.remove();
    }
  }
  const end = await witness.stop();
  lost = end.lost;
  for (const [name, its] of events) comparisons.set(name, compareRun(its, end.refusals));
  rmSync(folder, { recursive: true });
}, 900_000);

afterAll(() => comparisons.clear());

test('there is something to compare, and no record was lost', ({ skip }) => {
  if (missing !== undefined) return skip(missing);
  expect(lost).toBe(0);
  const compared = [...comparisons].map(([name, comparison]) => ({ name, compared: comparison.compared }));
  for (const name of ['filesystem, node path', 'memory, node path'])
    expect(compared.find((one) => one.name === name)?.compared, name).toBeGreaterThan(0);
});

test.for(entries)('$name: nothing missed, nothing invented', ({ name }, { skip }) => {
  if (missing !== undefined) return skip(missing);
  const comparison = comparisons.get(name);
  expect(comparison?.missed).toEqual([]);
  expect(comparison?.invented).toEqual([]);
});
