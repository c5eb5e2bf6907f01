/**
 * Programs that know nothing of proxies, under `network hosts`: each reaches the named hosts and no other, by name and by
 * address. Bare they reach everything (or their refusal would prove nothing); contained, the wire shows that not one
 * packet went elsewhere, and the name servers were asked for nothing that is not named.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostRule } from '#domain/plan-text.ts';
import { brief, matchingEvents } from '../confinement/support/technique.ts';
import { answers, programs, type Program, type Way } from './support/programs.ts';
import { asked, reached, SmallInternet } from './support/small-internet.ts';

let internet: SmallInternet | string = 'not started';

beforeAll(async () => {
  // Packages are fetched and programs built once; that takes its time. One that cannot be built fails its own test.
  for (const program of Object.values(programs)) await Promise.resolve(program()).catch(() => undefined);
  internet = await SmallInternet.start();
}, 600_000);
afterAll(async () => {
  if (typeof internet !== 'string') await internet.stop();
});

const named = ['plain', 'six', 'alias', 'closed-six', 'silent-six'].map((name) => `${name}.example`);
const rules: HostRule[] = [...named, '*.wild.example'].map((pattern) => ({ pattern, ports: '80,443', checked: true }));

interface Task {
  task: string;
  way: Way;
  allowed: boolean;
  /** Where packets go to, when they may. */
  to?: RegExp;
  /** What must be said of it, where it is refused. */
  event?: { kind: 'net.dns' | 'net.connect'; target: string | RegExp } | undefined;
}

function tasksOf(program: Program): Task[] {
  return program.ways.flatMap((way): Task[] => {
    const { word, scheme } = way;
    const port = scheme === 'https' ? '443' : '80';
    const other = scheme === 'https' ? '8443' : '8080';
    const allowed = (host: string): Task => ({ task: `${word} ${scheme}://${host}/`, way, allowed: true });
    const connect = (target: string | RegExp): Task['event'] => ({ kind: 'net.connect', target });
    return [
      allowed('plain.example'),
      allowed('alias.example'),
      allowed('closed-six.example'),
      ...(way.asks ? [allowed('one.wild.example'), allowed('two.deep.wild.example')] : []),
      ...(way.six ? [allowed('six.example')] : []),
      ...(way.patient ? [allowed('silent-six.example')] : []),
      {
        task: `${word} ${scheme}://plain.example:${other}/`,
        way,
        allowed: false,
        event: connect(new RegExp(`[.]example:${other}$`)),
      },
      {
        task: `${word} ${scheme}://other.example/`,
        way,
        allowed: false,
        ...(way.asks ? { event: { kind: 'net.dns', target: 'other.example' } } : {}),
      },
      { task: `${word} ${scheme}://plain.example/redirect?to=${scheme}://other.example/x`, way, allowed: false },
      // After a refused look-up an allowed one still works.
      allowed('plain.example'),
      { task: `${word} ${scheme}://93.184.216.77/`, way, allowed: false, event: connect(`93.184.216.77:${port}`) },
      { task: `${word} http://10.20.30.40/`, way, allowed: false, event: connect('10.20.30.40:80') },
      { task: `${word} http://127.0.0.1/`, way, allowed: false, event: connect('127.0.0.1:80') },
    ];
  });
}

describe('programs under network hosts', () => {
  test.for(Object.keys(programs))('%s', { timeout: 120_000 }, async (name, { skip }) => {
    if (typeof internet === 'string') return skip(internet);
    const program = await programs[name]?.();
    if (program === undefined || typeof program === 'string') return skip(program ?? name);
    const tasks = tasksOf(program);
    const { env } = program;

    const forbidden = tasks.filter(({ allowed }) => !allowed).map(({ task }) => task);
    const bare = await internet.bare(program.command, [...program.args, ...forbidden], { env, timeoutMs: 60_000 });
    const bareAnswers = answers(bare.stdout);
    expect(
      forbidden.filter((_, index) => bareAnswers[index]?.ok !== true),
      `bare, what will be refused is reached:\n${bare.stdout}${bare.stderr}`,
    ).toEqual([]);

    const contained = await internet.contained(
      program.command,
      [...program.args, ...tasks.map(({ task }) => task)],
      { network: 'hosts', hosts: rules, exec: ['runtime', ...program.exec], env: Object.keys(env) },
      { env, timeoutMs: 60_000 },
    );
    const said = answers(contained.stdout);
    const whole = `${contained.stdout}${contained.stderr}\n${brief(contained.events).join('\n')}`;
    expect(said.length, whole).toBe(tasks.length);
    const wrong = tasks.filter((task, index) => said[index]?.ok !== task.allowed);
    expect(
      wrong.map(({ task }) => task),
      whole,
    ).toEqual([]);
    for (const [index, { task, allowed }] of tasks.entries()) {
      const host = new URL(task.split(' ')[1] ?? '').hostname;
      if (allowed) expect(said[index]?.text, task).toContain(`"${host}"`);
    }
    expect(
      reached(contained.seen).filter(
        (place) =>
          !/^(?:93\.184\.216\.(?:34|4[013]|50)|2606:2800:220:1::(?:34|4[013]|50|98|99)):(?:80|443)$/.test(place),
      ),
      'the wire',
    ).toEqual([]);
    expect(
      asked(contained.seen).filter((one) => !named.includes(one) && !one.endsWith('.wild.example')),
      'the name servers',
    ).toEqual([]);
    for (const { event } of tasks) {
      if (event === undefined) continue;
      expect(
        matchingEvents(contained.events, event.kind, event.target).map(({ verdict }) => verdict),
        whole,
      ).toContain('refused');
    }
    expect(
      matchingEvents(
        contained.events,
        'net.connect',
        `plain.example:${program.ways[0]?.scheme === 'http' ? '80' : '443'}`,
      ).map(({ verdict }) => verdict),
      whole,
    ).toContain('allowed');
  });
});
