/**
 * Sentences for people, in one catalogue keyed by code and parameters. Nothing else in the product writes prose for the
 * screen about levels, states, errors or well-known targets.
 */
import type { DecisionChange } from './decision.ts';
import type { ErrorBody, ErrorCode, ErrorParams } from './errors.ts';
import { BelljarError } from './errors.ts';
import type { OwnPathName } from './methods.ts';
import type { Event, RunEnd, RunStart } from './event.ts';
import type { NetworkSummary } from './network.ts';
import type { CannotPinReason, Fetches, PinProblem } from './pin.ts';
import type { Enforcer, Rule } from './policy.ts';
import type { Secret, SecretFormat, SecretObstacle, SecretReason, SecretState, SecretWay } from './secret.ts';
import type { Probe } from './server.ts';
import type { Risk, RiskGrade, RiskReason } from './risk.ts';
import type { Bypass, RolloutReason } from './rollout.ts';
import type { TerminalEnd } from './terminal.ts';
import type { QuestionAbout } from './question.ts';
import type {
  CannotReason,
  Decider,
  DriftKind,
  EventKind,
  Level,
  LimitHolder,
  LimitName,
  NetworkMode,
  Permission,
  QuestionAnswer,
  QuestionKind,
  RuleVerb,
  ServerState,
  Sight,
  SightHindrance,
  SocketName,
  Source,
  UntilStopHindrance,
  Uptake,
} from './words.ts';
import {
  isSandboxCall,
  limitNames,
  permissions,
  sightHindrances,
  socketNames,
  untilStopHindranceSchema,
} from './words.ts';

export const levelTitles: Record<Level, string> = {
  off: 'Off',
  watch: 'Watch',
  standard: 'Standard',
  strict: 'Strict',
};

/** The exact words people see for each level. */
export const levelSentences: Record<Level, string> = {
  off: 'Runs as your client starts it. Belljar sees nothing and stops nothing.',
  watch: 'Nothing is blocked. Records the files, programs and hosts it uses.',
  standard:
    'Keeps working as usual, with its own folders and the ones you named. Your keys, browsers, other servers and this desktop are out of reach.',
  strict: 'Only what you have granted. No network unless you name the host.',
};

export const stateTitles: Record<ServerState, string> = {
  off: 'off',
  watched: 'watched',
  contained: 'contained',
  'restart-needed': 'restart needed',
  failing: 'failing',
  drifted: 'drifted',
  moved: 'moved',
  copied: 'copied',
  cannot: 'cannot be contained',
  locked: 'locked',
};

export const cannotSentences: Record<CannotReason, string> = {
  remote: 'It runs elsewhere and is reached over the network; there is no process here to contain.',
  'client-managed': 'The client starts it by itself; no file holds its command.',
  'command-list':
    'The client is set to decide over servers by their exact command, and a contained server has another one.',
  'other-system': 'Another system on this machine starts it.',
  docker: 'It runs in a container that the Docker daemon starts outside any sandbox of this session.',
  'other-sandbox': 'Another sandbox or proxy already starts it.',
  'no-file': 'Its settings are not kept in a file.',
  'no-command': 'Its entry has no command.',
  'bad-entry': 'Its entry is not of the form the client documents.',
  'needs-root': 'It asks for administrator rights, which a sandbox without rights cannot give.',
};

/** What to do instead. */
export const cannotRemedies: Record<CannotReason, string> = {
  remote: 'Review what the service may see and do; Belljar cannot hold it.',
  'client-managed': 'Configure the server in a file of the client instead.',
  'command-list': 'Whoever keeps the list has to add the contained command.',
  'other-system': 'Run Belljar there.',
  docker: "Limit the container itself: no '--privileged', no Docker socket, few volumes.",
  'other-sandbox': 'Leave it to that sandbox, or configure the bare command and contain it here.',
  'no-file': 'Configure the server in a client that keeps it in a file.',
  'no-command': 'Give the entry a command, or remove it.',
  'bad-entry': 'Correct the entry as the client documents it.',
  'needs-root': 'Configure a command that works without administrator rights.',
};

/** How much speaks against an entry, where there is room for a word. Never that it is safe. */
export const riskTitles: Record<RiskGrade, string> = {
  low: 'few known risks',
  raised: 'some risk',
  high: 'high risk',
  severe: 'very high risk',
};

/** What a grade means, and what it does not. */
export const riskSentences: Record<RiskGrade, string> = {
  low: 'Its entry shows little that speaks against it. Nobody has looked into the program: this does not say that it is harmless.',
  raised: 'Its entry shows something that speaks against running it as it is.',
  high: 'Its entry shows much that speaks against running it as it is.',
  severe: 'Its entry shows so much that speaks against it that it should not run as it is.',
};

/** Each reason in words; `what` are the words of the entry that it is about, hostile text. */
export const riskReasonSentences: Record<RiskReason, (what: string) => string> = {
  'remote-installer': () => 'It fetches text from the internet and runs it at once, whatever it says that day.',
  'similar-name': (what) => `Its package is named much like a well-known one, and is another: ${what}.`,
  'docker-socket': () => 'It is given the Docker socket, which can read and change every file of this machine.',
  'privileged-container': (what) => `Its container is not held in: ${what}.`,
  administrator: (what) => `It asks for administrator rights (${what}).`,
  'program-open': (what) => `Every account of this machine can replace its program: everybody may write to ${what}.`,
  'gives-shell': (what) => `It is made for running any command that a model thinks of: ${what}.`,
  'whole-home': (what) => `It is given a whole home folder, or more: ${what}.`,
  'secret-place': (what) => `It is given a place where keys and passwords are kept: ${what}.`,
  'from-address': (what) => `It is fetched from an address and not from a registry: ${what}.`,
  'program-passing': (what) => `Its program lies where things come and go: ${what}.`,
  'loads-code': (what) => `Other code is loaded into it at its start: ${what}.`,
  'certificates-unchecked': (what) => `It does not check whom it talks to (${what}).`,
  'guard-off': (what) => `A protection of its own is switched off: ${what}.`,
  'other-registry': (what) => `Its packages come from another registry than usual: ${what}.`,
  'newest-package': (what) => `It starts whatever is newest of ${what}, so it can be another program tomorrow.`,
  'secret-in-arguments': (what) =>
    `A secret stands on its command line, where every program of yours can read it: ${what}.`,
  'secret-in-variable': (what) => `Secrets stand in the client's file as plain text: ${what}.`,
  'auto-approve': () => 'Its client runs its tools without asking you.',
  'files-and-network': (what) => `It reads files and reaches the internet, so what it reads it can send away: ${what}.`,
  'listens-everywhere': (what) => `It can be reached from other machines (${what}).`,
  'starts-shell': (what) => `It is started through a shell (${what}), which runs more than one program.`,
  'code-in-entry': (what) => `Its program stands in the entry itself (${what}).`,
  'program-elsewhere': (what) => `Its program is not one of the system's or of a known tool: ${what}.`,
  'newest-dependencies': (what) => `It fetches whatever is newest of what ${what} needs.`,
};

/** A reason with what it is about. */
export function riskReasonSentence({ code, what }: Risk['reasons'][number]): string {
  return riskReasonSentences[code](what.join(', '));
}

/** What became of a contained entry. */
export const driftSentences: Record<DriftKind, string> = {
  unwrapped: 'Its client put the bare command back, so it runs outside Belljar. Contain it again, or leave it so.',
  changed: 'Its client made it start something else than what was contained. Contain it again, or put it back.',
  broken: 'Its entry names the launcher and nothing to run, so it does not start. Contain it again, or put it back.',
  removed: 'Its entry was contained and is gone from the file. Add it in its client again to contain it, or forget it.',
  returned:
    'Its contained entry came back after it had been released, so it does not start. Contain it again, or put it back.',
};

/** Where the command lines of a drift stand. */
export const driftWords = { before: 'Contained was', now: 'Now it starts', gone: 'nothing' } as const;

/** Why a step of a rollout proposes its level. */
export const rolloutReasonSentences: Record<RolloutReason, string> = {
  usual: 'It keeps working as usual, with its own folders and the ones you named.',
  'needs-no-network': 'What it starts is known to need no network, so nothing is lost by the tightest level.',
  again: 'It was contained at this level before its client changed it.',
  'blocks-nothing': 'It is only watched so far: nothing is blocked.',
  restart: 'It is set up; what its client started before still runs outside.',
};

/** The rollout, wherever it is shown. */
export const rolloutWords = {
  button: 'Rollout and audit',
  title: 'Rollout',
  listTitle: 'Contain what is not contained',
  far: (contained: number, all: number) =>
    `${contained.toString()} of ${all.toString()} servers that can be contained are.`,
  one: 'Try and contain',
  oneOf: (handle: string) => `Try and contain ${handle}`,
  workTitle: 'Under way',
  stop: 'Stop after this one',
  stopping: 'It stops after this one',
  doneTitle: 'What was done',
  notTouched: (count: number) => `${count.toString()} were not touched.`,
  again: 'Look again',
  looking: 'Looking at the servers …',
  intro:
    'Riskiest first. Each server is tried bare and contained before its entry is changed; at the first one that does not work, it stops.',
  nothing: 'Every server that can be contained is contained.',
  cannot: 'Cannot be contained',
  confirm: (count: number) => `Try and contain ${count === 1 ? '1 server' : `${count.toString()} servers`}`,
  working: (at: number, of: number) => `${at.toString()} of ${of.toString()}: trying it bare and contained …`,
  done: (count: number) =>
    count === 0
      ? 'No server was contained.'
      : count === 1
        ? '1 server is contained.'
        : `${count.toString()} servers are contained.`,
  stopped: (rest: number) =>
    `It stopped there: that server does not work contained, or could not be tried. ${rest === 0 ? 'It was the last one.' : `${rest.toString()} after it were not touched.`}`,
  restart: 'Its client has to be restarted.',
} as const;

/** A way past Belljar: what it is, and what to do about it. */
export const bypassSentences: Record<Bypass, { sentence: (what: string) => string; remedy: (what: string) => string }> =
  {
    'server-off': {
      sentence: () => 'It runs as its client starts it; Belljar sees nothing of it and stops nothing.',
      remedy: (handle) => `belljar contain ${handle}`,
    },
    'server-watched': {
      sentence: () => 'It is only watched: nothing is blocked.',
      remedy: (handle) => `belljar level ${handle} standard`,
    },
    'server-drifted': {
      sentence: () => 'Its entry is not what was contained any more.',
      remedy: (handle) => `belljar contain ${handle}`,
    },
    'server-copied': {
      sentence: () => 'Its entry is a copy of another contained one and runs under the rules of that one.',
      remedy: (handle) => `belljar contain ${handle}`,
    },
    'other-launcher': {
      sentence: () => 'Its entry names a launcher at another place, of another account or another machine.',
      remedy: (handle) => `belljar contain ${handle}`,
    },
    'old-process': {
      sentence: (pids) => `What its entry names still runs outside Belljar, as process ${pids}.`,
      remedy: (uptake) => uptake,
    },
    'runs-bare': {
      sentence: (pids) => `What its entry names runs now, with no launcher above it, as process ${pids}.`,
      remedy: (uptake) => `It keeps running so until its client starts it anew. ${uptake}`,
    },
    'same-elsewhere': {
      sentence: (others) => `It is contained in ${others}, but not here, where it runs as its client starts it.`,
      remedy: (handle) => `belljar contain ${handle}`,
    },
    'cannot-contain': { sentence: (why) => why, remedy: (instead) => instead },
    'client-starts-outside': { sentence: (why) => why, remedy: (instead) => instead },
    'remote-secret': {
      sentence: (names) => `It runs elsewhere, and a secret for it stands in the file as plain text: ${names}.`,
      remedy: () => 'Let the client sign in by itself, or name a variable instead of the secret.',
    },
    'file-unread': { sentence: (why) => `Its servers are not known to Belljar. ${why}`, remedy: (instead) => instead },
    'open-socket': {
      sentence: (what) => `You granted it ${what}, by which it can act outside of its walls.`,
      remedy: (command) => command,
    },
  };

