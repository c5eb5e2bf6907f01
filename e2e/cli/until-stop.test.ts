/**
 * What is granted until a server stops, over the real launcher: refused, allowed while it runs, refused again after a restart;
 * with a host and without one, and looked at from outside.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { GrantResult } from '#contract/methods.ts';
import type { Explanation } from '#contract/policy.ts';
import type { ServerDetail } from '#contract/server.ts';
import { startTalk } from './support/asking.ts';
import { later, makeHome, program, startProgram, type Home } from './support/product.ts';

const server = 'cursor/reader';
const slow = { timeout: 20_000 };

/** Reads each path and writes to each path behind a plus sign, starts each program behind a bang, connects to each port. */
const script = `
while read -r what; do
  case $what in
    +*) (echo changed >>"\${what#+}") 2>&1; echo "status $?" ;;
    !*) "\${what#!}" 2>&1; echo "status $?" ;;
    /*) cat "$what" 2>&1; echo "status $?" ;;
    *) bash -c "exec 3<>/dev/tcp/127.0.0.1/$what" 2>&1 </dev/null; echo "status $?" ;;
  esac
done`;

interface Run {
  /** What came of it: the status, and what was printed. */
  ask(what: string): Promise<string>;
  end(): Promise<void>;
}

function start(home: Home): Run {
  const { say, said, end } = startTalk(home, 'reader', home.folder('.cursor'));
  let asked = 0;
  return {
    async ask(what) {
      const number = asked++;
      say(what);
      let answer = '';
      await expect
        .poll(() => {
          const parts = said().split(/^status (\d+)\n/m);
          const status = parts[number * 2 + 1];
          answer = `${status ?? ''} ${parts[number * 2] ?? ''}`.trim();
          return status;
        }, slow)
        .toBeDefined();
      return answer;
    },
    end,
  };
}

interface Scene {
  home: Home;
  file: string;
  note: string;
}

async function contained(): Promise<Scene> {
  const home = makeHome();
  mkdirSync(home.folder('.cursor'));
  mkdirSync(home.folder('notes'));
  const file = home.folder('notes/plan.txt');
  const note = home.folder('notes/note.txt');
  writeFileSync(file, 'decoy-plan\n');
  writeFileSync(note, 'as it was\n');
  const entry = { command: '/bin/sh', args: ['-c', script], cwd: home.folder('.cursor') };
  writeFileSync(home.folder('.cursor/mcp.json'), JSON.stringify({ mcpServers: { reader: entry } }));
  expect((await home.run('contain', server, '--no-check')).code).toBe(0);
  return { home, file, note };
}

const policyText = (home: Home): string =>
  readFileSync(home.folder('.config/belljar/policies/cursor.reader.json'), 'utf8');
const plans = (home: Home): string[] => readdirSync(home.folder('.local/share/belljar/plans')).toSorted();
const refusedRead = /^1 .*Permission denied/s;

it('holds for the running server, ends with it, and is never written into the policy', async () => {
  const { home, file, note } = await contained();
  const host = startProgram(process.execPath, [program, 'host', '--json'], home.environment, home.path);
  await host.line();
  const before = policyText(home);
  const run = start(home);
  expect(await run.ask(file)).toMatch(refusedRead);
  expect(await run.ask(`+${note}`)).toMatch(/Permission denied/);

  // Looked at first: nothing changes.
  const looked = await home.run('grant', server, 'read', file, '--until-stop', '--dry-run');
  expect([looked.code, looked.out]).toEqual([0, expect.stringContaining(`+read ${file}`)]);
  expect(looked.err).toContain('Nothing was granted.');
  expect(await run.ask(file)).toMatch(refusedRead);

  const given = await home.json<GrantResult>('grant', server, 'read', file, '--until-stop', '--json');
  expect(given).toMatchObject({ changed: true, effective: 'now', runs: [expect.any(String)] });
  await expect.poll(() => run.ask(file), slow).toBe('0 decoy-plan');
  // That file, to read; nothing beside it.
  expect(await run.ask(note)).toMatch(refusedRead);
  expect(await run.ask(`+${file}`)).toMatch(/Permission denied/);
  expect(readFileSync(file, 'utf8')).toBe('decoy-plan\n');
  await home.json<GrantResult>('grant', server, 'write', note, '--until-stop', '--json');
  await expect.poll(() => run.ask(`+${note}`), slow).toBe('0');
  expect(readFileSync(note, 'utf8')).toContain('as it was\nchanged\n');

  const shown = await home.json<ServerDetail>('show', server, '--json');
  expect(shown.untilStop.map(({ verb, what, runs }) => [verb, what, runs])).toEqual([
    ['read', file, given.runs],
    ['write', note, given.runs],
  ]);
  expect((await home.run('show', server)).out).toContain('Allowed until it stops');
  expect(await home.json<Explanation>('explain', server, file, '--json')).toMatchObject({
    verdict: 'allowed',
    until: 'stop',
  });
  expect(policyText(home)).toBe(before);

  // Taken back before it stops.
  expect((await home.run('revoke', server, 'write', note, '--until-stop')).code).toBe(0);
  await expect.poll(() => run.ask(`+${note}`), slow).toMatch(/Permission denied/);
  expect(await run.ask(file)).toBe('0 decoy-plan');

  // A second run beside it has nothing of it.
  const beside = start(home);
  expect(await beside.ask(file)).toMatch(refusedRead);
  await beside.end();

  await run.end();
  const again = start(home);
  expect(await again.ask(file)).toMatch(refusedRead);
  expect((await home.json<ServerDetail>('show', server, '--json')).untilStop).toEqual([]);
  await again.end();
  expect(policyText(home)).toBe(before);
  // The allowed twin: always is for the next start too.
  await home.json<GrantResult>('grant', server, 'read', file, '--json');
  const third = start(home);
  expect(await third.ask(file)).toBe('0 decoy-plan');
  await third.end();
});

