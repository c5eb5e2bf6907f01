/**
 * Risk of one entry: which of the known reasons against running it as it is written hold, how much each weighs, and the sum. Only
 * what can be read is judged; a program that nothing is known of has few reasons, and that is all it means.
 *
 * Trust: entries are hostile text. Every look is bounded, and what a reason names is masked and cut.
 */
import { riskReasons, riskWhatMax, type Risk, type RiskGrade, type RiskReason } from '#contract/risk.ts';
import { withheldReason, type EntryRules } from './argument-paths.ts';
import { firstProgram, programName, readCommandLine } from './command-line.ts';
import type { Launch } from './entry.ts';
import type { Folders } from './folders.ts';
import { knownPackages, registryName, type Registry, type Trait } from './known-packages.ts';
import { maskArguments, maskText } from './mask.ts';
import { readPackageStart } from './package-start.ts';
import { expandPath, isWithin } from './paths.ts';
import type { SecretPlace } from './secret-places.ts';
import { similarPackage } from './similar-name.ts';

/** Where the program of an entry lies, and whether others than its owner may change it. */
export interface ProgramPlace {
  path: string;
  /** The program, or a folder on the way to it, that everybody may write to. */
  openAt: string | null;
}

export interface RiskFacts {
  launch: Launch;
  env: Readonly<Record<string, string>>;
  autoApprove: boolean;
  folders: Folders;
  secretPlaces: readonly SecretPlace[];
  /** What the entry's own paths lead to: `entryRules` of it. */
  named: EntryRules;
  /** Null where it was not found. */
  program: ProgramPlace | null;
  /** It starts what was pinned, and fetches nothing. */
  pinned: boolean;
}

/** How much a reason alone weighs, of a hundred. */
const weights: Readonly<Record<RiskReason, number>> = {
  'remote-installer': 70,
  'similar-name': 55,
  'docker-socket': 55,
  'privileged-container': 55,
  administrator: 50,
  'program-open': 45,
  'gives-shell': 40,
  'whole-home': 35,
  'secret-place': 35,
  'from-address': 30,
  'program-passing': 30,
  'loads-code': 25,
  'certificates-unchecked': 25,
  'guard-off': 20,
  'other-registry': 20,
  'newest-package': 20,
  'secret-in-arguments': 20,
  'secret-in-variable': 15,
  'auto-approve': 15,
  'files-and-network': 15,
  'listens-everywhere': 15,
  'starts-shell': 12,
  'code-in-entry': 12,
  'program-elsewhere': 8,
  'newest-dependencies': 6,
};

const argumentsMax = 500;
const lengthMax = 8192;
const namedMax = 8;

export function gradeOf(score: number): RiskGrade {
  return score >= 70 ? 'severe' : score >= 45 ? 'high' : score >= 20 ? 'raised' : 'low';
}

/** Each reason takes its share of what is left, so that more of them never make less, and never more than a hundred. */
export function scoreOf(reasons: Iterable<RiskReason>): number {
  const left = [...new Set(reasons)].reduce((rest, reason) => rest * (1 - weights[reason] / 100), 1);
  return Math.round(100 * (1 - left));
}

const shells = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh', 'fish', 'cmd', 'powershell', 'pwsh', 'nu']);
const containerEngines = new Set(['docker', 'podman', 'nerdctl', 'docker-compose']);
const rootMakers = new Set(['sudo', 'pkexec', 'doas', 'su', 'run0', 'gksudo', 'kdesu']);