/** The audit, wherever it is shown. */
export const auditWords = {
  title: 'What runs past Belljar',
  clean: 'Nothing was found that runs past Belljar.',
  found: (count: number) => `${count === 1 ? '1 way' : `${count.toString()} ways`} past Belljar:`,
  limitsTitle: 'What cannot be seen from here',
  limits: [
    'Programs that you or other programs start by hand, but for those with the command line of a configured server.',
    'Clients that Belljar does not know, and settings that a client keeps on a server or in a database.',
    'Projects that no client has recorded; in the folder of one, belljar audit looks at it.',
    'What remote servers do.',
  ],
} as const;

/** What a person should know of an entry, by code; said before and after it is changed. */
export const entryNotes = {
  'asks-again': (client: string) => `${client} asks you to approve the server again, because its definition changed.`,
  'own-node': (client: string) =>
    `${client} runs "node" in itself; contained, the server needs a Node.js that is installed on this machine, or came with a package of Belljar.`,
  'replaced-by-update': () => 'An update replaces this file; the server then has to be contained again.',
  shared: (clients: string) => `The same file is read by ${clients}.`,
} as const;
/** Why what an entry starts cannot be pinned; `word` is the word of the command line that it is about. */
export const cannotPinSentences: Record<CannotPinReason, (word: string) => string> = {
  'other-program': (word) => `Only what npx and uvx fetch can be pinned, and this server is started by ${word}.`,
  'no-package': () => 'Its command line names no package.',
  'unknown-option': (word) =>
    `What ${word} changes about what is installed is not known to Belljar, so it cannot be pinned.`,
  'not-from-registry': (word) => `${word} is not a package of a registry, so there is no version to pin.`,
  secret: () =>
    'Its command line names a registry with a password in it, which a pin would write down. Keep it in the settings of the package manager.',
  placeholder: (word) => `${word} holds a placeholder that only the client fills in.`,
};

/** What it means that an entry fetches what it starts; stands on the server's card and in `show`. */
export function fetchSentence(fetches: Fetches): string {
  const runner = fetches.runner === 'npm' ? 'npx' : 'uvx';
  return fetches.exact
    ? `${runner} fetches ${fetches.package} and whatever is newest of what it needs at its start.`
    : `${runner} starts whatever is newest of ${fetches.package}.`;
}

/** What is wrong with a pinned start, where something is. */
export const pinProblemSentences: Record<PinProblem, string> = {
  'pin-mismatch': 'Its entry no longer starts what was pinned, so it does not start. Pin it again, or unpin it.',
  'pin-tampered': 'The installed program is not what was pinned, so it does not start. Pin it again, or unpin it.',
  'pin-invalid': 'The record of what was pinned is damaged. Pin it again, or unpin it.',
};

export const uptakeSentences: Record<Uptake, (clientTitle: string) => string> = {
  automatic: (client) => `${client} takes the change up by itself.`,
  'new-session': (client) => `${client} takes the change up in its next session.`,
  'window-reload': (client) => `${client} takes the change up when its window is reloaded.`,
  'quit-and-start': (client) => `Quit ${client} completely (also from the tray) and start it again.`,
};

/** Why something cannot be granted until the server stops, and what can be done instead. */
const untilStopSentences: Record<
  UntilStopHindrance,
  { sentence: string; remedy: (grant: string, server: string) => string }
> = {
  'not-running': {
    sentence: 'It does not run now, so there is no run that this could be allowed to.',
    remedy: (grant) => `Allow it always; it holds from the next start on: ${grant}`,
  },
  'nothing-refused': {
    sentence: 'At this level nothing is refused, so there is nothing to allow.',
    remedy: (_, server) => `Set a level that restricts: belljar level ${server} standard`,
  },
  narrower: {
    sentence: 'Only what is allowed can end with a run. What is denied or protected stays so until it is taken back.',
    remedy: (grant) => `For always: ${grant}`,
  },
  'at-start': {
    sentence: 'This is fixed when a server starts, so a running one cannot be given it.',
    remedy: (grant) => `Allow it always; it takes effect after a restart: ${grant}`,
  },
  'no-network': {
    sentence: 'It was started without any network, and a running server cannot be given one.',
    remedy: (grant) => `Allow it always; it takes effect after a restart: ${grant}`,
  },
  'files-unseen': {
    sentence: 'It was started so that its accesses to files are not seen, and then its files are fixed when it starts.',
    remedy: (grant) => `Allow it always; it takes effect after a restart: ${grant}`,
  },
  already: {
    sentence: 'Its rules allow this already, or it was granted until it stops before.',
    remedy: (_, server) => `See what it has, and what waits for a restart: belljar show ${server}`,
  },
  unknown: {
    sentence: 'What the running server was started with is not known, so it cannot be said that it would have this.',
    remedy: (grant) => `Allow it always, and restart the server: ${grant}`,
  },
};

function untilStop(params: ErrorParams): (typeof untilStopSentences)[UntilStopHindrance] {
  const known = untilStopHindranceSchema.safeParse(params['hindrance']);
  return untilStopSentences[known.success ? known.data : 'unknown'];
}

interface ErrorSentence {
  message: (params: ErrorParams) => string;
  remedy?: (params: ErrorParams) => string;
}

/** `server "x"` when the parameter is there, else a plain word. */
function named(params: ErrorParams, key: string, fallback: string): string {
  const value = params[key];
  return value === undefined ? fallback : String(value);
}

export const errorSentences: Record<ErrorCode, ErrorSentence> = {
  usage: { message: (p) => named(p, 'detail', 'The command was not understood.'), remedy: () => 'See: belljar --help' },
  'invalid-input': { message: (p) => `The request was not understood: ${named(p, 'detail', 'invalid input')}` },
  'not-found': {
    message: (p) => `There is no server "${named(p, 'server', '?')}".`,
    remedy: () => 'See the servers of this machine: belljar list',
  },
  ambiguous: {
    message: (p) => `"${named(p, 'server', '?')}" names more than one server: ${named(p, 'candidates', '')}.`,
    remedy: () => 'Use client/name or the id.',
  },
  'no-such-run': { message: (p) => `There is no run "${named(p, 'run', '?')}".`, remedy: () => 'See: belljar runs' },
  'no-such-terminal': {
    message: () => 'That terminal is gone: it was closed, or nobody had it open for a while.',
    remedy: () => 'Open a new one from the server.',
  },
  'too-many-terminals': {
    message: (p) => `There are ${named(p, 'max', 'enough')} terminals open already.`,
    remedy: () => 'Close another one.',
  },
  'terminal-busy': { message: () => 'What runs in the terminal does not take its input, so no more is kept for it.' },
  'terminal-unavailable': {
    message: (p) => `Terminals cannot be opened on this machine: ${named(p, 'detail', 'a part is missing')}.`,
    remedy: () => 'Install Belljar with npm and its optional packages; everything else works without it.',
  },
  'nothing-restricted': {
    message: (p) =>
      `${named(p, 'server', 'The server')} runs at a level that restricts nothing, so there is no inside to open a terminal in.`,
    remedy: (p) => `Set a level first: belljar level ${named(p, 'server', '<server>')} standard`,
  },
  'no-such-question': {
    message: () => 'That question is no longer open: it was answered elsewhere, or nobody waits for it any more.',
    remedy: () => 'See what is open: belljar ask',
  },
  'no-such-decision': {
    message: (p) =>
      p['id'] === undefined ? 'There is nothing to undo.' : `There is no decision "${String(p['id'])}".`,
    remedy: () => 'See what was decided: belljar history',
  },
  'no-such-mute': { message: () => 'That is not muted any more.', remedy: () => 'See: belljar mute' },
  'history-unavailable': {
    message: (p) => `The history of events cannot be read: ${named(p, 'detail', '')}.`,
    remedy: () => 'See: belljar doctor',
  },
  'settings-invalid': {
    message: (p) => `Belljar's own settings are damaged: ${named(p, 'detail', '')}.`,
    remedy: () => 'Remove the file; what was muted is then shown again.',
  },
  'decision-overtaken': {
    message: (p) =>
      p['undone'] === true
        ? `It was undone already: ${named(p, 'summary', 'that decision')}.`
        : p['newer'] === undefined
          ? `What it changed is no longer as it left it: ${named(p, 'summary', 'that decision')}.`
          : `A newer decision changed the same again: ${String(p['newer'])}.`,
    remedy: (p) =>
      p['id'] === undefined
        ? 'See what was decided: belljar history'
        : `Undo that one first: belljar undo ${String(p['id'])}`,
  },
  'cannot-undo': {
    message: (p) =>
      p['reason'] === 'entry'
        ? `Its entry starts something else by now, in whose place ${named(p, 'package', 'the package')} cannot stand.`
        : `What exactly was installed is not known any more: ${named(p, 'package', 'the package')}.`,
    remedy: (p) => `Pin what it starts now: belljar pin ${named(p, 'server', '<server>')}`,
  },
  'no-such-rule': {
    message: (p) => `A person gave no rule "${named(p, 'rule', '?')}".`,
    remedy: (p) => `See its rules: belljar show ${named(p, 'server', '<server>')}`,
  },
  'refused-by-organisation': { message: () => 'Your organisation does not allow this.' },
  'refused-root-in-user-home': {
    message: (p) => `Belljar runs as root, but the home folder ${named(p, 'home', '')} belongs to another user.`,
    remedy: () => 'Run it as that user, without sudo.',
  },
  'unsafe-folder': {
    message: (p) => `${named(p, 'folder', 'A folder of Belljar')} belongs to someone else, or others may write to it.`,
    remedy: (p) => `Remove it, or make it your own: chmod 700 ${named(p, 'folder', '<folder>')}`,
  },
  'grant-too-wide': {
    message: (p) =>
      p['hosts'] === true
        ? `${named(p, 'what', 'That')} is too much to grant: it holds hosts of many different owners.`
        : `${named(p, 'what', 'That')} is too much to grant: it holds everything of yours.`,
    remedy: (p) =>
      p['hosts'] === true ? 'Name the hosts that the server needs.' : 'Name the folder or file that the server needs.',
  },
  'grant-own-folder': {
    message: (p) =>
      p['holds'] === undefined
        ? `${named(p, 'what', 'That')} belongs to Belljar itself and is never granted to a server.`
        : `${named(p, 'what', 'That')} holds ${String(p['holds'])}, which belongs to Belljar itself and is never granted to a server.`,
  },
  'cannot-contain': {
    message: (p) => named(p, 'sentence', 'This server cannot be contained.'),
    remedy: (p) => named(p, 'remedy', 'See its reason: belljar list'),
  },
  'project-file': {
    message: () =>
      'The file belongs to a project and is kept in its repository: a change shows up there, and others who use it have no launcher.',
    remedy: () =>
      'Configure the server for yourself alone (the scope "user" or "local" of its client), or change the file all the same: --project',
  },
  'check-failed': {
    message: (p) => named(p, 'sentence', 'The server does not work contained, so nothing was changed.'),
    remedy: (p) => `See what it was refused: belljar check ${named(p, 'server', '<server>')}`,
  },
  'check-impossible': {
    message: (p) => named(p, 'sentence', 'The server could not be tried, so nothing was changed.'),
    remedy: () => 'Contain it without trying it first: --no-check',
  },
  'config-changed': {
    message: () => 'The file changed while it was being edited; nothing was written.',
    remedy: () => 'Try again.',
  },
  drifted: {
    message: () => 'The client changed the entry after it was contained; it was left as it is.',
    remedy: () => 'See the difference with belljar diff, then contain or release it again.',
  },
  'config-unreadable': {
    message: (p) => {
      const detail = named(p, 'detail', 'no access');
      return `The file cannot be read: ${detail === 'EACCES' || detail === 'EPERM' ? 'you may not read it' : detail}.`;
    },
    remedy: () => 'See with ls -l what is there and whose it is; until it can be read, its servers are not known.',
  },
  'config-invalid': {
    message: (p) => `The file is not valid: ${named(p, 'detail', 'syntax error')}.`,
    remedy: () => 'Correct the file; Belljar never edits a file that it cannot read whole.',
  },
  'config-duplicate-key': {
    message: (p) => `The key "${named(p, 'key', '?')}" stands twice in one object, so it is unclear which one counts.`,
    remedy: () => 'Remove one of the two.',
  },
  'config-bom': {
    message: () => 'The file starts with a byte order mark, which this client cannot read.',
    remedy: () => 'Save the file as UTF-8 without a byte order mark.',
  },
  'config-busy': {
    message: (p) =>
      `Another program holds the file and does not let go of it (${named(p, 'detail', 'busy')}); it is as it was.`,
    remedy: () => 'Quit the client, then try again.',
  },
  'config-read-only': {
    message: (p) => `The file cannot be written: ${named(p, 'detail', 'read-only')}.`,
    remedy: () => 'Make the file and its folder writable, or change it where it is generated.',
  },
  'config-too-large': {
    message: (p) => `The file is larger than ${named(p, 'limit', 'what is read of one')}.`,
    remedy: () => 'Take out of it what is not needed; until then, its servers are not known.',
  },
  'write-failed': {
    message: (p) => `Writing failed: ${named(p, 'detail', 'unknown reason')}.`,
    remedy: () => 'See whether you may write there, and whether the disk takes what is written.',
  },
  'disk-full': {
    message: () => 'There is no space left on the disk; the file is as it was.',
    remedy: () => 'Free some space and try again.',
  },
  'journal-invalid': {
    message: (p) => `Belljar's own record of the original is damaged: ${named(p, 'detail', '')}.`,
    remedy: () => 'See: belljar doctor',
  },
  'policy-invalid': {
    message: (p) => `The stored policy is not valid: ${named(p, 'detail', '')}.`,
    remedy: () => 'Correct or remove the file; until then the server does not start.',
  },
  'cannot-pin': { message: (p) => named(p, 'sentence', 'What this server starts cannot be pinned.') },
  'pin-needs-scripts': {
    message: (p) =>
      `${named(p, 'package', 'The package')} runs programs while it is installed, so it was not: ${named(p, 'scripts', '')}.`,
    remedy: (p) =>
      `If you trust them, let them run contained, without network and home: belljar pin ${named(p, 'server', '<server>')} --with-scripts`,
  },
  'not-contained': {
    message: (p) =>
      `${named(p, 'server', 'The server')} is not contained, so nothing starts it in another way than its entry says.`,
    remedy: (p) => `Contain it first: belljar contain ${named(p, 'server', '<server>')}`,
  },
  'not-pinned': {
    message: (p) => `${named(p, 'server', 'The server')} is not pinned.`,
    remedy: (p) => `Pin it: belljar pin ${named(p, 'server', '<server>')}`,
  },
  'install-failed': {
    message: (p) =>
      `${named(p, 'package', 'The package')} could not be installed: ${named(p, 'detail', 'unknown reason')}.`,
    remedy: (p) =>
      p['host'] === undefined
        ? 'Nothing was changed. Try again when the registry can be reached.'
        : `It asked for ${String(p['host'])}, which is not the registry. If its files lie there: belljar pin ${named(p, 'server', '<server>')} --host ${String(p['host'])}`,
  },
  'pin-invalid': {
    message: (p) => `The pinned program is not what was installed: ${named(p, 'detail', '')}.`,
    remedy: () => 'Install it again with belljar pin, or start what its entry says with belljar unpin.',
  },
  'cannot-move': {
    message: (p) =>
      `${named(p, 'name', 'The secret')} cannot be moved: ${secretObstacleSentences[String(p['obstacle']) as SecretObstacle] ?? 'it is not written as a plain string.'}`,
  },
  'no-such-secret': {
    message: (p) => `${named(p, 'server', 'The server')} has no such secret: ${named(p, 'name', '?')}.`,
    remedy: (p) => `See what looks like one: belljar secrets ${named(p, 'server', '<server>')}`,
  },
  'secret-missing': {
    message: (p) => `The entry asks for ${named(p, 'name', 'a secret')}, and Belljar's store does not hold it.`,
    remedy: (p) => `Write the value into the client's file, in place of kept-by-belljar:${named(p, 'name', 'NAME')}.`,
  },
  'secret-foreign': {
    message: (p) =>
      `The entry of ${named(p, 'entry', 'a server')} names the server ${named(p, 'server', '?')} and asks for ${named(p, 'name', 'a secret')}, which is kept for that one alone. It is not the entry that was contained as that server, so it is given nothing.`,
    remedy: (p) =>
      `If the entry is yours, write the value into the client's file, in place of kept-by-belljar:${named(p, 'name', 'NAME')}; if not, remove the entry. What Belljar keeps of ${named(p, 'server', 'that server')} stays where it is.`,
  },
  'secret-twice': {
    message: (p) =>
      `The store holds two values of ${named(p, 'name', 'a secret')}: one that the entry of ${named(p, 'server', 'the server')} brings along from where it was before, and an older one of its own.`,
    remedy: (p) =>
      `Put the entry back, with the value that it brings along: belljar release ${named(p, 'server', '<server>')}. Contained after that, it can be moved again.`,
  },
  'newer-format': {
    message: () => 'The file was written by a newer Belljar and is left alone.',
    remedy: () => 'Update Belljar.',
  },
  'launcher-missing': {
    message: (p) => `The launcher is missing or does not run: ${named(p, 'detail', '')}.`,
    remedy: () => 'Build it: npm run build',
  },
  'launcher-path-space': {
    message: (p) => `The launcher's path holds a space, which some clients split: ${named(p, 'path', '')}.`,
    remedy: () => 'Choose a data folder without spaces (XDG_DATA_HOME).',
  },
  'not-enforceable': { message: (p) => named(p, 'sentence', 'This machine cannot enforce that rule.') },
  'not-until-stop': {
    message: (p) => untilStop(p).sentence,
    remedy: (p) => untilStop(p).remedy(named(p, 'command', 'belljar grant'), named(p, 'server', '<server>')),
  },
  'sight-impossible': {
    message: (p) =>
      `Accesses to files cannot be left unseen here, because ${sightHindranceWords(String(p['hindrances'] ?? '').split(' '))}.`,
    remedy: (p) => sightRemedy(named(p, 'server', '<server>'), String(p['hindrances'] ?? '').split(' ')),
  },
  'partly-done': {
    message: (p) => `${named(p, 'failed', '?')} of ${named(p, 'total', '?')} servers could not be changed.`,
  },
  'host-locked': {
    message: (p) => `Another Belljar host (process ${named(p, 'pid', '?')}) holds the lock but does not answer.`,
    remedy: () => 'Stop that process, then try again.',
  },
  'host-unreachable': { message: () => 'The Belljar host does not answer.', remedy: () => 'Start it: belljar host' },
  'host-version': {
    message: (p) => `The running host is version ${named(p, 'running', '?')}, this program is ${named(p, 'own', '?')}.`,
    remedy: () => 'Stop the host and start it again: belljar host stop',
  },
  unauthorized: { message: () => 'This page has no valid key.', remedy: () => 'Open the panel again: belljar panel' },
  'bad-origin': { message: () => 'The request came from another site and was refused.' },
  'too-many-streams': { message: () => 'Too many panel tabs are open.', remedy: () => 'Close another one.' },
  'too-large': { message: () => 'The request is too large.' },
  'private-door-only': {
    message: () => "This is answered only on this user's private socket, never to a page.",
  },
  'only-desktop': { message: () => 'Only the desktop program can do that.' },
  timeout: { message: () => 'It took too long and was given up.' },
  internal: { message: () => 'Something went wrong inside Belljar.', remedy: () => 'See the log: belljar doctor' },
};

