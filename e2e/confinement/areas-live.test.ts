/**
 * A plan that is replaced while its server runs: what it grants can be opened, what it takes back is refused, a plan that is not believed
 * changes nothing, and the run says each time what came of it. What a taken-over supervisor could ask the opener for is in
 * native-helpers/tests/areas.cpp.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { decoys, makeArena, planOf, readEvents, removeArena, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { leftOut } from './support/skip.ts';
import { containedCommand, ordinaryPath } from './support/start.ts';
import { brief } from './support/technique.ts';
import { formatPlan, type Plan } from '#domain/plan-text.ts';
import type { Event } from '#contract/event.ts';

class Server {
  private readonly lines: Interface;
  private readonly answers: string[] = [];
  private readonly waiting: ((line: string) => void)[] = [];

  readonly arena: Arena;
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(arena: Arena, child: ChildProcessByStdio<Writable, Readable, null>) {
    this.arena = arena;
    this.child = child;
    this.lines = createInterface({ input: child.stdout });
    this.lines.on('line', (line) => {
      const next = this.waiting.shift();
      if (next === undefined) this.answers.push(line);
      else next(line);
    });
  }

  static async start(plan: (arena: Arena) => Partial<Plan> = () => ({})): Promise<Server> {
    const arena = makeArena();
    const [command, args] = containedCommand(arena, compile('obey'), [], plan(arena));
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: ordinaryPath } });
    const server = new Server(arena, child);
    onTestFinished(async () => {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      removeArena(arena);
    });
    await server.ask(`read ${arena.inside}`);
    return server;
  }

  ask(command: string): Promise<string> {
    this.child.stdin.write(`${command}\n`);
    const known = this.answers.shift();
    return known === undefined ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve(known);
  }

  /** As the engine writes it: beside, then in its place. */
  replace(text: string, mode = 0o600): string {
    const draft = `${this.arena.planFile}.new`;
    writeFileSync(draft, text, { mode });
    chmodSync(draft, mode);
    renameSync(draft, this.arena.planFile);
    return createHash('sha256').update(text).digest('hex');
  }

  change(changes: Partial<Plan> = {}): string {
    return this.replace(formatPlan(planOf(this.arena, changes)));
  }

  changes(): Event[] {
    return readEvents(this.arena.spool).filter((event) => event.kind === 'plan.change');
  }

  /** Processes of the launcher that belong to this run: of those that it started, all but the server's own. */
  parts(): string[] {
    const children = (process: string): string[] => {
      try {
        return readFileSync(`/proc/${process}/task/${process}/children`, 'utf8').trim().split(' ').filter(Boolean);
      } catch {
        return [];
      }
    };
    const below = (process: string): string[] => children(process).flatMap((child) => [child, ...below(child)]);
    return below(String(this.child.pid));
  }

  async said(digest: string): Promise<NonNullable<Event['plan']>> {
    for (;;) {
      const found = this.changes().find((event) => event.plan?.digest === digest)?.plan;
      if (found !== undefined) return found;
      await sleep(20);
    }
  }
}

const areaOf = (arena: Arena, access: 'read' | 'write' = 'read'): Plan['areas'] => [{ access, place: arena.outside }];

test('a folder that is granted to a running server can be read, and not any more when it is taken back', async () => {
  const server = await Server.start();
  const { arena } = server;
  expect(await server.ask(`read ${arena.secret}`)).toBe('EACCES');
  const granted = await server.said(server.change({ areas: areaOf(arena), deny: ['**/other.txt'] }));
  expect(granted).toMatchObject({
    now: [`+ area read ${arena.outside}`, '+ deny **/other.txt'],
    restart: [],
    notApplied: [],
  });
  expect(await server.ask(`read ${arena.secret}`)).toBe(`done ${decoys.outside}`);
  expect(await server.ask(`list ${arena.outside}`)).toBe('done list');
  expect(await server.ask(`read ${arena.outside}/other.txt`), 'what the same plan denies').toBe('EACCES');
  expect(await server.ask(`write ${arena.secret}`), 'to read, not to write').toBe('EACCES');
  expect(await server.ask(`read ${arena.home}/.ssh/id_ed25519`), 'nothing else').toBe('EACCES');
  expect(await server.ask(`hold ${arena.secret}`)).toBe('done hold');
  await server.said(server.change({ areas: areaOf(arena, 'write') }));
  expect(await server.ask(`write ${arena.secret}`)).toBe('done write');
  expect(await server.ask(`make ${arena.outside}/made.txt`)).toBe('done make');
  const withdrawn = await server.said(server.change());
  expect(withdrawn.now).toEqual([`- area write ${arena.outside}`]);
  expect(await server.ask(`read ${arena.secret}`)).toBe('EACCES');
  expect(await server.ask('again'), 'what is open stays open (a limit)').toBe(`done ${decoys.outside}`);
  expect(readFileSync(arena.secret, 'utf8')).toBe(`${decoys.outside}\nwritten\n`);
});