/** Fetched text that a shell or an interpreter runs at once. */
const installers: readonly RegExp[] = [
  /\b(?:curl|wget|fetch)\b[^|;&\n]{0,1000}\|\s{0,20}(?:sudo\s{1,20})?(?:\S{0,200}\/)?(?:(?:ba|z|da|k|fi)?sh|python[\d.]*|node|perl|ruby)\b/i,
  /(?:\b(?:ba|z|da|k)?sh|\bpython[\d.]*|\bsource|\beval|(?:^|\s)\.\s)[^;&\n]{0,100}(?:<\(|\$\(|`)\s{0,20}(?:curl|wget)\b/i,
  /\b(?:iwr|irm|invoke-webrequest|invoke-restmethod|downloadstring)\b[^;\n]{0,1000}\|\s{0,20}(?:iex|invoke-expression)\b/i,
  /\b(?:iex|invoke-expression)\b[^;\n]{0,200}\b(?:iwr|irm|invoke-webrequest|invoke-restmethod|downloadstring)\b/i,
];

/** Options that take a program's own protection away. */
const guards =
  /^(?:--no-sandbox|--disable-setuid-sandbox|--disable-web-security|--no-user-gesture-required|--dangerously-[a-z-]+|--yolo|--allow-all|--unrestricted|--disable-security|--no-auth|--skip-permissions)(?:=(?:true|1))?$/i;
const uncheckedOptions =
  /^(?:--insecure|--no-check-certificate|--ignore-certificate-errors|--no-verify-ssl|--trusted-host)(?:=.*)?$/i;
const uncheckedVariables: ReadonlyMap<string, RegExp> = new Map([
  ['NODE_TLS_REJECT_UNAUTHORIZED', /^0$/],
  ['PYTHONHTTPSVERIFY', /^0$/],
  ['GIT_SSL_NO_VERIFY', /^(?:1|true)$/i],
  ['npm_config_strict_ssl', /^false$/i],
  ['NPM_CONFIG_STRICT_SSL', /^false$/i],
]);
const loadingVariables =
  /^(?:LD_PRELOAD|LD_AUDIT|LD_LIBRARY_PATH|DYLD_INSERT_LIBRARIES|DYLD_LIBRARY_PATH|PYTHONSTARTUP|BASH_ENV|PERL5OPT|RUBYOPT|JAVA_TOOL_OPTIONS)$/;
const nodeLoads = /(?:^|\s)(?:-r|--require|--import|--loader|--experimental-loader)(?:[=\s]|$)/;
const registryOptions = /^(?:--registry|--index-url|-i|--default-index|--index|--extra-index-url)$/;
const registryVariables =
  /^(?:npm_config_registry|NPM_CONFIG_REGISTRY|UV_INDEX_URL|UV_DEFAULT_INDEX|UV_EXTRA_INDEX_URL|PIP_INDEX_URL|PIP_EXTRA_INDEX_URL)$/;
const usualRegistries = /^https:\/\/(?:registry\.npmjs\.org|pypi\.org|files\.pythonhosted\.org)(?:\/|$)/i;
const everywhere = /^(?:0\.0\.0\.0|\[?::\]?|\*)(?::\d{1,5})?$/;
const listenOptions = /^--?(?:host|bind|listen|address|hostname|h)$/i;
const dockerSocket =
  /(?:^|[:=/\s])(?:\/var)?\/run\/(?:docker|podman\/podman|containerd\/containerd)\.sock\b|^(?:unix:\/\/)?\/\S{0,200}\/docker\.sock\b/;
const wideContainer =
  /^(?:--privileged(?:=true)?|--cap-add=(?:ALL|SYS_ADMIN|SYS_PTRACE|SYS_MODULE|DAC_READ_SEARCH)|--(?:pid|ipc|net|network|userns|uts)=host|--security-opt=(?:seccomp|apparmor)[=:]unconfined|--device=\/dev\/(?:mem|kmem|sd[a-z]\d*|nvme\S*))$/i;
const containerValued = new Set([
  '--cap-add',
  '--pid',
  '--ipc',
  '--net',
  '--network',
  '--userns',
  '--uts',
  '--security-opt',
  '--device',
]);
const passing = ['/tmp', '/var/tmp', '/dev/shm'];
const systemFolders = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/opt',
  '/nix',
  '/snap',
  '/var/lib/flatpak',
  '/home/linuxbrew',
  '/Applications',
  '/System',
  '/Library',
];
const installedFolders = ['/usr', '/bin', '/sbin', '/lib', '/nix', '/snap'];
/** Below a home, where tools that people install for themselves put programs. */
const toolFolders =
  /^\.(?:local|cargo|nvm|volta|asdf|bun|deno|pyenv|rbenv|sdkman|n|fnm|pnpm|yarn|nix-profile|rye|mise|dotnet|npm|npm-global|linuxbrew|proto|goenv|nodenv|conda)(?:\/|$)|^(?:go\/bin|\.config\/(?:nvm|volta)|miniconda3?|anaconda3?|miniforge3?|Library|AppData)(?:\/|$)/;

/** Names that say that a program runs what it is told. */
const shellPackage =
  /(?:^|[-_/@.])(?:shell|terminal|iterm\d?|bash|command|commands|cmd|cli-exec|exec|ssh|tmux|powershell|desktop-commander|run-python|code-runner|code-executor)(?:$|[-_.])/i;

/** The words of a command line that a reason looks at; enough of it, and no more. */
function bounded(launch: Launch): Launch {
  return {
    command: launch.command.slice(0, lengthMax),
    args: launch.args.slice(0, argumentsMax).map((argument) => argument.slice(0, lengthMax)),
  };
}

/** Two words where an option and its value are apart. */
function joined(args: readonly string[], names: (name: string) => boolean): { name: string; value: string }[] {
  return args.flatMap((argument, index) => {
    const equals = argument.startsWith('-') ? argument.indexOf('=') : -1;
    const name = equals < 0 ? argument : argument.slice(0, equals);
    if (!names(name)) return [];
    const value = equals < 0 ? args[index + 1] : argument.slice(equals + 1);
    return value === undefined ? [] : [{ name, value }];
  });
}

interface Fetched {
  registry: Registry | null;
  /** Null where it names no package that a registry would know. */
  name: string | null;
  written: string;
  exact: boolean;
}

/** What the entry fetches and starts; null where it fetches nothing. */
function fetched(launch: Launch): Fetched | null {
  const answer = readPackageStart(launch);
  if ('start' in answer) {
    const { installer, name, written, exact } = answer.start;
    return { registry: installer, name: registryName(installer, name), written, exact };
  }
  const line = readCommandLine(launch);
  if (line.runner === null || line.program === 'deno' || line.program === 'bun') return null;
  if (answer.reason === 'not-from-registry') return { registry: null, name: null, written: answer.word, exact: false };
  const { args } = launch;
  // The word at which the runner stops reading its own: a package, or for `uv run` and `pnpm exec` a script.
  const at = args.findIndex(
    (argument, index) =>
      line.notPaths.has(index) && !argument.startsWith('-') && !/^(?:dlx|x|exec|run|tool)$/.test(argument),
  );
  const isScript = (line.program === 'uv' && !args.includes('tool')) || args.includes('exec');
  const word = args[at];
  if (word === undefined || isScript) return null;
  const registry = line.runner === 'uv' || line.runner === 'pipx' ? 'uv' : 'npm';
  const name = /^(@[^/@]+\/[^@/]+|[^@/=<>~!\s]+)/.exec(word)?.[0] ?? null;
  const exact = /(?:@|==)v?\d+\.\d+(?:\.\d+)?[^*x^~<>]*$/.test(word);
  return { registry, name: name === null ? null : registryName(registry, name), written: word, exact };
}

const isAddress = (word: string): boolean =>
  /^(?:https?:|git[+:@]|github:|gitlab:|bitbucket:|gist:|ssh:)/i.test(word) || /^[\w.-]+\/[\w.-]+(?:#.*)?$/.test(word);

/** Folders of this machine that a container is given. */
function mounts(args: readonly string[]): string[] {
  const volumes = joined(args, (name) => name === '-v' || name === '--volume').map(
    ({ value }) => value.split(':')[0] ?? '',
  );
  const binds = joined(args, (name) => name === '--mount').flatMap(
    ({ value }) => /(?:^|,)(?:src|source)=([^,]+)/.exec(value)?.[1] ?? [],
  );
  return [...volumes, ...binds];
}

function hostOf(text: string): string | null {
  const host = /^[a-z][a-z0-9+.-]{0,30}:\/\/(?:[^/\s@]{0,4096}@)?(\[[^\]]{1,64}\]|[^/:\s?#]{1,255})/i.exec(text)?.[1];
  return host === undefined || /^(?:localhost|127\.|\[::1\]|file)/i.test(host) || /^file:/i.test(text) ? null : host;
}

export function assessRisk(facts: RiskFacts): Risk {
  const launch = bounded(facts.launch);
  const { args } = launch;
  const env = Object.entries(facts.env)
    .slice(0, argumentsMax)
    .map(([name, value]) => [name, value.slice(0, lengthMax)] as const);
  const found = new Map<RiskReason, Set<string>>();
  const add = (code: RiskReason, ...what: string[]): void => {
    const named = found.get(code) ?? new Set();
    for (const each of what) if (named.size < namedMax) named.add(cut(maskText(each)));
    found.set(code, named);
  };

  const program = programName(firstProgram(launch));
  const words = [launch.command, ...args].map((word) => programName(word));
  const text = [launch.command, ...args].join(' ').slice(0, lengthMax);

  // What is started, and where it comes from.
  if (installers.some((pattern) => pattern.test(text))) add('remote-installer');
  const maker = rootMakers.has(program)
    ? program
    : shells.has(program)
      ? words.find((_, index) => /(?:^|[\s;&|])(?:sudo|doas|pkexec)\s/.test(args[index - 1] ?? ''))
      : undefined;
  if (maker !== undefined) add('administrator', rootMakers.has(program) ? program : 'sudo');
  const package_ = facts.pinned ? null : fetched(launch);
  const started = fetched(launch);
  const traits = traitsOf(launch, started);
  if (started !== null && started.registry !== null && started.name !== null) {
    const other = similarPackage(started.registry, started.name);
    if (other !== null) add('similar-name', started.name, other);
  }
  if (package_ !== null) {
    if (package_.name === null || isAddress(package_.written)) {
      if (isAddress(package_.written)) add('from-address', package_.written);
    } else add(package_.exact ? 'newest-dependencies' : 'newest-package', package_.written);
  }
  const from = joined(args, (name) => name === '--from' || name === '--package' || name === '-p');
  for (const { value } of from) if (/^(?:https?:|git\+)/i.test(value) && !facts.pinned) add('from-address', value);
  for (const { name, value } of joined(args, (each) => registryOptions.test(each)))
    if (hostOf(value) !== null && !usualRegistries.test(value) && started !== null)
      add('other-registry', `${name} ${value}`);
  if (traits.includes('shell') || shellPackage.test(started?.name ?? '')) add('gives-shell', started?.name ?? program);
  if (shells.has(program) && program !== 'cmd') add('starts-shell', program);
  const line = readCommandLine(launch);
  const inline = args.findIndex((argument, index) => /^(?:-e|--eval|-c|-p|--print)$/.test(argument) && index < 8);
  if (
    inline >= 0 &&
    line.runner === null &&
    !shells.has(program) &&
    /^(?:node|nodejs|bun|deno|python[\d.]*|ruby|perl|php)$/.test(line.program)
  )
    add('code-in-entry', `${line.program} ${args[inline] ?? ''}`);

  // Where its program lies.
  if (facts.program !== null) {
    const { path, openAt } = facts.program;
    if (openAt !== null) add('program-open', openAt);
    const inHome = isWithin(path, facts.folders.home) ? path.slice(facts.folders.home.length + 1) : null;
    const isPassing = passing.some((folder) => isWithin(path, folder) && !isWithin(facts.folders.home, folder));
    if (isPassing || (inHome !== null && /^(?:Downloads|tmp)\//i.test(inHome))) add('program-passing', path);
    else if (!systemFolders.some((folder) => isWithin(path, folder)) && !(inHome !== null && toolFolders.test(inHome)))
      add('program-elsewhere', path);
  }

  // Containers.
  if ([...args, ...env.map(([, value]) => value)].some((word) => dockerSocket.test(word))) add('docker-socket');
  if (containerEngines.has(program)) {
    const options = args.map((argument, index) =>
      containerValued.has(argument) ? `${argument}=${args[index + 1] ?? ''}` : argument,
    );
    for (const option of options) if (wideContainer.test(option)) add('privileged-container', option);
    for (const mount of mounts(args)) {
      const path = expandPath(mount, facts.folders);
      const reason = path === null ? null : withheldReason(path, facts.folders, facts.secretPlaces);
      if (reason !== null) add(homeReasons.has(reason) ? 'whole-home' : 'secret-place', mount);
    }
  }

  // What it is given.
  for (const { what, reason } of facts.named.withheld)
    add(homeReasons.has(reason) ? 'whole-home' : 'secret-place', what);
  for (const [index, shown] of maskArguments(args).entries())
    if (shown !== args[index]) add('secret-in-arguments', nameBefore(args, index));
  for (const [name, value] of env) {
    const assigned = `${name}=${value}`;
    if (value !== '' && maskArguments([assigned])[0] !== assigned) add('secret-in-variable', name);
    if (uncheckedVariables.get(name)?.test(value) === true) add('certificates-unchecked', name);
    if (loadingVariables.test(name) || (name === 'NODE_OPTIONS' && nodeLoads.test(value))) add('loads-code', name);
    if (registryVariables.test(name) && !usualRegistries.test(value) && hostOf(value) !== null)
      add('other-registry', name);
  }
  if (facts.autoApprove) add('auto-approve');
  // What the system itself installed, such as a browser's program, is nothing of the person's that could be sent away.
  const paths = facts.named.rules.filter(
    ({ verb, reason, what }) =>
      verb === 'write' && reason === 'argument' && !installedFolders.some((folder) => isWithin(what, folder)),
  );
  const hosts = [...args, ...env.map(([, value]) => value)].flatMap((word) => hostOf(word) ?? []);
  if (paths.length > 0 && (hosts.length > 0 || traits.includes('network') || found.has('secret-in-variable')))
    add('files-and-network', ...paths.map(({ what }) => what));

  // How it is told to behave.
  for (const argument of args) {
    if (guards.test(argument)) add('guard-off', argument);
    if (uncheckedOptions.test(argument)) add('certificates-unchecked', argument.split('=')[0] ?? '');
  }
  if (line.program === 'deno' && args.includes('-A')) add('guard-off', '-A');
  for (const { name, value } of joined(args, (each) => listenOptions.test(each)))
    if (everywhere.test(value)) add('listens-everywhere', `${name} ${value}`);

  const codes = riskReasons.filter((code) => found.has(code)).toSorted((one, other) => weights[other] - weights[one]);
  const score = scoreOf(codes);
  return { score, grade: gradeOf(score), reasons: codes.map((code) => ({ code, what: [...(found.get(code) ?? [])] })) };
}

const homeReasons = new Set<string>(['root', 'home', 'contains-home']);

/** The option that holds a secret, by its name alone. */
function nameBefore(args: readonly string[], index: number): string {
  const own = /^(-{0,2}[A-Za-z_][A-Za-z0-9_.-]{0,60})[=:]/.exec(args[index] ?? '')?.[1];
  const before = args[index - 1] ?? '';
  return own ?? (/^--?[A-Za-z][\w-]{0,60}$/.test(before) ? before : `argument ${(index + 1).toString()}`);
}

function cut(text: string): string {
  return text.length <= riskWhatMax ? text : `${text.slice(0, riskWhatMax - 1)}…`;
}

/** True where nothing is fetched at its start, and the program is known to work without any network. */
export function needsNoNetwork(launch: Launch, pinned: boolean): boolean {
  const package_ = fetched(bounded(launch));
  if (package_ !== null && !pinned) return false;
  return traitsOf(bounded(launch), package_).includes('offline');
}

/** Of a package that is fetched, or of one that lies installed and is started from there. */
function traitsOf(launch: Launch, package_: Fetched | null): readonly Trait[] {
  if (package_ !== null)
    return package_.registry === null || package_.name === null
      ? []
      : (knownPackages(package_.registry).get(package_.name) ?? []);
  const installed = [launch.command, ...launch.args.slice(0, 4)].flatMap(
    (word) => /[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)[/\\]/.exec(word)?.[1] ?? [],
  );
  return installed.flatMap((name) => knownPackages('npm').get(name.replace('\\', '/')) ?? []);
}
