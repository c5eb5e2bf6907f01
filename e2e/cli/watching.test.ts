/** Clients' files change while `list --watch` follows them; the rollout and the audit over the built command. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { auditSchema, rolloutSchema } from '#contract/rollout.ts';
import { serverSchema, type Server } from '#contract/server.ts';
import type { Home, Started } from './support/product.ts';
import { makeHome } from './support/product.ts';

const readerServer = join(import.meta.dirname, 'support/reader-server.js');

function write(home: Home, path: string, value: unknown): string {
  const file = home.folder(path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

/** An entry that starts a server of ours. */
function reader(home: Home): { command: string; args: string[] } {
  const server = write(home, 'servers/reader-server.js', readFileSync(readerServer, 'utf8'));
  write(home, 'servers/package.json', '{"type":"module"}');
  return { command: process.execPath, args: [server] };
}

const nextOf = async (watching: Started, fits: (server: Server) => boolean): Promise<Server> =>
  serverSchema.parse(
    JSON.parse(
      await watching.line((line) => {
        const parsed = serverSchema.safeParse(JSON.parse(line));
        return parsed.success && fits(parsed.data);
      }),
    ),
  );

it('a new server shows as off with its risk, also where its folder comes with it', async () => {
  const home = makeHome();
  write(home, '.config/Claude/claude_desktop_config.json', { mcpServers: { first: { command: 'node' } } });
  const watching = home.start('list', '--watch', '--json');
  await nextOf(watching, ({ name }) => name === 'first');
  write(home, '.gemini/settings.json', { mcpServers: { late: { command: 'npx', args: ['-y', 'some-server'] } } });
  expect(await nextOf(watching, ({ name }) => name === 'late')).toMatchObject({
    state: 'off',
    risk: { grade: 'raised', reasons: [{ code: 'newest-package', what: ['some-server'] }] },
  });
});

it('a large file written in two halves: nothing is told of the moment between', async () => {
  const home = makeHome();
  const file = home.folder('.claude.json');
  const text = (names: readonly string[]): string =>
    JSON.stringify({
      mcpServers: Object.fromEntries(names.map((name) => [name, { command: 'node', args: [`${name}.js`] }])),
      history: Array.from({ length: 4000 }, () => 'x'.repeat(500)),
    });
  writeFileSync(file, text(['one']));
  const watching = home.start('list', '--watch', '--json');
  await nextOf(watching, ({ name }) => name === 'one');
  for (const names of [
    ['one', 'two'],
    ['one', 'two', 'three'],
  ]) {
    const whole = text(names);
    writeFileSync(file, whole.slice(0, whole.length / 2));
    // As long as a client's second half may take; that it is not told is what is tried, not how soon anything is.
    await sleep(200);
    writeFileSync(file, whole);
    await nextOf(watching, ({ name }) => name === names.at(-1));
  }
  const { out } = await watching.kill('SIGINT');
  expect(out).not.toContain('"gone":true');
  expect(out.trim().split('\n')).toHaveLength(3);
});

