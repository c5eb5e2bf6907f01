/** The built command: `--help`, `list` cold, and how soon a denial is a line of `events --follow`. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeArena, removeArena } from '../e2e/confinement/support/arena.ts';
import { containedCommand } from '../e2e/confinement/support/start.ts';
import { projectRoot } from '../e2e/confinement/support/places.ts';
import { alternate, median, percentile, printFigures, printMachine, type Figure } from './support/figures.ts';
import { benchProgram } from './support/programs.ts';

const command = join(projectRoot, 'dist/cli/belljar.js');
const asked = 200;
const figures: Figure[] = [];
printMachine();
if (!existsSync(command)) throw new Error(`The command is not built: ${command}. Build it: npm run build`);

const folder = mkdtempSync(join(tmpdir(), 'belljar-bench-'));
const home = join(folder, 'home');
mkdirSync(join(home, '.config/Claude'), { recursive: true });
writeFileSync(
  join(home, '.config/Claude/claude_desktop_config.json'),
  JSON.stringify({
    mcpServers: Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [
        `server-${index.toString()}`,
        { command: 'node', args: ['/nowhere/server.js'] },
      ]),
    ),
  }),
);
const environment: Record<string, string> = { PATH: process.env['PATH'] ?? '', HOME: home, XDG_RUNTIME_DIR: folder };

const timed = (args: readonly string[]) => (): number => {
  const began = performance.now();
  const result = spawnSync(process.execPath, [command, ...args], { env: environment, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`belljar ${args.join(' ')}: ${result.stderr}`);
  return performance.now() - began;
};

try {
  const values = await alternate(15, {
    help: timed(['--help']),
    list: timed(['list', '--json']),
    node: () => {
      const began = performance.now();
      spawnSync(process.execPath, ['-e', '0'], { env: environment });
      return performance.now() - began;
    },
  });
  figures.push(
    { name: 'node itself', value: median(values.node), unit: 'ms', digits: 0 },
    { name: 'belljar --help', value: median(values.help), unit: 'ms', bound: 150, digits: 0 },
    { name: 'belljar list, cold', value: median(values.list), unit: 'ms', bound: 250, digits: 0 },
  );

  // The run writes to the spool that the followed engine reads.
  const arena = makeArena();
  try {
    const spool = join(home, '.local/state/belljar/spool');
    mkdirSync(spool, { recursive: true, mode: 0o700 });
    const refused = join(arena.outside, 'asked');
    mkdirSync(refused);
    for (let index = 0; index < asked; index += 1) writeFileSync(join(refused, `asked-${index.toString()}.txt`), '');
    const follow = spawn(process.execPath, [command, 'events', '--follow', '--json'], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const seen = new Map<string, number>();
    createInterface({ input: follow.stdout }).on('line', (line) => {
      const target = /"target":"([^"]*asked-\d+\.txt)"/.exec(line)?.[1];
      if (target !== undefined && !seen.has(target)) seen.set(target, Date.now());
    });
    await sleep(1500);
    const [launcher, args] = containedCommand(arena, benchProgram('ask-when-told'), [refused], { spool });
    const server = spawn(launcher, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const times = new Map<string, number>();
    createInterface({ input: server.stdout }).on('line', (line) => {
      const [path = '', time = ''] = line.split(' ');
      times.set(path, Number(time));
    });
    await sleep(500);
    for (let turn = 0; turn < asked; turn += 1) {
      server.stdin.write('now\n');
      await sleep(15 + (turn % 7));
    }
    await sleep(1500);
    server.stdin.end();
    follow.kill('SIGINT');
    const delays = [...times].flatMap(([path, time]) => {
      const line = seen.get(path);
      return line === undefined ? [] : [line - time];
    });
    figures.push(
      { name: 'denials that became a line, missing', value: asked - delays.length, unit: '', bound: 0, digits: 0 },
      { name: 'denial to a line, median', value: median(delays), unit: 'ms', digits: 1 },
      { name: 'denial to a line, p95', value: percentile(delays, 0.95), unit: 'ms', bound: 50, digits: 1 },
    );
  } finally {
    removeArena(arena);
  }
} finally {
  printFigures(figures);
  rmSync(folder, { recursive: true, force: true });
}