test('a plain grant that comes late is an area until the next start; one of the start stays, and is said to', async () => {
  const server = await Server.start((arena) => ({ read: [arena.neighbour] }));
  const { arena } = server;
  writeFileSync(join(arena.neighbour, 'file'), 'of the neighbour\n');
  const changed = await server.said(server.change({ write: [arena.outside], exec: ['/mnt'] }));
  expect(changed.now).toEqual([`+ write ${arena.outside}`]);
  expect(changed.restart).toEqual([`- read ${arena.neighbour}`, '+ exec /mnt']);
  expect(await server.ask(`write ${arena.secret}`)).toBe('done write');
  expect(await server.ask(`read ${arena.neighbour}/file`)).toBe('done of the neighbour');
});

test('a new denial counts at once in an area that was there from the start', async () => {
  const server = await Server.start((arena) => ({ areas: areaOf(arena, 'write') }));
  const { arena } = server;
  expect(await server.ask(`read ${arena.secret}`)).toBe(`done ${decoys.outside}`);
  await server.said(server.change({ areas: areaOf(arena, 'write'), deny: ['**/secret.txt'] }));
  expect(await server.ask(`read ${arena.secret}`)).toBe('EACCES');
  expect(await server.ask(`read ${arena.outside}/other.txt`)).toBe('done other');
  await server.said(server.change({ areas: areaOf(arena, 'write'), protect: ['**/secret.txt'] }));
  expect(await server.ask(`read ${arena.secret}`)).toBe(`done ${decoys.outside}`);
  expect(await server.ask(`write ${arena.secret}`)).toBe('EACCES');
  await server.said(server.change());
  expect(await server.ask(`read ${arena.secret}`), 'without its area').toBe('EACCES');
});

test('what stands by the name of a late grant, and is another folder, is not opened', async () => {
  const server = await Server.start();
  const { arena } = server;
  await server.said(server.change({ areas: areaOf(arena, 'write') }));
  expect(await server.ask(`read ${arena.secret}`)).toBe(`done ${decoys.outside}`);
  // Decided by its path it would be: the opener's own wall holds the folder that was granted.
  renameSync(arena.outside, `${arena.outside}.old`);
  mkdirSync(arena.outside);
  writeFileSync(arena.secret, 'of another folder\n');
  expect(await server.ask(`read ${arena.secret}`)).toBe('EACCES');
  expect(await server.ask(`make ${arena.outside}/made`)).toBe('EACCES');
  expect(existsSync(join(arena.outside, 'made'))).toBe(false);
  // The twin: the plan is taken up anew, and names what stands there now.
  await server.said(server.change({ areas: areaOf(arena, 'write'), deny: ['**/x'] }));
  expect(await server.ask(`read ${arena.secret}`)).toBe('done of another folder');
});

test('attributes are changed of the folder that was granted, whatever stands by its name', async () => {
  const server = await Server.start();
  const { arena } = server;
  expect(await server.ask(`mode ${arena.inside}`)).toBe('done mode');
  renameSync(arena.grant, `${arena.grant}.old`);
  mkdirSync(arena.grant);
  writeFileSync(arena.inside, 'of another folder\n', { mode: 0o600 });
  expect(await server.ask(`mode ${arena.inside}`)).toBe('EACCES');
  expect(statSync(arena.inside).mode & 0o777).toBe(0o600);
  expect(await server.ask(`mode ${arena.grant}.old/inside.txt`), 'the twin').toBe('done mode');
});

test('what may be executed late is executed from the next start on', async () => {
  const program = (arena: Arena): string => join(arena.outside, 'program');
  const server = await Server.start();
  const { arena } = server;
  copyFileSync('/bin/true', program(arena));
  chmodSync(program(arena), 0o755);
  const changed = await server.said(server.change({ exec: [arena.outside] }));
  expect(changed.restart).toContain(`+ exec ${arena.outside}`);
  expect(await server.ask(`start ${program(arena)}`)).toBe('EACCES');
  expect(await server.ask('start /bin/true'), 'the twin').toBe('done start');
  const next = await Server.start((other) => {
    copyFileSync('/bin/true', program(other));
    chmodSync(program(other), 0o755);
    return { exec: [other.outside] };
  });
  expect(await next.ask(`start ${program(next.arena)}`)).toBe('done start');
});

test('there is an opener while something is granted late, one at a time, with its own filter', async () => {
  const server = await Server.start();
  const { arena } = server;
  const before = server.parts();
  const opener = (): string[] => server.parts().filter((process) => !before.includes(process));
  await server.said(server.change({ areas: areaOf(arena) }));
  expect(await server.ask(`read ${arena.secret}`)).toBe(`done ${decoys.outside}`);
  // Its end of the way to the supervisor, and standard error. Another process that is just beginning or ending is none.
  const held = (): number[] => opener().map((process) => readdirSync(`/proc/${process}/fd`).length);
  await expect.poll(held).toEqual([2]);
  const [first = ''] = opener();
  expect(readFileSync(`/proc/${first}/status`, 'utf8')).toMatch(/^NoNewPrivs:\t1$[\s\S]*^Seccomp:\t2$/m);
  await server.said(server.change({ areas: areaOf(arena, 'write') }));
  expect(await server.ask(`write ${arena.secret}`)).toBe('done write');
  // The old one ends while the new one answers already.
  await expect.poll(opener, { message: 'the new plan has another one' }).toHaveLength(1);
  expect(opener()).not.toContain(first);
  process.kill(Number(opener()[0]), 'SIGKILL');
  expect(await server.ask(`read ${arena.secret}`), 'without one').toBe('EIO');
  expect(await server.ask(`read ${arena.inside}`)).toBe(`done ${decoys.inside}`);
  await server.said(server.change({ areas: areaOf(arena) }));
  expect(await server.ask(`read ${arena.secret}`), 'until the next plan').toMatch(/^done/);
  await server.said(server.change());
  await expect.poll(opener).toEqual([]);
});

