/**
 * `npm run escape`: the escape kit (e2e/confinement/kit) against Belljar as it is in this checkout, which is built first. What
 * stands after `--` is the kit's own.
 *
 * `npm run escape -- --write-results` writes docs/results.md whole, and README's short table from it: it measures real servers, compares with the kernel's own audit records (of the kit, of calls at random, of real servers), tries
 * Debian's kernels, and plays the kit in every sandbox that is installed; what a part cannot do here it says, and what was
 * kept of it before stays (docs/results). Some of that is for root and the kit for people: as root, `--user <an ordinary user>` says who plays.
 * `--tcg` and `--kernels-only <pattern>` go to the kernels (`--tcg`, `--only`); `--only <pattern>` plays some cases and measures nothing else, which is for trying the document itself.
 */
import { requireNodeVersion } from './lib/node-version.mjs';

requireNodeVersion();
const { playBuilt, runStep } = await import('./lib/play-built.mjs');
const { measuredFiles } = await import('../e2e/confinement/kit/lib/measured.mjs');
const { say } = await import('./lib/say.mjs');
const { spawnSync } = await import('node:child_process');
const { chmodSync, chownSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } =
  await import('node:fs');
const { dirname, join } = await import('node:path');
const { packageProgram, root } = await import('./lib/paths.mjs');
const { writeSummary } = await import('./lib/results-summary.mjs');

const words = process.argv.slice(2);
const kit = 'e2e/confinement/kit/run.mjs';
const take = (name, hasValue) => {
  const at = words.indexOf(name);
  if (at < 0) return undefined;
  return words.splice(at, hasValue ? 2 : 1)[hasValue ? 1 : 0];
};

/** The kit as `user` from a place that this one can enter, and its document brought back. */
function playAs(user, args) {
  const found = spawnSync('getent', ['passwd', user], { encoding: 'utf8' }).stdout.trim().split(':');
  const [, , uid, gid] = found.map(Number);
  if (!(uid > 0)) throw new Error(`--user ${user}: no ordinary user of that name`);
  const place = mkdtempSync('/tmp/belljar-results-');
  try {
    chmodSync(place, 0o755);
    for (const name of ['dist', 'e2e/confinement/kit', 'docs/results', 'package.json'])
      if (existsSync(join(root, name))) cpSync(join(root, name), join(place, name), { recursive: true });
    const home = join(place, 'home');
    mkdirSync(home);
    chownSync(home, uid, gid);
    const document = join(home, 'results.md');
    const peers = process.env['ESCAPE_KIT_PEERS'] ?? join(root, '.cache/peers');
    const code = runStep(process.execPath, [join(place, kit), '--write-results', document, ...args], {
      uid,
      gid,
      cwd: home,
      env: { PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8', ESCAPE_KIT_PEERS: peers },
    });
    if (existsSync(document)) copyFileSync(document, join(root, 'docs/results.md'));
    return code;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

if (!words.includes('--write-results')) await playBuilt(kit);
else {
  const user = take('--user', true);
  const tcg = take('--tcg', false);
  const kernelCases = take('--kernels-only', true);
  take('--write-results', false);
  const isRoot = process.getuid() === 0;
  if (isRoot && user === undefined) {
    say('As root: say who plays the kit, --user <an ordinary user>.');
    process.exit(2);
  }
  await playBuilt(undefined);
  mkdirSync(dirname(measuredFiles.kernels), { recursive: true });
  const parts = {
    'real servers': () =>
      runStep(process.execPath, [join(root, 'scripts/bench.mjs'), 'servers'], {
        env: { ...process.env, BELLJAR_BENCH_RECORD: measuredFiles.servers },
      }),
    'the second witness': () =>
      isRoot
        ? runStep(process.execPath, [
            join(root, 'e2e/confinement/kit/second-witness.mjs'),
            '--user',
            user,
            '--write',
            measuredFiles.witness,
          ])
        : say('  left out: audit records are for root'),
    'the second witness over real servers': () =>
      isRoot
        ? runStep(
            process.execPath,
            [packageProgram('vitest/vitest.mjs'), 'run', '--project', 'e2e', 'e2e/real-servers/second-witness.test.ts'],
            { env: { ...process.env, BELLJAR_WITNESS_RECORD: measuredFiles.witnessServers } },
          )
        : say('  left out: audit records are for root'),
    kernels: () =>
      runStep(process.execPath, [
        join(root, 'e2e/confinement/kernels/run.mjs'),
        '--write',
        ...(tcg === undefined ? [] : ['--tcg']),
        ...(kernelCases === undefined ? [] : ['--only', kernelCases]),
      ]),
  };
  let code = 0;
  if (!words.includes('--only'))
    for (const [name, play] of Object.entries(parts)) {
      say(`\n── ${name}`);
      // 3: left out, with the reason said.
      const ended = play() ?? 0;
      if (ended !== 0 && ended !== 3) code = 1;
    }
  say('\n── the kit');
  const played = isRoot
    ? playAs(user, words)
    : runStep(process.execPath, [join(root, kit), '--write-results', join(root, 'docs/results.md'), ...words]);
  if (!words.includes('--only')) writeSummary();
  process.exitCode = code === 0 ? played : code;
}
