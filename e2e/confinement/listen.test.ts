/**
 * Listening with the permission to do so for this machine alone: which addresses may be named, who reaches the listener (from
 * a network of its own, techniques/listen-lab.py), and that nothing undoes its bounds. Without it: network.test.ts.
 */
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Plan } from '#domain/plan-text.ts';
import { makeArena, readEvents, removeArena, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { techniquesFolder } from './support/places.ts';
import { containedCommand, run, startContained, understand } from './support/start.ts';
import { brief, defineTechniques, matchingEvents, type Technique } from './support/technique.ts';

const noNamespace = 77;

/** What would undo the bounds of a listener that programs of this machine may reach. */
const undoing: readonly Technique[] = [
  {
    name: 'listen-reuse-port',
    tries: 'share a port with another program of the user, and get its connections',
    program: 'listen',
    args: () => ['reuse-port'],
    errno: 'ENOPROTOOPT',
    event: { kind: 'syscall', target: () => 'setsockopt' },
    plan: () => ({ permissions: ['loopback-listener'] }),
    twin: { args: () => ['bind-loopback'] },
  },
  ...['untie', 'untie-index'].map((way): Technique => ({
    name: `listen-${way}`,
    tries: 'untie a listener from the loopback interface (the kernel itself refuses, without an event)',
    program: 'listen',
    args: () => [way],
    errno: 'EPERM',
    event: null,
    plan: () => ({ permissions: ['loopback-listener'] }),
    twin: { args: () => ['bind-any'] },
  })),
];

defineTechniques('listening for this machine', undoing);

describe('a listener for this machine alone', () => {
  interface Reach {
    far: boolean;
    loopback: boolean;
    loopbackSix: boolean;
  }
  const onlyHere: Partial<Plan> = { permissions: ['loopback-listener'] };

  async function listenIn(arena: Arena, args: readonly string[], plan: Partial<Plan>) {
    const command = containedCommand(arena, compile('listen'), args, plan);
    const finished = await run('python3', [join(techniquesFolder, 'listen-lab.py'), '--', ...command.flat()]);
    const reach =
      finished.code === noNamespace
        ? null
        : (JSON.parse(finished.stdout.trim().split('\n').at(-1) ?? '') as Reach | null);
    return { finished, outcome: understand(finished), reach, events: readEvents(arena.spool) };
  }

  const ways = [
    { way: 'bind-loopback', port: '0', six: false },
    { way: 'bind-loopback', port: '24817', six: false },
    { way: 'bind-any', port: '0', six: false },
    { way: 'bind-any', port: '24817', six: false },
    { way: 'bind-six', port: '0', six: true },
    { way: 'bind-six', port: '24817', six: true },
    { way: 'no-bind', port: '0', six: false },
    { way: 'no-bind-six', port: '0', six: true },
  ];

  test.for(ways)(
    '$way $port: programs of this machine reach it, the network does not',
    async ({ way, port, six }, { skip }) => {
      const arena = makeArena();
      onTestFinished(() => removeArena(arena));
      const { finished, reach, events } = await listenIn(arena, [`hold-${way}`, port], onlyHere);
      if (finished.code === noNamespace) skip(`no network namespace here: ${finished.stderr.trim()}`);
      expect(reach, finished.stdout + finished.stderr).toMatchObject({ far: false, loopback: true, loopbackSix: six });
      // What is said is what is so: never that it listens on every address.
      const [said] = matchingEvents(events, 'net.listen', /./);
      expect([said?.verdict, said?.target]).toEqual([
        'allowed',
        expect.stringMatching(way === 'bind-loopback' ? /^127\.0\.0\.1:\d+$/ : /^localhost:\d+$/),
      ]);
    },
  );

  test('with a granted port the network reaches it', async ({ skip }) => {
    const arena = makeArena();
    onTestFinished(() => removeArena(arena));
    const { finished, reach } = await listenIn(arena, ['hold-bind-any', '24817'], { listen: [24_817] });
    if (finished.code === noNamespace) skip(`no network namespace here: ${finished.stderr.trim()}`);
    expect(reach, finished.stdout + finished.stderr).toMatchObject({ far: true, loopback: true });
  });

  test("the network's own address is refused, with the reason", async ({ skip }) => {
    const arena = makeArena();
    onTestFinished(() => removeArena(arena));
    for (const port of ['24817', '0']) {
      const { finished, outcome, events } = await listenIn(arena, ['hold-bind-address', port, '203.0.113.2'], onlyHere);
      if (finished.code === noNamespace) skip(`no network namespace here: ${finished.stderr.trim()}`);
      expect(outcome).toMatchObject({ kind: 'refused', errno: 'EACCES' });
      const refusals = matchingEvents(events, 'net.listen', /^203\.0\.113\.2:/).map((event) => event.verdict);
      expect(refusals, brief(events).join('\n')).toContain('refused');
    }
  });

  test('without the permission a fixed port of loopback is refused', async () => {
    const arena = makeArena();
    onTestFinished(() => removeArena(arena));
    const result = await startContained(arena, compile('listen'), ['bind-loopback', '24817']);
    expect(result.outcome).toEqual({ kind: 'refused', errno: 'EACCES', step: 'bind' });
    expect(matchingEvents(result.events, 'net.listen', '127.0.0.1:24817')[0]).toMatchObject({
      verdict: 'refused',
      by: 'broker',
    });
  });
});
