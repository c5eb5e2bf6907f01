/**
 * `npm run fuzz`: the launcher's fuzz targets (native-helpers/fuzz) for as long as wanted. What needs a look is printed and stands below
 * .cache/fuzz/findings; inputs that reached something new stay in .cache/fuzz/<target>, beside the kept corpus.
 *
 *   npm run fuzz                                 every target for a minute
 *   npm run fuzz -- --minutes 60 --target calls  one for an hour (targets can be repeated)
 *   npm run fuzz -- --minimise                   the kept corpus with what was found, as small as it can be, to .cache/fuzz/minimised
 *   npm run fuzz -- --list                       the targets
 *
 * With clang the targets run under libFuzzer; without it they run on changes of the corpus alone, and that is said.
 */
import { requireNodeVersion } from './lib/node-version.mjs';

requireNodeVersion();
const { spawnSync } = await import('node:child_process');
const { mkdirSync, readdirSync } = await import('node:fs');
const { join } = await import('node:path');
const { parseArgs } = await import('node:util');
const { root } = await import('./lib/paths.mjs');
const { say } = await import('./lib/say.mjs');

const helpers = join(root, 'native-helpers');
const corpus = join(helpers, 'fuzz/corpus');
const cache = join(root, '.cache/fuzz');
const roundsAMinute = 20_000;
const known = readdirSync(corpus).sort();

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string', multiple: true },
    minimise: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const targets = values.target ?? known;
const unknown = targets.filter((target) => !known.includes(target));
if (values.list || unknown.length > 0 || !(minutes > 0)) {
  if (!values.list) say(unknown.length > 0 ? `There is no target ${unknown.join(', ')}.` : '--minutes wants a number.');
  say(known.join('\n'));
  process.exit(values.list ? 0 : 2);
}

const clang = spawnSync('clang++', ['--version'], { stdio: 'ignore' }).status === 0;
if (!clang)
  say(
    'fuzz: clang++ is missing: inputs are changes of the corpus, and nobody looks at what they reach (apt-get install clang)',
  );
const program = clang ? 'build/fuzz-libfuzzer' : 'build/fuzz';
if (spawnSync('make', ['-C', helpers, program], { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
  process.exit(2);

let found = 0;
for (const target of targets) {
  const own = join(cache, target);
  const findings = join(cache, 'findings');
  const kept = join(cache, 'minimised', target);
  for (const folder of [own, findings, kept]) mkdirSync(folder, { recursive: true });
  const general = [`-artifact_prefix=${findings}/${target}-`, '-max_len=20000', '-timeout=20', '-rss_limit_mb=4096'];
  const args = !clang
    ? [corpus, String(Math.ceil(roundsAMinute * minutes)), String(Date.now()), target]
    : values.minimise
      ? [...general, '-merge=1', kept, join(corpus, target), own]
      : [...general, `-max_total_time=${Math.ceil(minutes * 60)}`, '-print_final_stats=1', own, join(corpus, target)];
  const run = spawnSync(join(helpers, program), args, {
    cwd: findings,
    env: { ...process.env, FUZZ_TARGET: target },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const output = `${run.stdout}${run.stderr}`;
  const inputs = /number_of_executed_units: (\d+)/.exec(output)?.[1] ?? /(\d+) inputs/.exec(output)?.[1] ?? '?';
  const reached = /cov: (\d+)(?![\s\S]*cov: )/.exec(output)?.[1];
  say(
    `fuzz: ${target}: ${inputs} inputs${reached === undefined ? '' : `, ${reached} places reached`}${run.status === 0 ? '' : ', A FINDING'}`,
  );
  if (run.status === 0) continue;
  found += 1;
  say(
    output
      .split('\n')
      .filter((line) => !/^#\d+\s/.test(line))
      .slice(-60)
      .join('\n'),
  );
}
process.exitCode = found > 0 ? 1 : 0;