/** The one way an error becomes a body for people and programs. Unknown errors become `internal`, details stay in the log. */
export function toErrorBody(error: unknown): ErrorBody {
  const known = error instanceof BelljarError ? error : new BelljarError('internal', { cause: error });
  const sentence = errorSentences[known.code];
  return {
    code: known.code,
    params: known.params,
    message: sentence.message(known.params),
    ...(known.file === undefined ? {} : { file: known.file }),
    ...(known.at === undefined ? {} : { at: known.at }),
    ...(sentence.remedy === undefined ? {} : { remedy: sentence.remedy(known.params) }),
  };
}

/** A format as people call it. */
export const secretFormatTitles: Record<SecretFormat, string> = {
  github: 'a GitHub token',
  gitlab: 'a GitLab token',
  slack: 'a Slack token',
  discord: 'a Discord token',
  telegram: 'a Telegram bot token',
  aws: 'an AWS access key',
  google: 'a Google key',
  anthropic: 'an Anthropic key',
  openai: 'an API key in the form of OpenAI’s',
  groq: 'a Groq key',
  perplexity: 'a Perplexity key',
  tavily: 'a Tavily key',
  replicate: 'a Replicate token',
  huggingface: 'a Hugging Face token',
  context7: 'a Context7 key',
  stripe: 'a Stripe key',
  shopify: 'a Shopify token',
  sendgrid: 'a SendGrid key',
  mailgun: 'a Mailgun key',
  twilio: 'a Twilio key',
  npm: 'an npm token',
  pypi: 'a PyPI token',
  notion: 'a Notion token',
  linear: 'a Linear key',
  figma: 'a Figma token',
  atlassian: 'an Atlassian token',
  airtable: 'an Airtable token',
  supabase: 'a Supabase token',
  digitalocean: 'a DigitalOcean token',
  databricks: 'a Databricks token',
  netlify: 'a Netlify token',
  terraform: 'a Terraform token',
  vault: 'a Vault token',
  doppler: 'a Doppler token',
  'web-token': 'a JSON web token',
  'private-key': 'a private key',
};

const secretReasonSentences: Record<Exclude<SecretReason, 'format'>, string> = {
  name: 'its name says so',
  header: 'it is a header that signs a request in',
  address: 'a password in an address',
  random: 'long random text',
};

/** Why a secret cannot be moved; stands behind its name. */
export const secretObstacleSentences: Record<SecretObstacle, string> = {
  argument:
    'it is an argument, and Belljar knows no variable from which this program takes it. If there is one, write the value into "env" of the entry, and move it from there.',
  part: 'it is a part of an argument. If the program also takes it from a variable, write it into "env" of the entry, and move it from there.',
  twice: 'its variable stands in several places of the entry. Keep one of them.',
  written: 'it is written with an anchor, an alias, a tag, or as a block of text. Write it as a plain string.',
  name: 'no program can be given a variable of that name or with that content.',
  'too-large': 'it is larger than 64 KiB.',
};

export const secretStateTitles: Record<SecretState, string> = {
  'in-file': 'in the file',
  moved: 'moved',
  newer: 'newer in the file',
  unused: 'not asked for',
  missing: 'missing',
};

const secretWayWords: Record<SecretWay, (name: string) => string> = {
  variable: (name) => `the variable ${name}`,
  file: (name) => `a file that ${name}_FILE names`,
};

/** One secret in one sentence, without its name; never with its value. */
export function secretSentence(secret: Secret): string {
  const { name, where, state, reason, format, as, obstacle, place } = secret;
  switch (state) {
    case 'in-file': {
      const why =
        format !== null
          ? secretFormatTitles[format]
          : secretReasonSentences[reason === null || reason === 'format' ? 'name' : reason];
      const from = place === 'argument' && where !== name ? `, in the argument ${where}` : '';
      const readable = place === 'argument' ? ' Arguments can be read by every program of this machine.' : '';
      return obstacle === null
        ? `In the client’s file: ${why}${from}.${readable}`
        : `In the client’s file: ${why}${from}. It cannot be moved: ${secretObstacleSentences[obstacle]}${readable}`;
    }
    case 'moved':
      return `In Belljar’s store; this server alone gets it, as ${secretWayWords[as ?? 'variable'](name)}.`;
    case 'newer':
      return 'The client’s file holds a value again, and that one is used. Move it again to keep it out of the file.';
    case 'unused':
      return 'Belljar’s store holds it, but the entry no longer asks for it, so the server does not get it.';
    case 'missing':
      return `The entry asks for it, and Belljar’s store does not hold it: the server does not start. Write the value into the file, in place of kept-by-belljar:${name}.`;
  }
}

/** What moving secrets means, on the panel and in the command line. */
export const secretWords = {
  none: 'Nothing in its variables and arguments looks like a secret.',
  found: (count: number) =>
    count === 1
      ? 'One value in the client’s file looks like a secret. Every program that can read the file can read it.'
      : `${count.toString()} values in the client’s file look like secrets. Every program that can read the file can read them.`,
  moved: (count: number) =>
    count === 1 ? 'One secret is in Belljar’s store.' : `${count.toString()} secrets are in Belljar’s store.`,
  offer:
    'What the file holds can be kept in Belljar’s store, and given to this server alone when it starts. A release puts it back.',
  containFirst: 'Contain it first: only Belljar’s launcher can give a server what its file no longer holds.',
  question: 'Move them out of the client’s file?',
  movedNow: (names: string) => `Moved out of the client’s file: ${names}.`,
  putBackNow: (names: string) => `Back in the client’s file: ${names}.`,
  nothing: 'There is nothing to move.',
  nothingBack: 'There is nothing to put back.',
  how: (server: string) => `To move out of the file what it holds: belljar secrets move ${server} --all`,
} as const;

