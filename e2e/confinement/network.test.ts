/**
 * The network: this machine's own addresses for real, and in the lab (techniques/network-lab.py) every other address, where
 * the kernel's own counters show that a refused connection sent not one packet.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { makeArena, removeArena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { Lab } from './support/lab.ts';
import { startContained } from './support/start.ts';
import { brief, defineTechniques, matchingEvents, type Technique } from './support/technique.ts';

const port = '8080';
const publicAddress = '93.184.216.34';
const publicSix = '2606:2800:220:1::1';
const contacts: Technique['witness'] = async ({ neighbour }) => (await neighbour.contacts()).join('\n');
const notOffered = ['EACCES', 'EPERM', 'EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT'];
const any = (): RegExp => /./;

/** This machine's services, for real: the neighbour listens. */
const loopback = ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::', '::ffff:0.0.0.0'].map(
  (address): Technique => ({
    name: `loopback-${address}`,
    tries: `connect to a service of this machine by ${address}`,
    program: 'inet',
    neighbour: true,
    args: ({ neighbour }) => ['connect', address, neighbour.facts.tcp.toString()],
    errno: 'EACCES',
    event: { kind: 'net.connect', target: any },
    witness: contacts,
    twin: {
      args: ({ neighbour }) => ['connect', address, neighbour.facts.tcp.toString()],
      plan: ({ neighbour }) => ({ local: [neighbour.facts.tcp] }),
    },
  }),
);

const loopbackWays = [
  'connect-blocking',
  'connect-on-six',
  'connect-long-length',
  'connect-unspec-first',
  'fastopen-sendto',
  'fastopen-sendmsg',
  'fastopen-sendmmsg',
  'fastopen-connect',
].map((way): Technique => ({
  name: `loopback-${way}`,
  tries: `reach a service of this machine with ${way}`,
  program: 'inet',
  neighbour: true,
  args: ({ neighbour }) => [way, '127.0.0.1', neighbour.facts.tcp.toString()],
  errno: way.startsWith('fastopen') ? [...notOffered, 'EOPNOTSUPP', 'ENOPROTOOPT'] : 'EACCES',
  event: { kind: way.startsWith('fastopen') ? ['net.connect', 'syscall'] : 'net.connect', target: any },
  witness: contacts,
  twin: {
    args: ({ neighbour }) => [
      way.startsWith('fastopen') ? 'connect' : way,
      '127.0.0.1',
      neighbour.facts.tcp.toString(),
    ],
    plan: ({ neighbour }) => ({ local: [neighbour.facts.tcp] }),
  },
}));

const loopbackDatagrams = ['udp-connect', 'udp-sendto', 'udp-sendmsg', 'udp-sendmmsg', 'udplite'].map(
  (way): Technique => ({
    name: `loopback-${way}`,
    tries: `send a datagram to a service of this machine with ${way}`,
    program: 'inet',
    neighbour: true,
    args: ({ neighbour }) => [way, '127.0.0.1', neighbour.facts.udp.toString()],
    errno: notOffered,
    event: { kind: ['net.connect', 'syscall'], target: any },
    witness: contacts,
    ...(way === 'udplite' ? { bare: 'offered' as const } : {}),
    twin: {
      args: ({ neighbour }) => ['connect', '127.0.0.1', neighbour.facts.tcp.toString()],
      plan: ({ neighbour }) => ({ local: [neighbour.facts.tcp] }),
    },
  }),
);

const multipath: Technique = {
  name: 'loopback-mptcp',
  tries: 'reach a service of this machine over multipath TCP',
  program: 'inet',
  neighbour: true,
  args: ({ neighbour }) => ['mptcp', '127.0.0.1', neighbour.facts.mptcp.toString()],
  errno: notOffered,
  bare: 'offered',
  event: { kind: ['net.connect', 'syscall'], target: any },
  witness: contacts,
  twin: {
    args: ({ neighbour }) => ['connect', '127.0.0.1', neighbour.facts.mptcp.toString()],
    plan: ({ neighbour }) => ({ local: [neighbour.facts.mptcp] }),
  },
};

/** Addresses that are no internet. Their twin is a public address, for real connected to in the lab. */
const notInternet: Record<string, string> = {
  '169.254.169.254': "the cloud's metadata service",
  '::ffff:169.254.169.254': 'the metadata service, mapped into IPv6',
  'fd00:ec2::254': 'the metadata service over IPv6',
  '100.100.100.200': 'the metadata service of another cloud',
  '169.254.1.1': 'a link-local address',
  '10.20.30.40': 'a private network',
  '172.16.5.5': 'a private network',
  '172.31.255.1': 'the end of a private network',
  '192.168.7.7': 'a private network',
  '::ffff:192.168.7.7': 'a private network, mapped into IPv6',
  '100.64.1.1': "a provider's shared network",
  '198.18.0.1': 'the benchmark network',
  '192.0.0.192': 'a reserved network',
  'fd12::1': 'a private IPv6 network',
  'fc00::1': 'a private IPv6 network',
  'fec0::1': 'a site-local address',
  '64:ff9b::a14:1e28': 'a private network through NAT64',
  '2002:a14:1e28::1': 'a private network through 6to4',
};

