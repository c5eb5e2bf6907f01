/**
 * Links that a server asks to have opened: what arrives at the host, and what does not. The host here is a stand-in at the
 * place where launchers look for one, which writes down what it is asked; the real one is tried in e2e/launched.
 */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Event } from '#contract/event.ts';
import type { Plan } from '#domain/plan-text.ts';
import { makeArena, readEvents, removeArena, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { containedCommand, run, startContained } from './support/start.ts';
import { brief, matchingEvents } from './support/technique.ts';

const asks: Partial<Plan> = { permissions: ['ask-links'] };
const token = 'decoy-token-9f2c';
const url = `https://accounts.example.com/authorize?state=${token}#x`;

let arena: Arena;
let server: Server | null = null;
let asked: unknown[] = [];
/** Callers that went before they were answered. */
let gone = 0;

/** `answer` null leaves the caller waiting. */
async function standIn(answer: string | null, status = 200): Promise<void> {
  // As the product lays it out: the state folder holds the spool, and a link to the socket.
  mkdirSync(join(arena.folder, 'runtime'), { mode: 0o700 });
  const path = join(arena.folder, 'runtime', 'host.sock');
  symlinkSync(path, join(arena.folder, 'host.sock'));
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    response.on('close', () => {
      if (!response.writableEnded) gone += 1;
    });
    request.on('end', () => {
      asked.push({ url: request.url, body: JSON.parse(body) as unknown });
      if (answer === null) return;
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
      response.end(answer);
    });
  });
  server.listen(path);
  await once(server, 'listening');
}

const allowed = '{"outcome":"allowed","asked":false}';
const allowedNow = '{"outcome":"allowed","asked":true}';

beforeEach(() => {
  arena = makeArena();
  asked = [];
  gone = 0;
});

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
  server = null;
  removeArena(arena);
});

async function open(args: readonly string[], plan: Partial<Plan>, program = 'xdg-open') {
  const finished = await run(...containedCommand(arena, '/usr/bin/env', [program, ...args], plan));
  return { ...finished, links: matchingEvents(readEvents(arena.spool), 'link.open', /./) };
}

const verdicts = (events: readonly Event[]): string[] => events.map((event) => `${event.verdict} ${event.target}`);

describe('a link that may be opened', () => {
  test.each(['xdg-open', 'sensible-browser', 'x-www-browser', 'www-browser'])(
    '%s: the host is asked with a rule, and no event holds more than its host',
    async (program) => {
      await standIn(allowed);
      const { code, stdout, stderr, links } = await open([url], { links: ['*.example.com'] }, program);
      expect([code, stdout, stderr]).toEqual([0, '', '']);
      expect(asked).toEqual([
        {
          url: '/rpc/questions.ask',
          body: {
            server: 'attack.server',
            run: links[0]?.run,
            about: { kind: 'link', url },
            granted: true,
          },
        },
      ]);
      expect(verdicts(links)).toEqual(['allowed accounts.example.com']);
      for (const name of readdirSync(arena.spool))
        expect(readFileSync(join(arena.spool, name), 'utf8')).not.toContain(token);
    },
  );

  test('without a rule the host is asked for an answer, and both are recorded', async () => {
    await standIn(allowedNow);
    const { code, links } = await open([url], asks);
    expect([code, verdicts(links)]).toEqual([0, ['asked accounts.example.com', 'allowed accounts.example.com']]);
    expect(asked).toMatchObject([{ body: { granted: false } }]);
  });

  test('a page of this machine is asked for, whatever the rules say', async () => {
    await standIn(allowed);
    const { code } = await open(['http://localhost:3000/'], { ...asks, links: ['localhost', '*.example.com'] });
    expect([code, asked]).toMatchObject([0, [{ body: { granted: false } }]]);
  });

  test('by the variable, by the desktop, and by Python', async () => {
    await standIn(allowed);
    const script = [
      '$BROWSER https://a.example/',
      'command -v gio >/dev/null && gio open https://b.example/',
      `/usr/bin/env python3 -c 'import webbrowser, sys; sys.exit(not webbrowser.open("https://c.example/"))'`,
    ].join('; ');
    const finished = await run(
      ...containedCommand(arena, '/bin/sh', ['-c', script], { links: ['a.example', 'b.example', 'c.example'] }),
    );
    expect([finished.code, finished.stderr]).toEqual([0, '']);
    const hosts = matchingEvents(readEvents(arena.spool), 'link.open', /./).map((event) => event.target);
    // GLib's tool is not on every machine; where it is, it must arrive too.
    expect(hosts).toEqual(['a.example', ...(existsSync('/usr/bin/gio') ? ['b.example'] : []), 'c.example']);
  });
});

