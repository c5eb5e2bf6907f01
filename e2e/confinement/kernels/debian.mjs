/**
 * Debian's kernels, as its archives give them: through apt with folders, lists and sources of its own below the cache, so that this
 * machine's own package lists are neither read nor changed, and nothing is installed. Signatures are checked by
 * apt against the archive's keys (package debian-archive-keyring). What was fetched once is kept.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The kernels that are tried, oldest first. A suite gives the newest one it has. `landlock`: what the kernel of that suite was when it was
 * chosen, for people; what is expected of a kernel follows from what it says when it runs.
 */
export const kernels = [
  { name: 'bullseye', suite: 'bullseye', landlock: 'none' },
  { name: 'bookworm', suite: 'bookworm', landlock: 'ABI 2' },
  { name: 'trixie', suite: 'trixie', landlock: 'ABI 6' },
  { name: 'trixie-backports', suite: 'trixie-backports', landlock: 'newer than ABI 7' },
];

/** Where packages come from: the mirror of this machine's own sources, where it is a Debian; another one by BELLJAR_DEBIAN_MIRROR. */
function findMirror() {
  const named = process.env['BELLJAR_DEBIAN_MIRROR'];
  if (named !== undefined && named !== '') return named;
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  for (const file of ['/etc/apt/sources.list', ...files]) {
    if (!/\.(list|sources)$/.test(file) || !existsSync(file)) continue;
    const found = /^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(https?:\/\/\S+\/debian)\/?\s/m.exec(readFileSync(file, 'utf8'));
    if (found !== null) return found[1];
  }
  throw new Error(
    'No mirror of Debian is among the sources of apt here. Name one: BELLJAR_DEBIAN_MIRROR=http://…/debian',
  );
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Packages that make up a kernel: since Linux 6.17 Debian splits image and modules. */
const parts = /^linux-(?:image|binary|modules)-\d\S*$/;

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  if (result.error !== undefined || result.status !== 0)
    throw new Error(
      `${command} ${args.join(' ')}: ${result.error?.message ?? (result.stderr || result.stdout).trim()}`,
    );
  return result.stdout;
}

/** apt's settings for one suite, all below `folder`. */
function aptSettings(folder, suite) {
  for (const name of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${keyring}] ${findMirror()} ${suite} main\n`);
  const nothing = ['main', 'parts', 'sourceparts', 'preferences', 'preferencesparts', 'trusted', 'trustedparts'];
  const file = join(folder, 'apt.conf');
  writeFileSync(
    file,
    [
      `Dir::State "${join(folder, 'state')}";`,
      `Dir::State::status "${join(folder, 'status')}";`,
      `Dir::Cache "${join(folder, 'cache')}";`,
      `Dir::Etc::sourcelist "${join(folder, 'sources.list')}";`,
      ...nothing.map((name) => `Dir::Etc::${name} "/dev/null";`),
      'APT::Architecture "amd64";',
      'APT::Architectures { "amd64"; };',
      'Acquire::Languages "none";',
      // As root, apt fetches as a user of its own, who cannot enter every folder a checkout may lie in.
      ...(process.getuid() === 0 ? ['APT::Sandbox::User "root";'] : []),
      '',
    ].join('\n'),
  );
  return { ...process.env, APT_CONFIG: file, LC_ALL: 'C.UTF-8' };
}

const dependsOf = (packageName, env) =>
  [...run('apt-cache', ['depends', '--important', packageName], { env }).matchAll(/Depends: (\S+)/g)].map(
    ([, name]) => name,
  );

function fetchInto(folder, suite, say) {
  const env = aptSettings(folder, suite);
  say(`  asking the archive for ${suite}`);
  run('apt-get', ['update', '-qq'], { env });
  const wanted = dependsOf('linux-image-amd64', env).filter((name) => /^linux-image-\d/.test(name));
  for (let index = 0; index < wanted.length; index += 1)
    for (const name of dependsOf(wanted[index], env)) if (parts.test(name) && !wanted.includes(name)) wanted.push(name);
  if (wanted.length === 0) throw new Error(`${suite} has no linux-image-amd64`);
  const packages = join(folder, 'packages');
  mkdirSync(packages);
  say(`  fetching ${wanted.join(', ')}`);
  run('apt-get', ['download', '-qq', ...wanted], { env, cwd: packages });
  const files = join(folder, 'files');
  mkdirSync(files);
  for (const name of readdirSync(packages)) run('dpkg-deb', ['--extract', join(packages, name), files]);
  for (const name of ['state', 'cache', 'packages']) rmSync(join(folder, name), { recursive: true, force: true });
}

/**
 * The kernel of `suite`: its image, its version and its modules' folder. Fetched unless `cache` has it; `fresh` asks the archive again.
 * Throws with apt's own words where the archive does not give it.
 */
export function provideKernel({ suite }, cache, { fresh = false, say }) {
  const folder = join(cache, suite);
  if (fresh) rmSync(folder, { recursive: true, force: true });
  if (!existsSync(folder)) {
    const draft = `${folder}.new`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    fetchInto(draft, suite, say);
    renameSync(draft, folder);
  }
  const files = join(folder, 'files');
  // Newer packages keep everything below /usr.
  const modulesAbove = ['usr/lib/modules', 'lib/modules']
    .map((name) => join(files, name))
    .find((path) => existsSync(path));
  const version = modulesAbove === undefined ? undefined : readdirSync(modulesAbove)[0];
  const image = [`boot/vmlinuz-${version}`, `usr/lib/modules/${version}/vmlinuz`]
    .map((name) => join(files, name))
    .find((path) => existsSync(path));
  if (version === undefined || image === undefined)
    throw new Error(`The packages of ${suite} hold no kernel that is known how to find.`);
  return { version, image, modules: join(modulesAbove, version) };
}
