/**
 * The network at the command line: hosts from the history, limiting to them and back, hosts granted by name, and what the
 * list, show and explain say of it. The history is written here; what the launcher keeps of it is in e2e/network.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Event } from '#contract/event.ts';
import type { Explanation } from '#contract/policy.ts';
import type { LimitResult } from '#contract/methods.ts';
import { methods } from '#contract/methods.ts';
import { limitWords } from '#contract/sentences.ts';
import type { ServerList } from '#contract/server.ts';
import { makeServerId } from '#domain/server-id.ts';
import type { Home } from './support/product.ts';
import { later, makeHome, program } from './support/product.ts';

const server = 'cursor/hub';
const id = makeServerId('cursor', 'user', 'hub');

/** A contained server whose runs are history: they connected here and there, and were refused elsewhere. */
async function contained(): Promise<Home> {
  const home = makeHome();
  mkdirSync(home.folder('.cursor'));
  const entry = { command: process.execPath, args: [home.folder('hub.js')] };
  writeFileSync(home.folder('.cursor/mcp.json'), JSON.stringify({ mcpServers: { hub: entry } }));
  expect((await home.run('contain', server, '--no-check')).code).toBe(0);
  const at = new Date(Date.now() - 60_000).toISOString();
  const lines = (
    [
      { kind: 'net.connect', target: 'api.github.com:443', address: '140.82.121.6:443', count: 128 },
      { kind: 'net.connect', target: '203.0.113.7:8443', count: 2 },
      { kind: 'net.dns', target: 'telemetry.example.net', verdict: 'refused', errno: 'EACCES' },
    ] satisfies Partial<Event>[]
  ).map((fields, index) =>
    JSON.stringify({
      v: 1,
      seq: index + 1,
      at,
      firstAt: at,
      run: 'run-1',
      server: id,
      verdict: 'allowed',
      by: 'broker',
      count: 1,
      process: { pid: 7, exe: process.execPath },
      ...fields,
    }),
  );
  const spool = home.folder('.local/state/belljar/spool');
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  writeFileSync(`${spool}/run-1.jsonl`, `${lines.join('\n')}\n`, { mode: 0o600 });
  return home;
}

const planOf = (home: Home): string[] =>
  readFileSync(home.folder(`.local/share/belljar/plans/${id}.plan`), 'utf8')
    .split('\n')
    .filter((line) => /^(?:network|host) /.test(line));

async function limited(home: Home, ...args: string[]): Promise<LimitResult> {
  return methods['policies.limit'].output.parse(await home.json('limit', server, ...args, '--json'));
}

/** On a terminal: what is shown until a question is asked, and what comes of the answer. */
async function answering(
  home: Home,
  answer: string,
  ...args: string[]
): Promise<{ code: number | null; shown: string }> {
  const line = [process.execPath, program, ...args].join(' ');
  const child = spawn('script', ['-qec', line, '/dev/null'], { env: { ...home.environment, SHELL: '/bin/sh' } });
  later(() => child.kill('SIGKILL'));
  let shown = '';
  let isAnswered = false;
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    if (isAnswered || !shown.includes(limitWords.question)) return;
    isAnswered = true;
    child.stdin.write(`${answer}\n`);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, shown };
}

