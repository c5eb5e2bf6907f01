/**
 * Links from a contained server to the person's browser, over the real launcher and the real host: asked, answered at the
 * command line and on a terminal, remembered, taken back; and what happens while no host is there.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventSchema, type Event } from '#contract/event.ts';
import { answer, openQuestion, openQuestions, slow, startTalk } from './support/asking.ts';
import { personRules as rulesOf } from './support/person-rules.ts';
import { later, makeHome, program, startProgram, type Home, type Started } from './support/product.ts';

const server = 'cursor/opener';
const page = 'https://accounts.example.com/authorize?state=decoy-token';

/** A contained server that opens each link it reads from its client; the person's browser writes down what it is given. */
async function contained(): Promise<{ home: Home; opened: () => string[] }> {
  const home = makeHome();
  const log = home.folder('browser.log');
  mkdirSync(home.folder('.cursor'));
  mkdirSync(home.folder('bin'));
  writeFileSync(home.folder('bin/xdg-open'), `#!/bin/sh\nprintf '%s\\n' "$#" "$@" >> '${log}'\n`);
  chmodSync(home.folder('bin/xdg-open'), 0o755);
  const script = 'while read -r link; do xdg-open "$link" 2>&1; echo "status $?"; done';
  const entry = { command: '/bin/sh', args: ['-c', script] };
  writeFileSync(home.folder('.cursor/mcp.json'), JSON.stringify({ mcpServers: { opener: entry } }));
  expect((await home.run('contain', server, '--no-check')).code).toBe(0);
  return { home, opened: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []) };
}

async function startHost(home: Home): Promise<Started> {
  const environment = {
    ...home.environment,
    DISPLAY: ':belljar',
    PATH: `${home.folder('bin')}:${home.environment['PATH'] ?? ''}`,
  };
  const host = startProgram(process.execPath, [program, 'host', '--json'], environment, home.path);
  await host.line();
  return host;
}

interface Run {
  open(link: string): Promise<string>;
  said: () => string;
  end(): Promise<void>;
}

function start(home: Home): Run {
  const { say, said, end } = startTalk(home, 'opener', home.path);
  let statuses = 0;
  return {
    said,
    async open(link) {
      statuses += 1;
      say(link);
      await expect.poll(() => [...said().matchAll(/^status (\d+)$/gm)].length, slow).toBe(statuses);
      return [...said().matchAll(/^status (\d+)$/gm)].at(-1)?.[1] ?? '';
    },
    end,
  };
}

async function linkEvents(home: Home): Promise<Record<string, number>> {
  const { out } = await home.run('events', '--json', '--kind', 'link.open');
  const events: Event[] = out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => eventSchema.parse(JSON.parse(line)));
  // Repeats of a run are merged: the sum counts.
  const counts: Record<string, number> = {};
  for (const { verdict, target, count } of events)
    counts[`${verdict} ${target}`] = (counts[`${verdict} ${target}`] ?? 0) + count;
  return counts;
}

const personRules = (home: Home): string[] => rulesOf(home.path, 'cursor.opener');

