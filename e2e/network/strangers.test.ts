/**
 * The network process meets the server's socket and nobody else's: a server that lets go of a connection before the far side is
 * there frees its port, and whoever opens a service at it must hear nothing of the far side. Witness: that service.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Plan } from '#domain/plan-text.ts';
import { makeArena, removeArena } from '../confinement/support/arena.ts';
import { projectRoot } from '../confinement/support/places.ts';
import { containedCommand, run } from '../confinement/support/start.ts';
import { host, useStage } from './support/stage.ts';

const stage = useStage();
const program = join(projectRoot, 'e2e/network/programs/stranger.py');

test('a connection that the server has given up meets nobody', async ({ skip }) => {
  const { internet } = stage(skip);
  // The made-up address of the one name (for programs that ask by datagram only): the look-up takes its time.
  const place = ['198.18.0.1', '2525'];
  const plan: Partial<Plan> = { network: 'hosts', hosts: [host('slow.example', '2525')], exec: ['runtime'] };
  const kept = await internet.contained('/usr/bin/python3', [program, 'keep', ...place], plan);
  expect(kept.stdout, kept.stderr).toMatch(/^220 93\.184\.216\.54 speaks first/);
  const arena = makeArena();
  try {
    const [launcher, args] = containedCommand(arena, '/usr/bin/python3', [program, 'inside', ...place], plan);
    const outside = [program, 'outside', launcher, ...args];
    const told = await run(...internet.enter('/usr/bin/python3', outside, arena.grant));
    expect(told.stdout.trim(), told.stderr).toBe('began 115 ended 0 came 0 bytes 0');
  } finally {
    removeArena(arena);
  }
});
