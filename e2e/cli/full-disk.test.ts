/**
 * A disk that takes no byte more, made by the limit on the size of files: the system answers a write with an error, as it does there.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeHome, program } from './support/product.ts';

test.each([['list'], ['doctor'], ['release', '--all'], ['contain', 'cursor/a', '--no-check']])(
  'belljar %s: says that the disk is full, and leaves nothing behind',
  async (...args) => {
    const home = makeHome();
    mkdirSync(home.folder('.cursor'));
    const text = '{ "mcpServers": { "a": { "command": "x" } } }\n';
    writeFileSync(home.folder('.cursor', 'mcp.json'), text);
    expect((await home.run('list')).code).toBe(0);
    const lock = home.folder('.local', 'state', 'belljar', 'lock');
    const before = readdirSync(lock);
    const { status, stderr } = spawnSync(
      '/bin/sh',
      ['-c', 'ulimit -f 0 && exec "$@"', 'sh', process.execPath, program, ...args],
      { env: home.environment, encoding: 'utf8' },
    );
    expect(stderr).toContain('There is no space left on the disk');
    expect(stderr).toContain('Free some space and try again.');
    expect(status).not.toBe(0);
    expect(readdirSync(lock)).toEqual(before);
    expect(readFileSync(home.folder('.cursor', 'mcp.json'), 'utf8')).toBe(text);
  },
);