describe('a link that is not opened', () => {
  test('when the answer is no: the program is told by its status and in one line', async () => {
    await standIn('{"outcome":"refused","reason":"no","asked":true}');
    const { code, stdout, stderr, links } = await open([url], asks);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toBe('belljar: accounts.example.com was not opened: the question was answered with no.\n');
    expect(verdicts(links)).toEqual(['asked accounts.example.com', 'refused accounts.example.com']);
  });

  test('without a host, and it says how to have one', async () => {
    const { code, stderr, links } = await open([url], asks);
    expect([code, verdicts(links)]).toEqual([4, ['refused accounts.example.com']]);
    expect(stderr).toContain('accounts.example.com was not opened: no Belljar host runs');
    expect(stderr).not.toContain(token);
  });

  test('when no rule fits and nothing may be asked: the host hears nothing', async () => {
    await standIn(allowed);
    const { code, stderr, links } = await open([url], { links: ['other.example'] });
    expect([code, verdicts(links), asked]).toEqual([4, ['refused accounts.example.com'], []]);
    expect(stderr).toContain('this server may not ask for it');
    expect(stderr).toContain('belljar grant <server> link accounts.example.com');
  });

  test.each([
    ['a host that fails', allowed, 500],
    ['a host that says more', '{"outcome":"allowed","asked":true,"more":1}', 200],
    ['a host that says nothing', '', 200],
    ['a host that does not stop', 'x'.repeat(1_000_000), 200],
  ])('%s is no permission', async (_name, answer, status) => {
    await standIn(answer, status);
    const { code, links } = await open([url], asks);
    expect([code, verdicts(links).at(-1)]).toEqual([4, 'refused accounts.example.com']);
  });

  test('a run whose plan has nothing about links has neither helpers nor a door', async () => {
    const finished = await run(
      ...containedCommand(arena, '/bin/sh', ['-c', 'echo "$BROWSER$XDG_DATA_DIRS"; command -v sensible-browser']),
    );
    expect(finished.stdout).not.toContain('open-link');
    const direct = await startContained(arena, compile('ask-for-link'), ['send', url]);
    expect(direct.outcome).toEqual({ kind: 'refused', errno: 'EACCES', step: 'connect' });
    expect(matchingEvents(direct.events, 'unix.connect', '@belljar-open-link')).toHaveLength(1);
    const twin = await startContained(arena, compile('ask-for-link'), ['send', url], asks);
    expect(twin.outcome).toEqual({ kind: 'reached', what: 'refused no-host' });
  });

  test.each([
    [['file:///etc/passwd']],
    [['http://accounts.example.com/']],
    [['https://good.example@evil.example/']],
    [['javascript:alert(1)']],
    [['--help']],
    [[url, 'https://b.example/']],
    [['--new-window', url]],
    [[]],
    [['/etc/passwd']],
    [[`https://a.example/${'a'.repeat(8192)}`]],
  ])('%j is nothing that can be opened', async (args) => {
    await standIn(allowed);
    const { code, stderr } = await open(args, asks);
    expect([code, asked]).toEqual([1, []]);
    expect(stderr).toMatch(/^belljar: Only one https link/);
  });
});