describe('a link', () => {
  it('is asked for once, and from then on opened at once, in the run that asked and in later ones, until it is taken back', async () => {
    const { home, opened } = await contained();
    await startHost(home);
    const run = start(home);
    const first = run.open(page);
    await answer(home, 'always');
    expect(await first).toBe('0');
    expect(opened()).toEqual(['1', page]);
    expect(personRules(home)).toEqual(['link accounts.example.com']);
    // The same run, which was started before the rule was given.
    expect(await run.open(page)).toBe('0');
    await run.end();
    const later = start(home);
    expect(await later.open(page)).toBe('0');
    await later.end();
    expect(opened()).toEqual(['1', page, '1', page, '1', page]);
    expect(await linkEvents(home)).toEqual({ 'asked accounts.example.com': 1, 'allowed accounts.example.com': 3 });

    expect((await home.run('revoke', server, 'link', 'accounts.example.com')).code).toBe(0);
    const again = start(home);
    const asked = again.open(page);
    const no = await answer(home, 'no');
    expect([no.code, no.err]).toEqual([0, 'Refused this time.\n']);
    expect(await asked).toBe('4');
    expect(again.said()).toContain('accounts.example.com was not opened: the question was answered with no.');
    await again.end();
    expect(opened()).toHaveLength(6);
    expect(personRules(home)).toEqual([]);
    expect(JSON.stringify(await home.run('events', '--json'))).not.toContain('decoy-token');
  });

  it('that is refused for good is not asked for again, until that is taken back', async () => {
    const { home, opened } = await contained();
    await startHost(home);
    const run = start(home);
    const first = run.open(page);
    await answer(home, 'never');
    expect(await first).toBe('4');
    expect(personRules(home)).toEqual(['deny link:accounts.example.com']);
    expect(await run.open(page)).toBe('4');
    expect(run.said()).toContain('it was refused for good');
    expect(await openQuestions(home)).toEqual([]);
    // Another host is still asked for.
    const other = run.open('https://other.example.com/');
    await answer(home, 'once');
    expect(await other).toBe('0');
    expect((await home.run('revoke', server, 'deny', 'link:accounts.example.com')).code).toBe(0);
    const again = run.open(page);
    await answer(home, 'once');
    expect(await again).toBe('0');
    expect(opened()).toEqual(['1', 'https://other.example.com/', '1', page]);
    await run.end();
  });

  it('under strict is opened only by a rule, and nothing is asked', async () => {
    const { home, opened } = await contained();
    await startHost(home);
    expect((await home.run('level', server, 'strict')).code).toBe(0);
    const without = start(home);
    // No helper is there, and the system's own programs find no browser.
    expect(await without.open(page)).not.toBe('0');
    await without.end();
    expect((await home.run('grant', server, 'link', `${page}#x`)).code).toBe(0);
    const run = start(home);
    expect(await run.open(page)).toBe('0');
    expect(await run.open('https://other.example.com/')).toBe('4');
    expect(run.said()).toContain('this server may not ask for it');
    await run.end();
    expect(opened()).toEqual(['1', page]);
    expect((await home.run('grant', server, 'permission', 'ask-links')).code).toBe(0);
    const asking = start(home);
    const asked = asking.open('https://other.example.com/');
    await answer(home, 'once');
    expect(await asked).toBe('0');
    await asking.end();
  });

  it('is refused while no host is there, also one that was killed; the next host is found by a run that is older', async () => {
    const { home, opened } = await contained();
    const run = start(home);
    expect(await run.open(page)).toBe('4');
    expect(run.said()).toContain('no Belljar host runs');
    const first = await startHost(home);
    const link = home.folder('.local/state/belljar/host.sock');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    const asked = run.open(page);
    await openQuestion(home);
    await first.kill('SIGKILL');
    expect(await asked).toBe('4');
    expect(await run.open(page)).toBe('4');
    const second = await startHost(home);
    const again = run.open(page);
    await answer(home, 'once');
    expect(await again).toBe('0');
    expect(opened()).toEqual(['1', page]);
    await run.end();
    await second.kill('SIGTERM');
    expect(existsSync(link)).toBe(false);
  });

  it('is asked for on a terminal; a question that is answered elsewhere takes its prompt away', async () => {
    const { home, opened } = await contained();
    await startHost(home);
    const line = [process.execPath, program, 'ask', '--follow'].join(' ');
    const terminal = spawn('script', ['-qec', line, '/dev/null'], { env: { ...home.environment, SHELL: '/bin/sh' } });
    later(() => terminal.kill('SIGKILL'));
    let shown = '';
    terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    const run = start(home);
    const first = run.open(page);
    await expect.poll(() => shown, slow).toContain('4 Never for this host?');
    expect(shown).toContain('wants to open a page in your browser:');
    await answer(home, 'no');
    expect(await first).toBe('4');
    await expect.poll(() => shown, slow).toContain('No longer open.');
    shown = '';
    const second = run.open(page);
    await expect.poll(() => shown, slow).toContain('4 Never for this host?');
    terminal.stdin.write('1\n');
    expect(await second).toBe('0');
    await expect.poll(() => shown, slow).toContain('Allowed this time.');
    expect(opened()).toEqual(['1', page]);
    // Leaving answers nothing.
    shown = '';
    const third = run.open(page);
    await expect.poll(() => shown, slow).toContain('4 Never for this host?');
    const left = new Promise((resolve) => terminal.once('close', resolve));
    terminal.stdin.write('\u0003');
    await left;
    await answer(home, 'once');
    expect(await third).toBe('0');
    expect(personRules(home)).toEqual([]);
    await run.end();
  });

  it('that is no longer open cannot be answered, and a wrong word is told', async () => {
    const home = makeHome();
    const host = await startHost(home).then((started) => started);
    const gone = await home.run('ask', '6f1e0c3e-4f0e-4a39-9b51-2f3a3f4a1c11', 'once');
    expect([gone.code, gone.err]).toEqual([3, expect.stringContaining('no longer open')]);
    expect((await home.run('ask', '6f1e0c3e-4f0e-4a39-9b51-2f3a3f4a1c11', 'perhaps')).code).toBe(2);
    expect((await home.run('ask', 'x', 'once')).code).toBe(2);
    const nothing = await home.run('ask');
    expect([nothing.code, nothing.out, nothing.err]).toEqual([0, '', expect.stringContaining('Nothing is asked')]);
    await host.kill('SIGTERM');
  });
});
