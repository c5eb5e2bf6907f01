import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { demoTechniques } from '#engine/demo/ports.ts';
import { createSpool } from '../spool/spool.ts';
import { createDemoStage } from './demo-stage.ts';

const stage = createDemoStage({
  environment: process.env,
  openSpool: (_home, folder) =>
    createSpool({ folder, log: { info: () => undefined, warn: () => undefined }, label: () => undefined }),
});

/** Decoy processes that this process started and did not end. */
const decoysLeft = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const isDecoy = readFileSync(`/proc/${pid}/cmdline`, 'latin1') === 'cat\u0000';
        return isDecoy && readFileSync(`/proc/${pid}/status`, 'latin1').includes(`\nPPid:\t${process.pid}\n`);
      } catch {
        return false;
      }
    });

describe('the stage, free', () => {
  it('lets everything through, twice the same, and leaves nothing behind', async () => {
    const home = await stage.open();
    try {
      for (let act = 0; act < 2; act += 1) {
        const { ownWorkDone, observations } = await home.perform();
        expect(ownWorkDone).toBe(true);
        expect(demoTechniques.filter((code) => !observations[code].gotThrough)).toEqual([]);
      }
      expect(await home.events()).toEqual([]);
    } finally {
      await home.close();
    }
    expect(existsSync(home.home)).toBe(false);
    await expect.poll(decoysLeft).toEqual([]);
    expect(home.home.startsWith(tmpdir())).toBe(true);
  });

  it('counts what is seen from outside, not what the server claims', async () => {
    const home = await stage.open();
    try {
      // A server that claims success for everything and does nothing.
      const liar = join(home.home, 'liar.mjs');
      writeFileSync(
        liar,
        `import { createInterface } from 'node:readline';
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const result = method === 'initialize'
    ? { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'liar', version: '1' } }
    : { content: [{ type: 'text', text: 'done, all of it' }] };
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
});
`,
      );
      const config = join(home.home, '.config', 'Claude', 'claude_desktop_config.json');
      writeFileSync(config, JSON.stringify({ mcpServers: { notes: { command: process.execPath, args: [liar] } } }));
      const { ownWorkDone, observations } = await home.perform();
      expect(ownWorkDone).toBe(false);
      expect(demoTechniques.filter((code) => observations[code].gotThrough)).toEqual([]);
    } finally {
      await home.close();
    }
  }, 15_000);

  it('says why the server does not start', async () => {
    const home = await stage.open();
    try {
      const config = join(home.home, '.config', 'Claude', 'claude_desktop_config.json');
      const args = ['-e', 'console.error("belljar: plan-missing: there is no plan"); process.exit(125)'];
      writeFileSync(config, JSON.stringify({ mcpServers: { notes: { command: process.execPath, args } } }));
      await expect(home.perform()).rejects.toMatchObject({
        code: 'check-impossible',
        params: { sentence: "The demo's server did not start: belljar: plan-missing: there is no plan" },
      });
      await expect.poll(decoysLeft).toEqual([]);
    } finally {
      await home.close();
    }
  });
});
