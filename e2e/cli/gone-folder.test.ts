/** A terminal whose folder was removed: what needs no folder works, and what does is told why. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeHome, program } from './support/product.ts';

test('in a folder that is gone, servers are listed, and only a relative path is refused', () => {
  const home = makeHome();
  const gone = home.folder('gone');
  mkdirSync(gone);
  const run = (...args: string[]) =>
    spawnSync('/bin/sh', ['-c', 'cd "$0" && rmdir "$0" && exec "$@"', gone, process.execPath, program, ...args], {
      env: home.environment,
      encoding: 'utf8',
    });
  expect(run('list')).toMatchObject({ status: 0 });
  mkdirSync(gone);
  expect(run('grant', 'cursor/a', 'read', 'x')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('"x" leads nowhere') as string,
  });
  mkdirSync(gone);
  expect(run('grant', 'cursor/a', 'read', '/srv/x')).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('There is no server "cursor/a"') as string,
  });
});