/** Well-known targets in words, keyed by `Event.known`. */
export const knownTargets: Record<string, string> = {
  'ssh-keys': 'your SSH keys',
  'aws-credentials': 'your AWS credentials',
  'gpg-keys': 'your GPG keys',
  'browser-profile': "a browser's profile (passwords, cookies)",
  keyring: 'your keyring',
  'client-config': "a client's own settings",
  'environment-file': 'a file with the secrets of a project',
  'private-key': 'a private key',
  'credential-file': 'a file with passwords of servers',
  'git-code': 'what Git runs by itself',
  'editor-file': 'settings through which your editor runs programs',
  'shell-profile': 'a shell start-up file',
  'docker-socket': 'the Docker socket: full control of this machine',
  'session-bus': 'the session bus: control of this desktop',
  'ssh-agent': 'the SSH agent: use of your SSH keys',
  'gpg-agent': 'the GPG agent: use of your GPG keys',
  'display-server': 'the display server: your screen and keyboard',
  'metadata-service': "the cloud's metadata service: credentials of this machine",
  belljar: "Belljar's own files",
  'cloud-credentials': 'credentials of a cloud account',
  'kube-credentials': 'your Kubernetes credentials',
  'docker-credentials': "a container engine's credentials",
  'git-credentials': 'credentials of your code hosts',
  'package-credentials': 'settings of a package manager, which may hold tokens',
  'network-credentials': 'saved passwords of network services',
  'certificate-keys': 'private keys of certificates',
  'system-accounts': "this machine's password file",
  'password-manager': "a password manager's files",
  mail: 'your mail',
  messenger: "a messenger's files",
  wallet: 'a wallet',
  'shell-history': 'a history of what you typed',
  'desktop-autostart': 'what starts with your desktop',
  'container-socket': "a container engine's socket: full control of this machine",
  'system-bus': 'the system bus: control of services of this machine',
  'service-manager': 'the service manager: starting programs outside of any sandbox',
  'sound-server': 'the sound server: your microphone',
  podman: 'the Podman socket: starting containers with your files in them',
  containerd: 'the containerd socket: full control of this machine',
  libvirt: "the virtual machines' control socket: full control of them, and through the system's, of this machine",
  snapd: "the snap service's socket: installing programs, where your account may",
  polkit: "the helper that asks for an administrator's password",
  wayland: 'the Wayland display: your windows, and on many desktops your screen',
  x11: 'the X11 display: your screen and keyboard',
  pipewire: 'the PipeWire sound and video server: your microphone, and on some desktops your screen',
  pulseaudio: 'the PulseAudio sound server: your microphone',
  tmux: 'your tmux sessions: typing into your shells',
  'terminal-session': 'a terminal multiplexer: typing into your shells',
  vscode: "the editor's own socket: opening files and running commands in it",
  emacs: 'the Emacs server: running programs as you',
  neovim: 'the Neovim server: running programs as you',
  mysql: 'the MySQL database server',
  postgresql: 'the PostgreSQL database server',
  redis: 'the Redis database server',
  'name-service': 'the name service cache',
  resolver: 'the system resolver: looking up names',
  journal: "the system's journal",
  'nested-sandbox': 'a sandbox of its own (as browsers make one for their pages)',
};

/** A well-known target in words, by its key; null for a key that this version does not know. */
export function knownTarget(key: string): string | null {
  return Object.hasOwn(knownTargets, key) ? (knownTargets[key] ?? null) : null;
}

/** What a Unix socket that has a name is good for, and what comes with it. `use` stands after "lets it". */
export const socketSentences: Record<SocketName, { use: string; risk: string }> = {
  'ssh-agent': {
    use: 'use your SSH keys through the agent',
    risk: 'While it runs it can sign in as you wherever these keys are accepted. It cannot read the keys themselves.',
  },
  'gpg-agent': {
    use: 'use your GPG keys through the agent',
    risk: 'While it runs it can sign and decrypt as you, as long as the agent does not ask you. It cannot read the keys themselves.',
  },
  keyring: {
    use: 'talk to the keyring',
    risk: 'It can unlock and read passwords that your programs keep there.',
  },
  'session-bus': {
    use: 'talk to the programs of your desktop',
    risk: 'Programs on the bus do what they are asked: start others outside of any sandbox, read the keyring, show and record the screen. This is as good as no sandbox.',
  },
  'system-bus': {
    use: "talk to this machine's services",
    risk: 'Services on the bus do what your account may ask of them: networks, disks, power, and starting units.',
  },
  'service-manager': {
    use: 'start and stop services of your session',
    risk: 'A service runs outside of any sandbox. This is as good as no sandbox.',
  },
  x11: {
    use: 'open windows on your X11 display',
    risk: 'X11 knows no walls between windows: it can read your keyboard, see your screen, and type into your terminals.',
  },
  wayland: {
    use: 'open windows on your Wayland display',
    risk: 'It can show windows that look like others. Some desktops also let a program record the screen or type.',
  },
  pipewire: {
    use: 'play and record sound and video',
    risk: 'It can listen to your microphone and camera; on some desktops it can see your screen.',
  },
  pulseaudio: { use: 'play and record sound', risk: 'It can listen to your microphone.' },
  docker: {
    use: 'use Docker',
    risk: 'Whoever may start containers can read and change every file of this machine. This is as good as no sandbox.',
  },
  podman: {
    use: 'use Podman',
    risk: 'Whoever may start containers can read and change every file of yours. This is as good as no sandbox.',
  },
  containerd: {
    use: 'use containerd',
    risk: 'Whoever may start containers can read and change every file of this machine. This is as good as no sandbox.',
  },
  libvirt: {
    use: 'manage virtual machines',
    risk: "It can give a virtual machine every file that you, or the system's service, may read.",
  },
  snapd: {
    use: 'ask the snap service',
    risk: 'It can install and remove programs where your account may do so unasked.',
  },
  tmux: {
    use: 'use your tmux sessions',
    risk: 'It can read your terminals and type into them. This is as good as no sandbox.',
  },
  vscode: {
    use: 'talk to your editor',
    risk: 'It can open files in the editor and make it run commands, outside of any sandbox.',
  },
  emacs: { use: 'talk to your Emacs', risk: 'It can make Emacs run any program. This is as good as no sandbox.' },
  neovim: { use: 'talk to your Neovim', risk: 'It can make Neovim run any program. This is as good as no sandbox.' },
  mysql: { use: 'use MySQL', risk: 'It can read and change what your account may in its databases.' },
  postgresql: { use: 'use PostgreSQL', risk: 'It can read and change what your account may in its databases.' },
  redis: { use: 'use Redis', risk: 'It can read and change everything that is kept there.' },
};

/** Which socket a known target is, where it can be granted by its name. */
export const socketOfKnown: Partial<Record<string, SocketName>> = {
  ...Object.fromEntries(socketNames.map((name) => [name, name])),
  'docker-socket': 'docker',
};

/** What a permission lets a server do (after "lets it"), and what is weaker with it. */
export const permissionSentences: Record<Permission, { use: string; risk: string }> = {
  'nested-sandbox': {
    use: 'make a sandbox of its own, as browsers do for their pages',
    risk: 'In namespaces of its own it can ask for more of the kernel than other servers, so a hole in the kernel is easier to reach. Every rule about files, network and other programs holds in there too.',
  },
  datagrams: {
    use: 'send datagrams (UDP) to the hosts that it may connect to',
    risk: 'No name inside a datagram is checked, and at a port that it listens on it can receive from anywhere.',
  },
  'ask-links': {
    use: 'ask you whether it may open an https link in your browser',
    risk: 'What stands in an address that you let it open reaches the site that the address names.',
  },
  'ask-access': {
    use: 'ask you when a file or connection is refused, and wait for the answer',
    risk: 'A call that waits takes up to 20 seconds. What you allow is allowed, so look at what it names before you do.',
  },
  'loopback-listener': {
    use: 'listen on any port, for programs of this machine alone',
    risk: 'Every program of this machine, and a page in your browser, can connect to it there.',
  },
};

/** True for a `read` or `write` rule that opens no folder, but takes back what is kept back by that pattern. */
function isException(verb: RuleVerb, what: string): boolean {
  return (verb === 'read' || verb === 'write') && what.startsWith('**/');
}

/** What a rule is, before its `what`. */
export function ruleTitle({ verb, what }: Pick<Rule, 'verb' | 'what'>): string {
  if (isException(verb, what)) return verb === 'read' ? 'Read even' : 'Change even';
  return ruleTitles[verb];
}

const ruleTitles: Record<RuleVerb, string> = {
  read: 'Read',
  write: 'Read and change',
  deny: 'Never',
  protect: 'Never change',
  host: 'Connect to',
  listen: 'Listen on port',
  local: 'Connect to local port',
  socket: 'Connect to socket',
  exec: 'Start',
  env: 'Be told',
  link: 'Open links to',
  permission: 'Permission',
};

/** A rule for a path that is not there and that no other rule reaches. */
export const absentSentence =
  'It is not there: a rule for it counts from a start on at which it is. To let the server make it, grant its folder.';

/** Folders in which something is kept back, and what that costs (`npm run bench -- areas`: no two machines say the same numbers). */
export const areaWords = {
  brokered: 'Something in it is kept back',
  cost: 'Opening a file there takes about half as long again as in other granted folders; what is open is as fast as there.',
  /** Of a rule by which folders become such, now or later; their names stand before. */
  becomes: (count: number): string =>
    `Something in ${count === 1 ? 'this folder' : 'these folders'} is kept back by that, so each open there is looked at. ${areaWords.cost}`,
  keptBack: 'Kept back in these folders',
  never: 'never opened',
  unchanged: 'read, never changed',
  notIn: 'The system’s folders, and what the server may start, are the kernel’s: patterns do not count there.',
  lift: 'Allow',
  lifted: 'It is no longer kept back.',
  comes: 'Holds after a restart',
  goes: 'Still holds until a restart',
  open: 'What it has open stays open until it closes it.',
  stillOpen: (item: { what: string; access: string; pid: number; program: string }) =>
    `still open: ${item.what} (${item.access}), process ${item.pid.toString()} (${item.program})`,
  stillOpenMore: 'There may be more than is listed.',
  stillOpenRemedy: 'Restart the server to close it.',
} as const;

/** Rules that a running server has as soon as they are given. */
export function isLiveVerb(verb: RuleVerb): boolean {
  return verb === 'read' || verb === 'write' || verb === 'link';
}

/** When a rule that is about to be added will hold. */
export function whenSentence(verb: RuleVerb): string {
  if (isLiveVerb(verb)) return 'A running server has it at once.';
  if (verb === 'exec' || verb === 'env' || verb === 'permission')
    return 'It takes effect after a restart of the server.';
  return 'Whether a running server has it at once is said when it is added.';
}

/** The rule's own words after it was added, and what is to be known; null for rules that say all themselves. */
export function grantSentences(verb: RuleVerb, what: string): { use: string; risk: string } | null {
  if (isException(verb, what))
    return {
      use: `${verb === 'read' ? 'read' : 'read and change'} ${what.slice('**/'.length)} wherever that lies in its folders`,
      risk: 'Belljar keeps such files back because they hold secrets, or because other programs run what stands in them.',
    };
  const socket = socketNames.find((name) => name === what);
  if (verb === 'socket' && socket !== undefined) return socketSentences[socket];
  const permission = permissions.find((name) => name === what);
  return verb === 'permission' && permission !== undefined ? permissionSentences[permission] : null;
}

/** A question, after the server's name and before what it is about. */
export function questionPhrase(about: QuestionAbout): string {
  switch (about.kind) {
    case 'link':
      return 'wants to open a page in your browser:';
    case 'file':
      if (about.access === 'write') return about.folder ? 'wants to change the folder' : 'wants to write the file';
      return about.folder ? 'wants to list the folder' : 'wants to read the file';
    case 'host':
      return about.port === undefined ? 'wants to look up and reach' : 'wants to connect to';
    case 'local':
      return 'wants to connect to this port of your machine:';
    case 'socket':
      return 'wants to connect to the socket';
  }
}

