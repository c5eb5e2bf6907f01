/**
 * A second thread changes a socket address while the first asks for a connection: many thousand times, zero contacts. What
 * counts is the neighbour's log, not what the attacker believes.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeArena, removeArena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { Neighbour } from './support/neighbour.ts';
import { startBare, startContained } from './support/start.ts';
import { brief, matchingEvents } from './support/technique.ts';

const tries = 20_000;
const ways = {
  family: 'an address of no family, which disconnects, and the refused one',
  address: 'an address that leads nowhere and the refused one',
  unix: 'its own socket and the refused one',
};

test.for(Object.entries(ways))('race-connect %s: %s', { timeout: 120_000 }, async ([way]) => {
  const arena = makeArena();
  const neighbour = await Neighbour.start(arena);
  const args = [
    way,
    tries.toString(),
    neighbour.facts.tcp.toString(),
    join(arena.neighbour, 'stream.sock'),
    arena.grant,
  ];
  try {
    const bare = await startBare(compile('race-connect'), args, { timeoutMs: 50_000 });
    expect(bare.outcome).toMatchObject({ kind: 'reached' });
    const before = (await neighbour.contacts()).length;
    expect(before, 'bare, the race reaches the neighbour').toBeGreaterThan(0);

    const fresh = makeArena();
    try {
      expect(existsSync(fresh.grant)).toBe(true);
      const contained = await startContained(
        fresh,
        compile('race-connect'),
        [...args.slice(0, 4), fresh.grant],
        {},
        { timeoutMs: 60_000 },
      );
      expect(contained.outcome, contained.stderr).toMatchObject({ kind: 'reached' });
      expect((await neighbour.contacts()).length, 'contained, not one contact').toBe(before);
      const refused = matchingEvents(contained.events, ['net.connect', 'unix.connect'], /./).filter(
        (event) => event.verdict === 'refused',
      );
      expect(refused.length, brief(contained.events).join('\n')).toBeGreaterThan(0);
      const said = /(\d+) were refused/.exec(contained.stdout)?.[1] ?? '0';
      expect(
        refused.reduce((sum, event) => sum + event.count, 0),
        'every refusal is counted',
      ).toBe(Number(said));
    } finally {
      removeArena(fresh);
    }
  } finally {
    await neighbour.stop();
    removeArena(arena);
  }
});