const onlyRoot = process.getuid?.() === 0 ? null : 'only root can give a file away';

test("a plan that is another user's changes nothing", leftOut(onlyRoot), async () => {
  const server = await Server.start();
  const { arena } = server;
  const text = formatPlan(planOf(arena, { areas: areaOf(arena) }));
  const draft = `${arena.planFile}.new`;
  writeFileSync(draft, text, { mode: 0o600 });
  chownSync(draft, 12_345, 12_345);
  renameSync(draft, arena.planFile);
  // Who stands outside of the walls has root's number and none of its rights: it cannot even read it.
  await expect.poll(() => server.changes().map((event) => event.plan?.reason)).toContain('plan-unreadable');
  expect(await server.ask(`read ${arena.secret}`)).toBe('EACCES');
});

test('a port of this machine is reached when it is named, and not any more when it is not', async () => {
  const listener = createServer((socket) => socket.end());
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => void listener.close());
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const server = await Server.start();
  expect(await server.ask(`connect ${port.toString()}`)).toBe('EACCES');
  const granted = await server.said(server.change({ local: [port] }));
  expect(granted.now).toEqual([`+ local ${port.toString()}`]);
  expect(await server.ask(`connect ${port.toString()}`)).toBe('done connect');
  await server.said(server.change());
  expect(await server.ask(`connect ${port.toString()}`)).toBe('EACCES');
});

test('a host rule of a running server counts at once', async () => {
  const listener = createServer((socket) => socket.end());
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => void listener.close());
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const server = await Server.start(() => ({ network: 'hosts' }));
  expect(await server.ask(`connect ${port.toString()}`)).toBe('EACCES');
  await server.said(
    server.change({ network: 'hosts', hosts: [{ pattern: '127.0.0.1', ports: port.toString(), checked: false }] }),
  );
  expect(await server.ask(`connect ${port.toString()}`)).toBe('done connect');
  await server.said(server.change({ network: 'hosts' }));
  expect(await server.ask(`connect ${port.toString()}`)).toBe('EACCES');
});

test.for([
  { name: 'not a plan', reason: 'plan-invalid', text: (): string => 'nonsense\n', mode: 0o600 },
  {
    name: "another server's",
    reason: 'plan-invalid',
    text: (arena: Arena): string => formatPlan({ ...planOf(arena, { areas: areaOf(arena) }), server: 'other.server' }),
    mode: 0o600,
  },
  {
    name: 'readable by others',
    reason: 'plan-mode',
    text: (arena: Arena): string => formatPlan(planOf(arena, { areas: areaOf(arena) })),
    mode: 0o644,
  },
])('a plan that is $name changes nothing, and that is said', async ({ reason, text, mode }) => {
  const server = await Server.start();
  const { arena } = server;
  server.replace(text(arena), mode);
  await expect.poll(() => server.changes().map((event) => event.plan?.reason)).toContain(reason);
  expect(server.changes()[0]).toMatchObject({ verdict: 'refused', by: 'broker' });
  expect(await server.ask(`read ${arena.secret}`)).toBe('EACCES');
  expect(await server.ask(`read ${arena.inside}`), 'it goes on').toBe(`done ${decoys.inside}`);
  // The twin: the same grant in a plan that is believed.
  await server.said(server.change({ areas: areaOf(arena) }));
  expect(await server.ask(`read ${arena.secret}`), brief(readEvents(arena.spool)).join('\n')).toBe(
    `done ${decoys.outside}`,
  );
});

test('a link that the server could have made leads no late grant anywhere', async () => {
  const server = await Server.start();
  const { arena } = server;
  symlinkSync(arena.outside, join(arena.grant, 'way'));
  mkdirSync(join(arena.neighbour, 'real'));
  symlinkSync(join(arena.neighbour, 'real'), join(arena.home, 'way'));
  writeFileSync(join(arena.neighbour, 'real/file'), 'real\n');
  const changed = await server.said(
    server.change({
      areas: [
        { access: 'read', place: join(arena.grant, 'way') },
        { access: 'read', place: join(arena.home, 'way') },
      ],
    }),
  );
  expect(changed.notApplied).toEqual([
    expect.stringContaining(`${arena.grant}/way: a link that the server could have made`),
  ]);
  expect(await server.ask(`read ${arena.secret}`)).toBe('EACCES');
  expect(await server.ask(`read ${arena.home}/way/file`), "the twin: a link of the user's own").toBe('done real');
});
