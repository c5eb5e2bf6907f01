import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DemoResult } from '#contract/methods.ts';
import { demoResultSchema } from '#contract/methods.ts';
import { demoTechniques } from '#engine/demo/ports.ts';
import { makeWorld, type World } from './support/world.ts';

let world: World;
let result: DemoResult;

beforeAll(async () => {
  world = makeWorld();
  result = await world.api['demo.run']({});
});
afterAll(() => world.close());

describe('the demo, with the real launcher', () => {
  it('lets every technique through free, and none contained', () => {
    expect(demoResultSchema.parse(result)).toEqual(result);
    expect(result.rows.map((row) => row.code)).toEqual([...demoTechniques]);
    expect(result.rows.filter((row) => !row.free.gotThrough)).toEqual([]);
    expect(result.rows.filter((row) => row.contained.gotThrough)).toEqual([]);
    expect(result.sentence).toBe('Free, 8 of 8 got through; contained, 0 of 8. Its own work was done both times.');
  });

  it('is refused by a wall each time, not by a mishap', () => {
    const details = new Map(result.rows.map((row) => [row.code, row.contained.detail]));
    for (const code of ['read-ssh-key', 'write-shell-profile', 'connect-out', 'list-home', 'connect-unix-socket']) {
      expect(details.get(code), code).toContain('Refused (EACCES)');
    }
    expect(details.get('signal-process')).toContain('Refused (EPERM)');
    expect(details.get('shell-reads-key')).toMatch(/Refused \(.*Permission denied/);
    expect(details.get('read-environment')).toBe('The token was not among its variables.');
  });

  it('shows what was refused, by name', () => {
    const refused = result.events.map((event) => `${event.kind} ${event.known ?? ''}`);
    expect(refused).toContain('file.read ssh-keys');
    expect(result.events.map((event) => event.kind)).toEqual(
      expect.arrayContaining(['file.read', 'net.connect', 'unix.connect', 'signal']),
    );
    expect(result.events.some((event) => event.known === 'shell-profile')).toBe(true);
  });

  it('leaves nothing behind, here or in the home', () => {
    const home = result.events.find((event) => event.known === 'ssh-keys')?.target.replace(/\/\.ssh\/.*$/, '') ?? '';
    expect(home).toContain(join(tmpdir(), 'belljar-demo-'));
    expect(existsSync(home)).toBe(false);
    expect(existsSync(`${world.home}/.ssh`)).toBe(false);
    expect(world.warnings).toEqual([]);
  });
});
