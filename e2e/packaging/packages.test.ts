/**
 * What a person downloads, made by `npm run package`, installed where nothing of the checkout is, used and removed. The npm packages are
 * installed without a registry into an empty folder; those of Linux systems by their own tools into a root that is thrown away, with the real one
 * below it.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leftOut } from '../confinement/support/skip.ts';

const root = resolve(import.meta.dirname, '../..');
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
const isRoot = process.getuid?.() === 0;
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

function run(program: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Result {
  return spawnSync(program, args, { encoding: 'utf8', timeout: 110_000, maxBuffer: 64 * 1024 * 1024, ...options });
}

let place: string;

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'belljar-packages-'));
  chmodSync(place, 0o755);
});
afterAll(() => {
  rmSync(place, { recursive: true, force: true, maxRetries: 5 });
});

function pack(kind: string): string {
  const out = join(place, kind);
  const made = run(process.execPath, [join(root, 'scripts/package.mjs'), '--only', kind, '--out', out]);
  expect(made.status, made.stdout + made.stderr).toBe(0);
  return out;
}

/** The run as another user works in a copy that holds what is tested, not what packages are made from. */
const copy = existsSync(join(root, 'main')) ? null : 'this copy holds what is tested, not what packages are made from';

describe('the npm packages', leftOut(copy), () => {
  let folder: string;
  let environment: NodeJS.ProcessEnv;

  beforeAll(() => {
    const out = pack('npm');
    folder = join(place, 'empty');
    for (const name of ['', 'home', 'bin', 'run']) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
    // Node, npm and nothing else: no compiler, no make, no shell tools.
    const bin = dirname(process.execPath);
    for (const name of ['node', 'npm', 'npx']) {
      const program = name === 'node' ? process.execPath : join(bin, name);
      symlinkSync(program, join(folder, 'bin', name));
    }
    for (const name of ['sh', 'env']) symlinkSync(`/bin/${name}`, join(folder, 'bin', name));
    environment = {
      PATH: join(folder, 'bin'),
      HOME: join(folder, 'home'),
      XDG_RUNTIME_DIR: join(folder, 'run'),
      npm_config_cache: join(folder, 'cache'),
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
    };
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const files = readdirSync(out)
      .filter((name) => name.endsWith('.tgz'))
      .map((name) => join(out, name));
    if (files.length !== 2) throw new Error(`packed: ${files.join(', ')}`);
    // What npm's package depends on besides (terminals) is taken from the checkout: no registry is asked.
    for (const name of ['node-pty', `node-pty-${process.platform}-${process.arch}`]) {
      const packed = run('npm', ['pack', '--ignore-scripts', `--pack-destination=${folder}`], {
        cwd: join(root, 'node_modules/@lydell', name),
      });
      if (packed.status !== 0) throw new Error(packed.stderr);
    }
    const beside = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    if (beside.length !== 2) throw new Error(`packed: ${beside.join(', ')}`);
    const installed = run(
      join(folder, 'bin/npm'),
      [
        'install',
        '--offline',
        '--ignore-scripts',
        '--omit=optional',
        ...files,
        ...beside.map((name) => join(folder, name)),
      ],
      { cwd: folder, env: environment },
    );
    if (installed.status !== 0) throw new Error(installed.stderr);
  }, 240_000);

  it('hold a command that runs where no compiler is', () => {
    const result = run(join(folder, 'bin/npx'), ['--offline', 'belljar', '--version'], {
      cwd: folder,
      env: environment,
    });
    expect(result.stdout + result.stderr).toContain(version);
    expect(result.status).toBe(0);
  });

  it('show the demo: all gets through free, nothing contained', () => {
    const result = run(join(folder, 'bin/npx'), ['--offline', 'belljar', 'demo', '--json'], {
      cwd: folder,
      env: environment,
    });
    expect(result.status, result.stderr).toBe(0);
    const { rows } = JSON.parse(result.stdout) as {
      rows: { free: { gotThrough: boolean }; contained: { gotThrough: boolean } }[];
    };
    expect(rows.length).toBeGreaterThan(4);
    expect(rows.every(({ free }) => free.gotThrough)).toBe(true);
    expect(rows.some(({ contained }) => contained.gotThrough)).toBe(false);
  });

  it('know no launcher of another version', () => {
    const file = join(folder, `node_modules/@belljar/launcher-${process.platform}-${process.arch}/package.json`);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(`"version": "${version}"`, '"version": "0.0.1"'));
    try {
      const result = run(join(folder, 'bin/npx'), ['--offline', 'belljar', 'probe'], { cwd: folder, env: environment });
      expect(result.status).not.toBe(0);
      expect(result.stderr).toContain('launcher');
    } finally {
      writeFileSync(file, text);
    }
    const twin = run(join(folder, 'bin/npx'), ['--offline', 'belljar', 'probe'], { cwd: folder, env: environment });
    expect(twin.status, twin.stderr).toBe(0);
  });

  it('say what is in them: a licence for each package, and a bill of materials', () => {
    const own = join(folder, 'node_modules/belljar');
    const bill = JSON.parse(readFileSync(join(own, 'sbom.cdx.json'), 'utf8')) as {
      bomFormat: string;
      components: { name: string; version: string; hashes?: unknown[] }[];
    };
    expect(bill.bomFormat).toBe('CycloneDX');
    const names = bill.components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['zod', 'react', 'react-dom', 'yaml', 'pino']));
    // Those that a scoped package depends on, too.
    expect(names).toEqual(expect.arrayContaining(['@tanstack/virtual-core', '@floating-ui/dom']));
    expect(names).not.toContain('vitest');
    const licences = readFileSync(join(own, 'THIRD-PARTY.txt'), 'utf8');
    for (const { name, version: its } of bill.components) expect(licences).toContain(`${name} ${its}\n`);
    const launcher = join(folder, `node_modules/@belljar/launcher-${process.platform}-${process.arch}`);
    expect(readFileSync(join(launcher, 'THIRD-PARTY.txt'), 'utf8')).toContain('LGPL');
  });
});

