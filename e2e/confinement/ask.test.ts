/**
 * Ask, from the launcher's side: what a contained server's refused accesses become while a person is asked. The host here is a
 * stand-in at the place where launchers look for one, which answers as the test says; the real one is tried in e2e/cli.
 */
import { execFileSync } from 'node:child_process';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Plan } from '#domain/plan-text.ts';
import { decoys, makeArena, readEvents, removeArena, type Arena } from './support/arena.ts';
import { allowedOnce, asks, Driver, no, slow, StandIn, until, untilStop } from './support/asking.ts';

let arena: Arena;
let host: StandIn;
let driver: Driver | null = null;

beforeEach(async () => {
  arena = makeArena();
  host = new StandIn();
  await host.listen(arena);
});

afterEach(async () => {
  await driver?.end();
  driver = null;
  await host.close();
  removeArena(arena);
});

async function start(plan: Partial<Plan> = asks): Promise<Driver> {
  driver = new Driver(arena, plan);
  await driver.hello();
  return driver;
}

/** Verdicts of events about something, with how often each. */
function verdicts(target: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const event of readEvents(arena.spool).filter((one) => one.target === target))
    counts[`${event.verdict} ${event.kind}`] = (counts[`${event.verdict} ${event.kind}`] ?? 0) + event.count;
  return counts;
}

const file = (path: string, access: 'read' | 'write', folder = false): object => ({
  kind: 'file',
  path,
  access,
  folder,
});

