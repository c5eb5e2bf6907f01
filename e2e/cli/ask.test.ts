/**
 * Ask over the real launcher and the real host: a contained server is refused a file or a connection, and a person answers at
 * the command line: once, until it stops, always, never; what happens without anybody, and when the host goes.
 */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { answer, openQuestion, openQuestions, slow, startTalk } from './support/asking.ts';
import { personRules } from './support/person-rules.ts';
import { later, makeHome, program, startProgram, type Home, type Started } from './support/product.ts';

const server = 'cursor/reader';

/** Answers initialize, then reads each path, and connects to each port, that its client names. */
const script = `
printf '%s\\n' '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"a","version":"1"}}}'
while read -r what; do
  case $what in
    /*) cat "$what" 2>&1; echo "status $?" ;;
    *) bash -c "exec 3<>/dev/tcp/127.0.0.1/$what" 2>&1 </dev/null; echo "status $?" ;;
  esac
done`;

interface Scene {
  home: Home;
  file: string;
  host: Started;
}

async function contained(): Promise<Scene> {
  const home = makeHome();
  mkdirSync(home.folder('.cursor'));
  mkdirSync(home.folder('notes'));
  const file = home.folder('notes/plan.txt');
  writeFileSync(file, 'decoy-plan\n');
  writeFileSync(home.folder('notes/other.txt'), 'decoy-other\n');
  const entry = { command: '/bin/sh', args: ['-c', script], cwd: home.folder('.cursor') };
  writeFileSync(home.folder('.cursor/mcp.json'), JSON.stringify({ mcpServers: { reader: entry } }));
  expect((await home.run('contain', server, '--no-check')).code).toBe(0);
  expect((await home.run('grant', server, 'permission', 'ask-access')).code).toBe(0);
  const host = startProgram(process.execPath, [program, 'host', '--json'], home.environment, home.path);
  await host.line();
  return { home, file, host };
}

/** Shows questions as they come, so that there is somebody to ask. */
async function follow(home: Home): Promise<Started> {
  const started = startProgram(process.execPath, [program, 'ask', '--follow', '--json'], home.environment, home.path);
  // It follows once the host counts it: until then a question is refused at once, and asked again.
  return started;
}

interface Run {
  ask(what: string): { said: () => string | null };
  end(): Promise<void>;
}

function start(home: Home): Run {
  const { say, said, end } = startTalk(home, 'reader', home.folder('.cursor'));
  let asked = 0;
  return {
    ask(what) {
      const number = asked++;
      say(what);
      // What came of the request of this number: everything up to its status.
      return {
        said: () => {
          const parts = said()
            .replace(/^\{.*\n/, '')
            .split(/^status (\d+)\n/m);
          const status = parts[number * 2 + 1];
          return status === undefined ? null : `${status} ${parts[number * 2] ?? ''}`.trim();
        },
      };
    },
    end,
  };
}

/** Until somebody who follows is counted, a request is refused at once; the first that waits says so. */
async function ready(home: Home, run: Run, file: string): Promise<{ said: () => string | null }> {
  for (;;) {
    const request = run.ask(file);
    while (request.said() === null) {
      if ((await openQuestions(home)).length === 1) return request;
    }
  }
}

const rules = (home: Home): string[] => personRules(home.path, 'cursor.reader');

describe('a refused file', () => {
  it('is refused at once while nobody is there, then asked for: once, until it stops, always, and never', async () => {
    const { home, file } = await contained();
    const run = start(home);
    const alone = run.ask(file);
    await expect.poll(alone.said, slow).toMatch(/^1 .*Permission denied/);
    await follow(home);
    const first = await ready(home, run, file);
    const { question } = await answer(home, 'once');
    expect(question).toMatchObject({ target: file, answers: ['once', 'run', 'always', 'no', 'never'] });
    expect(question.scopes.map(({ diff }) => diff)).toEqual([[`+ read ${file}`], [`+ read ${home.folder('notes')}`]]);
    await expect.poll(first.said, slow).toBe('0 decoy-plan');
    // Once is once.
    const second = run.ask(file);
    await answer(home, 'run');
    await expect.poll(second.said, slow).toBe('0 decoy-plan');
    const third = run.ask(file);
    await expect.poll(third.said, slow).toBe('0 decoy-plan');
    const other = run.ask(home.folder('notes/other.txt'));
    await answer(home, 'never');
    await expect.poll(other.said, slow).toMatch(/^1 .*Permission denied/);
    await run.end();
    expect(rules(home)).toEqual(['permission ask-access', `deny ${home.folder('notes/other.txt')}`]);

    // Until it stops ended with the run; always holds in it, and in the next one.
    const later = start(home);
    const fourth = later.ask(file);
    await answer(home, 'always');
    await expect.poll(fourth.said, slow).toBe('0 decoy-plan');
    const fifth = later.ask(file);
    await expect.poll(fifth.said, slow).toBe('0 decoy-plan');
    const never = later.ask(home.folder('notes/other.txt'));
    await expect.poll(never.said, slow).toMatch(/^1 .*Permission denied/);
    expect(await openQuestions(home)).toEqual([]);
    expect(rules(home)).toContain(`read ${file}`);
    await later.end();
    const last = start(home);
    const sixth = last.ask(file);
    await expect.poll(sixth.said, slow).toBe('0 decoy-plan');
    await last.end();
    const { out } = await home.run('events', '--json', '--kind', 'file.read');
    const seen = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { target: string; verdict: string });
    expect(new Set(seen.filter(({ target }) => target === file).map(({ verdict }) => verdict))).toEqual(
      new Set(['refused', 'asked', 'allowed']),
    );
  });

  it('is refused when the host is killed or whoever follows goes, and never becomes a rule', async () => {
    const { home, file, host } = await contained();
    const run = start(home);
    const follower = await follow(home);
    const first = await ready(home, run, file);
    await follower.kill('SIGTERM');
    await expect.poll(first.said, slow).toMatch(/^1 .*Permission denied/);
    await follow(home);
    const second = await ready(home, run, home.folder('notes/other.txt'));
    await host.kill('SIGKILL');
    await expect.poll(second.said, slow).toMatch(/^1 .*Permission denied/);
    expect(rules(home)).toEqual(['permission ask-access']);
    await run.end();
  });
});

it('a refused port of this machine is asked for, and a wider scope is taken by its number', async () => {
  const { home, file } = await contained();
  const listener = createServer((socket) => void socket.end());
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  later(() => listener.close());
  const { port } = listener.address() as AddressInfo;
  const run = start(home);
  await follow(home);
  const first = await ready(home, run, file);
  const wide = await home.run('ask', (await openQuestion(home)).id, 'always', '--scope', '2', '--json');
  expect(JSON.parse(wide.out)).toMatchObject({ answer: 'always', rule: `read:${home.folder('notes')}` });
  await expect.poll(first.said, slow).toBe('0 decoy-plan');
  const other = run.ask(home.folder('notes/other.txt'));
  await expect.poll(other.said, slow).toBe('0 decoy-other');
  const connect = run.ask(port.toString());
  const question = await openQuestion(home);
  expect(question).toMatchObject({ about: { kind: 'local', port }, target: `localhost:${port.toString()}` });
  const waited = await home.run('ask', question.id, 'wait');
  expect(waited.err).toMatch(/^\d+ s left\.\n$/);
  await answer(home, 'once');
  await expect.poll(connect.said, slow).toBe('0');
  const usage = await home.run('ask', question.id, 'always', '--scope', '9');
  expect(usage.code).toBe(2);
  await run.end();
});