/** A root of its own: the real one, with a layer of its own above that is thrown away. */
const inRoot = `set -e
mount -t tmpfs tmpfs "$1/layers"
mkdir "$1/layers/upper" "$1/layers/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/layers/upper,workdir=$1/layers/work" "$1/root"
mount --bind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$1/root/tmp"
cp "$2" "$1/root/var/belljar-package"
cp "$3" "$1/root/var/steps.sh"
exec chroot "$1/root" /bin/sh /var/steps.sh
`;

/** How a system's own tool takes the package in and out; \`update\` is the same one again. */
const tools = {
  deb: {
    install: 'dpkg --force-depends -i /var/belljar-package',
    update: 'dpkg --force-depends -i /var/belljar-package',
    remove: 'dpkg -r belljar',
    purge: 'dpkg -P belljar',
  },
  // The machine's own database of packages is Debian's, so none of the libraries is known to rpm.
  rpm: {
    install: 'rpm -i --nodeps /var/belljar-package',
    update: 'rpm -U --nodeps --replacepkgs --replacefiles /var/belljar-package',
    remove: 'rpm -e --nodeps belljar',
    purge: 'rpm -e --nodeps belljar',
  },
};

const entry =
  '{"mcpServers":{"one":{"command":"/usr/lib/belljar/node/bin/node","args":["/usr/lib/belljar/dist/demo/nosy-server.js"]},"two":{"command":"/bin/cat","args":[]}}}';
const packaged = '/usr/lib/belljar/bin/belljar-launcher';
const own = '/home/belljar-in-root/.local/share/belljar/bin/belljar-launcher';