describe('a server that knocks itself', () => {
  const knock = (args: readonly string[], plan: Partial<Plan> = asks) =>
    startContained(arena, compile('ask-for-link'), args, plan);

  test.each([
    [['send', 'file:///etc/passwd']],
    [['send', '--help']],
    [['send', 'https://good.example@evil.example/']],
    [['send', '{"server":"other.server","run":"other-run"}']],
    [['bytes']],
    [['large']],
  ])('%j is refused, never passed on, and seen', async (args) => {
    await standIn(allowed);
    const { outcome, events } = await knock(args);
    expect([outcome, asked]).toEqual([{ kind: 'reached', what: 'refused not-a-link' }, []]);
    expect(verdicts(matchingEvents(events, 'link.open', /./)), brief(events).join('\n')).toEqual([
      'refused (not a link)',
    ]);
  });

  test('with a real link gets no more than the helper would, and a descriptor beside it changes nothing', async () => {
    await standIn(allowed);
    expect((await knock(['send', 'https://a.example/'])).outcome).toEqual({ kind: 'reached', what: 'opened' });
    expect((await knock(['descriptor'])).outcome).toEqual({ kind: 'reached', what: 'opened' });
    // Whatever it sends, the guardian alone says which server and which run it is.
    expect(asked).toMatchObject([{ body: { server: 'attack.server' } }, { body: { server: 'attack.server' } }]);
  });

  test('without end gets six, and the host hears of no more', async () => {
    await standIn(allowed);
    const { outcome, events } = await knock(['flood'], {
      links: Array.from({ length: 20 }, (_, index) => `h${index.toString()}.example`),
    });
    expect([outcome, asked.length]).toEqual([{ kind: 'reached', what: 'opened 6' }, 6]);
    const refusals = matchingEvents(events, 'link.open', /./).filter((event) => event.verdict === 'refused');
    expect(refusals.reduce((sum, event) => sum + event.count, 0)).toBe(14);
  });

  test('and stays silent in every place is put out, and the next is served', async () => {
    await standIn(allowed);
    expect((await knock(['silent'], { links: ['a.example'] })).outcome).toEqual({ kind: 'reached', what: 'opened' });
  });

  test("by the socket's own path, another run's or the host's, is refused", async () => {
    await standIn(allowed);
    const doors = (): string[] =>
      readdirSync(arena.spool)
        .map((name) => join(arena.spool, name, 'link.sock'))
        .filter((path) => existsSync(path));
    const other = run(...containedCommand(arena, '/bin/sleep', ['2'], asks));
    await expect.poll(() => doors().length).toBe(1);
    const targets = [...doors(), join(arena.folder, 'host.sock'), join(arena.folder, 'runtime', 'host.sock')];
    // From outside each of them can be reached.
    for (const door of targets) {
      const way = door.endsWith('link.sock') ? 'seqpacket' : 'stream';
      expect((await run(compile('unix-connect'), [way, door])).code).toBe(0);
    }
    const script = 'for door in "$TMPDIR"/../link.sock "$@"; do "$0" stream "$door"; "$0" seqpacket "$door"; done';
    const finished = await run(
      ...containedCommand(arena, '/bin/sh', ['-c', script, compile('unix-connect'), ...targets], asks),
    );
    expect(finished.stdout.trim().split('\n'), finished.stderr).toEqual(Array(8).fill('REFUSED EACCES connect'));
    expect(asked).toEqual([]);
    await other;
  });

  test('and goes before the answer takes the question with it', async () => {
    await standIn(null);
    const until = (name: string): string => `while ! [ -e "$1/${name}" ]; do sleep 0.05; done`;
    const impatient = `"$0" https://a.example/ & ${until('leave')}; kill $!; wait; ${until('end')}`;
    const args = ['-c', impatient, 'xdg-open', arena.grant];
    const running = run(...containedCommand(arena, '/bin/sh', args, asks));
    await expect.poll(() => asked.length, { timeout: 10_000 }).toBe(1);
    expect(gone).toBe(0);
    writeFileSync(join(arena.grant, 'leave'), '');
    // While the run goes on.
    await expect.poll(() => gone, { timeout: 10_000 }).toBe(1);
    writeFileSync(join(arena.grant, 'end'), '');
    await running;
    expect(verdicts(matchingEvents(readEvents(arena.spool), 'link.open', /./))).toEqual([
      'asked a.example',
      'refused a.example',
    ]);
  });

  test('and ends while the host still opens its link leaves an event all the same', async () => {
    await standIn(null);
    const script = '"$0" https://a.example/ & while ! [ -e "$1/end" ]; do sleep 0.05; done';
    const args = ['-c', script, 'xdg-open', arena.grant];
    const running = run(...containedCommand(arena, '/bin/sh', args, { links: ['a.example'] }));
    await expect.poll(() => asked.length, { timeout: 10_000 }).toBe(1);
    writeFileSync(join(arena.grant, 'end'), '');
    await running;
    expect(verdicts(matchingEvents(readEvents(arena.spool), 'link.open', /./))).toEqual(['allowed a.example']);
    expect(readEvents(arena.spool).at(-1)?.kind).toBe('run.end');
  });

  test('cannot put another program in the place of a helper', async () => {
    const script =
      'bin=${BROWSER%/*}; touch "$bin/x" || ln -sf /bin/sh "$bin/xdg-open" || rm "$bin/xdg-open" || mv "$bin" "$bin-" || echo none; ls "$bin" | wc -l';
    const finished = await run(...containedCommand(arena, '/bin/sh', ['-c', script], asks));
    expect(finished.stdout.trim().split(/\s+/)).toEqual(['none', '4']);
  });
});