describe('limit', () => {
  it('asks on a terminal, and does what is answered', async () => {
    const home = await contained();
    const no = await answering(home, 'n', 'limit', server);
    expect(no.code).toBe(130);
    expect(no.shown).toContain('host api.github.com:443');
    expect(planOf(home)).toEqual(['network open']);
    const yes = await answering(home, 'y', 'limit', server);
    expect(yes.code).toBe(0);
    expect(yes.shown).toContain(limitWords.done.hosts);
    expect(planOf(home)[0]).toBe('network hosts');
  });

  it('proposes what was seen by its owners, as a diff, and changes nothing until it is told to', async () => {
    const home = await contained();
    const list = await home.json<ServerList>('list', '--json');
    expect(list.servers[0]?.network).toEqual({ mode: 'open', hostsSeen: 2, hostsNamed: 0 });
    expect((await home.run('list')).out).toContain('open, 2 seen');
    expect((await home.run('show', server)).out).toContain('Network not limited yet: 2 hosts seen');

    const shown = await home.run('limit', server, '--dry-run');
    expect([shown.code, shown.err]).toEqual([0, '']);
    expect(shown.out).toMatch(/proposed +github\.com +api\.github\.com:443 +128 +0 +\d/);
    expect(shown.out).toMatch(/^ +example\.net +telemetry\.example\.net:443 +0 +1 +\d/m);
    expect(shown.out).toContain('-network open\n+network hosts\n+host 203.0.113.7:8443\n+host api.github.com:443');
    // Nobody can be asked here, so nothing is done.
    const asked = await home.run('limit', server);
    expect([asked.code, asked.out]).toEqual([2, '']);
    expect(asked.err).toContain('limit asks first, and cannot here.');
    expect((await limited(home, '--dry-run')).changed).toBe(false);
    expect(planOf(home)).toEqual(['network open']);
  });

  it('to all that is proposed, then open again, then to exactly what is named', async () => {
    const home = await contained();
    const all = await home.run('limit', server, '--all');
    expect([all.code, all.err]).toEqual([0, `${limitWords.done.hosts}\n${limitWords.now}\n`]);
    expect(planOf(home)).toEqual(['network hosts', 'host api.github.com 443 checked', 'host 203.0.113.7 8443 checked']);
    expect((await home.run('list')).out).toContain('2 hosts');
    expect((await home.run('show', server)).out).toContain('Network: 2 hosts');
    expect((await home.run('history')).out).toContain('limited the network to 2 hosts');

    expect(await limited(home, '--off')).toMatchObject({ before: 'hosts', after: 'open', changed: true });
    expect(planOf(home)[0]).toBe('network open');

    const exact = await limited(home, '--host', 'https://API.github.com/x', '--host', '*.example.org:80,443');
    expect(exact.hosts).toEqual(['api.github.com:443', '*.example.org:80,443']);
    expect(planOf(home)).toEqual([
      'network hosts',
      'host api.github.com 443 checked',
      'host *.example.org 80,443 checked',
    ]);
    await home.run('release', server);
    await home.run('contain', server, '--no-check');
    expect(planOf(home)[0]).toBe('network hosts');
  });

  it.each([
    [['--host', '*.com'], 4, 'too much to grant'],
    [['--host', '*'], 4, 'Every host is too much to grant: it holds hosts of many different owners.'],
    [['--host', 'localhost:80'], 2, 'belljar grant <server> local <port>'],
    [['--host', 'a', '--all'], 2, 'only one of them'],
    [['--all', '--off'], 2, 'only one of them'],
    [[], 2, 'limit asks first, and cannot here.'],
  ])('%j is refused with %d, and changes nothing', async (args, code, words) => {
    const home = await contained();
    const answer = await home.run('limit', server, ...args);
    expect([answer.code, answer.out]).toEqual([code, '']);
    expect(answer.err).toContain(words);
    expect(planOf(home)).toEqual(['network open']);
  });
});

describe('hosts by name', () => {
  it('are granted as they are typed, explained, and taken back', async () => {
    const home = await contained();
    await home.run('level', server, 'strict');
    expect(planOf(home)).toEqual(['network none']);
    const granted = await home.run('grant', server, 'host', 'https://git.example.org/x', '--no-name-check');
    expect([granted.code, granted.out]).toEqual([0, `${id}  host:git.example.org:443\n`]);
    expect(planOf(home)).toEqual(['network hosts', 'host git.example.org 443 unchecked']);
    expect((await home.run('show', server)).out).toContain('git.example.org:443 (name not checked)');

    const asked = await home.run('explain', server, 'git.example.org:443', '--json');
    expect(asked.code).toBe(0);
    expect(JSON.parse(asked.out) as Explanation).toMatchObject({
      verdict: 'allowed',
      rule: { id: 'host:git.example.org:443', source: 'person' },
      change: `belljar revoke ${server} host git.example.org:443`,
    });
    const other = await home.run('explain', server, 'git.example.org:80', '--json');
    expect(other.code).toBe(10);
    expect((JSON.parse(other.out) as Explanation).change).toBe(`belljar grant ${server} host git.example.org:80`);

    const wrong = await home.run('grant', server, 'read', '~/x', '--no-name-check');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--no-name-check is for hosts.')]);
    expect((await home.run('revoke', server, 'host', 'git.example.org')).code).toBe(0);
    expect(planOf(home)).toEqual(['network none']);
  });
});

describe('run', () => {
  it.each([
    [['--net', 'none', '--host', 'a.example'], '--net none and --host say opposite things.'],
    [['--net', 'hosts'], '--net hosts needs at least one --host.'],
    [['--level', 'watch', '--host', 'a.example'], 'At the level watch nothing is blocked'],
    [['--host', '*.com'], 'too much to grant'],
  ])('%j is refused before anything starts', async (args, words) => {
    const home = makeHome();
    const answer = await home.run('run', ...args, '--', process.execPath, '-e', 'console.log("started")');
    expect(answer.code).toBeGreaterThan(0);
    expect(answer.out).toBe('');
    expect(answer.err).toContain(words);
  });
});