const steps = ({ install, update, remove, purge }: (typeof tools)['deb']): string => `set -e
say() { echo "== $1"; }
# Homes of this machine may hold plans, of which a removal would tell.
mount -t tmpfs none /home
id belljar-in-root >/dev/null 2>&1 || useradd --create-home --shell /bin/sh belljar-in-root
as() { setpriv --reuid belljar-in-root --regid belljar-in-root --clear-groups env -i HOME=/home/belljar-in-root PATH=/usr/bin:/bin "$@"; }
config=/home/belljar-in-root/.cursor/mcp.json
commands() { grep -o '"command": *"[^"]*"' $config | cut -d'"' -f4; }
launcher=${packaged}
${install} >/dev/null 2>&1
say owner; find /usr/lib/belljar /usr/bin/belljar ! -user root -o -perm /022 ! -type l | wc -l
say version; as belljar --version
mkdir -p /home/belljar-in-root/.cursor
printf '%s' '${entry}' > $config
chown -R belljar-in-root: /home/belljar-in-root
say demo; as belljar demo --json | head -c 1000000 > /tmp/demo.json; grep -o '"sentence": *"[^"]*"' /tmp/demo.json || cat /tmp/demo.json
say unsafe; chmod 0775 /usr/lib/belljar/bin; as belljar contain cursor/one --no-check --json >/dev/null; commands; chmod 0755 /usr/lib/belljar/bin
as belljar host stop >/dev/null 2>&1 || true
say contain; as belljar contain cursor/two --no-check --json >/dev/null; commands
say doctor; as belljar doctor --json | grep -c '"error"' || true
say copies; ls -A /home/belljar-in-root/.local/share/belljar/bin
say starts; echo through | as env HOME=/nowhere $launcher run cursor.two -- /bin/cat
for at in /usr/bin/node /usr/local/bin/node; do [ ! -e $at ] || mount --bind /dev/null $(readlink -f $at); done
say shipped; as $launcher run cursor.one -- node -p process.execPath
say plan; grep -c . /home/belljar-in-root/.local/share/belljar/plans/cursor.two.plan | grep -qv '^0$' && echo there
say updated; ${update} >/dev/null 2>&1; as belljar --version; commands; echo through | as $launcher run cursor.two -- /bin/cat
as belljar host stop >/dev/null 2>&1 || true
say remove; ${remove} 2>&1
say left; find /usr/lib/belljar /usr/bin/belljar -type f 2>/dev/null | sort
say stays; commands; ls -ld $launcher | cut -c1-10; ls -ld $launcher | cut -d' ' -f3; echo through | as $launcher run cursor.two -- /bin/cat
${install} >/dev/null 2>&1
say back; as belljar uninstall --yes >/dev/null 2>&1 || as belljar uninstall --json; cat $config; echo
say clean; ${purge} 2>&1; test ! -e /usr/lib/belljar -a ! -e /usr/bin/belljar && echo nothing
`;

function playInRoot(kind: keyof typeof tools, file: string): Record<string, string> {
  const stage = join(place, `stage-${kind}`);
  for (const name of ['layers', 'root']) mkdirSync(join(stage, name), { recursive: true });
  writeFileSync(join(stage, 'steps.sh'), steps(tools[kind]));
  writeFileSync(join(stage, 'in-root.sh'), inRoot);
  const script = join(stage, 'in-root.sh');
  const args = ['--mount', '--pid', '--fork', '--kill-child', '/bin/sh', script, stage, file, join(stage, 'steps.sh')];
  const result = run('unshare', args);
  expect(result.status, result.stdout + result.stderr).toBe(0);
  return Object.fromEntries(
    result.stdout
      .split('== ')
      .slice(1)
      .map((part): [string, string] => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1).trim()]),
  );
}

const has = (program: string): boolean => run(program, ['--version']).status === 0;
const fileNames = {
  deb: `belljar_${version}_${architecture}.deb`,
  rpm: `belljar-${version}-1.${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.rpm`,
};