/** What a scope is, after "for": the narrowest first. */
export function scopePhrase(about: QuestionAbout, up: number): string {
  switch (about.kind) {
    case 'file':
      if (up === 0) return about.folder ? 'this folder and all in it' : 'this file';
      return up === 1 ? 'its folder and all in it' : 'a folder around it';
    case 'host':
      return up === 0 ? 'this host' : 'every host below its domain';
    case 'link':
      return 'this host';
    case 'local':
      return 'this port';
    case 'socket':
      return 'this socket';
  }
}

const accessAnswers: Record<QuestionAnswer, string> = {
  once: 'Allow once',
  run: 'Until it stops',
  always: 'Always',
  no: 'No',
  never: 'Never',
};

/** Answers, as they stand on a button or behind a number. */
export const answerTitles: Record<QuestionKind, Record<QuestionAnswer, string>> = {
  link: {
    once: 'Open once',
    run: 'Until it stops',
    always: 'Always for this host',
    no: 'No',
    never: 'Never for this host',
  },
  file: accessAnswers,
  host: accessAnswers,
  local: accessAnswers,
  socket: accessAnswers,
};

/** Words around a question about an access. */
export const questionWords = {
  skip: 'Skip to the open question',
  noneOpen: 'No question is open.',
  scope: 'Until it stops and Always are for',
  change: 'Always adds to its policy:',
  never: 'Never adds to its policy:',
  wait: 'Keep waiting',
  waits:
    'It waits for you. Without an answer it is refused, and no rule is made; none is made for once or until it stops.',
  switch: 'Ask me when it is refused something',
  switchOn:
    'When a file or connection is refused, it waits up to 20 seconds while a page of Belljar or belljar ask is open, and you decide. Places that hold keys are never asked for.',
  switchOff: 'What its policy does not allow is refused at once.',
} as const;

/** What came of an answer. */
export const answerSentences: Record<QuestionAnswer, string> = {
  once: 'Allowed this time.',
  run: 'Allowed until it stops.',
  always: 'Allowed from now on.',
  no: 'Refused this time.',
  never: 'Refused from now on.',
};

/** Why something was refused, where the launcher says more than that; keyed by `Event.known`. */
export const eventReasons: Record<string, string> = {
  'other-name': 'The connection asked for this name inside, and was made for another one.',
};

/** Git's "Permission denied" says neither why nor what to do. */
function gitRemedy(event: Event): string | null {
  if (event.known !== 'git-code' || event.verdict !== 'refused' || event.kind === 'file.read') return null;
  const part = /\/\.git\/(hooks|config)(?:\/|$)/.exec(event.target)?.[1];
  if (part === undefined) return null;
  return `Git starts what is named there. In a repository that the server made in this run it may be changed; here after: belljar grant ${event.server} write '**/.git/${part}'`;
}

/** Why a rule is in a policy, keyed by `Rule.reason`. */
export const ruleReasons: Record<string, string> = {
  watch: 'At this level nothing is blocked.',
  'system-programs': 'Programs and libraries of the system.',
  'third-party-programs': 'Programs installed beside the system.',
  'shared-data': 'Data that programs of the system share.',
  'name-lookup': 'Finding addresses by name.',
  certificates: 'Certificates of the authorities that secure connections.',
  'time-zone': 'The time zone of this machine.',
  'user-names': 'Names of users and groups.',
  'dynamic-linker': 'Finding shared libraries.',
  language: 'Language and character settings.',
  fonts: 'Fonts.',
  'program-settings': 'Settings of the system that ordinary programs read.',
  'standard-devices': 'Devices that every program may use.',
  'machine-facts': 'Facts of this machine, such as its processors and memory.',
  runtime: 'What the found program needs to run.',
  argument: 'Its own arguments name it.',
  variable: 'Its own entry names it.',
  'working-folder': 'The folder its client starts it in.',
  'package-cache': 'Packages that were fetched before.',
  'environment-base': 'Variables that every program expects.',
  'environment-proxy': 'The way to the internet through a proxy.',
  'environment-certificates': 'Where certificates lie.',
  'environment-runtime': 'Settings of language runtimes.',
  'ask-links': 'It may ask you to open a page in your browser.',
  'loopback-listener': 'It may listen for programs of this machine, such as your browser coming back from a sign-in.',
  person: 'You granted it.',
  denied: 'You denied it.',
  protected: 'You protected it: it may be read, not changed.',
  'environment-files': 'Such files hold passwords and keys of a project.',
  'environment-examples': 'Such files show what belongs into a project’s environment, without the secrets.',
  'private-keys': 'Such files are private keys.',
  'credential-files': 'Such files hold passwords of servers.',
  'git-code':
    'Git starts programs that are named there, whenever you use it in that folder. In a repository that it makes itself, a server may.',
  'shell-profiles': 'Your shell runs what stands there.',
  'editor-files': 'Your editor starts programs that are named there.',
  'client-files': 'A client starts servers and programs that are named there.',
};

/** What to do about a state, where there is something to say beyond its title. */
export const stateSentences: Record<ServerState, string | null> = {
  off: null,
  watched: 'Nothing is blocked; what it uses is recorded.',
  contained: null,
  'restart-needed': 'It is set up, but a process from before still runs outside Belljar.',
  failing: 'Its last starts ended within 30 seconds.',
  drifted: 'Its client changed the entry after Belljar did. Contain it again, or put it back.',
  moved: 'Its entry stands somewhere else than when it was contained. Contain it again, or put it back.',
  copied: 'Its entry is a copy of another contained one. Contain it on its own, or put it back.',
  cannot: null,
  locked: 'Your organisation has set its level.',
};

/** What to do about a server that does not stay up. */
export const failingWords = { refusals: 'Show refusals', check: 'Check it' } as const;

/** In a browser, when nobody answers. */
export const sessionWords = {
  stopped:
    'If the host was stopped, this page cannot come back by itself: the next one has another address. Open the panel again:',
} as const;

interface Phrase {
  did: string;
  tried: string;
}

/** What a run did, or tried to do, before the object: `tried to read` + `your SSH keys`. */
const eventPhrases: Record<Exclude<EventKind, 'run.start' | 'run.end' | 'plan.change' | 'spool.dropped'>, Phrase> = {
  'file.read': { did: 'read', tried: 'tried to read' },
  'file.write': { did: 'wrote to', tried: 'tried to write to' },
  'file.create': { did: 'created', tried: 'tried to create' },
  'file.delete': { did: 'deleted', tried: 'tried to delete' },
  'file.rename': { did: 'renamed', tried: 'tried to rename' },
  'file.attr': { did: 'changed the attributes of', tried: 'tried to change the attributes of' },
  exec: { did: 'started', tried: 'tried to start' },
  'net.connect': { did: 'connected to', tried: 'tried to connect to' },
  'net.dns': { did: 'looked up', tried: 'tried to look up' },
  'net.listen': { did: 'listened on', tried: 'tried to listen on' },
  'unix.connect': { did: 'connected to', tried: 'tried to connect to' },
  'link.open': { did: 'opened in your browser', tried: 'tried to open in your browser' },
  signal: { did: 'sent a signal to', tried: 'tried to send a signal to' },
  syscall: { did: 'made the system call', tried: 'tried the system call' },
  limit: { did: 'reached the limit', tried: 'reached the limit' },
};

const sandboxPhrase: Phrase = { did: 'made', tried: 'tried to make' };

/** A length of time in the words of the screen: `0.4 s`, `12 s`, `3 min`, `2 h`. */
export function durationWords(milliseconds: number): string {
  if (milliseconds < 100) return 'less than 0.1 s';
  if (milliseconds < 10_000) return `${(Math.round(milliseconds / 100) / 10).toString()} s`;
  if (milliseconds < 120_000) return `${Math.round(milliseconds / 1000).toString()} s`;
  if (milliseconds < 7_200_000) return `${Math.round(milliseconds / 60_000).toString()} min`;
  return `${Math.round(milliseconds / 3_600_000).toString()} h`;
}

/** How a run ended, after the server's name. */
export function runEndPhrase(end: RunEnd): string {
  const after = `after ${durationWords(end.durationMs)}`;
  switch (end.cause) {
    case 'client-gone':
      return `ended ${after}, with its client`;
    case 'stopped':
      return `was stopped ${after}`;
    case 'launcher-failed':
      return `was not started: the launcher failed`;
    case 'signal':
      return `was ended by ${end.signal ?? 'a signal'} ${after}`;
    case 'exit':
      return end.code === undefined || end.code === 0
        ? `ended ${after}`
        : `ended ${after} with exit code ${end.code.toString()}`;
  }
}

export interface EventSentence {
  /** What was done, to stand after the server's name. */
  phrase: string;
  /** The object in words, when it is a well-known one. */
  known: string | null;
  /** The object itself, hostile text; null when the phrase says all. */
  target: string | null;
  /** Why it was refused, where the launcher says more than that. */
  reason: string | null;
}

/** The kernel's own records name the folder in which a name was to be made or removed: such a target ends with a slash, no other does. */
export function isFolderTarget(target: string): boolean {
  return target.startsWith('/') && target.endsWith('/');
}

const insidePhrases: Readonly<Partial<Record<EventKind, string>>> = {
  'file.create': 'tried to create something in',
  'file.delete': 'tried to delete something in',
  'file.rename': 'tried to move something in, into or out of',
};

/** An event as a sentence in three parts, so that each screen can show the hostile part in its own safe way. */
export function eventSentence(event: Event): EventSentence {
  switch (event.kind) {
    case 'run.start':
      return {
        phrase: event.start === undefined ? 'started' : `started, ${levelTitles[event.start.level].toLowerCase()}`,
        known: null,
        target: null,
        reason: event.start?.unseen === undefined ? null : sightWords.inRun(event.start),
      };
    case 'run.end':
      return {
        phrase: event.end === undefined ? 'ended' : runEndPhrase(event.end),
        known: null,
        target: null,
        reason: null,
      };
    case 'plan.change':
      return {
        phrase:
          event.verdict === 'allowed'
            ? (event.plan?.restart.length ?? 0) > 0
              ? 'took up changed rules, some of them from its next start on'
              : 'took up changed rules'
            : 'kept its rules, because its changed plan is not in order',
        known: null,
        target: null,
        reason: event.plan?.message ?? null,
      };
    case 'spool.dropped':
      return {
        phrase: `did ${event.count.toString()} more things than could be written down`,
        known: null,
        target: null,
        reason: null,
      };
    case 'limit': {
      const name = limitNames.find((one) => one === event.target);
      if (name !== undefined)
        return { phrase: limitHitPhrases[name], known: null, target: null, reason: limitRemedy(event.server, name) };
      return { phrase: eventPhrases.limit.tried, known: null, target: event.target, reason: null };
    }
    default: {
      const sandbox = isSandboxCall(event.kind, event.target);
      const phrase = sandbox ? sandboxPhrase : eventPhrases[event.kind];
      const inside = isFolderTarget(event.target) ? insidePhrases[event.kind] : undefined;
      const key = event.known ?? (sandbox ? 'nested-sandbox' : undefined);
      const known = key === undefined ? null : knownTarget(key);
      return {
        phrase: event.verdict === 'allowed' ? phrase.did : (inside ?? phrase.tried),
        known,
        target: event.target,
        reason: event.known === undefined ? null : (eventReasons[event.known] ?? gitRemedy(event)),
      };
    }
  }
}

/** `no hosts`, `1 host`, `3 hosts`. */
export function hostsWords(count: number): string {
  return count === 0 ? 'no hosts' : count === 1 ? '1 host' : `${count.toString()} hosts`;
}

/** What a server's network is, after "Network: ". */
export const networkTitles: Record<NetworkMode, string> = {
  none: 'none',
  hosts: 'only the hosts that are named',
  open: 'the internet; this machine and its network only where named',
};

/** What a server's network is, with what is known for limiting it. */
export function networkSentence(level: Level, network: NetworkSummary): string {
  if (level === 'watch') return `Network: ${hostsWords(network.hostsSeen)} seen`;
  if (network.mode === 'open') return `Network not limited yet: ${hostsWords(network.hostsSeen)} seen`;
  return network.mode === 'hosts' ? `Network: ${hostsWords(network.hostsNamed)}` : 'Network: none';
}

