/**
 * From start to the answer to `initialize`: the original `npx -y` and `uvx` line, bare and with a warm cache, against the same
 * server pinned and contained; the same environment, in turn. And what a sealed tree costs at each start.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatPlan } from '#domain/plan-text.ts';
import { treeDigest } from '#platform/pins/tree-listing.ts';
import { makeArena, planOf, removeArena } from '../e2e/confinement/support/arena.ts';
import { requireLauncher } from '../e2e/confinement/support/places.ts';
import { clientEnvironment, makeWorkplace } from '../e2e/real-servers/contain.ts';
import { pinServer } from '../e2e/real-servers/pinned.ts';
import { provision } from '../e2e/real-servers/provision.ts';
import { talk, type Launch } from '../e2e/real-servers/session.ts';
import { alternate, median, printFigures, printMachine, type Figure } from './support/figures.ts';

const rounds = Number(process.env['BELLJAR_BENCH_ROUNDS'] ?? '15');

printMachine();
const servers = await provision();
const figures: Figure[] = [];
const entries: readonly { name: string; bound?: number; launch: Launch }[] = [
  { name: 'npx -y', bound: 0.5, launch: { command: 'npx', args: ['-y', servers.spec('server-memory')] } },
  { name: 'uvx', launch: { command: servers.uvx, args: [servers.spec('mcp-server-time')] } },
];

for (const { name, bound, launch } of entries) {
  const workplace = makeWorkplace();
  const pinned = await pinServer(launch);
  const time = async (started: Launch, env: Record<string, string>): Promise<number> => {
    const session = await talk(started, [], { env, cwd: workplace.project, timeoutMs: 20_000 });
    if (!Number.isFinite(session.initializeMs)) throw new Error(`${name}: no answer: ${session.stderr.slice(0, 300)}`);
    return session.initializeMs;
  };
  try {
    const values = await alternate(rounds, {
      bare: () => time(launch, clientEnvironment(servers.home, servers.node)),
      pinned: () => time(pinned.entry, pinned.env),
    });
    const base = median(values.bare);
    figures.push({ name: `${name}: bare, warm cache`, value: base, unit: 'ms', digits: 1 });
    figures.push({ name: `${name}: pinned and contained`, value: median(values.pinned), unit: 'ms', digits: 1 });
    figures.push({
      name: `${name}: pinned and contained, ratio`,
      value: median(values.pinned) / base,
      unit: '',
      digits: 3,
      ...(bound === undefined ? {} : { bound }),
    });
  } finally {
    await pinned.world.close();
    workplace.remove();
  }
}

/** A tree of 3,000 files: `true` started with it sealed, and without. */
const folder = mkdtempSync(join(tmpdir(), 'belljar-bench-'));
const arena = makeArena();
try {
  for (let group = 0; group < 300; group += 1) {
    const inner = join(folder, `package-${group.toString()}`, 'lib');
    mkdirSync(inner, { recursive: true });
    for (let file = 0; file < 10; file += 1) writeFileSync(join(inner, `part-${file.toString()}.js`), 'x');
  }
  const start = (trees: { folder: string; digest: string }[]): number => {
    writeFileSync(arena.planFile, formatPlan(planOf(arena, { trees })), { mode: 0o600 });
    const began = performance.now();
    const { status } = spawnSync(requireLauncher(), ['exec', '--plan', arena.planFile, '--', '/bin/true']);
    if (status !== 0) throw new Error(`/bin/true ended with ${String(status)}`);
    return performance.now() - began;
  };
  const sealed = [{ folder, digest: treeDigest(folder) }];
  const values = await alternate(rounds * 3, { plain: () => start([]), sealed: () => start(sealed) });
  figures.push({
    name: 'a sealed tree of 3,000 files, added to a start',
    value: median(values.sealed) - median(values.plain),
    unit: 'ms',
    bound: 10,
    digits: 1,
  });
} finally {
  removeArena(arena);
  rmSync(folder, { recursive: true, force: true });
}
printFigures(figures);
