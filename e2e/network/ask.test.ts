/**
 * Ask on a network with names: a look-up that waits for a person, and the connection that follows it. Witness: the name servers' own log, and
 * the wire.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeArena, readEvents, removeArena, type Arena } from '../confinement/support/arena.ts';
import { allowedOnce, asks, Driver, no, slow, StandIn, untilStop } from '../confinement/support/asking.ts';
import { asked, reached } from './support/small-internet.ts';
import { useStage, type Stage } from './support/stage.ts';

const stage = useStage();
let arena: Arena;
let person: StandIn;
let driver: Driver | null = null;

beforeEach(async () => {
  arena = makeArena();
  person = new StandIn();
  await person.listen(arena);
});
afterEach(async () => {
  await driver?.end();
  driver = null;
  await person.close();
  removeArena(arena);
});

async function start({ internet }: Stage, network: 'hosts' | 'open'): Promise<Driver> {
  await internet.forget();
  driver = new Driver(arena, { ...asks, network }, (command, args) => internet.enter(command, args, arena.grant));
  await driver.hello();
  return driver;
}

describe('a name that no rule holds', () => {
  test('is looked up when a person allows it, and what was found is connected to without another question', async ({
    skip,
  }) => {
    const there = stage(skip);
    const server = await start(there, 'hosts');
    const first = server.begin('look-up', 'plain.example');
    const question = await person.question(0);
    expect(question.about).toEqual({ kind: 'host', host: 'plain.example' });
    expect(asked(await there.internet.seen())).toEqual([]);
    question.answer(untilStop(0));
    await expect.poll(first.outcome, slow).toMatch(/^93\.184\.216\.\d+$/);
    const address = first.outcome() ?? '';
    expect(await server.do('reach', address, '443')).toBe('reached');
    expect(reached(await there.internet.seen())).toEqual([`${address}:443`]);
    expect(person.asked).toHaveLength(1);
    // Another port of the same name is another question; a name beside it as well.
    person.always = no;
    expect(await server.do('reach', address, '8080')).toBe('EACCES');
    expect(person.asked.at(-1)?.about).toEqual({
      kind: 'host',
      host: 'plain.example',
      port: 8080,
      address: `${address}:8080`,
    });
    expect(await server.do('look-up', 'other.example')).toMatch(/not known|No address/);
    expect(person.asked).toHaveLength(3);
    await server.end();
    const seen = await there.internet.seen();
    expect([...new Set(asked(seen))]).toEqual(['plain.example']);
    expect(reached(seen)).toEqual([`${address}:443`]);
    const verdicts = readEvents(arena.spool)
      .filter(({ target }) => target.startsWith('plain.example'))
      .map(({ kind, verdict }) => `${verdict} ${kind}`);
    expect(verdicts).toEqual(expect.arrayContaining(['asked net.dns', 'allowed net.connect', 'refused net.connect']));
  });

  test('that was refused is asked of no name server, and what it would have led to is not reached', async ({
    skip,
  }) => {
    const there = stage(skip);
    const server = await start(there, 'hosts');
    person.always = no;
    expect(await server.do('look-up', 'plain.example')).toMatch(/not known|No address/);
    expect(await server.do('reach', '93.184.216.34', '443')).toBe('EACCES');
    expect(person.asked.map(({ about }) => about)).toEqual([
      { kind: 'host', host: 'plain.example' },
      { kind: 'host', host: '93.184.216.34', port: 443 },
    ]);
    await server.end();
    const seen = await there.internet.seen();
    expect([asked(seen), reached(seen)]).toEqual([[], []]);
  });
});

describe('an address of this machine or its network that a name leads to', () => {
  test('is asked for by the address: a name server does not speak for it', async ({ skip }) => {
    const there = stage(skip);
    const server = await start(there, 'open');
    person.always = no;
    expect(await server.do('look-up', 'private.example')).toBe('10.20.30.40');
    expect(await server.do('reach', '10.20.30.40', '443')).toBe('EACCES');
    expect(person.asked.map(({ about }) => about)).toEqual([{ kind: 'host', host: '10.20.30.40', port: 443 }]);
    await server.end();
    expect(reached(await there.internet.seen())).toEqual([]);
  });

  test('allowed once it is reached, and by its name it still is not', async ({ skip }) => {
    const there = stage(skip);
    const server = await start(there, 'open');
    expect(await server.do('look-up', 'private.example')).toBe('10.20.30.40');
    const first = server.begin('reach', '10.20.30.40', '443');
    (await person.question(0)).answer(allowedOnce);
    await expect.poll(first.outcome, slow).toBe('reached');
    person.always = no;
    expect(await server.do('reach', '10.20.30.40', '443')).toBe('EACCES');
    expect(person.asked).toHaveLength(2);
    await server.end();
    expect(reached(await there.internet.seen())).toEqual(['10.20.30.40:443']);
  });
});
