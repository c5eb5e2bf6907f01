/**
 * The verbs: their options, their words, and where their code is. Help, completion and parsing derive from this table.
 * It imports nothing, because help must be quick.
 */
import type { LaunchedLevel, Level, NetworkMode, RuleVerb, ServerState, Verdict } from '#contract/words.ts';

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
      limit: limitOption,
      json: { type: 'boolean', words: 'One JSON object a line' },
    },
  },
  {
    name: 'ask',
    group: 'see',
    arguments: '[<question> once|always|no|never]',
    words: 'What servers wait for you to decide; answers one, or asks for each on a terminal',
    positionals: [0, 2],
    options: {
      follow: { type: 'boolean', words: 'Go on, and ask when something new is asked for' },
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
    name: 'history',
    group: 'see',
    arguments: '',
    words: 'What Belljar changed, newest first',
    positionals: [0, 0],
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
    options: { json },
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
