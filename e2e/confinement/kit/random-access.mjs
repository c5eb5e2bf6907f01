#!/usr/bin/env node
/**
 * Starts a program that makes calls at random (support/random-access.c) under Belljar, in a world that has a plain grant, one to
 * read, one that is not granted, and an area with something denied and something protected in it; writes down the calls and all events.
 *
 *   node random-access.mjs --record <file> [--starts <n>] [--calls <n>] [--seed <n>] [--sandbox belljar-standard|belljar-strict]
 *
 * For second-witness.mjs, which compares what is written with what the kernel says. Nothing is judged here.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openKit } from './lib/kit.mjs';
import { ordinaryPath } from './lib/play.mjs';
import { sandboxes } from './lib/sandboxes.mjs';
import { makeWorld } from './lib/world.mjs';

const options = { record: '', starts: '8', calls: '1500', seed: '1', sandbox: 'belljar-strict' };
for (let index = 2; index < process.argv.length; index += 2) {
  const name = process.argv[index].replace(/^--/, '');
  if (!(name in options) || process.argv[index + 1] === undefined) throw new Error(`Unknown: ${process.argv[index]}`);
  options[name] = process.argv[index + 1];
}

/** The same things in every folder; `elsewhere` is where its links lead. */
async function furnish(folder, elsewhere) {
  for (const name of ['d/e', '.git/hooks']) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  for (const name of ['a', 'b', 'd/a', '.env', '.git/hooks/a'])
    writeFileSync(join(folder, name), 'content\n', { mode: 0o700 });
  symlinkSync(join(elsewhere, 'a'), join(folder, 'to_file'));
  symlinkSync(join(elsewhere, 'd'), join(folder, 'to_folder'));
  symlinkSync('nowhere', join(folder, 'loose'));
  const socket = createServer((connection) => connection.destroy());
  socket.listen(join(folder, 's'));
  await once(socket, 'listening');
  chmodSync(join(folder, 's'), 0o700);
  return () => socket.close();
}

const sandbox = sandboxes.find((one) => one.name === options.sandbox);
const missing = sandbox?.missing();
if (sandbox?.level === undefined || missing !== undefined)
  throw new Error(missing ?? `${options.sandbox} is no level of Belljar`);
const kit = await openKit();
await sandbox.prepare();
try {
  for (let start = 0; start < Number(options.starts); start += 1) {
    const seed = Number(options.seed) + start;
    const world = await makeWorld(kit.programs);
    const closers = [];
    try {
      mkdirSync(world.at('area'), { mode: 0o700 });
      const folders = ['grant', 'readonly', 'outside', 'area'].map(world.at);
      for (const [index, folder] of folders.entries())
        closers.push(await furnish(folder, folders[(index + 1) % folders.length]));
      const inner = [
        kit.programs('random-access'),
        seed,
        options.calls,
        world.facts.pid,
        world.allowedPort,
        world.facts.tcp,
        '--',
        ...folders,
      ].map(String);
      const env = { PATH: ordinaryPath, HOME: world.at('home'), TMPDIR: world.at('grant') };
      const { command, args } = sandbox.wrap({ world, programs: kit.programs, inner, env });
      const plan = args[args.indexOf('--plan') + 1];
      const area = `area write ${world.at('area')}\ndeny **/.env\nprotect **/.git/hooks\nend\n`;
      writeFileSync(plan, readFileSync(plan, 'utf8').replace(/end\n$/, area), { mode: 0o600 });
      const child = spawn(command, args, { env, cwd: world.at('grant'), stdio: ['pipe', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
      const [code] = await once(child, 'close');
      const calls = stdout.split('\n').filter(Boolean);
      if (code !== 0 || calls.length !== Number(options.calls))
        throw new Error(`seed ${seed}: ${calls.length} calls, exit ${code}: ${stderr}`);
      const { all, problems } = sandbox.events(world, { one: { events: [], technique: { file: '' } } });
      if (problems.length > 0) throw new Error(`seed ${seed}: ${problems.join('; ')}`);
      appendFileSync(
        options.record,
        `${JSON.stringify({ id: `seed ${seed}`, folder: world.folder, events: all, calls })}\n`,
      );
    } finally {
      for (const close of closers) close();
      await world.remove();
    }
  }
} finally {
  sandbox.close();
  kit.close();
}