it('ends with the run though no host is there when it stops, and what is denied meanwhile counts', async () => {
  const { home, file, note } = await contained();
  const run = start(home);
  expect(await run.ask(file)).toMatch(refusedRead);
  await home.json<GrantResult>('grant', server, 'read', home.folder('notes'), '--until-stop', '--json');
  await expect.poll(() => run.ask(file), slow).toBe('0 decoy-plan');
  expect(plans(home)).toHaveLength(2);
  await home.json<GrantResult>('grant', server, 'deny', note, '--json');
  await expect.poll(() => run.ask(note), slow).toMatch(refusedRead);
  expect(await run.ask(file)).toBe('0 decoy-plan');
  await run.end();
  // Nobody tidied up: the next start reads its own plan all the same.
  expect(plans(home)).toHaveLength(2);
  const again = start(home);
  expect(await again.ask(file)).toMatch(refusedRead);
  await again.end();
  // The next plan that is written does.
  expect((await home.run('revoke', server, 'deny', note)).code).toBe(0);
  expect(plans(home)).toEqual(['cursor.reader.plan']);
  expect(readdirSync(home.folder('.local/state/belljar/run-grants/cursor.reader'))).toEqual([]);
});

it('what is denied while its server is not contained is refused from the next containing on', async () => {
  const { home, file, note } = await contained();
  const run = start(home);
  expect(await run.ask(note)).toMatch(refusedRead);
  await home.json<GrantResult>('grant', server, 'read', home.folder('notes'), '--until-stop', '--json');
  await expect.poll(() => run.ask(note), slow).toBe('0 as it was');
  expect((await home.run('release', server)).code).toBe(0);
  expect((await home.run('grant', server, 'deny', note)).code).toBe(0);
  expect((await home.run('contain', server, '--no-check')).code).toBe(0);
  await expect.poll(() => run.ask(note), slow).toMatch(refusedRead);
  // The allowed twin: what was granted until it stops, and not denied.
  expect(await run.ask(file)).toBe('0 decoy-plan');
  await run.end();
});

it('a port of this machine; and what cannot be until it stops says so', async () => {
  const { home, file } = await contained();
  const neighbour = createServer((socket) => void socket.end()).listen(0, '127.0.0.1');
  later(() => neighbour.close());
  await once(neighbour, 'listening');
  let connections = 0;
  neighbour.on('connection', () => (connections += 1));
  const port = (neighbour.address() as AddressInfo).port.toString();

  const none = await home.run('grant', server, 'read', file, '--until-stop');
  expect([none.code, none.err]).toEqual([4, expect.stringContaining('It does not run now')]);
  const run = start(home);
  expect(await run.ask(port)).toMatch(/Permission denied/);
  expect(connections).toBe(0);
  await home.json<GrantResult>('grant', server, 'local', port, '--until-stop', '--json');
  await expect.poll(() => run.ask(port), slow).toBe('0');
  expect(connections).toBe(1);

  const tool = home.folder('notes/tool');
  writeFileSync(tool, '#!/bin/sh\necho ran\n', { mode: 0o755 });
  const refused = await home.run('grant', server, 'exec', tool, '--until-stop');
  expect(refused.code).toBe(4);
  expect(refused.err).toContain('This is fixed when a server starts, so a running one cannot be given it.');
  expect(refused.err).toContain(`belljar grant ${server} exec ${tool}`);
  expect(await run.ask(`!${tool}`)).toMatch(/Permission denied/);
  // What is offered instead: always, after a restart.
  expect(await home.json<GrantResult>('grant', server, 'exec', tool, '--json')).toMatchObject({ effective: 'restart' });
  expect(await run.ask(`!${tool}`)).toMatch(/Permission denied/);
  await run.end();
  const again = start(home);
  expect(await again.ask(`!${tool}`)).toBe('0 ran');
  expect(await again.ask(port)).toMatch(/Permission denied/);
  expect(connections).toBe(1);
  await again.end();
});
