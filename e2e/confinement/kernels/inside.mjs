/**
 * What is done on a machine that tries a kernel, as its ordinary user: asks the product what this kernel offers, contains a server as a
 * person would and starts it as a client would, and plays the escape kit. Descriptor 3 holds the question (JSON, ended by a zero
 * byte) and takes the answer. It judges nothing: facts are told, and judge.mjs says what they mean.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const home = process.env['HOME'];
const node = process.execPath;
const product = '/kernels/belljar/dist/cli/belljar.js';
const levels = ['standard', 'strict'];

/** One start to its end: what it said and how it ended. `input` is written to it, its end closes it when `until` is seen. */
function run(command, args, { input = '', until, seconds = 120 } = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: home });
    let [stdout, stderr] = ['', ''];
    const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
    child.stdin.on('error', () => undefined);
    child.stdin.write(input);
    if (until === undefined) child.stdin.end();
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      if (until?.test(stdout) === true) child.stdin.end();
    });
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.once('error', (error) => done({ code: null, stdout, stderr: String(error) }));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      done({ code, signal, stdout, stderr: stderr.slice(-4000) });
    });
  });
}

/** The console tells how far it is: it goes into the log of the machine. */
const step = (what) => process.stderr.write(`inside: ${what}\n`);

const belljar = (...args) => {
  step(args.join(' '));
  return run(node, [product, ...args], { seconds: 600 });
};

/** A command's JSON beside its exit status. */
async function asked(...args) {
  const { code, stdout, stderr } = await belljar(...args, '--json');
  try {
    return { code, said: JSON.parse(stdout) };
  } catch {
    return { code, error: stderr || stdout };
  }
}

const settings = join(home, '.config/Claude/claude_desktop_config.json');

/** Contains one server at `level` and starts it as its client would. */
async function startContained(level) {
  const name = `small-${level}`;
  const handle = `claude-desktop/${name}`;
  const folder = join(home, `work-${level}`);
  const contained = await asked('contain', handle, '--level', level, '--no-check');
  const granted = await asked('grant', handle, 'write', folder);
  const entry = JSON.parse(readFileSync(settings, 'utf8')).mcpServers[name];
  const question = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'client', version: '1' } },
  };
  step(`start ${name}`);
  const { code, stdout, stderr } = await run(entry.command, entry.args, {
    input: `${JSON.stringify(question)}\n`,
    until: /\n/,
  });
  const told = await belljar('events', '--server', handle, '--json');
  const events =
    told.code === 0
      ? told.stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      : [];
  const answer = stdout.split('\n').find((line) => line.startsWith('{'));
  return {
    level,
    contained,
    granted,
    code,
    answer: answer === undefined ? null : JSON.parse(answer),
    stderr,
    /** Seen from outside: whether the server's own code ran. */
    started: existsSync(join(folder, 'started')),
    eventsError: told.code === 0 ? null : told.stderr || told.stdout,
    runStart: events.find(({ kind }) => kind === 'run.start') ?? null,
    show: await asked('show', handle),
  };
}

async function tryAll({ only }) {
  mkdirSync(join(home, 'servers'), { recursive: true });
  writeFileSync(join(home, 'servers/small-server.mjs'), readFileSync('/kernels/small-server.mjs'));
  for (const level of levels) mkdirSync(join(home, `work-${level}`));
  const entryOf = (level) => [
    `small-${level}`,
    { command: node, args: [join(home, 'servers/small-server.mjs'), join(home, `work-${level}`)] },
  ];
  writeFileSync(settings, JSON.stringify({ mcpServers: Object.fromEntries(levels.map(entryOf)) }, null, 2));
  const probe = await asked('probe');
  const list = await asked('list');
  const starts = [];
  for (const level of levels) starts.push(await startContained(level));
  const doctor = await asked('doctor');
  const selftest = await asked('selftest');
  await belljar('host', 'stop');
  step('the kit');
  const kit = await run(
    node,
    ['/kernels/kit/run.mjs', ...levels.flatMap((level) => ['--sandbox', `belljar-${level}`]), '--only', only, '--json'],
    { seconds: 36_000 },
  );
  let played;
  try {
    played = JSON.parse(kit.stdout);
  } catch {
    played = null;
  }
  return {
    answered: true,
    probe,
    list: list.said?.machine ?? list,
    starts,
    doctor,
    selftest,
    kit: { code: kit.code, stderr: kit.stderr, played },
  };
}

const buffer = Buffer.alloc(1 << 20);
const length = readSync(3, buffer, 0, buffer.length, 0);
const request = JSON.parse(buffer.subarray(0, length).toString('utf8').split('\0')[0]);
process.env['BELLJAR_COMMAND'] = `${node} ${product}`;
const answer = Buffer.from(`${JSON.stringify(await tryAll(request))}\0`);
for (let written = 0; written < answer.length;)
  written += writeSync(3, answer, written, answer.length - written, written);