describe('a refused file', () => {
  test('waits, is read once when a person allows it, and is asked for again the next time', async () => {
    const server = await start();
    const first = server.begin('read', arena.secret);
    const question = await host.question(0);
    expect(question.about).toEqual(file(arena.secret, 'read'));
    expect(question.waitMs).toBeGreaterThan(15_000);
    expect(question.waitMs).toBeLessThanOrEqual(20_000);
    // Others are served meanwhile.
    expect(await server.do('read', arena.inside)).toBe(decoys.inside);
    expect(first.outcome()).toBe(null);
    question.answer(allowedOnce);
    await expect.poll(first.outcome, slow).toBe(decoys.outside);
    const second = server.begin('read', arena.secret);
    (await host.question(1)).answer(no);
    await expect.poll(second.outcome, slow).toBe('EACCES');
    // What was refused rests for a minute.
    expect(await server.do('read', arena.secret)).toBe('EACCES');
    expect(host.asked).toHaveLength(2);
    await server.end();
    expect(verdicts(arena.secret)).toEqual({ 'asked file.read': 2, 'allowed file.read': 1, 'refused file.read': 2 });
  });

  test('is not asked for before the server has answered its client, nor without the permission', async () => {
    host.always = allowedOnce;
    driver = new Driver(arena, asks);
    expect(await driver.do('read', arena.secret)).toBe('EACCES');
    // Words on the output that are no answer to initialize count for nothing.
    expect(await driver.do('read', arena.inside)).toBe(decoys.inside);
    expect(await driver.do('read', arena.secret)).toBe('EACCES');
    expect(host.asked).toEqual([]);
    await driver.hello();
    expect(await driver.do('read', arena.secret)).toBe(decoys.outside);
    await driver.end();
    const without = await start({});
    expect(await without.do('read', arena.secret)).toBe('EACCES');
    expect(host.asked).toHaveLength(1);
  });

  test('is asked for too where the answer to initialize goes through a copy of the output', async () => {
    host.always = allowedOnce;
    driver = new Driver(arena, asks);
    await driver.hello('hello-through-a-copy');
    expect(await driver.do('read', arena.secret)).toBe(decoys.outside);
  });

  test('allowed until it stops is not asked for again, and ends with the run', async () => {
    const server = await start();
    const first = server.begin('read', arena.secret);
    (await host.question(0)).answer(untilStop(0));
    await expect.poll(first.outcome, slow).toBe(decoys.outside);
    expect(await server.do('read', arena.secret)).toBe(decoys.outside);
    // Only to read, and only this one.
    host.always = no;
    expect(await server.do('append', arena.secret)).toBe('EACCES');
    expect(await server.do('read', join(arena.outside, 'other.txt'))).toBe('EACCES');
    expect(host.asked.map(({ about }) => about)).toEqual([
      file(arena.secret, 'read'),
      file(arena.secret, 'write'),
      file(join(arena.outside, 'other.txt'), 'read'),
    ]);
    await server.end();
    const next = await start();
    expect(await next.do('read', arena.secret)).toBe('EACCES');
    expect(host.asked).toHaveLength(4);
  });

  test('allowed with its folder: everything in it may be read and written, and nothing beside it', async () => {
    const server = await start();
    const first = server.begin('append', arena.secret);
    const question = await host.question(0);
    expect(question.about).toEqual(file(arena.secret, 'write'));
    question.answer(untilStop(1));
    await expect.poll(first.outcome, slow).toBe('written');
    host.always = no;
    expect(await server.do('read', join(arena.outside, 'other.txt'))).toBe('other');
    expect(await server.do('make', join(arena.outside, 'new.txt'))).toBe('written');
    expect(await server.do('list', arena.outside)).toBe('listed');
    expect(host.asked).toHaveLength(1);
    expect(await server.do('list', arena.neighbour)).toBe('EACCES');
    expect(host.asked.at(-1)?.about).toEqual(file(arena.neighbour, 'read', true));
    expect(readFileSync(arena.secret, 'utf8')).toBe(`${decoys.outside}\nmore\n`);
    expect(statSync(join(arena.outside, 'new.txt')).mode & 0o777).toBe(0o664 & ~process.umask());
  });

  test('that changes while it is asked: what stands there by then is opened, and never through a link', async () => {
    const server = await start();
    const first = server.begin('read', arena.secret);
    const question = await host.question(0);
    renameSync(arena.secret, `${arena.secret}.old`);
    symlinkSync(join(arena.home, '.ssh/id_ed25519'), arena.secret);
    question.answer(allowedOnce);
    await expect.poll(first.outcome, slow).toBe('EACCES');
    // Asked by another name, it is the place that is asked for and not the link.
    symlinkSync(`${arena.secret}.old`, join(arena.grant, 'link'));
    const second = server.begin('read', join(arena.grant, 'link'));
    expect((await host.question(1)).about).toEqual(file(`${arena.secret}.old`, 'read'));
    (await host.question(1)).answer(allowedOnce);
    await expect.poll(second.outcome, slow).toBe(decoys.outside);
  });

  test('in a place that is refused, of a process, or that is no file, is never asked for', async () => {
    host.always = untilStop(0);
    const server = await start();
    const pipe = join(arena.outside, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const never = [
      join(arena.home, '.ssh/id_ed25519'),
      '/proc/1/environ',
      '/proc/kcore',
      '/dev/mem',
      pipe,
      join(arena.spool, 'x'),
    ];
    for (const path of never.filter((one) => existsSync(one)))
      expect(await server.do('read', path), path).not.toMatch(/decoy|^$/);
    expect(host.asked).toEqual([]);
    // Nor by a folder around it that was allowed.
    const around = server.begin('read', join(arena.home, 'notes.txt'));
    await expect.poll(around.outcome, slow).toBe('ENOENT');
    writeFileSync(join(arena.home, 'notes.txt'), 'notes\n');
    host.always = untilStop(1);
    expect(await server.do('read', join(arena.home, 'notes.txt'))).toBe('notes');
    expect(await server.do('read', join(arena.home, '.ssh/id_ed25519'))).toBe('EACCES');
    expect(host.asked).toHaveLength(1);
  });
});

describe('a refused connection', () => {
  async function listen(port = 0): Promise<{ port: number; seen: () => number; close: () => Promise<void> }> {
    let connections = 0;
    const listener = createTcpServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined);
      socket.end('decoy-service');
    });
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    return {
      port: (listener.address() as AddressInfo).port,
      seen: () => connections,
      close: async () => {
        listener.close();
        await once(listener, 'close');
      },
    };
  }

  test('to a port of this machine waits, and is made when a person allows it', async () => {
    const service = await listen();
    const server = await start();
    const first = server.begin('connect', '127.0.0.1', service.port.toString());
    const question = await host.question(0);
    expect(question.about).toEqual({ kind: 'local', port: service.port });
    expect(service.seen()).toBe(0);
    question.answer(allowedOnce);
    await expect.poll(first.outcome, slow).toBe('decoy-service');
    const second = server.begin('connect', '127.0.0.1', service.port.toString());
    (await host.question(1)).answer(untilStop(0));
    await expect.poll(second.outcome, slow).toBe('decoy-service');
    expect(await server.do('connect', '127.0.0.1', service.port.toString())).toBe('decoy-service');
    expect([host.asked.length, service.seen()]).toEqual([2, 3]);
    const other = server.begin('connect', '127.0.0.1', '1');
    (await host.question(2)).answer(no);
    await expect.poll(other.outcome, slow).toBe('EACCES');
    await server.end();
    expect(verdicts(`127.0.0.1:${service.port.toString()}`)).toEqual({
      'asked net.connect': 2,
      'allowed net.connect': 3,
    });
    await service.close();
  });

  test('a metadata service is never asked for', async () => {
    host.always = untilStop(0);
    const server = await start();
    expect(await server.do('connect', '169.254.169.254', '80')).toBe('EACCES');
    expect(host.asked).toEqual([]);
  });

  test('to a Unix socket waits', async () => {
    const path = join(arena.outside, 's');
    const listener = createTcpServer((socket) => void socket.on('error', () => undefined).end('decoy-service'));
    listener.listen(path);
    await once(listener, 'listening');
    const server = await start();
    const first = server.begin('unix', path);
    const question = await host.question(0);
    expect(question.about).toEqual({ kind: 'socket', path });
    question.answer(allowedOnce);
    await expect.poll(first.outcome, slow).toBe('decoy-service');
    host.always = no;
    expect(await server.do('unix', path)).toBe('EACCES');
    listener.close();
  });

  test('to a name that no rule holds waits at its look-up, and no name server hears of it before', async () => {
    const server = await start({ ...asks, network: 'hosts' });
    const first = server.begin('look-up', 'a.example.com');
    const second = server.begin('look-up', 'a.example.com');
    const question = await host.question(0);
    expect(question.about).toEqual({ kind: 'host', host: 'a.example.com' });
    expect([first.outcome(), second.outcome()]).toEqual([null, null]);
    question.answer(no);
    await expect.poll(first.outcome, slow).toMatch(/not known|No address/);
    await expect.poll(second.outcome, slow).toMatch(/not known|No address/);
    // The longer forms that a resolver makes of it by itself are not asked for either.
    expect(await server.do('look-up', 'a.example.com.lan')).toMatch(/not known|No address/);
    expect(host.asked).toHaveLength(1);
    await server.end();
    expect(verdicts('a.example.com')).toMatchObject({ 'asked net.dns': 1 });
  });
});

