/**
 * A second thread changes a socket address while the first asks for a connection: many thousand times, zero contacts. What
 * counts is the neighbour's log, not what the attacker believes.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeArena, removeArena, type Arena } from './support/arena.ts';
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

/** Each start has a neighbour of its own, so that no contact of one is counted for the other. */
async function beside<T>(
  way: string,
  play: (arena: Arena, neighbour: Neighbour, args: string[]) => Promise<T>,
): Promise<T> {
  const arena = makeArena();
  const neighbour = await Neighbour.start(arena);
  const port = neighbour.facts.tcp.toString();
  try {
    return await play(arena, neighbour, [
      way,
      tries.toString(),
      port,
      join(arena.neighbour, 'stream.sock'),
      arena.grant,
    ]);
  } finally {
    await neighbour.stop();
    removeArena(arena);
  }
}

test.for(Object.entries(ways))('race-connect %s: %s', { timeout: 120_000 }, async ([way]) => {
  const program = compile('race-connect');
  await beside(way, async (_arena, neighbour, args) => {
    const bare = await startBare(program, args, { timeoutMs: 50_000 });
    expect(bare.outcome).toMatchObject({ kind: 'reached' });
    expect((await neighbour.contacts()).length, 'bare, the race reaches the neighbour').toBeGreaterThan(0);
  });
  await beside(way, async (arena, neighbour, args) => {
    const contained = await startContained(arena, program, args, {}, { timeoutMs: 60_000 });
    expect(contained.outcome, contained.stderr).toMatchObject({ kind: 'reached' });
    expect(await neighbour.contacts(), 'contained, not one contact').toEqual([]);
    const refused = matchingEvents(contained.events, ['net.connect', 'unix.connect'], /./).filter(
      (event) => event.verdict === 'refused',
    );
    expect(refused.length, brief(contained.events).join('\n')).toBeGreaterThan(0);
    const said = /(\d+) were refused/.exec(contained.stdout)?.[1] ?? '0';
    expect(
      refused.reduce((sum, event) => sum + event.count, 0),
      'every refusal is counted',
    ).toBe(Number(said));
  });
});