describe('the packages of Linux systems', leftOut(copy), () => {
  describe.each(['deb', 'rpm'] as const)('%s', (kind) => {
    const builder = { deb: 'dpkg-deb', rpm: 'rpmbuild' }[kind];
    it('is installed, used by a person, updated and removed, in a root that is thrown away', ({ skip }) => {
      if (!has(builder)) skip(`${builder} is not here, so no .${kind} is made`);
      if (!isRoot) skip('only root can make a root of its own');
      const said = playInRoot(kind, join(pack(kind), fileNames[kind]));
      expect(said['owner']).toBe('0');
      expect(said['version']).toContain(version);
      expect(said['demo']).toContain('sentence');
      // A launcher that others could have exchanged is none; the person's own copy is used, and stays right afterwards.
      expect(said['unsafe']).toBe(`${own}\n/bin/cat`);
      expect(said['contain']).toBe(`${own}\n${packaged}`);
      expect(said['doctor']).toBe('0');
      expect(said['copies']).toBe('belljar-launcher');
      expect(said['starts']).toBe('through');
      // Nobody installed a Node: the package's own serves who asks for one.
      expect(said['shipped']).toBe('/usr/lib/belljar/node/bin/node');
      expect(said['plan']).toBe('there');
      expect(said['updated']).toBe(`belljar ${version}\n${own}\n${packaged}\nthrough`);
      expect(said['remove']).toContain("'belljar uninstall'");
      expect(said['remove']).toContain('/home/belljar-in-root');
      expect(said['left']).toBe(packaged);
      expect(said['stays']).toBe(`${own}\n${packaged}\n-rwxr-xr-x\nroot\nthrough`);
      expect(said['back']).toBe(entry);
      expect(said['clean']).toMatch(/nothing$/);
      expect(said['clean']).not.toContain('uninstall');
      expect(existsSync('/usr/lib/belljar')).toBe(false);
    }, 240_000);
  });

  it('hold the same files, with the same modes, of the same owner', ({ skip }) => {
    if (!has('rpmbuild') || !has('dpkg-deb')) skip('rpmbuild is not here, so there is no .rpm to compare');
    const files = { deb: join(place, 'deb', fileNames.deb), rpm: join(place, 'rpm', fileNames.rpm) };
    for (const kind of ['deb', 'rpm'] as const) if (!existsSync(files[kind])) pack(kind);
    const sorted = (text: string): string[] =>
      text
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('d'))
        .sort();
    const inDeb = sorted(
      run('dpkg-deb', ['--contents', files.deb]).stdout.replaceAll(
        /^(\S+) (\w+)\/(\w+) +(\d+) \S+ \S+ \.(\/.*)$/gm,
        '$1 $2 $3 $4 $5',
      ),
    );
    const query = '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILESIZES} %{FILENAMES}\n]';
    const inRpm = sorted(run('rpm', ['-qp', '--queryformat', query, files.rpm]).stdout);
    expect(inDeb.length).toBeGreaterThan(20);
    expect(inRpm).toEqual(inDeb);
    const folders = run('rpm', ['-qlp', files.rpm]).stdout.split('\n');
    expect(folders).toContain('/usr/lib/belljar');
    expect(folders).not.toContain('/usr/lib');
    expect(folders).not.toContain('/usr/bin');
  }, 240_000);

  it('is what the sources say, to the byte, where its launcher and what reads records are built again in another folder', () => {
    const folder = join(place, 'again');
    mkdirSync(folder);
    const copied = run('cp', [
      '-r',
      join(root, 'native-helpers/launcher'),
      join(root, 'native-helpers/records'),
      join(root, 'native-helpers/Makefile'),
      folder,
    ]);
    expect(copied.status, copied.stderr).toBe(0);
    writeFileSync(join(place, 'package.json'), readFileSync(join(root, 'package.json')));
    const made = run('make', ['-C', folder, 'all']);
    expect(made.status, made.stderr).toBe(0);
    for (const program of ['belljar-launcher', 'belljar-records']) {
      const shipped = readFileSync(join(root, 'dist/launcher', program));
      expect(readFileSync(join(folder, 'build', program)).equals(shipped), program).toBe(true);
    }
  }, 240_000);
});
