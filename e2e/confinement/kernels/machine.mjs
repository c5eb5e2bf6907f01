/**
 * Starts a machine (qemu) with one kernel and waits for its answer. It has no network; what it is asked and what it answers go through
 * its second disk: JSON, ended by a zero byte. The first disk is never written to: each start has its changes for itself.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  createWriteStream,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const qemu = 'qemu-system-x86_64';
/** The second disk's size: far more than any answer. */
const answerBytes = 64 << 20;

/** Why no machine can be started here, in a sentence; undefined when one can. `tcg`: without the processor's help. */
export function missingForMachine(tcg) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the machines are x86-64, and so must this one be';
  const packages = {
    [qemu]: 'qemu-system-x86',
    mke2fs: 'e2fsprogs',
    'dpkg-deb': 'dpkg',
    'apt-get': 'apt',
    cc: 'gcc libc6-dev',
    xz: 'xz-utils',
  };
  const absent = Object.keys(packages).filter(
    (name) =>
      spawnSync(name, ['--version'], { stdio: 'ignore', env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` } })
        .error !== undefined,
  );
  if (absent.length > 0)
    return `${absent.join(', ')} missing: apt-get install --no-install-recommends ${absent.map((name) => packages[name]).join(' ')}`;
  if (tcg) return undefined;
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return 'no /dev/kvm that this user may use (--tcg does without, many times slower)';
  }
}

/** What the first process says at once (init.c): the kernel runs. */
const firstWords = 'init: begun';
/** How long a kernel may take to that with the processor's help; an emulated one has all its time. */
const firstWordsSeconds = 120;

/** The machine does not run an ordinary kernel at all. */
export class NoSignOfLife extends Error {}

/**
 * One start. `request` is what is asked; the promise gives the answer, or fails with the end of the console's text when the machine
 * went off without one. `log`: where the console goes. `minutes`: after that the machine is switched off.
 */
export async function runMachine({ image, initialFiles, disk, request, log, tcg, minutes }) {
  const folder = mkdtempSync(join(tmpdir(), 'belljar-kernels-'));
  const [initrd, answers] = [join(folder, 'initial-files'), join(folder, 'answers')];
  try {
    writeFileSync(initrd, initialFiles);
    writeFileSync(answers, `${JSON.stringify(request)}\0`);
    truncateSync(answers, answerBytes);
    const child = spawn(
      qemu,
      [
        ...[
          '-nodefaults',
          '-no-user-config',
          '-no-reboot',
          '-display',
          'none',
          '-nic',
          'none',
          '-m',
          '2048',
          '-smp',
          '2',
        ],
        // Emulated, a plain processor is far faster than one with every feature there is.
        ...(tcg
          ? ['-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'Nehalem']
          : ['-accel', 'kvm', '-cpu', 'host,-arch-capabilities']),
        ...['-serial', 'stdio', '-monitor', 'none', '-kernel', image, '-initrd', initrd],
        ...['-append', `console=ttyS0 quiet loglevel=4 panic=-1${tcg ? ' mitigations=off' : ''}`],
        ...[
          '-drive',
          `file=${disk},format=raw,if=virtio,snapshot=on`,
          '-drive',
          `file=${answers},format=raw,if=virtio`,
        ],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: folder } },
    );
    let tail = '';
    let alive = false;
    const out = createWriteStream(log);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        out.write(text);
        tail = (tail + text).slice(-4000);
        alive ||= tail.includes(firstWords);
      });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, minutes * 60_000);
    const lifeTimer = setTimeout(() => {
      if (!alive && !tcg) child.kill('SIGKILL');
    }, firstWordsSeconds * 1000);
    const error = await new Promise((done) => {
      child.once('error', done);
      child.once('close', () => done(undefined));
    });
    clearTimeout(timer);
    clearTimeout(lifeTimer);
    out.end();
    if (error !== undefined) throw error;
    if (!alive) throw new NoSignOfLife(`the kernel said nothing: ${tail.trim().slice(-400)}`);
    const said = readFileSync(answers);
    const text = said.subarray(0, said.indexOf(0)).toString('utf8');
    const answer = text === '' ? undefined : JSON.parse(text);
    if (answer?.answered !== true)
      throw new Error(
        `the machine ${late ? `gave no answer within ${minutes} minutes` : 'went off without an answer'}; its console ends with:\n${tail.trim()}`,
      );
    return answer;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
