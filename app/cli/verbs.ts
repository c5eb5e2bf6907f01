/**
 * The verbs: their options, their words, and where their code is. Help, completion and parsing derive from this table.
 * It imports nothing, because help must be quick.
 */
import type {
  LaunchedLevel,
  Level,
  LimitName,
  NetworkMode,
  RuleVerb,
  ServerState,
  Sight,
  Verdict,
} from '#contract/words.ts';

export const levelChoices = ['off', 'watch', 'standard', 'strict'] as const satisfies readonly Level[];
export const launchedLevelChoices = ['watch', 'standard', 'strict'] as const satisfies readonly LaunchedLevel[];
export const ruleVerbChoices = [
  'read',
  'write',
  'deny',
  'protect',
  'host',
  'listen',
  'local',
  'socket',
  'exec',
  'env',
  'link',
  'permission',
] as const satisfies readonly RuleVerb[];
export const limitChoices = [
  'memory',
  'processes',
  'open-files',
  'file-size',
  'cpu-time',
] as const satisfies readonly LimitName[];
export const sightChoices = ['full', 'without-files'] as const satisfies readonly Sight[];
export const stateChoices = [
  'off',
  'watched',
  'contained',
  'restart-needed',
  'failing',
  'drifted',
  'moved',
  'copied',
  'cannot',
  'locked',
] as const satisfies readonly ServerState[];
export const verdictChoices = ['allowed', 'refused', 'asked'] as const satisfies readonly Verdict[];
export const accessChoices = ['read', 'write', 'connect', 'exec'] as const;
export const networkChoices = ['none', 'hosts', 'open'] as const satisfies readonly NetworkMode[];
export const shellChoices = ['bash', 'zsh', 'fish'] as const;

export interface OptionFacts {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** What stands for the value in help; for a boolean it is absent. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly words: string;
}

/** What completion offers for a positional argument. */
export type Offer = 'server' | 'file' | 'none' | readonly string[];

export interface VerbFacts {
  readonly name: string;
  readonly group: 'see' | 'change' | 'try' | 'belljar';
  readonly arguments: string;
  readonly words: string;
  readonly more?: string;
  readonly positionals: readonly [least: number, most: number];
  readonly offers?: readonly Offer[];
  readonly options: Readonly<Record<string, OptionFacts>>;
}

const json: OptionFacts = { type: 'boolean', words: 'Answer as JSON, and never ask' };
const all: OptionFacts = { type: 'boolean', words: 'All servers' };
const project: OptionFacts = { type: 'boolean', words: "Also change a project's file that its repository keeps" };
const dryRun: OptionFacts = { type: 'boolean', words: 'Show what would be written, and write nothing' };
const launchedLevel: OptionFacts = {
  type: 'string',
  value: 'LEVEL',
  choices: launchedLevelChoices,
  words: 'How tight: watch, standard (default) or strict',
};
const serverOption: OptionFacts = { type: 'string', value: 'SERVER', words: 'Only of this server' };
const limitOption: OptionFacts = { type: 'string', value: 'N', words: 'The newest N' };
const many = Number.MAX_SAFE_INTEGER;

