/**
 * Limiting, all the way: the command writes the plan, the real launcher keeps it, and the far side of a network of its own
 * (the lab of e2e/confinement, where any address is reached without a packet leaving) tells what arrived.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Event } from '#contract/event.ts';
import { techniquesFolder } from '../confinement/support/places.ts';
import { readEntry } from './support/client.ts';
import type { Finished, Home } from './support/product.ts';
import { makeHome, program, startProgram } from './support/product.ts';

const server = 'cursor/hub';
const [four, six, near] = ['93.184.216.34', '2606:2800:220:1::1', '10.20.30.40'];
const port = '8080';

/** Connects to each address in turn, and says what came of it, a line each. */
const hub = `
const { connect } = require('node:net');
(async () => {
  for (const host of process.argv.slice(2)) {
    const outcome = await new Promise((resolve) => {
      const socket = connect({ host, port: ${port} });
      socket.once('connect', () => { socket.destroy(); resolve('reached'); });
      socket.once('error', (error) => resolve(error.code));
    });
    console.log(host + ' ' + outcome);
  }
})();
`;

interface Told extends Finished {
  outcomes: string[];
  /** What the far side accepted, in order. */
  arrived: string[];
}

function makeHub(): Home {
  const home = makeHome();
  mkdirSync(home.folder('servers'));
  writeFileSync(home.folder('servers/hub.cjs'), hub);
  return home;
}

/** Runs a command in the lab; null where this machine makes no network namespace. */
async function inLab(home: Home, command: string, ...args: string[]): Promise<Told | null> {
  const report = home.folder('lab.json');
  const lab = [`${techniquesFolder}/network-lab.py`, report, '--', command, ...args];
  const finished = await startProgram('python3', lab, home.environment, home.path).ended;
  if (finished.code === 77) return null;
  const { contacts } = JSON.parse(readFileSync(report, 'utf8')) as { contacts: string[] };
  const outcomes = finished.out.trimEnd().split('\n');
  return { ...finished, outcomes, arrived: contacts.map((contact) => contact.replace(/^tcp /, '')) };
}

const noLab = 'no network namespace here';

describe('run', () => {
  const run = (home: Home, hosts: readonly string[], ...targets: string[]): Promise<Told | null> =>
    inLab(
      home,
      process.execPath,
      program,
      'run',
      ...hosts.flatMap((host) => ['--host', host]),
      '--',
      process.execPath,
      home.folder('servers/hub.cjs'),
      ...targets,
    );

  it('reaches the hosts that are named and no other, whatever their kind', async ({ skip }) => {
    const told = await run(makeHub(), [`${four}:${port}`], four, six, near);
    if (told === null) return skip(noLab);
    expect(told.outcomes, told.err).toEqual([`${four} reached`, `${six} EACCES`, `${near} EACCES`]);
    expect(told.arrived).toEqual([four]);
    // The twin: the same three, named.
    const twin = await run(makeHub(), [`${four}:${port}`, `[${six}]:${port}`, `10.0.0.0/8:${port}`], four, six, near);
    expect(twin?.outcomes, twin?.err).toEqual([`${four} reached`, `${six} reached`, `${near} reached`]);
    expect(twin?.arrived).toEqual([four, six, near]);
  });

  it('holds a host to its ports', async ({ skip }) => {
    const told = await run(makeHub(), [`${four}:80,443`], four);
    if (told === null) return skip(noLab);
    expect(told.outcomes, told.err).toEqual([`${four} EACCES`]);
    expect(told.arrived).toEqual([]);
  });
});

describe('limit', () => {
  it('closes what is not named at the next start, and opens it again', async ({ skip }) => {
    const home = makeHub();
    mkdirSync(home.folder('.cursor'));
    const config = home.folder('.cursor/mcp.json');
    const entry = { command: process.execPath, args: [home.folder('servers/hub.cjs'), four, six] };
    writeFileSync(config, JSON.stringify({ mcpServers: { hub: entry } }));
    expect((await home.run('contain', server, '--no-check')).code).toBe(0);
    const start = async (): Promise<Told | null> => {
      const { command, args } = readEntry(config, 'hub');
      return await inLab(home, command, ...args);
    };

    const open = await start();
    if (open === null) return skip(noLab);
    expect(open.arrived, open.err).toEqual([four, six]);
    expect((await home.run('list')).out).toContain('open, 2 seen');
    const proposed = await home.run('limit', server, '--dry-run');
    expect(proposed.out).toContain(`+host [${six}]:${port}`);

    expect((await home.run('limit', server, '--host', `${four}:${port}`)).code).toBe(0);
    const limited = await start();
    expect(limited?.outcomes, limited?.err).toEqual([`${four} reached`, `${six} EACCES`]);
    expect(limited?.arrived).toEqual([four]);
    const events = (await home.run('events', '--json', '--verdict', 'refused', '--kind', 'net.connect')).out;
    expect(
      events
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as Event).target),
    ).toEqual([`[${six}]:${port}`]);
    const explained = await home.run('explain', server, `[${six}]:${port}`);
    expect([explained.code, explained.out]).toEqual([
      10,
      expect.stringContaining(`grant ${server} host '[${six}]:${port}'`),
    ]);

    expect((await home.run('limit', server, '--off')).code).toBe(0);
    expect((await start())?.arrived).toEqual([four, six]);
  });
});