const refusedAddresses = Object.entries(notInternet).map(([address, what]): Technique => ({
  name: `address-${address}`,
  tries: `connect to ${what}`,
  program: 'inet',
  lab: true,
  args: () => ['connect', address, port],
  errno: 'EACCES',
  event: { kind: 'net.connect', target: any },
  twin: { args: () => ['connect', address.includes(':') && !address.includes('.') ? publicSix : publicAddress, port] },
}));

/** No server needs these even to the internet: they reach it past connect(). */
const refusedWays = [
  'udp-connect',
  'udp-sendto',
  'udp-sendmsg',
  'udp-sendmmsg',
  'udplite',
  'ping',
  'raw',
  'raw-icmp',
  'mptcp',
  'sctp',
  'dccp',
  'fastopen-sendto',
  'fastopen-sendmsg',
  'fastopen-sendmmsg',
  'fastopen-connect',
].flatMap((way) =>
  (way.startsWith('fastopen') || way === 'mptcp' || way.startsWith('udp-') ? ['169.254.169.254'] : [publicAddress]).map(
    (address): Technique => ({
      name: `lab-${way}`,
      tries: `reach ${address} with ${way}`,
      program: 'inet',
      lab: true,
      bare: way.startsWith('raw') || way === 'ping' ? 'root' : 'offered',
      args: () => [way, address, port],
      errno: [...notOffered, 'EOPNOTSUPP', 'ENOPROTOOPT'],
      event: { kind: ['net.connect', 'syscall'], target: any },
      twin: { args: () => ['connect', publicAddress, port] },
    }),
  ),
);

/** A public address is asked for, and a packet for a private one leaves. */
const sourceRoutes = Object.entries({ 'source-route': publicAddress, 'routing-header': publicSix }).map(
  ([way, address]): Technique => ({
    name: `lab-${way}`,
    tries: `send the first packet to a private address on its way to a public one (${way})`,
    program: 'inet',
    lab: true,
    bare: 'offered',
    args: () => [way, address, port],
    errno: [...notOffered, 'ENOPROTOOPT'],
    // Without capabilities the kernel itself refuses the older of the two.
    event: way === 'source-route' ? null : { kind: ['net.connect', 'syscall'], target: any },
    twin: { args: () => ['connect', address, port] },
  }),
);

const listening = ['bind-any', 'bind-loopback', 'bind-six', 'no-bind', 'no-bind-six', 'mptcp', 'udp'].map(
  (way): Technique => ({
    name: `listen-${way}`,
    tries: `open a door for others: ${way}`,
    program: 'listen',
    args: () => [way],
    errno: notOffered,
    ...(way === 'mptcp' ? { bare: 'offered' as const } : {}),
    event: { kind: ['net.listen', 'syscall', 'net.connect'], target: any },
    twin: {
      args: () => [way === 'mptcp' || way === 'udp' ? 'bind-any' : way],
      plan: () => ({ listen: [0] }),
    },
  }),
);

defineTechniques('network', [
  ...loopback,
  ...loopbackWays,
  ...loopbackDatagrams,
  multipath,
  ...refusedAddresses,
  ...refusedWays,
  ...sourceRoutes,
  ...listening,
]);

test('network none refuses the internet too, and says so', async ({ skip }) => {
  const arena = makeArena();
  try {
    const result = await Lab.runContained(arena, compile('inet'), ['connect', publicAddress, port], {
      network: 'none',
    });
    if (result.skipped !== undefined) skip(result.skipped);
    expect(result.outcome).toEqual({ kind: 'refused', errno: 'EACCES', step: 'connect' });
    expect(result.seen).toMatchObject({ contacts: [], targets: [], opens: 0, datagrams: 0 });
    expect(
      matchingEvents(result.events, 'net.connect', `${publicAddress}:${port}`).map((event) => event.verdict),
      brief(result.events).join('\n'),
    ).toEqual(['refused']);
  } finally {
    removeArena(arena);
  }
});

test('an allowed connection is recorded with its address', async ({ skip }) => {
  const arena = makeArena();
  try {
    const result = await Lab.runContained(arena, compile('inet'), ['connect-blocking', publicAddress, port]);
    if (result.skipped !== undefined) skip(result.skipped);
    expect(result.outcome).toMatchObject({ kind: 'reached' });
    expect(result.seen?.contacts).toEqual([`tcp ${publicAddress}`]);
    expect(
      matchingEvents(result.events, 'net.connect', `${publicAddress}:${port}`).map((event) => event.verdict),
      brief(result.events).join('\n'),
    ).toEqual(['allowed']);
  } finally {
    removeArena(arena);
  }
});

test('a refused port stays refused beside a named one', async () => {
  const arena = makeArena();
  const named = createServer().listen(0, '127.0.0.1');
  const other = createServer().listen(0, '127.0.0.1');
  await Promise.all([once(named, 'listening'), once(other, 'listening')]);
  let reached = 0;
  other.on('connection', () => (reached += 1));
  const portOf = (server: typeof named): number => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  };
  try {
    const result = await startContained(arena, compile('inet'), ['connect', '127.0.0.1', portOf(other).toString()], {
      local: [portOf(named)],
    });
    expect(result.outcome).toMatchObject({ kind: 'refused', errno: 'EACCES' });
    expect(reached).toBe(0);
  } finally {
    named.close();
    other.close();
    removeArena(arena);
  }
});
