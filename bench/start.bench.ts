/**
 * From start to the answer to `initialize`: bare, contained with events, in bubblewrap and in firejail where they are
 * installed; the same server and the same environment, in turn.
 */
import { spawnSync } from 'node:child_process';
import { contain, clientEnvironment, makeWorkplace } from '../e2e/real-servers/contain.ts';
import { provision } from '../e2e/real-servers/provision.ts';
import { talk, type Launch } from '../e2e/real-servers/session.ts';
import { alternate, median, printFigures, printMachine, type Figure } from './support/figures.ts';

const rounds = Number(process.env['BELLJAR_BENCH_ROUNDS'] ?? '21');

const has = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;

printMachine();
const servers = await provision();
const environment = clientEnvironment(servers.home, servers.node);
const figures: Figure[] = [];
const entries: readonly {
  name: string;
  bound: number;
  launch: (project: string) => Launch;
  rules: { verb: 'write'; what: string }[];
}[] = [
  {
    name: 'node path',
    bound: 1.03,
    launch: (project) => ({ command: servers.node, args: [servers.script('server-filesystem'), project] }),
    rules: [],
  },
  {
    name: 'npx warm',
    bound: 1.05,
    launch: (project) => ({ command: 'npx', args: ['-y', servers.spec('server-filesystem'), project] }),
    rules: [],
  },
  {
    name: 'uvx warm',
    bound: 1.05,
    launch: () => ({ command: servers.uvx, args: [servers.spec('mcp-server-time')] }),
    rules: [],
  },
];

for (const entry of entries) {
  const workplace = makeWorkplace();
  const bare = entry.launch(workplace.project);
  const time = async (launch: Launch): Promise<number> => {
    const session = await talk(launch, [], { env: environment, cwd: workplace.project, timeoutMs: 20_000 });
    if (!Number.isFinite(session.initializeMs))
      throw new Error(`${entry.name}: no answer: ${session.stderr.slice(0, 300)}`);
    return session.initializeMs;
  };
  try {
    const contained = contain(workplace, bare, { home: servers.home, rules: entry.rules });
    const bubblewrap: Launch = {
      command: 'bwrap',
      args: [
        '--ro-bind',
        '/',
        '/',
        '--dev',
        '/dev',
        '--proc',
        '/proc',
        '--bind',
        workplace.folder,
        workplace.folder,
        '--bind',
        servers.home,
        servers.home,
        '--unshare-pid',
        '--die-with-parent',
        bare.command,
        ...bare.args,
      ],
    };
    const firejail: Launch = {
      command: 'firejail',
      args: ['--quiet', '--noprofile', '--caps.drop=all', '--seccomp', '--nonewprivs', bare.command, ...bare.args],
    };
    const variants: Record<string, () => Promise<number>> = {
      bare: () => time(bare),
      contained: () => time(contained),
    };
    if (has('bwrap')) variants['bubblewrap'] = () => time(bubblewrap);
    if (has('firejail')) variants['firejail'] = () => time(firejail);
    const values = await alternate(rounds, variants);
    const base = median(values['bare'] ?? []);
    figures.push({ name: `${entry.name}: bare`, value: base, unit: 'ms', digits: 1 });
    for (const [name, all] of Object.entries(values)) {
      if (name === 'bare') continue;
      figures.push({
        name: `${entry.name}: ${name}, ratio`,
        value: median(all) / base,
        unit: '',
        digits: 3,
        ...(name === 'contained' ? { bound: entry.bound } : {}),
      });
    }
  } catch (error) {
    console.log(`${entry.name}: not measured: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    workplace.remove();
  }
}
printFigures(figures);
