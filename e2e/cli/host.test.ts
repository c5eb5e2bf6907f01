/** The host as processes see it: one at a time, found, attached to, killed, replaced. */
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Output } from '#contract/methods.ts';
import type { Home } from './support/product.ts';
import { later, makeHome, program, startProgram } from './support/product.ts';

type Status = Output<'host.status'>;

async function startHost(
  home: Home,
): Promise<{ pid: number; stop: () => Promise<unknown>; kill: () => Promise<unknown> }> {
  const host = home.start('host', '--json');
  const status = JSON.parse(await host.line()) as Status;
  return { pid: status.pid, stop: () => host.kill('SIGTERM'), kill: () => host.kill('SIGKILL') };
}

const sockets = (home: Home): string[] =>
  readdirSync(home.folder('runtime/belljar')).filter((name) => name.endsWith('.sock'));

describe('belljar host', () => {
  it('is asked for, answers on a socket of its own, and leaves nothing when it stops', async () => {
    const home = makeHome();
    const before = await home.run('host', 'status');
    expect([before.code, before.out]).toEqual([8, '']);
    expect(before.err).toContain('The Belljar host does not answer.');
    const host = await startHost(home);
    const status = await home.json<Status>('host', 'status', '--json');
    expect(status).toMatchObject({ pid: host.pid, doors: [expect.stringMatching(/^unix .*\.sock$/)] });
    expect(statSync(home.folder('runtime/belljar')).mode & 0o777).toBe(0o700);
    expect(await home.json('host', 'stop', '--json')).toEqual({ stopped: true });
    expect(sockets(home)).toEqual([]);
    expect(await home.json('host', 'stop', '--json')).toEqual({ stopped: false });
  });

  it('is one: a second one says so and ends', async () => {
    const home = makeHome();
    const host = await startHost(home);
    const second = await home.run('host');
    expect([second.code, second.err]).toEqual([8, `A host runs already: process ${host.pid}.\n`]);
  });

  it('is one, also when four start at the same moment', async () => {
    const home = makeHome();
    const starters = Array.from({ length: 4 }, () => home.start('host'));
    const ended = starters.map(async (starter) => (await starter.ended).code);
    await expect.poll(async () => (await home.run('host', 'status')).code).toBe(0);
    const { pid } = await home.json<Status>('host', 'status', '--json');
    const others = ended.filter((_, index) => starters[index]?.child.pid !== pid);
    expect(others).toHaveLength(3);
    expect(await Promise.all(others)).toEqual([8, 8, 8]);
  });

  it('is replaced when it was killed, over what it left behind', async () => {
    const home = makeHome();
    const first = await startHost(home);
    await first.kill();
    expect(sockets(home)).toHaveLength(1);
    expect((await home.run('host', 'status')).code).toBe(8);
    expect((await home.run('list')).code).toBe(0);
    const second = await startHost(home);
    expect((await home.json<Status>('host', 'status', '--json')).pid).toBe(second.pid);
  });

  it('does not take a socket for its own that others could have made', async () => {
    const { chmodSync } = await import('node:fs');
    const home = makeHome();
    await startHost(home);
    chmodSync(home.folder('runtime/belljar'), 0o777);
    const refused = await home.run('list');
    expect([refused.code, refused.out]).toEqual([4, '']);
    expect(refused.err).toContain('belongs to someone else, or others may write to it.');
    chmodSync(home.folder('runtime/belljar'), 0o700);
    expect((await home.run('list')).code).toBe(0);
  });

  it('runs in the background as a detached process where the folders are thrown away', async () => {
    const home = makeHome();
    const started = await home.run('host', '--background', '--json');
    const { kept, pid } = JSON.parse(started.out) as Status & { kept: string };
    later(() => home.run('host', 'stop'));
    expect([started.code, kept]).toEqual([0, 'process']);
    expect(await home.json('host', '--background', '--json')).toMatchObject({ kept: 'already', pid });
    expect((await home.json<Status>('host', 'status', '--json')).pid).toBe(pid);
    expect(existsSync(home.folder('.config/systemd'))).toBe(false);
  });

  it('loads and answers with electron unresolvable', async () => {
    const home = makeHome();
    const hook = home.folder('no-electron.mjs');
    writeFileSync(
      hook,
      `import { register } from 'node:module';
import Module from 'node:module';
const refuse = "export async function resolve(name, context, next) { if (name === 'electron' || name.startsWith('electron/')) throw new Error('electron was asked for'); return next(name, context); }";
register('data:text/javascript,' + encodeURIComponent(refuse));
const original = Module._resolveFilename;
Module._resolveFilename = function (name, ...rest) {
  if (name === 'electron' || name.startsWith('electron/')) throw new Error('electron was asked for');
  return original.call(this, name, ...rest);
};
`,
    );
    const asking = home.folder('asking.mjs');
    writeFileSync(asking, "await import('electron');");
    const twin = await startProgram(process.execPath, ['--import', hook, asking], home.environment, home.path).ended;
    expect(twin.err).toContain('electron was asked for');
    const host = startProgram(
      process.execPath,
      ['--import', hook, program, 'host', '--json'],
      home.environment,
      home.path,
    );
    await host.line();
    // Attached commands make the host load every part that a list needs.
    expect((await home.run('list')).code).toBe(0);
    expect((await home.json<{ servers: unknown[] }>('list', '--json')).servers).toEqual([]);
    const ended = await host.kill('SIGTERM');
    expect(ended.err).not.toContain('electron');
  });
});

