/** `belljar shell` over the built product: a command, a script from a pipe, and what is refused, with the exit status of each. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { makeHome, program, type Finished, type Home } from './support/product.ts';

function makeDesk(): Home {
  const home = makeHome();
  mkdirSync(home.folder('.cursor'));
  mkdirSync(home.folder('notes'));
  mkdirSync(home.folder('private'));
  writeFileSync(home.folder('notes/open.txt'), 'may be read\n');
  writeFileSync(home.folder('private/kept.txt'), 'decoy\n');
  const entry = { command: process.execPath, args: ['-e', 'process.stdin.resume()', home.folder('notes')] };
  writeFileSync(home.folder('.cursor/mcp.json'), JSON.stringify({ mcpServers: { files: entry } }));
  return home;
}

it('runs a command as the server would: its folders, its refusals, its exit status', async () => {
  const home = makeDesk();
  const before = await home.run('shell', 'cursor/files');
  expect([before.code, before.err]).toEqual([4, expect.stringContaining('is not contained')]);
  expect((await home.run('contain', 'cursor/files', '--no-check')).code).toBe(0);
  const may = await home.run('shell', 'cursor/files', '--', 'cat', home.folder('notes/open.txt'));
  expect([may.code, may.out]).toEqual([0, 'may be read\r\n']);
  const mayNot = await home.run('shell', 'cursor/files', '--', 'cat', home.folder('private/kept.txt'));
  expect([mayNot.code, mayNot.out]).toEqual([1, expect.stringContaining('Permission denied')]);
  const missing = await home.run('shell', 'cursor/files', '--', 'no-such-program-here');
  expect([missing.code, missing.out]).toEqual([127, expect.stringContaining('was not found')]);
  const denials = (await home.run('events', '--server', 'cursor/files', '--verdict', 'refused', '--json')).out;
  expect(denials).toContain(home.folder('private/kept.txt'));
  // Nothing of it is a run of the server.
  const { servers } = await home.json<{ servers: { lastRun: unknown }[] }>('list', '--json');
  expect(servers[0]?.lastRun).toBeNull();
});

it('takes what is typed from a pipe, to its end', async () => {
  const home = makeDesk();
  await home.run('contain', 'cursor/files', '--no-check');
  const finished = await new Promise<Pick<Finished, 'code' | 'out'>>((resolve) => {
    const child = spawn(process.execPath, [program, 'shell', 'cursor/files'], {
      env: home.environment,
      cwd: home.path,
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.once('close', (code) => resolve({ code, out }));
    child.stdin.end('echo sum-$((40+2))\nexit 9\n');
  });
  expect([finished.code, finished.out]).toEqual([9, expect.stringContaining('sum-42')]);
});

it.each([[['shell']], [['shell', 'cursor/files', 'ls']]])('%j is no way to say it', async (args) => {
  const { code } = await makeHome().run(...args);
  expect(code).toBe(2);
});