/** The same where there is room for a few letters. */
export function networkShort(level: Level, network: NetworkSummary): string {
  const seen = `${network.hostsSeen.toString()} seen`;
  if (level === 'watch') return seen;
  if (network.mode === 'open') return `open, ${seen}`;
  return network.mode === 'hosts' ? hostsWords(network.hostsNamed) : 'none';
}

/** Said of a host rule whose connections may name another host inside. */
export const nameNotChecked = 'name not checked';

/** Limiting the network of a server, wherever it is done. */
export const limitWords = {
  button: 'Limit …',
  change: 'Change …',
  title: 'Limit the network of',
  intro:
    'From then on it reaches only what is chosen here. What it was seen to use is proposed, by who owns the names.',
  nothingSeen: 'It was not seen to connect anywhere yet. Limited now, it reaches nothing.',
  unlisted: (count: number) => `${hostsWords(count)} more were used less; name them yourself where they are needed.`,
  chosen: 'What it may reach',
  below: (domain: string) => `every name below ${domain}`,
  granted: 'granted',
  used: (count: number) => (count === 1 ? 'used once' : `used ${count.toString()} times`),
  refused: (count: number) => (count === 1 ? 'refused once' : `refused ${count.toString()} times`),
  lookedUp: 'looked up only',
  last: (when: string) => `last ${when}`,
  policy: 'What changes in the policy',
  same: 'Nothing changes.',
  confirm: (count: number) => (count === 0 ? 'Limit to nothing' : `Limit to ${hostsWords(count)}`),
  working: 'Limiting …',
  question: 'Limit the network so?',
  done: {
    none: 'It reaches nothing from now on.',
    hosts: 'It reaches only these hosts from now on.',
    open: 'The internet is open to it again. The hosts stay named, for the next time.',
  } satisfies Record<NetworkMode, string>,
  open: 'Open the internet again',
  restart: 'It takes effect after a restart of the server.',
  now: 'It holds from the next start on.',
} as const;

/** Rules that would allow a refused connection. */
export const hostProposalWords = {
  host: 'Connect to this host',
  lookUp: 'Look up and connect to this host',
  near: 'Connect to this address, which is not on the internet',
  below: (domain: string) => `Connect to every name below ${domain}`,
} as const;

/** Stands before the paths that an entry names and that are not opened by it: too wide, or a place of secrets. */
export const withheldTitle = 'Kept back, although its own entry names it:';

/** Resource limits, as they stand before their number. */
export const limitTitles: Record<LimitName, string> = {
  memory: 'memory',
  processes: 'processes and threads',
  'open-files': 'open files of a process',
  'file-size': 'size of a file',
  'cpu-time': 'processor time of a process',
};

/** `2 GiB`, `256`, `90 s`, `no limit`. */
export function limitValue(name: LimitName, value: number | null): string {
  if (value === null) return 'no limit';
  if (name === 'processes' || name === 'open-files') return value.toString();
  const steps: readonly (readonly [number, string])[] =
    name === 'cpu-time'
      ? [
          [86_400, 'd'],
          [3600, 'h'],
          [60, 'min'],
          [1, 's'],
        ]
      : [
          [1024 ** 4, 'TiB'],
          [1024 ** 3, 'GiB'],
          [1024 ** 2, 'MiB'],
          [1024, 'KiB'],
        ];
  const [size, unit] = steps.find(([one]) => value >= one && value % one === 0) ??
    steps.find(([one]) => value >= one) ?? [1, name === 'cpu-time' ? 's' : 'B'];
  return `${(Math.round((value / size) * 100) / 100).toString()} ${unit}`;
}

/** Who holds a limit, after its number. */
export function limitHolderSentence(name: LimitName, by: LimitHolder): string {
  if (by === 'cgroup') return 'held by the kernel, for all that it starts together';
  if (by === 'rlimit') return 'held by the kernel';
  return name === 'memory'
    ? "held by Belljar's launcher, which ends the largest process beyond it"
    : "held by Belljar's launcher, which counts before each new one";
}

/** What it means that a limit was met; for events of kind `limit`, after the server's name. */
export const limitHitPhrases: Record<LimitName, string> = {
  memory: 'used all the memory it may have, and a process of it was ended',
  processes: 'has as many processes and threads as it may have, and was refused another one',
  'open-files': 'has as many files open as it may have',
  'file-size': 'wrote a file as large as it may be, and was ended',
  'cpu-time': 'used all the processor time it may have, and was ended',
};

/** What can be done about it. */
export function limitRemedy(server: string, name: LimitName): string {
  return `If it needs more: belljar resources ${server} ${name} <how much>`;
}

/** Words of the activity view. */
export const activityWords = {
  title: 'Activity',
  all: 'All activity',
  label: 'Activity of all servers, newest first',
  groupsLabel: 'Activity by target, newest first',
  logLabel: 'What came in',
  tools: 'Tools of the activity',
  olderElsewhere: 'older ones are under Activity',
  earlier: (rows: string): string => `${rows} earlier`,
  muted: (rows: string): string => `${rows} muted`,
  group: 'By target',
  mutedButton: (count: number): string => (count === 0 ? 'Muted' : `Muted (${count.toString()})`),
  exportAs: { jsonl: 'JSONL', csv: 'CSV' },
  exporting: (events: string): string => `Stop (${events} events)`,
  loadingEarlier: 'Looking further back …',
  loadMore: 'Look further back',
  toNow: 'Jump to now',
  searchedTo: (instant: string): string => `Nothing more back to ${instant}.`,
  noMore: 'This is where the history begins.',
  full: 'This page is full. A filter, or belljar events, finds what is older.',
  counting: 'Counting …',
  groupsCut: (count: number): string =>
    `Only the ${count.toString()} targets that were met last stand here; a filter finds others.`,
  retry: 'Try again',
  heard: (events: number, denials: number): string =>
    `${events.toString()} new ${events === 1 ? 'event' : 'events'}, ${denials === 0 ? 'none' : denials.toString()} refused.`,
  mute: 'Mute',
  muteThis: 'Mute this',
  unmute: 'Show again',
  muteTitle: 'Mute this noise',
  muteWhat: 'Leave out',
  muteScopes: {
    target: 'Just this, from this server',
    folder: 'Everything in this folder, from this server',
    everywhere: 'Just this, from every server',
  },
  mutedTitle: 'Muted',
  allMuted: 'All of it is muted',
  allMutedWhy: 'Something came in, and a rule of yours leaves it out. It is recorded all the same.',
  mutedDone: 'Muted. It can be shown again under “Muted”.',
  showMuted: (rows: string): string => `Show it meanwhile (${rows} rows)`,
  cancel: 'Cancel',
  close: 'Close',
} as const;

export const muteWords = {
  nothing: 'Nothing is muted.',
  done: 'The panel leaves such events out. They are still recorded, searched and exported.',
  undo: (id: string): string => `Show them again: belljar unmute ${id}`,
  undone: 'The panel shows such events again.',
  everyServer: 'every server',
  everyKind: 'every kind',
} as const;

export const storageWords = {
  behind: {
    reading: 'The records of past runs are still being read; some events are not in it yet.',
    'disk-full': 'The newest events are not in it: there is no space left on the disk.',
    'write-failed': 'The newest events are not in it: it cannot be written.',
  },
  rebuilt: {
    damaged: 'It was damaged and was made anew from the records of past runs; what was older is gone.',
    asked: 'It was made anew from the records of past runs; what was older is gone.',
  },
  countedSince: (instant: string): string => `Counted since ${instant}; there is more before that.`,
} as const;

/** What people decided, wherever it is told. */
export const historyWords = {
  title: 'What was decided',
  nothing: 'Nothing was decided yet.',
  undid(summary: string): string {
    const [, word = '', rest = ''] = /^(took back|did again): (.*)$/s.exec(summary) ?? [];
    if (word === '') return `took back: ${summary}`;
    return word === 'took back' ? `did again: ${rest}` : `took back: ${rest}`;
  },
  undo: 'Undo',
  undoing: 'Undoing …',
  undone: 'undone',
  done: (summary: string) => `Undone: ${summary}.`,
  effective: { now: 'It holds now.', restart: 'It takes effect after a restart of the server.' },
  redo: (id: string) => `To have it back: belljar undo ${id}`,
  doors: { 'command-line': 'at the command line', panel: 'on the panel' },
  dismiss: 'Dismiss',
  offer: 'The last change',
} as const;

/** A thing of a policy as it was or is, for before and after. */
export function changeWords(change: DecisionChange): { what: string; before: string; after: string } {
  const none = 'none';
  switch (change.of) {
    case 'contained':
      return { what: 'contained', before: change.before ? 'yes' : 'no', after: change.after ? 'yes' : 'no' };
    case 'level':
      return { what: 'level', before: change.before, after: change.after };
    case 'network':
      return {
        what: 'network',
        before: change.before ?? 'as the level has it',
        after: change.after ?? 'as the level has it',
      };
    case 'limit': {
      const word = (side: { value: number | null } | null): string =>
        side === null ? resourceWords.level : limitValue(change.name, side.value);
      return { what: limitTitles[change.name], before: word(change.before), after: word(change.after) };
    }
    case 'sight': {
      const word = (side: 'without-files' | null): string => sightTitles[side ?? 'full'];
      return { what: 'accesses to files', before: word(change.before), after: word(change.after) };
    }
    case 'rule': {
      const word = (side: unknown): string => (side === null ? none : 'given');
      return { what: change.key, before: word(change.before), after: word(change.after) };
    }
    case 'secret': {
      const word = (side: SecretWay | null): string => (side === null ? "in the client's file" : 'kept by Belljar');
      return { what: change.name, before: word(change.before), after: word(change.after) };
    }
    case 'pin': {
      const word = (side: { package: string; version: string } | null): string =>
        side === null ? none : `${side.package} ${side.version}`;
      return { what: 'pinned', before: word(change.before), after: word(change.after) };
    }
  }
}

/** Whether the kernel's records of refusals can be read by the launcher that was asked; null where nothing that reads them is installed. */
export function recordsSentence({ records }: Pick<Probe, 'records'>): string | null {
  if (records === undefined) return null;
  return records === 'come'
    ? 'Refused accesses to files of servers whose files are not looked at (belljar sight) are told from the kernel’s own records.'
    : `Refused accesses to files of servers whose files are not looked at (belljar sight) are not told from the kernel’s own records: ${records.replace(/^no /u, 'there is no ')}.`;
}

/** What bounds how much a run may use on this machine, seen from where the doctor stands. */
export function resourcesSentence({
  groupMemory,
  groupProcesses,
}: Pick<Probe, 'groupMemory' | 'groupProcesses'>): string {
  if (groupMemory && groupProcesses)
    return 'How much memory and how many processes a run may use is held by the kernel, in a control group of its own.';
  return "How much memory and how many processes a run may use is held by Belljar's launcher, because the kernel gives no control group here (why: belljar probe): it counts processes before they are made, and ends the largest one beyond the memory.";
}

/** A view of the panel that is loaded, or cannot be. */
export const viewWords = {
  loading: 'Loading',
  failedTitle: 'This view cannot be shown',
  failed:
    'A part of the panel could not be loaded, or failed. The host may have been replaced by a newer one; contained servers stay contained.',
  reload: 'Load the page again',
} as const;

/** What an entry starts, as a group of the list. */
export const runsKindTitles = {
  npm: 'Packages from npm',
  python: 'Packages from PyPI',
  container: 'Containers',
  program: 'Programs on this machine',
  elsewhere: 'Run elsewhere',
} as const;

/** The list of servers. */
export const listWords = {
  search: 'Search servers',
  tools: 'Find and sort servers',
  grouping: 'Group by',
  groupings: { client: 'By client', runs: 'By what runs' },
  order: 'Order',
  orders: {
    listed: 'As listed',
    attention: 'What needs you first',
    name: 'By name',
    risk: 'Riskiest first',
    refused: 'Most refused first',
  },
  nothing: 'No server matches',
  hidden: (count: number) => `${count === 1 ? '1 server is' : `${count.toString()} servers are`} hidden by the search.`,
  everything: 'Show all servers',
  list: 'List of servers',
  keys: 'Arrow keys move, space chooses, enter opens, 1 to 4 set the level.',
  row: (state: string, refused: number, at: number, of: number) =>
    `${state}${refused === 0 ? '' : `, ${refused.toString()} refused in the last hour`}, ${at.toString()} of ${of.toString()}`,
  choose: (name: string) => `Choose ${name}`,
  chosen: (count: number) => `${count === 1 ? '1 server' : `${count.toString()} servers`} chosen`,
  clear: 'Choose none',
  contained: (contained: number, all: number) => `${contained.toString()} of ${all.toString()} contained`,
  newest: 'newest at each start',
  keptBack: (count: number) =>
    count === 1 ? 'One place it names is kept back' : `${count.toString()} places it names are kept back`,
  open: 'How it is held',
} as const;

