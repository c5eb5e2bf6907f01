/**
 * Terminals with the real launcher: what a shell in a server's sandbox can and cannot do, seen from inside and from outside, and
 * what a terminal has to be: job control, Ctrl-C, sizes, floods, a page that comes back, an end.
 *
 * The host runs in this process, over a throw-away home whose client has one contained server.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Event } from '#contract/event.ts';
import type { Terminal } from '#contract/terminal.ts';
import { terminalKept, terminalWindow } from '#contract/terminal.ts';
import { createClient, directKnock } from '#host/client.ts';
import { composeEngine } from '#host/compose.ts';
import { createHost, type Host } from '#host/host.ts';
import { createHostLog } from '#host/log.ts';
import { followTerminal } from '#host/terminal-client.ts';
import { findFolders, makeFolders } from '#platform/paths/folders.ts';

const slow = { timeout: 30_000 };
const decoy = 'decoy-of-the-terminal-test';

interface Desk {
  home: string;
  host: Host;
  api: ReturnType<typeof createClient>;
  /** What runs were refused and did, so far. */
  events: Event[];
}

interface Shown {
  terminal: Terminal;
  /** Everything that was written since this reader came. */
  text(): string;
  last(): Terminal;
  isTaken(): boolean;
  type(text: string): Promise<void>;
  /** Waits until the text since the last call of this holds a match. */
  wait(pattern: RegExp): Promise<string>;
  leave(): Promise<void>;
}

/** `shell`: a copy of the machine's in the home, where no server may execute it, is the person's. */
async function makeDesk(args: readonly string[] = [], { shell }: { shell?: string } = {}): Promise<Desk> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-terminal-')));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  writeFileSync(join(home, '.ssh/id_ed25519'), `${decoy}\n`, { mode: 0o600 });
  mkdirSync(join(home, 'notes'));
  writeFileSync(join(home, 'notes/open.txt'), 'may be read\n');
  writeFileSync(join(home, 'other-tool'), '#!/bin/sh\necho tool-ran\n', { mode: 0o755 });
  if (shell !== undefined) {
    copyFileSync(realpathSync('/bin/sh'), join(home, shell));
    chmodSync(join(home, shell), 0o755);
  }
  mkdirSync(join(home, '.cursor'));
  const entry = { command: 'node', args: ['-e', 'process.stdin.resume()', ...args, join(home, 'notes')] };
  writeFileSync(join(home, '.cursor/mcp.json'), JSON.stringify({ mcpServers: { files: entry } }));
  const environment = {
    HOME: home,
    ...(shell === undefined ? {} : { SHELL: join(home, shell) }),
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
  };
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  onTestFinished(() => {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, before);
  });
  const folders = findFolders(environment);
  makeFolders(folders);
  const log = createHostLog(folders.state);
  const engine = composeEngine(folders, log);
  const host = createHost({ engine, log, runtimeFolder: folders.runtime, rendererFolder: home });
  onTestFinished(async () => {
    await host.close();
    await log.close();
  });
  const events: Event[] = [];
  await host.startFeed();
  const stop = await engine.subscribe((event) => events.push(event));
  onTestFinished(stop);
  const api = createClient(directKnock(host.handle));
  const { results } = await api['servers.contain']({ servers: 'all', level: 'standard', dryRun: false, check: false });
  expect(results.map(({ state, error }) => [state, error])).toEqual([['contained', undefined]]);
  return { home, host, api, events };
}

function show(desk: Desk, terminal: Terminal): Shown {
  const { api } = desk;
  const controller = new AbortController();
  let text = '';
  let waited = 0;
  let last = terminal;
  let isTaken = false;
  const over = (async () => {
    const connect = async (): Promise<ReturnType<typeof directKnock>> => directKnock(desk.host.handle);
    for await (const message of followTerminal({ connect, terminal: terminal.id, signal: controller.signal })) {
      if (message.type === 'output') {
        text += message.data;
        await api['terminals.acknowledge']({ terminal: terminal.id, upTo: message.at + message.data.length });
      } else if (message.type === 'taken') isTaken = true;
      else if (message.type !== 'ping') last = message.terminal;
    }
  })();
  const leave = async (): Promise<void> => {
    controller.abort();
    await over;
  };
  onTestFinished(leave);
  return {
    terminal,
    text: () => text,
    last: () => last,
    isTaken: () => isTaken,
    type: async (typed) => void (await api['terminals.input']({ terminal: terminal.id, data: typed })),
    async wait(pattern) {
      await expect
        .poll(() => pattern.test(text.slice(waited)), { ...slow, message: `${pattern.source} in ${text}` })
        .toBe(true);
      const found = text.slice(waited);
      waited = text.length;
      return found;
    },
    leave,
  };
}

