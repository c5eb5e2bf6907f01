/** Socket families: each one a door into the kernel, some of which it keeps for root. */
import { defineTechniques, type Technique } from './support/technique.ts';

const notOffered = ['EACCES', 'EPERM', 'EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT'];

/** As an ordinary user these are refused bare as well. */
const privileged = [
  'packet',
  'packet-datagram',
  'raw-inet',
  'raw-inet6',
  'packet-type',
  'netlink-audit',
  'key',
  'xdp',
  'can',
];
const families = [
  'packet',
  'packet-datagram',
  'packet-type',
  'vsock',
  'alg',
  'bluetooth',
  'can',
  'tipc',
  'rds',
  'xdp',
  'key',
  'pppox',
  'ax25',
  'appletalk',
  'x25',
  'nfc',
  'kcm',
  'qipcrtr',
  'smc',
  'mctp',
  'netlink-sock-diag',
  'netlink-generic',
  'netlink-audit',
  'netlink-uevent',
  'netlink-netfilter',
  'netlink-connector',
  'raw-inet',
  'raw-inet6',
  'udplite',
  'sctp',
  'sctp-seqpacket',
  'dccp',
  'family-beyond',
].map((family): Technique => ({
  name: `family-${family}`,
  tries: `make a socket: ${family}`,
  program: 'make-socket',
  args: () => [family],
  errno: notOffered,
  bare: privileged.includes(family) && process.getuid?.() !== 0 ? 'root' : 'offered',
  event: { kind: ['syscall', 'net.connect'], target: () => /./ },
  twin: { args: () => [family.startsWith('netlink') ? 'netlink-route' : family.endsWith('6') ? 'tcp6' : 'tcp'] },
}));

defineTechniques('socket families', families);