/** Putting up walls step by step, as a list that ticks itself. */
export const uptakeWords = {
  title: 'Until it runs behind its walls',
  written: 'Its entry is written.',
  firstRun: 'Its first contained run has begun.',
  oldRuns: (processes: string) => `Still running outside: ${processes}.`,
  done: 'It runs contained.',
  waits: 'waiting',
  ticked: 'done',
  dismiss: 'Hide this',
} as const;

/** One level for many servers at once. */
export const bulkWords = {
  titles: {
    off: 'Put back',
    watch: 'Watch',
    standard: 'Contain: standard',
    strict: 'Contain: strict',
  },
  everything: 'Put everything back',
  everythingIntro: (count: number) =>
    `${count === 1 ? '1 entry gets its' : `${count.toString()} entries get their`} original text again. Grants and history are kept.`,
  intro:
    'This is what changes. Each server is tried bare and contained first; one that does not work is left as it is.',
  introOff: 'Each entry gets its original text again. Grants and history are kept.',
  confirm: (count: number) => (count === 1 ? 'Do it for 1 server' : `Do it for ${count.toString()} servers`),
  reading: 'Reading the files …',
  working: (at: number, of: number) => `${at.toString()} of ${of.toString()} …`,
  writing: 'Writing the files …',
  stop: 'Stop after this one',
  stopping: 'It stops after this one',
  nothing: 'Nothing changes: they are so already.',
  nothingBack: 'Nothing to put back: every entry is as its client wrote it.',
  policyOnly: 'Only Belljar’s own rules change; no file is written.',
  changes: 'What changes',
  released: (count: number) => (count === 1 ? '1 entry is put back' : `${count.toString()} entries are put back`),
  contained: (count: number) => (count === 1 ? '1 server is changed' : `${count.toString()} servers are changed`),
  failed: (count: number) => `${count.toString()} could not be`,
  notTouched: (count: number) => `${count.toString()} were not touched`,
} as const;

/** The page of one server. */
export const serverPageWords = {
  back: 'All servers',
  gone: 'There is no such server any more.',
  reach: 'What it can reach',
  asMap: 'As a map',
  asTable: 'As a table',
  off: 'It runs as its client starts it: it can reach everything that you can.',
  inside: 'Inside the glass',
  outside: 'Outside',
  everythingElse: 'Everything else of yours: keys, browsers, other servers, this desktop.',
  watched: 'Nothing is blocked: this is what standard would let it reach.',
  ofLevel: (count: number) => `${count.toString()} more that every server of this level has`,
  nothing: 'nothing of its own',
  entry: 'Entry',
  check: 'Check again',
  checking: 'Trying it, once as it is and once contained …',
  stopCheck: 'Stop',
  putBack: 'Put it back',
  diff: 'What stands in its file',
  runs: 'Runs',
  noRuns: 'None seen yet.',
  enforced: 'enforced',
  partial: 'with a gap',
  missing: 'missing',
  notApplied: 'not applied',
  timeline: 'What happened',
  noTimeline: 'Nothing was seen yet.',
  wholeTimeline: 'All activity of this server',
  residual: 'What no sandbox removes',
  refresh: 'Ask again',
} as const;

/** The heads of the table of rules. */
export const ruleTableWords = {
  may: 'It may',
  what: 'What',
  from: 'Why',
  all: (count: number) => `Show all ${count.toString()} rules`,
  fewer: (count: number) => `Show the first ${count.toString()}`,
} as const;

/** The lanes of a server's map. */
export const laneTitles = {
  files: 'Files',
  network: 'Network',
  processes: 'Programs and this desktop',
  environment: 'Environment',
} as const;

/** How an entry of the map is reached. */
export const reachWords = { read: 'reads', change: 'reads and changes', use: '', never: 'never' } as const;

/** Allowing something: for how long, and what that changes. */
export const holdWords = {
  title: 'For how long',
  until: 'Until it stops',
  untilHint: (runs: number): string =>
    `For what runs now${runs > 1 ? ` (${runs.toString()} runs)` : ''}, from its next try on. It ends when the server stops. The policy stays as it is.`,
  always: 'Always',
  alwaysHint: (effective: 'now' | 'restart'): string =>
    `A rule of the policy, until you take it back. ${effective === 'now' ? 'It holds at once.' : 'It takes effect after a restart of the server.'}`,
  changesPolicy: 'What changes in the policy',
  changesRun: 'What it is granted until it stops',
  asking: 'Asking what would change …',
  nothing: 'No line of it changes.',
  confirm: { stop: 'Allow until it stops', always: 'Add this rule' },
  allowed: 'Allowed until it stops; it holds now.',
  allowedHint: 'You can take it back on the server’s page, where it stands until the server stops.',
  listTitle: 'Allowed until it stops',
  listHint: 'None of these is in the policy: each ends with the run that has it.',
  takeBack: 'Take back',
  answered: 'You answered so; it ends when the server stops.',
  takenBack: 'It is refused again from the next try on.',
  untilLine: (runs: readonly string[]): string => `until it stops (${runs.join(', ')})`,
} as const;

/** Behind when an explanation holds. */
export const explainUntilStop = 'and until it stops: granted to the running server alone';

/** After a grant that was only looked at. */
export const grantDryRunWords = {
  nothing: 'Nothing would change.',
  now: 'Nothing was written. A running server would have it at once.',
  restart: 'Nothing was written. It would take effect when the server starts the next time.',
  stop: 'Nothing was granted. It would hold at once, and end when the server stops; the policy stays as it is.',
} as const;

/** Typing a rule for a server. */
export const grantWords = {
  title: 'Allow or forbid something',
  verb: 'What it may',
  whats: {
    read: 'File or folder',
    write: 'File or folder',
    deny: 'File, folder, or a name such as **/.env',
    host: 'Host, such as api.example.com or *.example.com:443',
    local: 'Port of this machine',
    exec: 'Program',
    env: 'Variable',
  },
  problems: {
    empty: 'Type what the rule is about.',
    path: 'Type a full path; ~ is your home.',
    host: 'Type a host’s name or address, without https:// and without a path.',
    port: 'A port is a number from 1 to 65535.',
    variable: 'Type the name of a variable.',
  },
  add: 'Add this rule',
  adding: 'Adding …',
  added: (effective: 'now' | 'restart') =>
    effective === 'now' ? 'Added; it holds now.' : 'Added; it takes effect after a restart.',
  more: 'More names begin so; type on.',
  outside: 'Names are listed below your home and this server’s own folders.',
  suggestions: 'Names that begin so',
  found: (count: number, more: boolean) =>
    `${count.toString()} ${count === 1 ? 'name begins' : 'names begin'} so${more ? ', and more' : ''}.`,
} as const;

/** "What would happen if": a path, host or program, judged by the rules of now. */
export const whatIfWords = {
  title: 'What would happen if it tried …',
  access: 'It tries to',
  accesses: { read: 'read', write: 'change', connect: 'connect to', exec: 'start' },
  what: 'Path, host or program',
  ask: 'Say',
  asking: 'Asking the host …',
} as const;

/** What stays possible, in plain words for one server; `what` is text of its entry or rules. */
export const residualRiskSentences = {
  off: () => 'Nothing stands around it: it can do whatever you can do.',
  watch: () => 'It is only watched. Whatever it does, nothing is blocked.',
  'sends-what-it-reads': (what: string) =>
    what === ''
      ? 'It can reach the whole internet, so whatever it is told it can send anywhere.'
      : `It can reach the whole internet, so what it reads it can send anywhere: ${what}. Limit its network to end that.`,
  'through-named-hosts': (what: string) =>
    `What it reads it can send to the hosts it may reach, and through their services to others: ${what}.`,
  'changes-folders': (what: string) => `It can change, encrypt or delete what lies in ${what}. Keep copies elsewhere.`,
  'has-secrets': (what: string) =>
    `It is given secrets and can use them, or pass them on to any host it may reach: ${what}.`,
  'granted-sockets': (what: string) => `Through ${what} it acts outside of its walls, as far as that program lets it.`,
  'newest-program': (what: string) =>
    `It starts whatever is newest of ${what}. Tomorrow’s program gets the same rules as today’s. A pin ends that.`,
  gaps: (what: string) => `On this machine a part of its walls is missing: ${what}.`,
  'words-to-the-model': () =>
    'What it answers goes to your model. Words in it can lead the model to misuse other tools; no wall stands between those.',
  kernel: () =>
    'The walls are the kernel’s own. Whoever knows an unknown hole in the kernel gets past every sandbox on it.',
} as const;

/** The first minutes. */
export const welcomeWords = {
  title: 'Welcome',
  stepsTitle: 'Steps',
  steps: { found: 'Found', try: 'Try', apply: 'Apply' },
  skip: 'Show the list instead',
  looking: 'Looking at the servers …',
  found: (servers: number, clients: number) =>
    `${servers === 1 ? '1 server' : `${servers.toString()} servers`} in ${clients === 1 ? '1 client' : `${clients.toString()} clients`}. This is what each of them can do today.`,
  reads: {
    off: 'Can read and send whatever you can: keys, browsers, mail, every project.',
    watch: 'Can read and send whatever you can; Belljar writes down what it uses.',
    standard: 'Contained: its own folders and the ones you named.',
    strict: 'Contained: only what you have granted.',
    elsewhere: 'Cannot be contained here.',
  },
  demo: 'Show me what that means',
  try: (count: number) =>
    count === 1 ? 'Try the riskiest contained' : `Try the ${count.toString()} riskiest contained`,
  tryIntro: 'Each is started once as it is and once contained, and what it answers is compared. No file is changed.',
  trying: 'Trying it, once as it is and once contained …',
  plan: 'See what would change',
  planNow: 'Do not wait; see what would change',
  applyIntro: 'This is what changes. The originals are kept, and “Put everything back” at the top undoes all of it.',
  choice: (name: string) => `What becomes of ${name}`,
  leave: 'Leave it as it is',
  restart: 'How your clients take it up',
  apply: (count: number) => (count === 1 ? 'Contain 1 server' : `Contain ${count.toString()} servers`),
  end: ({ contained, watched, left, cannot }: { contained: number; watched: number; left: number; cannot: number }) =>
    `${[
      `${contained.toString()} contained`,
      ...(watched === 0 ? [] : [`${watched.toString()} watched`]),
      ...(left === 0 ? [] : [left === 1 ? '1 left as it is' : `${left.toString()} left as they are`]),
      ...(cannot === 0 ? [] : [`${cannot.toString()} cannot be contained`]),
    ].join(', ')}.`,
  endBack: '“Put everything back” at the top undoes it.',
  toServers: 'Go to the servers',
  start: 'Nothing is contained yet.',
  startLink: 'Contain them in a minute',
} as const;

/** The keys of the page, as they are pressed, one after the other. */
export const shortcutWords = {
  title: 'Keyboard shortcuts',
  heard: 'Single keys work everywhere on the page',
  button: 'Shortcuts',
  close: 'Close',
  everywhere: 'Everywhere',
  everywhereKeys: [
    [['?'], 'Show these keys'],
    [['/'], 'Search in what is shown'],
    [['g', 's'], 'Servers'],
    [['g', 'a'], 'Activity'],
    [['g', 'r'], 'Rollout'],
    [['g', 'm'], 'This machine'],
    [['g', 'q'], 'The question that is open'],
    [['Esc'], 'Close what is open'],
  ],
  inList: 'In the list of servers',
  listKeys: [
    [['↑', '↓'], 'Move through the servers'],
    [['Home', 'End'], 'First and last'],
    [['Enter'], 'Open the page of a server'],
    [['Space'], 'Choose it, or not'],
    [['Shift', '↓'], 'Choose it and go on'],
    [['1', '2', '3', '4'], 'Off, watch, standard, strict: for it, or for all that are chosen'],
    [['Esc'], 'Choose none'],
  ],
} as const satisfies Record<string, string | readonly (readonly [readonly string[], string])[]>;

