/**
 * The kernel as second witness over real servers: Landlock's own audit records of each run beside what its events say, call by call.
 * For root only, and from Landlock's ABI 7 on; npm test as an ordinary user says so. The kit and calls at random: e2e/confinement/kit/second-witness.mjs.
 * BELLJAR_WITNESS_RECORD: a file that takes what was compared as JSON, whether or not it agrees.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probeSchema } from '#contract/server.ts';
import type { Event } from '#contract/event.ts';
import { readEvents } from '../confinement/support/arena.ts';
import { requireLauncher } from '../confinement/support/places.ts';
import { compareRun, missingForWitness, openWitness, type Comparison } from '../confinement/kit/lib/witness.mjs';
import { clientEnvironment, contain, makeWorkplace, type Workplace } from './contain.ts';
import { grantsOf, realEntries } from './entries.ts';
import { provision, type RealServers } from './provision.ts';
import { talk } from './session.ts';

let servers: RealServers;
const entries = realEntries(() => servers);
const { landlockAbi } = probeSchema.parse(
  JSON.parse(spawnSync(requireLauncher(), ['probe'], { encoding: 'utf8' }).stdout),
);
const missing = missingForWitness(landlockAbi);

/**
 * What a client's environment may hold that leads where the policy does not: so each server's start has something to see, whatever its tools do.
 * Node reads the certificates when it starts, and newer ones only for TLS; it makes the folder of its coverage when it ends. Python lists its path.
 */
const leadingOutside = ({ outside }: Workplace): Record<string, string> => ({
  NODE_EXTRA_CA_CERTS: join(outside, 'secret.txt'),
  NODE_V8_COVERAGE: join(outside, 'coverage'),
  PYTHONPATH: outside,
});

interface Compared extends Comparison {
  name: string;
  server: string;
  /** Messages that the server answered. */
  answers: number;
}
const comparisons = new Map<string, Compared>();
let lost = 0;

beforeAll(async () => {
  if (missing !== undefined) return;
  servers = await provision();
  const folder = mkdtempSync(join(tmpdir(), 'belljar-witness-'));
  const played: { name: string; server: string; answers: number; events: Event[] }[] = [];
  const witness = await openWitness(join(folder, 'audit.jsonl'));
  for (const entry of entries) {
    const workplace = makeWorkplace();
    try {
      entry.kind.before?.(workplace);
      const outward = leadingOutside(workplace);
      const bare = entry.launch();
      const { command, args } = contain(
        workplace,
        { command: bare.command, args: [...bare.args, ...entry.kind.args(workplace)] },
        {
          home: servers.home,
          rules: [...grantsOf(entry.kind), ...Object.keys(outward).map((what) => ({ verb: 'env' as const, what }))],
        },
      );
      const questions = [...entry.kind.questions(workplace), ...(entry.kind.beyond?.(workplace) ?? [])];
      // The plan was made for the project alone; the server's own check lets it go further.
      const wider = entry.name.startsWith('filesystem') ? [workplace.outside] : [];
      const said = await talk({ command, args: [...args, ...wider] }, questions, {
        env: {
          ...clientEnvironment(servers.home, servers.node),
          ...entry.kind.env,
          ...outward,
        },
        cwd: workplace.project,
        timeoutMs: 60_000,
      });
      if (said.answers.length !== questions.length + 1) throw new Error(`${entry.name}: ${said.stderr}`);
      const { name, kind } = entry;
      played.push({ name, server: kind.server, answers: said.answers.length, events: readEvents(workplace.spool) });
    } finally {
      workplace.remove();
    }
  }
  const end = await witness.stop();
  lost = end.lost;
  for (const { events, ...one } of played) comparisons.set(one.name, { ...one, ...compareRun(events, end.refusals) });
  const record = process.env['BELLJAR_WITNESS_RECORD'];
  if (record !== undefined) {
    const document = {
      date: new Date().toISOString().slice(0, 10),
      kernel: release(),
      level: 'standard',
      lost,
      servers: [...comparisons.values()],
    };
    writeFileSync(record, `${JSON.stringify(document, null, 1)}\n`);
  }
  rmSync(folder, { recursive: true });
}, 900_000);

afterAll(() => comparisons.clear());

test('there is something to compare, and no record was lost', ({ skip }) => {
  if (missing !== undefined) return skip(missing);
  expect(lost).toBe(0);
  const distinct = new Set([...comparisons.values()].map(({ server }) => server));
  expect(distinct.size).toBeGreaterThanOrEqual(10);
});

test.for(entries)('$name: nothing missed, nothing invented', ({ name }, { skip }) => {
  if (missing !== undefined) return skip(missing);
  const comparison = comparisons.get(name);
  expect(comparison?.compared).toBeGreaterThan(0);
  expect(comparison?.missed).toEqual([]);
  expect(comparison?.invented).toEqual([]);
});