it('a drift says what was contained and what stands there now; a change of our own is none', async () => {
  const home = makeHome();
  const entry = reader(home);
  const file = write(home, '.cursor/mcp.json', { mcpServers: { reader: entry } });
  const watching = home.start('list', '--watch', '--json');
  await nextOf(watching, ({ state }) => state === 'off');
  expect((await home.run('contain', 'cursor/reader', '--no-check')).code).toBe(0);
  await nextOf(watching, ({ state }) => state === 'contained');

  const replace = (value: unknown): void => {
    writeFileSync(`${file}.tmp`, JSON.stringify(value));
    renameSync(`${file}.tmp`, file);
  };
  replace({ mcpServers: { reader: entry } });
  expect(await nextOf(watching, ({ state }) => state === 'drifted')).toMatchObject({ drift: { how: 'unwrapped' } });
  replace({ mcpServers: { reader: { command: 'node', args: ['other.js'] } } });
  expect(await nextOf(watching, ({ drift }) => drift?.how === 'changed')).toMatchObject({
    drift: { before: [entry.command, ...entry.args], now: ['node', 'other.js'] },
  });
  replace({ mcpServers: {} });
  await nextOf(watching, ({ drift }) => drift?.how === 'removed');
  replace({ mcpServers: { reader: entry } });
  await nextOf(watching, ({ drift }) => drift?.how === 'unwrapped');
  expect((await home.run('contain', 'cursor/reader', '--no-check')).code).toBe(0);
  await nextOf(watching, ({ state }) => state === 'contained');
  const { out } = await watching.kill('SIGINT');
  // Twice contained by ourselves, four times changed by the client, and the first line.
  const states = out
    .trim()
    .split('\n')
    .map((line) => serverSchema.parse(JSON.parse(line)))
    .map(({ state, drift }) => drift?.how ?? state);
  const changes = states.filter((state, index) => state !== states[index - 1]);
  expect(changes).toEqual(['off', 'contained', 'unwrapped', 'changed', 'removed', 'unwrapped', 'contained']);
});

it('rollout: riskiest first; applied, it stops at the first that does not work; audit tells what is left', async () => {
  const home = makeHome();
  const entry = reader(home);
  write(home, '.cursor/mcp.json', {
    mcpServers: {
      plain: entry,
      token: { ...entry, env: { API_TOKEN: 'decoy-token-value' } },
      broken: { command: process.execPath, args: ['--eval', 'process.exit(3)'] },
      far: { url: 'https://mcp.example.com', headers: { Authorization: 'Bearer decoy-token-value-1234' } },
      named: { url: 'https://mcp.example.com', headers: { Authorization: 'Bearer ${TOKEN}' } },
    },
  });
  const plan = rolloutSchema.parse(await home.json('rollout', '--json'));
  const order = plan.steps.map(({ handle }) => handle);
  expect(order).toEqual(['cursor/token', 'cursor/broken', 'cursor/plain']);
  expect(plan.steps.map(({ risk }) => risk?.score)).toEqual(
    plan.steps.map(({ risk }) => risk?.score).toSorted((one, other) => (other ?? 0) - (one ?? 0)),
  );

  const audit = auditSchema.parse(await home.json('audit', '--json'));
  expect(audit.findings.map(({ code, subject }) => `${code} ${subject}`)).toEqual([
    'server-off cursor/plain',
    'server-off cursor/token',
    'server-off cursor/broken',
    'remote-secret cursor/far',
  ]);
  expect(JSON.stringify([plan, audit])).not.toContain('decoy');

  const applied = await home.run('rollout', '--apply');
  expect(applied.code).toBe(6);
  expect(applied.out).toMatch(/^cursor\/token {2}contained {2}Standard$/m);
  expect(applied.err).toContain('cursor/broken: ');
  expect(applied.err).toContain('1 after it were not touched.');
  const left = rolloutSchema.parse(await home.json('rollout', '--json'));
  expect(left.steps.map(({ handle }) => handle)).toEqual(['cursor/broken', 'cursor/plain']);

  const told = await home.run('audit');
  expect([told.code, told.out]).toEqual([10, expect.stringContaining('3 ways past Belljar')]);
  expect((await home.run('contain', 'cursor/plain', '--no-check')).code).toBe(0);
  write(home, '.cursor/mcp.json', {
    mcpServers: Object.fromEntries(
      Object.entries(
        (JSON.parse(readFileSync(home.folder('.cursor/mcp.json'), 'utf8')) as { mcpServers: object }).mcpServers,
      ).filter(([name]) => name === 'plain' || name === 'token' || name === 'named'),
    ),
  });
  const clean = await home.run('audit');
  expect([clean.code, clean.out]).toEqual([0, 'Nothing was found that runs past Belljar.\n']);
});