/** What waits in a view, behind its title in the navigation. */
export const navigationWords = {
  servers: (count: number) => `${count.toString()} ${count === 1 ? 'needs' : 'need'} a decision`,
} as const;

/** Whether accesses to files are seen. */
export const sightTitles: Readonly<Record<Sight, string>> = { full: 'seen', 'without-files': 'not seen' };

/** What each choice means for a person. */
export const sightSentences: Readonly<Record<Sight, string>> = {
  full: 'Every access to a file is looked at, and what is refused is told. An open takes some microseconds more for that.',
  'without-files':
    'Accesses to files are as fast as without Belljar, and just as well held by the kernel, but no event tells of them: a refused one is seen by the server alone, but where this machine lets the kernel’s own records of refusals be read (belljar doctor). It finds nothing about itself in /proc, and no shared memory by name. Started programs, connections, signals and changed attributes are seen as before.',
};

const sightHindranceSentences: Readonly<Record<SightHindrance, string>> = {
  watch: 'the level watch is there to see them',
  network: 'it may use the network, and names are looked up through files that Belljar hands out',
  areas: 'something is kept back inside of its folders, which only a look at each open can do',
  'ask-access': 'it asks when it is refused something',
  'nested-sandbox': 'a browser’s own sandbox needs files of /proc that Belljar hands out',
};

function sightHindrancesOf(texts: readonly string[]): SightHindrance[] {
  return sightHindrances.filter((one) => texts.includes(one));
}

export function sightHindranceWords(texts: readonly string[]): string {
  return sightHindrancesOf(texts)
    .map((one) => sightHindranceSentences[one])
    .join('; ');
}

function sightRemedy(server: string, texts: readonly string[]): string {
  const remedies: Readonly<Record<SightHindrance, string>> = {
    watch: `belljar level ${server} standard`,
    network: `belljar level ${server} strict, without hosts (no network)`,
    areas: `belljar grant ${server} write '**/*' (keeps nothing back any more)`,
    'ask-access': `belljar revoke ${server} permission ask-access`,
    'nested-sandbox': `belljar revoke ${server} permission nested-sandbox`,
  };
  return `First: ${sightHindrancesOf(texts)
    .map((one) => remedies[one])
    .join('; ')}`;
}

export const sightWords = {
  title: 'Accesses to files',
  see: 'See them',
  leave: 'Leave them unseen …',
  confirm: 'Leave unseen',
  cancel: 'Go on seeing them',
  hindered: 'They were to be left unseen, and are seen all the same, because',
  restart: 'It takes effect after a restart of the server.',
  now: 'It holds from the next start on.',
  unchanged: 'Nothing changes.',
  notYet: 'It is not contained now; this is what holds once it is.',
  unseenTarget:
    'not seen: no event tells of accesses to files of this server, but for refusals where the kernel’s own records may be read',
  unseen:
    'What it does to files is not seen: a refusal there is known to the server alone, or told from the kernel’s own records where they may be read (belljar sight).',
  inRun: ({ refusals }: Pick<RunStart, 'refusals'>) =>
    refusals === undefined
      ? 'Its accesses to files are not seen in this run.'
      : 'Of its accesses to files only refused ones are seen in this run, from the kernel’s own records.',
} as const;

/** Setting how much a server may use, wherever it is done. */
export const resourceWords = {
  title: 'Resource limits',
  intro:
    'How much this server may use, with everything it starts. The levels’ own limits end what runs away, not what works hard.',
  change: 'Change …',
  none: 'no limit',
  level: 'as the level has it',
  save: 'Save limits',
  saving: 'Saving …',
  cancel: 'Cancel',
  how: 'Such as 512M or 2G, 256, 90s or 2h; none for no limit, level for what the level has.',
  unlimited: 'Nothing is limited at this level.',
  restart: 'It takes effect after a restart of the server.',
  now: 'It holds from the next start on.',
  unchanged: 'Nothing changes.',
  notYet: 'It is not contained now; this is what holds once it is.',
} as const;

/** Where a rule comes from, in words that stand after "from". */
export const sourceTitles: Record<Source, string> = {
  level: 'the level',
  argument: 'its own arguments',
  runtime: 'its runtime',
  catalogue: "Belljar's catalogue",
  preset: 'a preset',
  manifest: 'its manifest',
  person: 'you',
  organisation: 'your organisation',
};

/** What holds a rule on this machine. */
export const enforcerTitles: Record<Enforcer, string> = {
  landlock: 'the kernel (Landlock)',
  supervisor: "Belljar's launcher",
  seccomp: 'the kernel (system call filter)',
  environment: 'the environment it is started with',
  rlimit: 'the kernel (resource limits)',
  none: 'nothing',
};

/** Who gave an event's verdict, and how sure it is. */
export const deciderSentences: Record<Decider, string> = {
  kernel: 'The kernel answered.',
  broker: "Belljar's launcher answered.",
  predicted: 'The kernel answers; this line was computed from the same rules.',
};

/** What is said around a terminal in a server's sandbox. */
export const terminalWords = {
  title: (handle: string) => (handle === '' ? 'Terminal' : `Terminal in ${handle}`),
  titleBefore: 'Terminal in',
  button: 'Terminal',
  open: (name: string) => `Open a terminal in ${name}`,
  opening: 'Opening …',
  why: 'A shell in the sandbox of this server: what it sees, you see.',
  /** Its program is granted to it and not to the server. */
  granted: (program: string) => `This terminal may run ${program}, which the server may not.`,
  withheld: (names: readonly string[]) =>
    names.length === 1
      ? `${names[0] ?? ''} holds a secret of the server and is not given to this terminal.`
      : `${names.length.toString()} secrets of the server are not given to this terminal: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ' …' : ''}.`,
  taken: 'This terminal is shown elsewhere now.',
  leave: 'Every key goes to the terminal, Tab too. Ctrl+Shift+L leaves it.',
  connecting: 'Opening the terminal …',
  broken: 'The host does not answer. What runs in the terminal waits, and is shown again when it does.',
  ended: ({ cause, code, signal }: TerminalEnd) =>
    cause === 'idle'
      ? 'It was closed, because nothing happened in it for a long time.'
      : cause === 'detached'
        ? 'It was closed, because nobody had it open for a while.'
        : cause === 'host'
          ? 'It was closed, because the host stopped.'
          : cause === 'closed'
            ? 'It was closed.'
            : code === null
              ? `It was ended by ${signal ?? 'a signal'}.`
              : code === 0
                ? 'It ended.'
                : `It ended with status ${code.toString()}.`,
  again: 'Open a new one',
  openOnes: (name: string) => `Open terminals in ${name}`,
  backTo: (number: number, of: number) => (of === 1 ? 'Back to the open one' : `Back to open one ${number.toString()}`),
  close: 'Close terminal',
  others: 'Also open',
  screen: 'Screen of the terminal',
  input: 'Terminal',
  screenReader: 'Screen reader mode',
  refused: 'Refused in this terminal',
  heard: (count: number) => `${count.toString()} refused in this terminal.`,
  nothingRefused: 'Nothing yet. What it tries and may not stands here the moment it is refused.',
  toServers: 'To the servers',
} as const;

export const ownPathTitles: Record<OwnPathName, string> = {
  config: 'Policies',
  data: 'Data',
  state: 'State',
  spool: 'Events',
  launcher: 'Launcher',
  log: 'Log',
};

export const machineWords = {
  title: 'This machine',
  enforced: 'What is enforced here',
  whole: 'Whole',
  partial: 'With a gap',
  missing: 'Missing',
  selftest: 'Tried here',
  selftestWhy:
    'A program of Belljar’s own tries inside a contained run what the walls promise to stop, and is watched from outside. Only decoys are touched.',
  tryNow: 'Try it now',
  tryAgain: 'Try again',
  trying: 'Trying it; only decoys are touched …',
  selftestResult: (count: number, wrong: number) =>
    count === 0
      ? 'Nothing could be tried here.'
      : wrong === 0
        ? `All ${count.toString()} were as the walls promise.`
        : `${wrong.toString()} of ${count.toString()} were not as the walls promise.`,
  outcomes: {
    refused: 'Tried, refused by the kernel',
    allowed: 'Tried, allowed',
    'not-tried': 'Not tried',
  },
  doctor: 'Is Belljar sound?',
  doctorResult: (count: number) =>
    count === 0
      ? 'Everything is sound.'
      : `${count === 1 ? '1 thing needs' : `${count.toString()} things need`} a look.`,
  sound: (count: number) => `${count.toString()} sound or repaired`,
  severities: { ok: 'Sound', warning: 'Warning', error: 'Error' },
  repair: (count: number) => `Repair ${count.toString()}`,
  repairable: 'Can be repaired',
  repaired: 'Repaired',
  repairing: 'Repairing …',
  examining: 'Looking at plans, files and folders …',
  lookAgain: 'Look again',
  asking: 'Asking the host …',
  places: 'Versions and places',
  hostFacts: (pid: number, doors: number) =>
    `process ${pid.toString()}, ${doors === 1 ? '1 door' : `${doors.toString()} doors`} open`,
  copy: (title: string) => `Copy the path: ${title}`,
  lookedAt: 'Where servers were looked for',
  lookedAtFacts: (found: number, all: number) =>
    `${found.toString()} of ${all.toString()} places where clients keep servers are there.`,
  log: 'Log of the host',
  logAll: (count: number) => `Everything (${count.toString()}), not only warnings and errors`,
  logEmpty: 'Nothing was written yet.',
  logQuiet: 'No warnings and no errors.',
  logEarlier: 'Earlier lines are in the file.',
  storage: 'History of events',
  storageSize: (bytes: number, keepMegabytes: number) =>
    `${(bytes / 1_048_576).toFixed(1)} MiB of ${keepMegabytes.toString()} MiB`,
  storageEvents: (events: number) => `${events.toString()} ${events === 1 ? 'line' : 'lines'}`,
  storageEmpty: 'Nothing is in it yet.',
  keepDays: 'Keep for, in days',
  keepMegabytes: 'Keep at most, in MiB',
  keep: 'Save',
  rebuild: 'Make it anew',
  rebuildButton: 'Make it anew …',
  rebuildTitle: 'Make the history anew?',
  rebuildHow: 'What is kept now is thrown away and read anew from the records of past runs that are still there.',
  rebuildLost: (from: string | null) =>
    from === null
      ? 'Events that are older than those records are gone then. Nothing brings them back.'
      : `It goes back to ${from} now. Events that are older than those records are gone then. Nothing brings them back.`,
  rebuildExport: 'Activity can write them into a file before.',
  cancel: 'Cancel',
  leaving: 'Put everything back',
  release: 'Put everything back …',
  leavingWhy:
    'Every entry goes back to what it was, byte for byte where nothing else changed. What is left of Belljar in this account is then removed by',
  copyCommand: (command: string) => `Copy: ${command}`,
  logLevels: { info: 'Info', warning: 'Warning', error: 'Error' },
} as const;

/** The desktop program's own words: its tray, its menus, its notifications. */
export const desktopWords = {
  open: 'Open Belljar',
  quit: 'Quit Belljar',
  hostGone: 'Belljar’s host does not answer. Servers stay contained; nothing is shown meanwhile.',
  none: 'No servers were found.',
  counts: ({ contained, watched, off }: { contained: number; watched: number; off: number }) =>
    [`${contained.toString()} contained`, `${watched.toString()} watched`, `${off.toString()} left as they are`].join(
      ', ',
    ),
  questions: (count: number) =>
    count === 1 ? '1 question waits for you' : `${count.toString()} questions wait for you`,
  attention: (count: number) =>
    count === 1 ? '1 server needs a decision' : `${count.toString()} servers need a decision`,
  notStarted: {
    title: (name: string) => `${name} was not started`,
    body: 'Its launcher refused to start it without its walls. See why.',
  },
  denied: {
    title: (name: string) => `${name} was refused`,
    body: (known: string) => `It tried to reach ${known}.`,
  },
  drifted: {
    title: (name: string) => `${name} is no longer contained as it was`,
    body: 'Its client changed the entry. See what changed.',
  },
  question: { title: (name: string) => `${name} waits for an answer`, body: 'See what it asks for.' },
  noHost: 'Belljar’s host could not be started.',
  choose: { folder: 'Choose a folder …', file: 'Choose a file …' },
  program: 'This program',
  atLogin: 'Open with my session, without a window',
} as const;
