/**
 * Real clients from the npm registry, offline: each lists its server as its file says, then contained, and starts it through the
 * launcher where it tries it. Codex lists without starting; Claude Code and Gemini CLI connect. Released, each file is what it was.
 *
 * Together they are three quarters of a gigabyte, so they are installed only with BELLJAR_TEST_LONG=1.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventSchema } from '#contract/event.ts';
import { makeHome, type Home } from '../cli/support/product.ts';
import { cacheFolder, projectRoot } from '../confinement/support/places.ts';
import { leftOut } from '../confinement/support/skip.ts';

const versions = {
  '@anthropic-ai/claude-code': '2.1.197',
  '@google/gemini-cli': '0.61.0',
  '@openai/codex': '0.171.0',
} as const;
const installMs = 400_000;
const listMs = 60_000;
const node = process.execPath;
const server = join(projectRoot, 'dist/demo/nosy-server.js');

const clients = [
  {
    title: 'Codex',
    id: 'codex.one',
    file: '.codex/config.toml',
    text: `# mine\n[mcp_servers.one]\ncommand = "${node}"\nargs = ["${server}"]\n`,
    command: ['node_modules/.bin/codex', 'mcp', 'list'],
    found: /^one\s/mu,
    connects: false,
  },
  {
    title: 'Gemini CLI',
    id: 'gemini-cli.two',
    file: '.gemini/settings.json',
    text: `{\n  // mine\n  "mcpServers": { "two": { "command": "${node}", "args": ["${server}"] } }\n}\n`,
    command: ['node_modules/.bin/gemini', 'mcp', 'list'],
    found: /✓ two: .*Connected/u,
    connects: true,
  },
  {
    title: 'Claude Code',
    id: 'claude-code.three',
    file: '.claude.json',
    text: `{ "mcpServers": { "three": { "type": "stdio", "command": "${node}", "args": ["${server}"] } } }\n`,
    command: [`node_modules/@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`, 'mcp', 'list'],
    found: /three: .*✔ Connected/u,
    connects: true,
  },
] as const;

const onlyLong =
  process.env['BELLJAR_TEST_LONG'] === '1' ? null : 'three quarters of a gigabyte, with BELLJAR_TEST_LONG=1 only';

describe('real clients', leftOut(onlyLong), () => {
  const folder = cacheFolder('real-clients');

  beforeAll(() => {
    const stamp = join(folder, 'installed.json');
    const wanted = JSON.stringify(versions);
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: versions }));
    const installed = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: folder,
      encoding: 'utf8',
      timeout: installMs,
    });
    if (installed.status !== 0) throw new Error(installed.stderr);
    writeFileSync(stamp, wanted);
  }, installMs);

  function list(home: Home, [program, ...args]: readonly string[]): string {
    const { stdout, stderr } = spawnSync(join(folder, program ?? ''), args, {
      cwd: home.folder('work'),
      env: { ...home.environment, GEMINI_CLI_TRUST_WORKSPACE: 'true' },
      encoding: 'utf8',
      timeout: listMs,
    });
    return `${stdout}${stderr}`;
  }

  it.each(clients)(
    '$title lists its server before, contained and after',
    async ({ id, file, text, command, found, connects }) => {
      const home = makeHome();
      mkdirSync(home.folder('work'), { recursive: true });
      const path = home.folder(file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      const before = list(home, command);
      expect(before).toMatch(found);
      expect(before).not.toContain('belljar-launcher');

      // Some write into their own file when they are started.
      const written = readFileSync(path, 'utf8');
      const contained = await home.run('contain', id, '--no-check');
      expect(contained.code, contained.err).toBe(0);
      const inside = list(home, command);
      expect(inside).toMatch(found);
      expect(inside).toContain(`run ${id} --`);
      const { out } = await home.run('events', '--server', id, '--kind', 'run.start', '--json');
      const starts = out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => eventSchema.parse(JSON.parse(line)));
      expect(starts.length > 0).toBe(connects);
      for (const { start } of starts) expect(start?.level).toBe('standard');

      expect((await home.run('release', id)).code).toBe(0);
      const after = list(home, command);
      expect(after).toMatch(found);
      expect(after).not.toContain('belljar-launcher');
      if (connects) expect(readFileSync(path, 'utf8')).not.toContain('belljar');
      else expect(readFileSync(path, 'utf8')).toBe(written);
    },
    4 * listMs,
  );
});
