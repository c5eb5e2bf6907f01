/**
 * Threads change addresses, ports, lengths, sockets and names while the supervisor and the network process decide: many
 * thousand connects, and nothing arrives at the refused address. Witness: the wire. BELLJAR_TEST_LONG=1 goes on for longer.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../confinement/support/places.ts';
import { compile } from '../confinement/support/compile.ts';
import { matchingEvents } from '../confinement/support/technique.ts';
import { reached } from './support/small-internet.ts';
import { host, useStage } from './support/stage.ts';

const stage = useStage();
const eachMs = process.env['BELLJAR_TEST_LONG'] === '1' ? 10_000 : 400;
const ways = ['address', 'port', 'mapped', 'resolver', 'length', 'socket', 'names'];
const refused = '93.184.216.77';

test.for([
  ['carried through the check of names', true],
  ['made directly', false],
] as const)('races of addresses and names, connections %s', { timeout: 180_000 }, async ([, checked], { skip }) => {
  const { internet } = stage(skip);
  const program = compile('race', join(projectRoot, 'e2e/network/programs'));
  if (checked) {
    const bare = await internet.bare(program, ['300', 'plain.example', '443', refused, 'address']);
    expect(bare.code, bare.stderr).toBe(0);
    expect(reached(bare.seen), 'bare, it is reached').toEqual(
      expect.arrayContaining([`${refused}:443`, '93.184.216.34:443']),
    );
  }
  const told = await internet.contained(
    program,
    [eachMs.toString(), 'plain.example', '443', refused],
    { network: 'hosts', hosts: [host('plain.example', '443', checked), host('rebind.example', '443', checked)] },
    { timeoutMs: 150_000 },
  );
  expect(told.code, told.stdout + told.stderr).toBe(0);
  expect(reached(told.seen), told.stdout).toEqual(['93.184.216.34:443']);
  const lines = Object.fromEntries(
    told.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.split(' ')[0] ?? '', (line.match(/\d+/g) ?? []).map(Number)]),
  );
  for (const way of ways) {
    const [through = 0, denied = 0] = lines[way] ?? [];
    expect(denied, `${way}: ${told.stdout}`).toBeGreaterThan(0);
    if (['address', 'port', 'mapped', 'resolver'].includes(way))
      expect(through, `${way}: ${told.stdout}`).toBeGreaterThan(0);
  }
  const counted = matchingEvents(told.events, 'net.connect', /./)
    .filter(({ verdict }) => verdict === 'refused')
    .reduce((sum, { count }) => sum + count, 0);
  expect(counted, 'every refusal is counted').toBeGreaterThan(0);
});
