import { readlinkSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PtyEnd } from '#engine/terminals/ports.ts';
import { createPtys } from './pty.ts';

const ptys = createPtys({ home: '/', environment: { PATH: process.env['PATH'], SHELL: '/bin/sh' } });

async function run(
  script: string,
): Promise<{ text: () => string; ended: Promise<PtyEnd>; pty: Awaited<ReturnType<typeof ptys.start>> }> {
  const pty = await ptys.start({
    program: '/bin/sh',
    args: ['-c', script],
    env: { GIVEN: 'yes' },
    cwd: '/',
    columns: 70,
    rows: 20,
  });
  let text = '';
  const ended = new Promise<PtyEnd>((resolve) => pty.listen({ output: (more) => (text += more), end: resolve }));
  return { text: () => text, ended, pty };
}

describe('a terminal of this machine', () => {
  it('has the size and the variables it was given, and no others of this process', async () => {
    process.env['BELLJAR_TEST_ONLY'] = 'x';
    onTestFinished(() => void delete process.env['BELLJAR_TEST_ONLY']);
    const { text, ended } = await run('stty size; echo $GIVEN; echo [$BELLJAR_TEST_ONLY]');
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(text()).toBe('20 70\r\nyes\r\n[]\r\n');
  });

  it('gives characters whole, however the system cuts them', async () => {
    const { text, ended } = await run(
      "printf '\\303'; sleep 0.1; printf '\\274\\360\\237\\230'; sleep 0.1; printf '\\200'",
    );
    await ended;
    expect(text()).toBe('ü😀');
  });

  it('says its last words although it was paused when it ended', async () => {
    const { text, ended, pty } = await run('echo first; echo last');
    pty.pause();
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(text()).toBe('first\r\nlast\r\n');
  });

  it('says all of its last words where nobody could read before it ended', async () => {
    // Ten pieces of what a terminal gives at a time; this process does nothing until the program is over.
    const { text, ended } = await run('i=0; while [ $i -lt 1000 ]; do echo "line $i of it"; i=$((i+1)); done');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    await ended;
    const lines = text().trimEnd().split('\r\n');
    expect(lines.at(-1)).toBe('line 999 of it');
    expect(lines).toHaveLength(1000);
  });

  it('tells the signal that ended it', async () => {
    const { ended, pty } = await run('sleep 1000');
    pty.signal('SIGKILL');
    expect(await ended).toEqual({ code: null, signal: 'SIGKILL' });
    // For nobody, and no fault of who typed it.
    expect(pty.write('x')).toBe(true);
  });

  it('keeps no more input than its bound', async () => {
    const { text, ended, pty } = await run('stty raw -echo; echo ready; sleep 1000');
    await expect.poll(text).toContain('ready');
    const taken = Array.from({ length: 100 }, () => pty.write('x'.repeat(16 * 1024)));
    expect(taken[0]).toBe(true);
    expect(taken.at(-1)).toBe(false);
    expect(taken.filter(Boolean).length).toBeLessThan(40);
    pty.signal('SIGKILL');
    await ended;
  });

  it('gives all of its input to a program that reads late', async () => {
    const { text, ended, pty } = await run('stty raw -echo; echo ready; sleep 0.2; head -c 200000 | wc -c');
    await expect.poll(text).toContain('ready');
    for (let piece = 0; piece < 20; piece += 1) expect(pty.write('x'.repeat(10_000))).toBe(true);
    await ended;
    expect(text()).toContain('200000');
  });

  it('a program that cannot be started is said, and leaves no descriptor', async () => {
    const count = (): number => {
      let open = 0;
      for (let fd = 0; fd < 1000; fd += 1) {
        try {
          if (readlinkSync(`/proc/self/fd/${String(fd)}`).includes('ptmx')) open += 1;
        } catch {
          // None of this number.
        }
      }
      return open;
    };
    const before = count();
    const launch = { program: '/no/such/program', args: [], env: {}, cwd: '/', columns: 80, rows: 24 };
    await expect(ptys.start(launch)).rejects.toMatchObject({ code: 'terminal-unavailable' });
    expect(count()).toBe(before);
  });
});

describe('the shell', () => {
  const shellOf = (shell: string | undefined): readonly string[] =>
    createPtys({ home: '/', environment: { SHELL: shell } }).shell();

  it('is the person’s where it can be executed, kept from its files of settings; else /bin/sh', () => {
    expect(shellOf('/bin/bash')).toEqual(['/bin/bash', '--noprofile', '--norc', '-i']);
    expect(shellOf('/bin/sh')).toEqual(['/bin/sh', '-i']);
    for (const shell of [undefined, '', 'bash', '/no/such/shell', '/etc/passwd'])
      expect(shellOf(shell)).toEqual(['/bin/sh', '-i']);
  });
});
