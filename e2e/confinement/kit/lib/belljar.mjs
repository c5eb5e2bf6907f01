/**
 * Belljar as a sandbox of the kit, at one level. The plan is the product's own: `belljar run` is started once in a place like
 * a world, the plan it writes is read while it runs, and for each world only the place is exchanged. Added are what that
 * command has no option for: the attack programs may be executed, and one loopback port may be reached.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kitFolder } from './programs.mjs';
import { makePlace } from './world.mjs';

/** The command of an installed Belljar, or of the checkout that the kit lies in. */
export function belljarCommand() {
  const given = process.env['BELLJAR_COMMAND'];
  if (given !== undefined) return given.split(' ');
  const bundle = resolve(kitFolder, '../../../dist/cli/belljar.js');
  if (existsSync(bundle)) return [process.execPath, bundle];
  return spawnSync('belljar', ['--version']).status === 0 ? ['belljar'] : undefined;
}

const own = (folder) => ({
  BELLJAR_CONFIG_DIR: join(folder, 'own/config'),
  BELLJAR_DATA_DIR: join(folder, 'own/data'),
  BELLJAR_STATE_DIR: join(folder, 'own/state'),
});

async function productPlan(level, command) {
  const { folder, at } = makePlace('/tmp/ekt-');
  const args = [
    'run',
    '--level',
    level,
    '--read',
    at('readonly'),
    '--write',
    at('grant'),
    '--',
    '/bin/sh',
    '-c',
    'read x',
  ];
  const child = spawn(command[0], [...command.slice(1), ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: at('home'), ...own(folder) },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const ended = new Promise((done) => child.once('close', done));
  let over = false;
  void ended.then(() => (over = true));
  const runtime = at('own/state/runtime');
  let text;
  while (text === undefined && !over) {
    const name = existsSync(runtime) ? readdirSync(runtime).find((one) => one.endsWith('.plan')) : undefined;
    const found = name === undefined ? '' : readFileSync(join(runtime, name), 'utf8');
    if (found.endsWith('\nend\n')) text = found;
    else await sleep(20);
  }
  child.stdin.end('\n');
  await ended;
  if (text === undefined) throw new Error(`belljar run wrote no plan: ${stderr.trim()}`);
  return { text, folder, launcher: at('own/data/bin/belljar-launcher') };
}

/** The launcher's own bound for the events of a run, as the plan says it, and what its last lines may take beyond. */
const spoolMost = 16 * 1024 * 1024 + 256 * 1024;

/** Each run's events, and what is wrong with them: an attack may be after what was seen of it. */
function readSpool(folder) {
  const spool = join(folder, 'own/state/spool');
  const events = [];
  const problems = [];
  for (const name of readdirSync(spool).filter((one) => one.endsWith('.jsonl'))) {
    const text = readFileSync(join(spool, name), 'utf8');
    if (text.length > spoolMost) problems.push(`${text.length} bytes of events`);
    try {
      const lines = text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      if (lines[0]?.kind !== 'run.start') problems.push('events without the start of the run');
      if (lines.at(-1)?.kind !== 'run.end') problems.push('events without the end of the run');
      events.push(...lines);
    } catch {
      problems.push('events that are no JSON');
    }
  }
  return { events, problems };
}

const systemPlace = /^\/(?:usr|etc|lib|lib64|bin|sbin|opt)(?:\/|$)/;

/** What shows the attempt: its refusal, or where it is allowed within bounds (listening), that it was made. */
function shows(event, { one, twin }, watching) {
  if (event.kind.startsWith('run.') || event.kind === 'spool.dropped') return false;
  if (!watching && event.verdict !== 'refused' && event.kind !== 'net.listen') return false;
  if (event.process.pid === twin?.pid) return false;
  if (one.events.length > 0 && !one.events.includes(event.kind)) return false;
  // Python looks for its own settings when it starts, which is not the attempt.
  return !(one.technique.file.endsWith('.py') && event.kind.startsWith('file.') && systemPlace.test(event.target));
}

export function belljar(level) {
  let product;
  const command = belljarCommand();
  return {
    name: `belljar-${level}`,
    title: `Belljar, ${level}`,
    level,
    keepsBack: true,
    how: `the plan that \`belljar run --level ${level} --read readonly --write grant\` writes, one loopback port added`,
    missing: () => (command === undefined ? 'no belljar on PATH and no BELLJAR_COMMAND' : undefined),
    version: () => spawnSync(command[0], [...command.slice(1), '--version'], { encoding: 'utf8' }).stdout.trim(),
    probe: () =>
      product === undefined ? undefined : spawnSync(product.launcher, ['probe'], { encoding: 'utf8' }).stdout.trim(),
    async prepare() {
      product = await productPlan(level, command);
    },
    close() {
      if (product !== undefined) rmSync(product.folder, { recursive: true, force: true });
    },
    wrap({ world, programs, inner }) {
      for (const name of ['own/config', 'own/state', 'own/state/runtime', 'own/state/spool'])
        mkdirSync(world.at(name), { recursive: true, mode: 0o700 });
      const added = `exec ${programs.folder}\nlocal ${world.allowedPort}\nend\n`;
      const plan = product.text
        .replaceAll(product.folder, world.folder)
        .replaceAll(basename(product.folder), basename(world.folder))
        .replace(/end\n$/, added);
      const file = world.at('own/state/runtime/run.plan');
      writeFileSync(file, plan, { mode: 0o600 });
      return { command: product.launcher, args: ['exec', '--plan', file, '--', ...inner], env: {} };
    },
    events(world, played) {
      const { events, problems } = readSpool(world.folder);
      const found = events.filter((event) => shows(event, played, level === 'watch'));
      return {
        problems,
        all: events,
        seen: found.length > 0,
        brief: events
          .filter((event) => event.verdict === 'refused')
          .slice(0, 8)
          .map((event) => `${event.kind} ${event.target.slice(0, 100)} ${event.errno ?? ''} x${event.count}`),
      };
    },
  };
}