describe('commands without a host', () => {
  it('wait for each other instead of failing', async () => {
    const home = makeHome();
    const all = await Promise.all(Array.from({ length: 8 }, () => home.run('list', '--json')));
    expect(all.map(({ code }) => code)).toEqual(Array.from({ length: 8 }, () => 0));
  });

  it('attach to one that takes long, which ends when it is done', async () => {
    const home = makeHome();
    const following = home.start('events', '--follow', '--json');
    await expect.poll(async () => (await home.run('host', 'status')).code).toBe(0);
    const { pid } = await home.json<Status>('host', 'status', '--json');
    expect(pid).toBe(following.child.pid);
    expect((await home.run('list')).code).toBe(0);
    const ended = await following.kill('SIGINT');
    expect([ended.code, ended.signal]).toEqual([130, null]);
    expect(sockets(home)).toEqual([]);
    expect((await home.run('list')).code).toBe(0);
  });

  it('name who holds the lock when nobody answers', async () => {
    const { mkdirSync } = await import('node:fs');
    const { startTicksOf } = await import('../../app/platform/lock/host-lock.ts');
    const home = makeHome();
    mkdirSync(home.folder('.local/state/belljar/lock'), { recursive: true, mode: 0o700 });
    writeFileSync(
      home.folder('.local/state/belljar/lock/1'),
      JSON.stringify({ pid: process.pid, startTicks: startTicksOf(process.pid), boot: null }),
    );
    const refused = await home.run('list');
    expect([refused.code, refused.out]).toEqual([8, '']);
    expect(refused.err).toContain(`process ${process.pid}`);
    expect(refused.milliseconds).toBeGreaterThan(1900);
  });

  it('follow on when the host they attached to is killed', async () => {
    const home = makeHome();
    const host = await startHost(home);
    const following = home.start('events', '--follow', '--json');
    // It is attached once it holds a connection of its own to the host's socket.
    await expect
      .poll(
        () =>
          readFileSync('/proc/net/unix', 'utf8')
            .split('\n')
            .filter((line) => line.includes(home.path)).length,
      )
      .toBeGreaterThan(1);
    await host.kill();
    let end: unknown = null;
    void following.ended.then((ended) => (end = ended));
    // Zero once it has become the host; what it said, if it gave up instead.
    await expect.poll(async () => end ?? (await home.run('host', 'status')).code).toBe(0);
    expect((await home.json<Status>('host', 'status', '--json')).pid).toBe(following.child.pid);
  });
});