export const verbs: readonly VerbFacts[] = [
  {
    name: 'list',
    group: 'see',
    arguments: '',
    words: 'The MCP servers of this machine, and the state of each',
    positionals: [0, 0],
    options: {
      client: { type: 'string', value: 'CLIENT', words: 'Only of this client, such as claude-desktop' },
      state: { type: 'string', value: 'STATE', choices: stateChoices, words: 'Only in this state' },
      watch: { type: 'boolean', words: 'Go on, and tell what changes' },
      json,
    },
  },
  {
    name: 'show',
    group: 'see',
    arguments: '<server>',
    words: 'One server: its policy with the source of every rule, its last events and runs',
    positionals: [1, 1],
    offers: ['server'],
    options: { json },
  },
  {
    name: 'events',
    group: 'see',
    arguments: '',
    words: 'What runs did and were refused, oldest first',
    positionals: [0, 0],
    options: {
      follow: { type: 'boolean', words: 'Go on, and tell what happens' },
      server: serverOption,
      run: { type: 'string', value: 'RUN', words: 'Only of this run' },
      kind: { type: 'string', value: 'KIND', words: 'Only of this kind, such as file.read or net.connect' },
      verdict: { type: 'string', value: 'VERDICT', choices: verdictChoices, words: 'Only allowed or refused ones' },
      since: { type: 'string', value: 'WHEN', words: 'An instant (2026-01-31T12:00:00Z) or a span (15m, 2h, 7d)' },
      until: { type: 'string', value: 'WHEN', words: 'No later than this, written likewise' },
      text: { type: 'string', value: 'WORDS', words: 'Only where all of these words occur' },
      target: { type: 'string', value: 'PATTERN', words: 'Only with this target; * stands for any text' },
      group: { type: 'boolean', words: 'By server, kind, verdict and target, with how often; newest first' },
      'hide-muted': { type: 'boolean', words: 'Without what was muted' },
      limit: limitOption,
      all: { type: 'boolean', words: 'All there are, not the newest 10,000' },
      csv: { type: 'boolean', words: 'As CSV for a spreadsheet' },
      json: { type: 'boolean', words: 'One JSON object a line' },
    },
  },
  {
    name: 'mute',
    group: 'change',
    arguments: '[<target>]',
    words: 'Leave noise out of the panel: events with this target; without one, what is muted',
    more: 'In the target * stands for any text. Nothing is taken out of the history, of exports or of `belljar events`.',
    positionals: [0, 1],
    options: {
      server: serverOption,
      kind: { type: 'string', value: 'KIND', words: 'Only of this kind, such as file.read or net.connect' },
      json,
    },
  },
  {
    name: 'unmute',
    group: 'change',
    arguments: '<mute>',
    words: 'Show in the panel again what was muted',
    positionals: [1, 1],
    options: { json },
  },
  {
    name: 'storage',
    group: 'belljar',
    arguments: '',
    words: 'How much of what runs did is kept, and for how long',
    positionals: [0, 0],
    options: {
      'keep-days': { type: 'string', value: 'N', words: 'Events older than this leave the history (default: 90)' },
      'keep-size': { type: 'string', value: 'MIB', words: 'The history stays below this many MiB (default: 1024)' },
      rebuild: { type: 'boolean', words: 'Make the history anew from the records of past runs' },
      json,
    },
  },
  {
    name: 'ask',
    group: 'see',
    arguments: '[<question> once|run|always|no|never|wait]',
    words: 'What servers wait for you to decide; answers one, or asks for each on a terminal',
    positionals: [0, 2],
    options: {
      follow: { type: 'boolean', words: 'Go on, and ask when something new is asked for' },
      scope: {
        type: 'string',
        value: 'N',
        words: 'For run and always: which of the question’s scopes (default: 1, exactly what was asked for)',
      },
      json: { type: 'boolean', words: 'Show them as JSON (with --follow: an object a line), and never ask' },
    },
  },
  {
    name: 'explain',
    group: 'see',
    arguments: '<server> <path|host:port|program>',
    words: 'Whether a server may, which rule decides, and what would change it',
    more: 'Exit status: 0 allowed, 10 refused, 11 would ask.',
    positionals: [2, 2],
    offers: ['server', 'file'],
    options: {
      access: { type: 'string', value: 'ACCESS', choices: accessChoices, words: 'read, write, connect or exec' },
      json,
    },
  },
  {
    name: 'runs',
    group: 'see',
    arguments: '[server]',
    words: 'Starts of contained servers, newest first',
    positionals: [0, 1],
    offers: ['server'],
    options: { limit: limitOption, json },
  },
  {
    name: 'outdated',
    group: 'see',
    arguments: '[server]',
    words: 'What updating pinned servers would change: versions, publisher, packages',
    positionals: [0, 1],
    offers: ['server'],
    options: { json },
  },
  {
    name: 'audit',
    group: 'see',
    arguments: '',
    words: 'What runs past Belljar, as far as it can be seen',
    more: 'Exit status: 0 nothing was found, 10 something was.',
    positionals: [0, 0],
    options: { json },
  },
  {
    name: 'history',
    group: 'see',
    arguments: '[server]',
    words: 'What was decided, newest first: when, where, and what it changed; each can be undone',
    positionals: [0, 1],
    offers: ['server'],
    options: { limit: limitOption, json },
  },
  {
    name: 'check',
    group: 'try',
    arguments: '<server>',
    words: 'Start a server once bare and once contained, and compare what it answers',
    positionals: [1, 1],
    offers: ['server'],
    options: { level: launchedLevel, json },
  },
  {
    name: 'diff',
    group: 'try',
    arguments: '<server>',
    words: 'What contain would change in the client’s file; secrets are masked',
    positionals: [1, 1],
    offers: ['server'],
    options: {
      level: { type: 'string', value: 'LEVEL', choices: levelChoices, words: 'Towards this level' },
      json,
    },
  },
  {
    name: 'run',
    group: 'try',
    arguments: '[options] -- <command> [argument...]',
    words: 'Run any command contained, once',
    more:
      'Nothing of Belljar is written to standard output. Exit status: the command’s own; 125 refused or failed,\n' +
      '126 not executable, 127 not found.',
    positionals: [1, many],
    offers: ['file'],
    options: {
      level: launchedLevel,
      read: { type: 'string', multiple: true, value: 'PATH', words: 'Let it read this file or folder (repeatable)' },
      write: { type: 'string', multiple: true, value: 'PATH', words: 'Let it write this file or folder (repeatable)' },
      net: {
        type: 'string',
        value: 'NETWORK',
        choices: networkChoices,
        words: 'none, hosts (only those named by --host), or open (the internet)',
      },
      host: {
        type: 'string',
        multiple: true,
        value: 'HOST',
        words: 'Let it reach this host: name, name:port, *.name, address (repeatable)',
      },
      env: { type: 'string', multiple: true, value: 'NAME', words: 'Pass this environment variable on (repeatable)' },
    },
  },
  {
    name: 'shell',
    group: 'try',
    arguments: '<server> [-- <command> [argument...]]',
    words: 'A shell, or a command, in the sandbox of a contained server: what it sees, you see',
    more:
      'It has the server’s rules, folders and environment without its secrets, and a terminal of its own. Exit status: the\n' +
      'command’s own; 125 refused or failed, 126 not executable, 127 not found.',
    positionals: [1, many],
    offers: ['server', 'file'],
    options: {},
  },
  {
    name: 'demo',
    group: 'try',
    arguments: '',
    words: 'A nosy server in a throw-away home, free and contained: what got through each time',
    positionals: [0, 0],
    options: { json },
  },
  {
    name: 'contain',
    group: 'change',
    arguments: '<server...> | --all',
    words: 'Make the client start servers through the launcher',
    more: 'Each server is tried first, bare and contained; one that would not work is left alone.',
    positionals: [0, many],
    offers: ['server'],
    options: {
      all,
      level: launchedLevel,
      'dry-run': dryRun,
      'no-check': { type: 'boolean', words: 'Do not try the servers first' },
      project,
      json,
    },
  },
  {
    name: 'rollout',
    group: 'change',
    arguments: '',
    words: 'What is not contained, riskiest first: the level proposed, why, and the next command',
    more: 'With --apply each server is tried and contained in that order; at the first that does not work, it stops.',
    positionals: [0, 0],
    options: { apply: { type: 'boolean', words: 'Contain them, in this order' }, json },
  },
  {
    name: 'release',
    group: 'change',
    arguments: '<server...> | --all',
    words: 'Put the original entries back exactly',
    positionals: [0, many],
    offers: ['server'],
    options: { all, 'dry-run': dryRun, json },
  },
  {
    name: 'level',
    group: 'change',
    arguments: '<server> off|watch|standard|strict',
    words: 'Set how tight a server is held',
    positionals: [2, 2],
    offers: ['server', levelChoices],
    options: { project, json },
  },
  {
    name: 'grant',
    group: 'change',
    arguments: '<server> <kind> <what>',
    words:
      'Allow something: read, write, exec, env, host, socket, local, listen, link, permission; or deny or protect it',
    more:
      'A host is a name (port 443), name:port, name:80,443, name:*, *.name for every name below it, an address or\n' +
      'a network (10.0.0.0/8:443), each with its ports. This machine’s own ports are granted with local.\n' +
      'deny and protect (may be read, not changed) take a path, also inside of what is allowed, or a pattern of names\n' +
      "at any depth: '**/*.pem', '**/.git/hooks'. read or write with such a pattern allows what is kept back by it.",
    positionals: [3, 3],
    offers: ['server', ruleVerbChoices, 'file'],
    options: {
      'no-name-check': {
        type: 'boolean',
        words: 'For a host: the name inside the connection (TLS, HTTP) need not be the host’s',
      },
      'until-stop': {
        type: 'boolean',
        words: 'Only for what runs now, until it stops; the policy stays as it is',
      },
      'dry-run': { type: 'boolean', words: 'Show what would change, and change nothing' },
      json,
    },
  },
  {
    name: 'revoke',
    group: 'change',
    arguments: '<server> <kind> <what>',
    words: 'Take a grant back',
    positionals: [3, 3],
    offers: ['server', ruleVerbChoices, 'file'],
    options: { 'until-stop': { type: 'boolean', words: 'What was granted until it stops' }, json },
  },
  {
    name: 'limit',
    group: 'change',
    arguments: '<server> [--host HOST]... | --all | --off',
    words: 'Limit the network to hosts: those named, or those it was seen to use',
    more:
      'Without --host it proposes what was seen, by the domain that owns it, shows what changes in the policy, and\n' +
      'asks. Hosts are written as for grant.',
    positionals: [1, 1],
    offers: ['server'],
    options: {
      host: { type: 'string', multiple: true, value: 'HOST', words: 'To exactly these hosts (repeatable)' },
      all: { type: 'boolean', words: 'To all that is proposed, without asking' },
      off: { type: 'boolean', words: 'Open the internet again; the hosts stay named' },
      'dry-run': { type: 'boolean', words: 'Show what would change, and change nothing' },
      json,
    },
  },
  {
    name: 'resources',
    group: 'change',
    arguments: '<server> [<kind> <how much>]...',
    words: 'How much a server may use: memory, processes, open-files, file-size, cpu-time',
    more:
      'Sizes are 512M or 2G, times 90s, 10m or 2h, the rest are numbers; none lifts a limit, level gives back the level’s\n' +
      'own. Memory and processes count for all that a run starts together, the others for each process. Without a kind it\n' +
      'tells what holds, and who holds it here. The network is limited with belljar limit.',
    positionals: [1, 11],
    offers: ['server', limitChoices, 'none'],
    options: { json },
  },
  {
    name: 'sight',
    group: 'change',
    arguments: '<server> [full|without-files]',
    words: 'Whether its accesses to files are seen; without them they are as fast as uncontained',
    more:
      'The kernel holds them either way; without-files gives up their events, and is refused where something needs a look at\n' +
      'each open: a network, what is kept back inside of folders, questions, a browser’s sandbox. Alone it tells what holds.',
    positionals: [1, 2],
    offers: ['server', sightChoices],
    options: { json },
  },
  {
    name: 'undo',
    group: 'change',
    arguments: '[<decision>]',
    words: 'Take back the last decision, or the one that belljar history names so',
    more:
      'Puts back exactly what it changed, as long as nothing newer changed the same again. An undo is a decision too, and\n' +
      'can be undone by its name.',
    positionals: [0, 1],
    options: { server: serverOption, json },
  },
  {
    name: 'pin',
    group: 'change',
    arguments: '<server>',
    words: 'Install once what npx or uvx fetches at each start, and start it from there',
    more:
      'Installed from a contained run that reaches nothing but the registry, without install scripts. The client’s file\n' +
      'stays as it is. Pinned already: nothing is done, or with --update what the registry has now is installed.',
    positionals: [1, 1],
    offers: ['server'],
    options: {
      update: { type: 'boolean', words: 'Take what the registry has now' },
      'dry-run': { type: 'boolean', words: 'Show what would be installed, and install nothing' },
      'with-scripts': { type: 'boolean', words: 'Let its install scripts run: contained, without network and home' },
      host: {
        type: 'string',
        multiple: true,
        value: 'NAME:PORT',
        words: 'A host besides the registry that its files come from (repeatable)',
      },
      json,
    },
  },
  {
    name: 'unpin',
    group: 'change',
    arguments: '<server>',
    words: 'Start what the entry says again, and remove what was installed',
    positionals: [1, 1],
    offers: ['server'],
    options: { json },
  },
  {
    name: 'secrets',
    group: 'change',
    arguments: '[<server> | move <server> [<name>...] | put-back <server> [<name>...]]',
    words: 'What looks like a secret in clients’ files; move it into Belljar’s store, or put it back',
    more:
      'A moved secret is given to its server alone when that starts: as the variable, or with --file as a file that\n' +
      '<NAME>_FILE names. Without names, move shows what it would move, and asks; put-back takes all. Values are never shown.',
    positionals: [0, many],
    offers: ['server', 'server'],
    options: {
      all: { type: 'boolean', words: 'Move all that looks like one, without asking' },
      file: { type: 'boolean', words: 'Give it as a file that <NAME>_FILE names' },
      'dry-run': dryRun,
      project,
      json,
    },
  },
  {
    name: 'stop',
    group: 'change',
    arguments: '<run>',
    words: 'End a run and everything it started',
    positionals: [1, 1],
    options: { json },
  },
  {
    name: 'panel',
    group: 'belljar',
    arguments: '',
    words: 'Open the panel in the browser',
    positionals: [0, 0],
    options: {
      'no-open': { type: 'boolean', words: 'Open no browser: print the file that leads to it' },
      port: { type: 'string', value: 'PORT', words: 'Listen on this port of 127.0.0.1 (default: any free one)' },
      json,
    },
  },
  {
    name: 'host',
    group: 'belljar',
    arguments: '[status|stop]',
    words: 'Run the host that panels and commands attach to; or ask for it, or stop it',
    positionals: [0, 1],
    offers: [['status', 'stop']],
    options: {
      background: { type: 'boolean', words: 'Keep it running without a window' },
      json,
    },
  },
  {
    name: 'probe',
    group: 'belljar',
    arguments: '',
    words: 'What the kernel of this machine can enforce',
    positionals: [0, 0],
    options: { json },
  },
  {
    name: 'selftest',
    group: 'belljar',
    arguments: '',
    words: 'Try here what the walls promise to stop, and look from outside',
    positionals: [0, 0],
    options: { json },
  },
  {
    name: 'doctor',
    group: 'belljar',
    arguments: '',
    words: 'Whether Belljar’s own state is sound',
    positionals: [0, 0],
    options: { repair: { type: 'boolean', words: 'Repair what can be repaired' }, json },
  },
  {
    name: 'completion',
    group: 'belljar',
    arguments: 'bash|zsh|fish',
    words: 'Completion for a shell: belljar completion bash >> ~/.bashrc',
    positionals: [1, 1],
    offers: [shellChoices],
    options: {},
  },
  {
    name: 'uninstall',
    group: 'belljar',
    arguments: '',
    words: 'Release every server, then remove everything of Belljar’s from this account',
    positionals: [0, 0],
    options: { yes: { type: 'boolean', words: 'Do not ask' }, json },
  },
];

export function findVerb(name: string): VerbFacts | null {
  return verbs.find((verb) => verb.name === name) ?? null;
}