async function open(desk: Desk, command?: string[], size = { columns: 80, rows: 24 }): Promise<Shown> {
  const terminal = await desk.api['terminals.open']({
    server: 'cursor/files',
    ...(command === undefined ? {} : { command }),
    ...size,
  });
  return show(desk, terminal);
}

const ended = async (shown: Shown): Promise<Terminal['ended']> => {
  await expect.poll(() => shown.last().ended, slow).not.toBeNull();
  return shown.last().ended;
};

describe('a shell in the sandbox of a server', () => {
  it('cannot read what the server cannot, and the event says so; reads what the server may', async () => {
    const desk = await makeDesk();
    const shell = await open(desk);
    expect(shell.terminal).toMatchObject({ command: ['/bin/sh', '-i'], grantedProgram: null });
    await shell.type(`cat ${desk.home}/.ssh/id_ed25519; echo status=$?\r`);
    expect(await shell.wait(/status=\d/)).toMatch(/id_ed25519: Permission denied[^]*status=1/);
    await shell.type(`cat ${desk.home}/notes/open.txt; echo status=$?\r`);
    expect(await shell.wait(/status=\d/)).toMatch(/may be read[^]*status=0/);
    expect(shell.text()).not.toContain(decoy);

    await expect.poll(() => shell.last().run, slow).not.toBeNull();
    const { run } = shell.last();
    const denial = { run, kind: 'file.read', verdict: 'refused', target: join(desk.home, '.ssh/id_ed25519') };
    await expect.poll(() => desk.events, slow).toContainEqual(expect.objectContaining(denial));
    expect(desk.events).toContainEqual(
      expect.objectContaining({ kind: 'run.start', start: expect.objectContaining({ terminal: shell.terminal.id }) }),
    );
    // It is no run of the server.
    const list = await desk.api['servers.list']({});
    expect(list.servers[0]).toMatchObject({ state: 'contained', liveRuns: 0, lastRun: null });
  });

  it('cannot write outside, reach the host or its folders, or type into its own terminal; its own folder it can write', async () => {
    const desk = await makeDesk();
    const server = createServer((socket) => socket.end('reached')).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const shell = await open(desk);
    await shell.type(`echo x > ${desk.home}/planted; echo status=$?\r`);
    expect(await shell.wait(/status=\d/)).toMatch(/Permission denied[^]*status=2/);
    expect(existsSync(join(desk.home, 'planted'))).toBe(false);
    await shell.type(`ls ${desk.home}/.local/state/belljar; echo status=$?\r`);
    expect(await shell.wait(/status=\d/)).toMatch(/Permission denied[^]*status=2/);
    await shell.type('echo kept > $TMPDIR/own && cat $TMPDIR/own; echo status=$?\r');
    expect(await shell.wait(/status=\d/)).toMatch(/kept[^]*status=0/);
    const connect = `require("net").connect(${String(port)},"127.0.0.1").on("data",d=>console.log(""+d)).on("error",e=>console.log("refused:"+e.code))`;
    await shell.type(`node -e '${connect}'; echo status=$?\r`);
    expect(await shell.wait(/status=\d/)).toMatch(/refused:E(ACCES|PERM)/);
    const pushed =
      'import fcntl,termios\\ntry: fcntl.ioctl(0,termios.TIOCSTI,b"x"); print("typed")\\nexcept OSError as e: print("refused:"+str(e.errno))';
    if (existsSync('/usr/bin/python3')) {
      await shell.type(`printf '${pushed}' > $TMPDIR/t.py; python3 $TMPDIR/t.py; echo status=$?\r`);
      expect(await shell.wait(/status=\d/)).toMatch(/refused:1\b/);
    }
  });

  it('takes up a grant while it is open', async () => {
    const desk = await makeDesk();
    mkdirSync(join(desk.home, 'later'));
    writeFileSync(join(desk.home, 'later/file.txt'), 'granted late\n');
    const shell = await open(desk);
    await shell.type(`cat ${desk.home}/later/file.txt; echo status=$?\r`);
    expect(await shell.wait(/status=\d/)).toMatch(/Permission denied[^]*status=1/);
    await desk.api['policies.grant']({ server: 'cursor/files', verb: 'read', what: join(desk.home, 'later') });
    await expect
      .poll(async () => {
        await shell.type(`cat ${desk.home}/later/file.txt; echo status=$?\r`);
        return shell.wait(/status=\d/);
      }, slow)
      .toMatch(/granted late/);
  });

  it('is no run of the server that a decision would have to wait for', async () => {
    const desk = await makeDesk();
    const grant = async (name: string): Promise<string> => {
      writeFileSync(join(desk.home, name), '');
      const what = join(desk.home, name);
      return (await desk.api['policies.grant']({ server: 'cursor/files', verb: 'exec', what })).effective;
    };
    expect(await grant('one')).toBe('now');
    const shell = await open(desk);
    await expect.poll(() => shell.last().run, slow).not.toBeNull();
    expect(await grant('two')).toBe('now');
    const { afterRestart } = await desk.api['servers.show']({ server: 'cursor/files' });
    expect(afterRestart).toEqual({ comes: [], goes: [] });
  });

  it('gives Ctrl-C and Ctrl-Z to what runs in the foreground, and brings it back', async () => {
    const desk = await makeDesk();
    const shell = await open(desk);
    expect(await shell.wait(/[$#] $/)).not.toContain('job control');
    await shell.type('sleep 1000\r');
    await expect
      .poll(async () => desk.events.some(({ kind, target }) => kind === 'exec' && target.endsWith('/sleep')), slow)
      .toBe(true);
    await shell.type('\u0003');
    await shell.type('echo after=$?\r');
    expect(await shell.wait(/after=\d+/)).toContain('after=130');
    await shell.type('sleep 1000\r');
    await expect
      .poll(
        () =>
          desk.events
            .filter(({ kind, target }) => kind === 'exec' && target.endsWith('/sleep'))
            .reduce((sum, { count }) => sum + count, 0),
        slow,
      )
      .toBe(2);
    await shell.type('\u001a');
    await shell.type('jobs; echo listed\r');
    expect(await shell.wait(/\nlisted/)).toMatch(/(Stopped|Suspended)[^]*sleep 1000/);
    await shell.type('kill %1; fg; echo after=$?\r');
    expect(await shell.wait(/after=\d+/)).toContain('after=143');
  });

  it('has the size it was opened with, and is told of a new one', async () => {
    const desk = await makeDesk();
    const shell = await open(desk, undefined, { columns: 91, rows: 17 });
    await shell.type('stty size\r');
    expect(await shell.wait(/\d+ \d+/)).toContain('17 91');
    await shell.type("trap 'stty size' WINCH; echo ready\r");
    await shell.wait(/\nready/);
    await desk.api['terminals.resize']({ terminal: shell.terminal.id, columns: 120, rows: 40 });
    await shell.type('\r');
    await shell.wait(/40 120/);
  });

  it.each([
    [['/bin/sh', '-c', 'exit 7'], { code: 7, signal: null, cause: 'exit' }],
    [['/bin/sh', '-c', 'kill -TERM $$'], { code: 143, signal: null, cause: 'exit' }],
    [['no-such-program-here'], { code: 127, signal: null, cause: 'exit' }],
  ])('tells how %j ended', async (command, end) => {
    const desk = await makeDesk();
    const shell = await open(desk, command);
    expect(await ended(shell)).toMatchObject(end);
  });

  it('says all of its last words, however many they are', async () => {
    const desk = await makeDesk();
    const shell = await open(desk, [
      '/bin/sh',
      '-c',
      'i=0; while [ $i -lt 20000 ]; do echo "line $i of the flood"; i=$((i+1)); done; echo last words',
    ]);
    await ended(shell);
    const lines = shell.text().trimEnd().split('\r\n');
    expect(lines.at(-1)).toBe('last words');
    expect(lines).toHaveLength(20_001);
  });
});

describe('a program that the server may not execute', () => {
  it('is not started, also where a caller names it; the shell alone is granted, and nothing beside it', async () => {
    const desk = await makeDesk();
    const named = await open(desk, [join(desk.home, 'other-tool')]);
    expect(await ended(named)).toMatchObject({ code: 126 });
    expect(named.text()).not.toContain('tool-ran');
    const own = await makeDesk([], { shell: 'own-shell' });
    const shell = await open(own);
    expect(shell.terminal).toMatchObject({ grantedProgram: join(own.home, 'own-shell') });
    await shell.type(`${own.home}/other-tool; echo status=$?\r`);
    expect(await shell.wait(/status=\d/)).toMatch(/Permission denied[^]*status=126/);
    await shell.type('echo works-$((40+2))\r');
    await shell.wait(/works-42/);
  });
});

describe('a flood', () => {
  it('waits inside while nobody takes it: the host keeps a bounded part, and lets the rest go on when it was shown', async () => {
    const desk = await makeDesk();
    const terminal = await desk.api['terminals.open']({
      server: 'cursor/files',
      command: ['yes'],
      columns: 80,
      rows: 24,
    });
    const written = async (): Promise<number> => (await desk.api['terminals.list']({})).terminals[0]?.written ?? 0;
    await expect.poll(written, slow).toBeGreaterThanOrEqual(terminalWindow);
    // Nobody said that anything was shown, so it sleeps in its write, where it would run without an end.
    await expect.poll(() => desk.events.some(({ kind }) => kind === 'run.start'), slow).toBe(true);
    const pid = desk.events.find(({ kind }) => kind === 'run.start')?.process.pid ?? 0;
    const state = (): string => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? '';
    expect(readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')).toBe('yes\0');
    await expect.poll(state, slow).toBe('S');
    const before = await written();
    expect(before).toBeLessThan(terminalKept);
    expect([state(), await written()]).toEqual(['S', before]);
    const shown = show(desk, terminal);
    await expect.poll(() => shown.text().length, slow).toBeGreaterThan(4 * terminalWindow);
    expect(shown.text().replaceAll('y\r\n', '').length).toBeLessThan(4);
    await shown.type('\u0003');
    expect(await ended(shown)).toMatchObject({ code: 130 });
  });
});

describe('a page', () => {
  it('that is loaded again finds its terminal as it was, and goes on; an older page is told', async () => {
    const desk = await makeDesk();
    const first = await open(desk);
    await first.type('echo before-$((40+2))\r');
    await first.wait(/before-42/);
    await first.leave();
    const { terminals } = await desk.api['terminals.list']({});
    const [again] = terminals;
    if (again === undefined) throw new Error('It is gone.');
    const second = show(desk, again);
    await second.wait(/before-42/);
    await second.type('echo after-$((40+3))\r');
    await second.wait(/after-43/);
    const third = show(desk, again);
    await third.wait(/after-43/);
    await expect.poll(() => second.isTaken(), slow).toBe(true);
  });
});

describe('the end', () => {
  const isRunning = (pid: number): boolean => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
    } catch {
      return false;
    }
  };

  it.each(['close', 'host'] as const)('by %s takes along what ignores every signal it can', async (way) => {
    const desk = await makeDesk();
    const shell = await open(desk);
    await shell.type("trap '' HUP INT TERM QUIT; sleep 3000 & echo pids=$$,$!.\r");
    const text = await shell.wait(/pids=\d+,\d+\./);
    const pids = [...(/pids=(\d+),(\d+)\./.exec(text) ?? [])].slice(1).map(Number);
    expect(pids.map(isRunning)).toEqual([true, true]);
    if (way === 'close') await desk.api['terminals.close']({ terminal: shell.terminal.id });
    else await desk.host.close();
    await expect.poll(() => pids.map(isRunning), slow).toEqual([false, false]);
    expect(existsSync(join(findFolders({ HOME: desk.home }).runtime, 'terminals', `${shell.terminal.id}.plan`))).toBe(
      false,
    );
  });
});

describe('the launcher', () => {
  it('starts nothing in a place that is no terminal, under a plan that restricts nothing, or for words it was not given', async () => {
    const desk = await makeDesk();
    const launcher = join(desk.home, '.local/share/belljar/bin/belljar-launcher');
    const plan = join(desk.home, '.local/share/belljar/plans/cursor.files.plan');
    const witness = join(desk.home, 'notes/started');
    const start = (file: string, words: string, ...rest: string[]): [number | null, string] => {
      const args = [
        'terminal',
        't-0123456789abcdef',
        '--plan',
        file,
        '--words',
        words,
        '--',
        'touch',
        witness,
        ...rest,
      ];
      const { status, stderr } = spawnSync(launcher, args, { encoding: 'utf8', input: '' });
      return [status, stderr];
    };
    expect(start(plan, '2', 'node')).toEqual([125, expect.stringContaining('belljar: no-terminal: ')]);
    const open = join(desk.home, 'watch.plan');
    writeFileSync(open, readFileSync(plan, 'utf8').replace('level standard', 'level watch'), { mode: 0o600 });
    expect(start(open, '2', 'node')).toEqual([125, expect.stringContaining('belljar: not-contained: ')]);
    for (const words of ['0', '3', '-1', '2x', '99999', ''])
      expect(start(plan, words, 'node'), words).toEqual([125, expect.stringContaining('usage:')]);
    expect(existsSync(witness)).toBe(false);
  });
});

describe('a server that nothing restricts', () => {
  it.each([
    ['watch', 'nothing-restricted'],
    ['off', 'not-contained'],
  ] as const)('at level %s has no inside: %s', async (level, code) => {
    const desk = await makeDesk();
    await desk.api['servers.level']({ server: 'cursor/files', level });
    await expect(open(desk)).rejects.toMatchObject({ code });
    expect((await desk.api['terminals.list']({})).terminals).toEqual([]);
    await desk.api['servers.level']({ server: 'cursor/files', level: 'standard' });
    await open(desk);
  });
});
