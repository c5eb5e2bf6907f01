/** What a running server has open of what is taken from it is listed; what it may still have is not. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { RuleChange } from '#contract/methods.ts';
import { startTalk } from './support/asking.ts';
import { makeHome } from './support/product.ts';

const server = 'cursor/holder';
const slow = { timeout: 20_000 };

it('lists the open file that was withdrawn, not the one still granted, and nothing of a server that is stopped', async () => {
  const home = makeHome();
  for (const folder of ['.cursor', 'lost', 'kept']) mkdirSync(home.folder(folder));
  const [lost, kept] = [home.folder('lost/note.txt'), home.folder('kept/note.txt')];
  for (const file of [lost, kept]) writeFileSync(file, 'decoy\n');
  const script = `exec 3<${lost} 4<${kept}; echo held; while read -r _; do :; done`;
  const entry = { command: '/bin/sh', args: ['-c', script], cwd: home.folder('.cursor') };
  writeFileSync(home.folder('.cursor/mcp.json'), JSON.stringify({ mcpServers: { holder: entry } }));
  expect((await home.run('contain', server, '--no-check')).code).toBe(0);
  const folders = [home.folder('lost'), home.folder('kept')];
  for (const folder of folders) await home.json('grant', server, 'read', folder, '--json');

  const run = startTalk(home, 'holder', home.folder('.cursor'));
  await expect.poll(() => run.said(), slow).toContain('held');
  const change = await home.json<RuleChange>('grant', server, 'deny', lost, '--json');
  expect(change.effective).toBe('now');
  expect(change.stillOpen).toEqual({
    items: [
      {
        kind: 'file',
        what: lost,
        access: 'read',
        pid: expect.any(Number) as number,
        program: expect.any(String) as string,
      },
    ],
    more: false,
  });
  // The same in words, of the other one.
  const told = await home.run('grant', server, 'deny', kept);
  expect(told.out).toContain(`still open: ${kept} (read), process `);
  expect(told.out).not.toContain(lost);
  expect(told.err).toContain('Restart the server to close it.');
  await run.end();

  await home.json('revoke', server, 'deny', lost, '--json');
  expect((await home.json<RuleChange>('grant', server, 'deny', lost, '--json')).stillOpen).toBeUndefined();
});
