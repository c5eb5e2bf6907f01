/**
 * The initial file system of a machine that tries a kernel: the first process (init.c, static) and the modules that it loads, in the
 * order in which they need each other. What a module needs stands in itself (`depends=` in its .modinfo), so that no depmod is
 * needed. The archive's form is the one the kernel takes (Documentation/driver-api/early-userspace/buffer-format.rst: "newc").
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Without these there is no disk. What is part of the image is no module, and left out. */
const needed = ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'crc32c_intel', 'ext4'];

/**
 * What a desktop loads by itself or at the first question, so that the kernel here offers no less: a second network interface, file
 * systems, and the families of sockets that anybody may ask for.
 */
const offered = [
  ...[
    'dummy',
    'tun',
    'fuse',
    'overlay',
    'vsock',
    'vhost_vsock',
    'loop',
    'uinput',
    'rfkill',
    'unix_diag',
    'inet_diag',
    'tcp_diag',
  ],
  ...[
    'af_alg',
    'algif_hash',
    'algif_skcipher',
    'af_key',
    'af_packet',
    'af_packet_diag',
    'atm',
    'appletalk',
    'bluetooth',
    'can',
    'can_raw',
  ],
  ...[
    'dccp',
    'dccp_ipv4',
    'ieee802154_socket',
    'kcm',
    'l2tp_ip',
    'llc2',
    'mctp',
    'nfc',
    'phonet',
    'pppox',
    'qrtr',
    'rds',
    'rxrpc',
    'sctp',
  ],
  ...['smc', 'tipc', 'x25', 'ipx', 'ax25', 'netrom', 'rose', 'caif_socket'],
];

const nameOf = (path) =>
  basename(path)
    .replace(/\.ko(?:\.\w+)?$/, '')
    .replaceAll('-', '_');

function contentOf(path) {
  if (path.endsWith('.ko')) return readFileSync(path);
  const program = path.endsWith('.xz') ? 'xz' : path.endsWith('.zst') ? 'zstd' : 'gzip';
  const result = spawnSync(program, ['-dc', path], { maxBuffer: 256 << 20 });
  if (result.status !== 0) throw new Error(`${program}: ${path}: ${result.error?.message ?? result.stderr.toString()}`);
  return result.stdout;
}

/** The modules of `folder` that are wanted, each after what it needs. */
function orderModules(folder) {
  const places = new Map();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (/\.ko(?:\.\w+)?$/.test(entry.name))
      places.set(nameOf(entry.name), join(entry.parentPath ?? entry.path, entry.name));
  const ordered = new Map();
  const add = (name) => {
    const place = places.get(name);
    if (place === undefined || ordered.has(name)) return;
    const content = contentOf(place);
    const depends = /(?:^|\0)depends=([^\0]*)\0/.exec(content.toString('latin1'))?.[1] ?? '';
    for (const other of depends.split(',').filter(Boolean)) add(nameOf(other));
    ordered.set(name, content);
  };
  for (const name of [...needed, ...offered]) add(name);
  return [...ordered];
}

/** One file or folder in the archive; numbers are hexadecimal, everything stands at a multiple of four. */
function member(name, mode, content, inode) {
  const field = (value) => value.toString(16).padStart(8, '0');
  const numbers = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = Buffer.from(`070701${numbers.map(field).join('')}${name}\0`);
  const pad = (length) => Buffer.alloc((4 - (length % 4)) % 4);
  return Buffer.concat([head, pad(head.length), content, pad(content.length)]);
}

/** The archive for the kernel whose modules lie in `modules`; `init`: path of the built first process. */
export function initialFiles(modules, init) {
  const nothing = Buffer.alloc(0);
  const files = [
    ['dev', 0o040755, nothing],
    ['disk', 0o040755, nothing],
    ['modules', 0o040755, nothing],
    ['init', 0o100755, readFileSync(init)],
    ...orderModules(modules).map(([name, content], index) => [
      `modules/${String(index).padStart(3, '0')}-${name}.ko`,
      0o100644,
      content,
    ]),
    ['TRAILER!!!', 0, nothing],
  ];
  return Buffer.concat(files.map(([name, mode, content], index) => member(name, mode, content, index + 1)));
}
