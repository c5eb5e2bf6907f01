import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrialRecord } from '#engine/checks/ports.ts';
import { createSpool } from '../spool/spool.ts';
import { startTicksOf } from '../spool/supervisors.ts';
import { expandPlaceholders } from './expand.ts';
import { createTrials } from './trials.ts';

const server = join(import.meta.dirname, 'fixtures', 'odd-server.js');
const log = { info: () => undefined, warn: () => undefined };
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'belljar-trials-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Stands in for the launcher: takes the same command line, writes one line to the plan's spool, runs the command. */
function standIn(): string {
  const path = join(home, 'launcher');
  writeFileSync(
    path,
    `#!/bin/sh\n[ "$1 $2 $4" = "exec --plan --" ] || exit 125\ncp "$3" ${home}/plan-seen\n. "$3"\nshift 4\nexec "$@"\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

const make = (environment: Record<string, string | undefined> = process.env) =>
  createTrials({
    home,
    environment,
    installLauncher: () => Promise.resolve(standIn()),
    openSpool: (folder) => createSpool({ folder, log, label: () => undefined }),
  });

const entry = (options: object, env: Record<string, string> = {}) => ({
  command: process.execPath,
  args: [server, JSON.stringify(options)],
  env,
});

const bare = (options: object, timeoutMs = 10_000): Promise<TrialRecord> => make().bare(entry(options), { timeoutMs });

describe('a trial', () => {
  it('asks what every client asks, and keeps the answers raw', async () => {
    const tools = Array.from({ length: 25 }, (_, index) => ({ name: `tool-${index}`, odd: { kept: [index] } }));
    const record = await bare({ tools, pageSize: 10, serverInfo: { unknown: 'kept' } });
    expect(record).toMatchObject({ failure: null, detail: '', events: [] });
    expect(record.initialize).toMatchObject({ serverInfo: { name: 'odd', unknown: 'kept' } });
    expect(record.tools).toEqual(tools);
    expect(record.initializeMs).toBeGreaterThan(0);
  });

  it('does not ask for tools where the server has none', async () => {
    expect(await bare({ noTools: true })).toMatchObject({ failure: null, tools: [] });
  });

  it('starts it in the home folder with what the SDK passes and the entry adds, and nothing else', async () => {
    const environment = {
      PATH: process.env['PATH'],
      TERM: 'xterm',
      SHELL: '() { :; }',
      AWS_SECRET_ACCESS_KEY: 'decoy',
      NODE_OPTIONS: '--decoy',
    };
    const trials = make(environment);
    const told = await trials.bare(entry({ tell: 'environment' }, { OWN: '1', TERM: 'dumb' }), { timeoutMs: 10_000 });
    expect((told.initialize as { environment: unknown }).environment).toEqual({
      PATH: process.env['PATH'],
      HOME: home,
      TERM: 'dumb',
      OWN: '1',
    });
    expect((await bare({ tell: 'folder' })).initialize).toMatchObject({ folder: home });
  });

  it('hands the launcher a plan that names a throw-away spool, reads it, and removes both', async () => {
    let folder = '';
    const record = await make().contained(
      entry({}),
      (spool) => {
        folder = spool;
        return `echo 'no event' > ${spool}/run-1.jsonl`;
      },
      { timeoutMs: 10_000 },
    );
    expect(record).toMatchObject({ failure: null, events: [] });
    expect(readFileSync(join(home, 'plan-seen'), 'utf8')).toContain(folder);
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(tmpdir()).filter((name) => folder.split('/').includes(name))).toEqual([]);
  });
});

describe('what does not work', () => {
  it.each<[string, object, Partial<TrialRecord>]>([
    [
      'ends',
      { exit: 3, stderr: 'x\nError: no token' },
      { failure: 'ended', detail: 'it ended with status 3: Error: no token' },
    ],
    ['ends well but too early', { exit: 0 }, { failure: 'ended', detail: 'it ended before it had answered' }],
    [
      'answers with an error',
      { error: 'not today' },
      { failure: 'not-mcp', detail: 'it answered with an error: not today' },
    ],
    ['writes without end', { endless: true }, { failure: 'not-mcp', detail: 'it wrote a line beyond every bound' }],
    [
      'lists tools without end',
      { endlessPages: true, pageSize: 1 },
      { failure: 'not-mcp', detail: 'its list of tools does not end' },
    ],
  ])('%s', async (_name, options, expected) => {
    expect(await bare(options)).toMatchObject(expected);
  });

  it('says nothing in time', async () => {
    // A shell, which has said its line long before the time is over.
    const script = { command: '/bin/sh', args: ['-c', 'echo "Usage: give me a file"; exec sleep 600'], env: {} };
    const record = await make().bare(script, { timeoutMs: 600 });
    expect(record).toMatchObject({ failure: 'timeout', initialize: null, tools: null });
    expect(record.detail).toBe('it did not answer within 1 s: Usage: give me a file');
  });

  it('passes over what is no message and answers that nobody asked for', async () => {
    expect(await bare({ junk: 'listening on stdio' })).toMatchObject({ failure: null });
  });

  it('is told apart from a command that is not there, or not executable', async () => {
    const trials = make();
    const tried = (command: string) => trials.bare({ command, args: [], env: {} }, { timeoutMs: 1000 });
    expect(await tried('belljar-no-such-command')).toMatchObject({
      failure: 'command-not-found',
      detail: 'the command "belljar-no-such-command" was not found',
    });
    expect(await tried('/no/such/program')).toMatchObject({ failure: 'command-not-found' });
    writeFileSync(join(home, 'text'), 'no program');
    expect(await tried('./text')).toMatchObject({ failure: 'cannot-execute' });
  });

  it('looks past what stands in its way on the PATH', async () => {
    writeFileSync(join(home, 'file'), '');
    // A file where a folder is meant fails like a folder that may not be entered, for root too.
    const path = [join(home, 'file'), join(home, 'missing'), join(process.execPath, '..')].join(':');
    const trials = make({ PATH: path });
    const record = await trials.bare({ ...entry({}), command: 'node' }, { timeoutMs: 10_000 });
    expect(record).toMatchObject({ failure: null });
  });

  it('can be cancelled', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 300);
    const record = await make().bare(entry({ silent: true }), { timeoutMs: 20_000, signal: controller.signal });
    expect(record.failure).toBe('cancelled');
  });
});

describe('afterwards', () => {
  const alive = (pidFile: string): number[] =>
    readFileSync(pidFile, 'utf8')
      .trim()
      .split('\n')
      .map(Number)
      .filter((pid) => startTicksOf(pid) !== null);

  it('nothing of it runs, however stubborn, and whatever it started and detached', async () => {
    const pidFile = join(home, 'pids');
    const record = await bare({ pidFile, stubborn: true, start: [':', ':'] });
    expect(record.failure).toBe(null);
    expect(readFileSync(pidFile, 'utf8').trim().split('\n').length).toBe(3);
    expect(alive(pidFile)).toEqual([]);
  }, 20_000);

  it('nothing of it runs when it gave no answer either', async () => {
    const pidFile = join(home, 'pids');
    await bare({ pidFile, stubborn: true, silent: true, start: [':'] }, 700);
    expect(alive(pidFile)).toEqual([]);
  }, 20_000);
});

describe('placeholders', () => {
  const expand = (text: string) => expandPlaceholders(text, { NAME: 'value', EMPTY: '' }, '/home/x');
  it.each([
    ['${NAME}/a', 'value/a', []],
    ['${env:NAME}', 'value', []],
    ['${MISSING:-other}', 'other', []],
    ['${EMPTY}', '', []],
    ['${userHome}/b', '/home/x/b', []],
    ['$NAME and {NAME}', '$NAME and {NAME}', []],
    ['${MISSING} ${input:key}', '${MISSING} ${input:key}', ['MISSING', 'input:key']],
    ['${workspaceFolder}', '${workspaceFolder}', ['workspaceFolder']],
  ])('%s', (text, expected, unset) => {
    expect(expand(text)).toEqual({ text: expected, unset });
  });
});