test('a name is not asked for before the server has answered its client', async () => {
  host.always = no;
  driver = new Driver(arena, { ...asks, network: 'hosts' });
  expect(await driver.do('look-up', 'a.example.com')).toMatch(/not known|No address/);
  expect(host.asked).toEqual([]);
  await driver.hello();
  expect(await driver.do('look-up', 'b.example.com')).toMatch(/not known|No address/);
  expect(host.asked.map(({ about }) => about)).toEqual([{ kind: 'host', host: 'b.example.com' }]);
});

describe('the bounds', () => {
  test('a thousand refused places: a handful of questions, the rest refused at once, and other threads go on', async () => {
    const server = await start();
    const folder = join(arena.outside, 'many');
    mkdirSync(folder);
    for (let index = 0; index < 1000; index += 1) writeFileSync(join(folder, index.toString()), '');
    const flood = server.begin('flood', folder);
    await host.question(3);
    // While those wait.
    expect(await server.do('read', arena.inside)).toBe(decoys.inside);
    for (const one of [...host.asked]) one.answer(no);
    host.always = no;
    await expect.poll(flood.outcome, { timeout: 20_000 }).toBe('refused 1000');
    const together = host.asked.filter(({ about }) => about.kind === 'file').length;
    expect(together).toBeGreaterThanOrEqual(4);
    await server.end();
    const events = readEvents(arena.spool).filter((event) => event.verdict === 'refused');
    expect(events.reduce((sum, event) => sum + event.count, 0)).toBeGreaterThan(0);
  });

  test('no more than four questions are open, and one about each target', async () => {
    const server = await start();
    const paths = [0, 1, 2, 3, 4, 5].map((index) => join(arena.outside, `f${index.toString()}`));
    for (const path of paths) writeFileSync(path, 'x\n');
    const calls = [];
    for (const path of paths.slice(0, 4)) {
      calls.push(server.begin('read', path));
      await host.question(calls.length - 1);
    }
    const same = server.begin('read', paths[0] ?? '');
    expect(await server.do('read', paths[4] ?? '')).toBe('EACCES');
    expect(host.asked).toHaveLength(4);
    for (const one of host.asked) one.answer(allowedOnce);
    for (const call of [...calls, same]) await expect.poll(call.outcome, slow).toBe('x');
    // What was refused for want of room is asked for when there is some.
    const later = server.begin('read', paths[4] ?? '');
    (await host.question(4)).answer(allowedOnce);
    await expect.poll(later.outcome, slow).toBe('x');
  });

  test('no more than eight calls wait for one answer, and they all get it', async () => {
    const server = await start();
    const calls = Array.from({ length: 11 }, () => server.begin('read', arena.secret));
    const outcomes = (): (string | null)[] => calls.map((call) => call.outcome()).filter((outcome) => outcome !== null);
    await expect.poll(outcomes, slow).toEqual(['EACCES', 'EACCES', 'EACCES']);
    // Whatever else is asked meanwhile, those eight go on waiting.
    expect(await server.do('read', arena.inside)).toBe(decoys.inside);
    expect([outcomes().length, host.asked.length]).toEqual([3, 1]);
    host.asked[0]?.answer(allowedOnce);
    await expect
      .poll(() => outcomes().toSorted((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1)), slow)
      .toEqual(Array.from({ length: 11 }, (_, index) => (index < 3 ? 'EACCES' : decoys.outside)));
  });

  test('nobody answers: refused within 20 seconds, as without a question', async () => {
    const server = await start();
    const begun = Date.now();
    const call = server.begin('read', arena.secret);
    const question = await host.question(0);
    await expect.poll(call.outcome, { timeout: 25_000 }).toBe('EACCES');
    // The bound is the property itself here; a second for a busy machine.
    expect(Date.now() - begun).toBeLessThan(21_000);
    await expect.poll(() => question.gone, slow).toBe(true);
    // An answer that comes after that changes nothing.
    question.answer(untilStop(0));
    expect(await server.do('read', arena.secret)).toBe('EACCES');
  });

  test('the host is lost, or answers in another form: refused', async () => {
    const server = await start();
    const first = server.begin('read', arena.secret);
    await host.question(0);
    await host.close();
    await expect.poll(first.outcome, slow).toBe('EACCES');
    expect(await server.do('read', arena.secret)).toBe('EACCES');
  });

  test('who waits is ended, and the run goes on: the question goes with it', async () => {
    const server = await start();
    const process = await server.do('read-in-child', arena.secret);
    const question = await host.question(0);
    expect(await server.do('kill', process)).toBe('killed');
    await until(() => question.gone);
    // It was not left unanswered, which would rest for a minute: who asks now is a new question.
    const next = server.begin('read', arena.secret);
    (await host.question(1)).answer(allowedOnce);
    await expect.poll(next.outcome, slow).toBe(decoys.outside);
  });

  test('a run that is told to end and goes on: what waits is refused at once, and was not left unanswered', async () => {
    const server = await start();
    expect(await server.do('stay')).toBe('stays');
    const waiting = server.begin('read', arena.secret);
    const question = await host.question(0);
    server.child.kill('SIGTERM');
    await expect.poll(waiting.outcome, slow).toBe('EACCES');
    // Until then who asks for the same joins it.
    await until(() => question.gone);
    const next = server.begin('read', arena.secret);
    await host.question(1);
    server.child.kill('SIGTERM');
    await expect.poll(next.outcome, slow).toBe('EACCES');
  });

  test('who waits is ended: the question goes with it; and the run is told to end: nobody waits any longer', async () => {
    const server = await start();
    server.begin('read', arena.secret);
    const question = await host.question(0);
    const closed = once(server.child, 'close');
    server.child.kill('SIGTERM');
    await closed;
    await expect.poll(() => question.gone, slow).toBe(true);
  });
});

describe('a server cannot answer itself', () => {
  test('it holds no descriptor of the way, and reaches neither the host nor anything of the guardian', async () => {
    host.always = no;
    const server = await start();
    expect(await server.do('descriptors')).toBe('sockets 0');
    const before = host.asked.length;
    for (const path of [join(arena.folder, 'host.sock'), join(arena.folder, 'runtime', 'host.sock')]) {
      expect(await server.do('unix', path)).toBe('EACCES');
    }
    // Not even asked for, unlike any other socket.
    expect(host.asked).toHaveLength(before);
    const guardian = server.child.pid ?? 0;
    const parts = ['mem', 'maps', 'environ', 'fd/0', 'fd/5'];
    for (const part of parts)
      expect(await server.do('read', `/proc/${guardian.toString()}/${part}`)).toMatch(/^E[A-Z]+$/);
    await server.end();
  });
});
