/**
 * The disk of a machine that tries a kernel: a small system of this machine's own programs (Node, Python, a shell, the few
 * others that the kit starts) with the libraries they need, the built product, and the kit with its programs built. Made by `mke2fs -d`,
 * which needs no privilege and mounts nothing.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { openKit } from '../kit/lib/kit.mjs';
import { kitFolder } from '../kit/lib/programs.mjs';

const programs = [
  'sh',
  'bash',
  'cat',
  'env',
  'getent',
  'id',
  'ls',
  'mount',
  'perl',
  'ps',
  'sed',
  'sleep',
  'su',
  'true',
  'uname',
  'which',
];

const find = (name) =>
  ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].map((folder) => join(folder, name)).find((path) => existsSync(path));

/** Whether the system's loader can say what a file needs: a program or a library, linked dynamically. */
function isElf(path) {
  const bytes = readFileSync(path).subarray(0, 4);
  return bytes.length === 4 && bytes.toString('latin1') === '\u007fELF';
}

/** What `program` needs at its start, by the name under which it is looked for and the file that is there. */
function librariesOf(program) {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } });
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path);
}

/** Lays a small system into `folder`, all below /usr as on a present Debian. */
function layTree(folder) {
  const at = (path) => join(folder, path);
  const inUsr = (path) => (/^\/(?:bin|sbin|lib|lib32|lib64)\//.test(path) ? `/usr${path}` : path);
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(at(`usr/${name}`), { recursive: true });
    symlinkSync(`usr/${name}`, at(name));
  }
  const known = new Set();
  const lay = (path, wanted = path) => {
    const to = at(inUsr(wanted));
    if (known.has(to)) return;
    known.add(to);
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(realpathSync(path), to);
    // copyFile takes the mode along, but not the bits by which a program runs as its owner.
    chmodSync(to, statSync(path).mode & 0o7777);
    if (isElf(to)) for (const library of librariesOf(path)) lay(library);
  };
  lay(process.execPath, '/usr/bin/node');
  lay('/usr/bin/python3');
  const pythonFolder = `/usr/lib/${realpathSync('/usr/bin/python3').split('/').at(-1)}`;
  cpSync(pythonFolder, at(pythonFolder), {
    recursive: true,
    filter: (path) =>
      !/\/(?:__pycache__|test|idlelib|tkinter|ensurepip|pydoc_data|dist-packages|config-[^/]*)$/.test(path),
  });
  for (const entry of readdirSync(join(pythonFolder, 'lib-dynload')))
    for (const library of librariesOf(join(pythonFolder, 'lib-dynload', entry))) lay(library);
  for (const name of programs) {
    const path = find(name);
    if (path !== undefined) lay(path, `/usr/bin/${name}`);
  }
  for (const name of [
    'dev',
    'proc',
    'sys',
    'run',
    'tmp',
    'etc',
    'var',
    'home/person',
    'home/person/.config/Claude',
    'kernels',
    'disk',
  ])
    mkdirSync(at(name), { recursive: true });
  symlinkSync('/run', at('var/run'));
  const write = (name, text, mode = 0o644) => writeFileSync(at(name), text, { mode });
  write('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nperson:x:1500:1500:Person:/home/person:/bin/sh\n');
  write('etc/group', 'root:x:0:\ntty:x:5:\nperson:x:1500:\n');
  write('etc/shadow', 'root:*:20000::::::\nperson:*:20000::::::\n', 0o600);
  write('etc/hosts', '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 kernels\n');
  write('etc/hostname', 'kernels\n');
  write('etc/resolv.conf', 'nameserver 192.0.2.53\n');
  write('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n');
  write('etc/machine-id', '0123456789abcdef0123456789abcdef\n');
  write('etc/profile', '# settings for every login\n');
}

/** Makes the disk as `image`, from the product in `project`; what stands in `scratch` is thrown away. */
export async function makeDisk(project, image, scratch) {
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  try {
    layTree(scratch);
    // A folder of its own kind, where the kit finds what it built as it does everywhere.
    const kit = await openKit(join(scratch, 'kernels/cache/escape-kit'));
    kit.close();
    cpSync(join(project, 'dist'), join(scratch, 'kernels/belljar/dist'), { recursive: true });
    copyFileSync(join(project, 'package.json'), join(scratch, 'kernels/belljar/package.json'));
    cpSync(kitFolder, join(scratch, 'kernels/kit'), { recursive: true });
    for (const name of ['inside.mjs', 'small-server.mjs'])
      copyFileSync(join(import.meta.dirname, name), join(scratch, 'kernels', name));
    rmSync(image, { force: true });
    const made = spawnSync(
      find('mke2fs'),
      ['-q', '-t', 'ext4', '-d', scratch, '-E', 'root_owner=0:0', image, '1500M'],
      { encoding: 'utf8' },
    );
    if (made.status !== 0) throw new Error(`mke2fs: ${made.error?.message ?? made.stderr}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
