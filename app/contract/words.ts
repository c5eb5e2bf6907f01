/**
 * The product's words: closed lists that every side shares. One meaning each; docs/architecture.md explains them.
 */
import { z } from 'zod';

/** How tight a server is held, loosest first. */
export const levels = ['off', 'watch', 'standard', 'strict'] as const;
export const levelSchema = z.enum(levels);
export type Level = z.infer<typeof levelSchema>;

/** Levels under which a server runs through the launcher. */
export const launchedLevels = ['watch', 'standard', 'strict'] as const;
export const launchedLevelSchema = z.enum(launchedLevels);
export type LaunchedLevel = z.infer<typeof launchedLevelSchema>;

/** What is true of a server now, from facts: its file, Belljar's journal, and the processes that run. */
export const serverStates = [
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
] as const;
export const serverStateSchema = z.enum(serverStates);
export type ServerState = z.infer<typeof serverStateSchema>;

/**
 * What became of an entry after it was contained: it starts bare again, starts something else, names the launcher and nothing
 * to run, is gone, or is contained as it was before it was put back.
 */
export const driftKinds = ['unwrapped', 'changed', 'broken', 'removed', 'returned'] as const;
export const driftKindSchema = z.enum(driftKinds);
export type DriftKind = z.infer<typeof driftKindSchema>;

/** Why a server cannot be contained. */
export const cannotReasons = [
  'remote',
  'client-managed',
  'command-list',
  'other-system',
  'docker',
  'other-sandbox',
  'no-file',
  'no-command',
  'bad-entry',
  'needs-root',
] as const;
export const cannotReasonSchema = z.enum(cannotReasons);
export type CannotReason = z.infer<typeof cannotReasonSchema>;

/** Where a rule comes from. */
export const sources = [
  'level',
  'argument',
  'runtime',
  'catalogue',
  'preset',
  'manifest',
  'person',
  'organisation',
] as const;
export const sourceSchema = z.enum(sources);
export type Source = z.infer<typeof sourceSchema>;

/** Where a server may connect to. `hosts`: only what is named. `open`: the internet; this machine and its network only where named. */
export const networkModes = ['none', 'hosts', 'open'] as const;
export const networkModeSchema = z.enum(networkModes);
export type NetworkMode = z.infer<typeof networkModeSchema>;

/**
 * Permissions that are no place: `nested-sandbox` lets a browser make its own sandbox (user namespaces), `datagrams` lets UDP
 * reach what may be connected to, `ask-links` lets a server ask to open an https link in the user's browser,
 * `ask-access` lets a refused file or connection wait for a person's answer,
 * `loopback-listener` lets it listen on any port, for programs of this machine alone.
 */
export const permissions = ['nested-sandbox', 'datagrams', 'ask-links', 'ask-access', 'loopback-listener'] as const;
export const permissionSchema = z.enum(permissions);
export type Permission = z.infer<typeof permissionSchema>;

/** The calls by which a browser makes its own sandbox, as events name them: what `nested-sandbox` allows. */
export const sandboxCalls = [
  'clone CLONE_NEWUSER',
  'clone CLONE_NEWUSER|CLONE_NEWPID|CLONE_NEWNET',
  'unshare CLONE_NEWUSER',
] as const;
export function isSandboxCall(kind: EventKind, target: string): boolean {
  return kind === 'syscall' && sandboxCalls.some((call) => call === target);
}

/**
 * Unix sockets that can be granted by what they are: `belljar grant <server> socket ssh-agent`. Where each one is found is
 * in app/domain/named-sockets.ts; the launcher looks again at every start.
 */
export const socketNames = [
  'ssh-agent',
  'gpg-agent',
  'keyring',
  'session-bus',
  'system-bus',
  'service-manager',
  'x11',
  'wayland',
  'pipewire',
  'pulseaudio',
  'docker',
  'podman',
  'containerd',
  'libvirt',
  'snapd',
  'tmux',
  'vscode',
  'emacs',
  'neovim',
  'mysql',
  'postgresql',
  'redis',
] as const;
export const socketNameSchema = z.enum(socketNames);
export type SocketName = z.infer<typeof socketNameSchema>;

/** What a rule is about; also the verb of `belljar grant <server> <verb> <what>`. */
export const ruleVerbs = [
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
] as const;
export const ruleVerbSchema = z.enum(ruleVerbs);
export type RuleVerb = z.infer<typeof ruleVerbSchema>;

/** Of what a server does to files, what Belljar sees: each access, or none, at the kernel's speed. */
export const sights = ['full', 'without-files'] as const;
export const sightSchema = z.enum(sights);
export type Sight = z.infer<typeof sightSchema>;

/** Why accesses to files are seen all the same: each needs the launcher's eye on every open. */
export const sightHindrances = ['watch', 'network', 'areas', 'ask-access', 'nested-sandbox'] as const;
export const sightHindranceSchema = z.enum(sightHindrances);
export type SightHindrance = z.infer<typeof sightHindranceSchema>;

/** How much a server may use: also the words of `belljar resources`, and of the plan. */
export const limitNames = ['memory', 'processes', 'open-files', 'file-size', 'cpu-time'] as const;
export const limitNameSchema = z.enum(limitNames);
export type LimitName = z.infer<typeof limitNameSchema>;

/**
 * Who holds a limit of a run. `cgroup`: the kernel, for everything the run starts together. `rlimit`: the kernel, for each
 * process. `supervisor`: the launcher's supervisor, which counts processes before they are made and looks at memory.
 */
export const limitHolders = ['cgroup', 'rlimit', 'supervisor'] as const;
export const limitHolderSchema = z.enum(limitHolders);
export type LimitHolder = z.infer<typeof limitHolderSchema>;

/** What an event is about. `syscall` is a refused system call that has no object (target: its name). */
export const eventKinds = [
  'file.read',
  'file.write',
  'file.create',
  'file.delete',
  'file.rename',
  'file.attr',
  'exec',
  'net.connect',
  'net.dns',
  'net.listen',
  'unix.connect',
  'link.open',
  'signal',
  'syscall',
  'limit',
  'run.start',
  'run.end',
  'plan.change',
  'spool.dropped',
] as const;
export const eventKindSchema = z.enum(eventKinds);
export type EventKind = z.infer<typeof eventKindSchema>;

export const verdicts = ['allowed', 'refused', 'asked'] as const;
export const verdictSchema = z.enum(verdicts);
export type Verdict = z.infer<typeof verdictSchema>;

/**
 * Who gave the verdict. `kernel`: a filter or wall whose answer is certain. `broker`: the launcher's supervisor answered
 * the call itself. `predicted`: Landlock answers, and the supervisor computed that answer from the same rules.
 */
export const deciders = ['kernel', 'broker', 'predicted'] as const;
export const deciderSchema = z.enum(deciders);
export type Decider = z.infer<typeof deciderSchema>;

/** What a run can ask a person for. */
export const questionKinds = ['link', 'file', 'host', 'local', 'socket'] as const;
export const questionKindSchema = z.enum(questionKinds);
export type QuestionKind = z.infer<typeof questionKindSchema>;

/**
 * What a person can answer. `always` and `never` become rules; `once` and `no` are about this one time; `run` holds until
 * the run that asked stops.
 */
export const questionAnswers = ['once', 'run', 'always', 'no', 'never'] as const;
export const questionAnswerSchema = z.enum(questionAnswers);
export type QuestionAnswer = z.infer<typeof questionAnswerSchema>;

/**
 * Why what a run asked for was refused. `not-allowed`: its policy lets it not even ask; `never`: a person said so once;
 * `too-many`: it has questions open, or this very one; `nobody`: no page and no command line was there to ask.
 */
export const questionRefusals = [
  'not-a-link',
  'not-allowed',
  'never',
  'no',
  'no-answer',
  'too-many',
  'nobody',
  'no-browser',
] as const;
export const questionRefusalSchema = z.enum(questionRefusals);
export type QuestionRefusal = z.infer<typeof questionRefusalSchema>;

/** How a client takes up a changed entry. */
export const uptakes = ['automatic', 'new-session', 'window-reload', 'quit-and-start'] as const;
export const uptakeSchema = z.enum(uptakes);
export type Uptake = z.infer<typeof uptakeSchema>;

/** Server id: deterministic from client, scope and name; never changes while the entry keeps its name. */
export const serverIdPattern = /^[a-z0-9][a-z0-9.-]{0,63}$/;
export const serverIdSchema = z.string().regex(serverIdPattern);

/** A handle as people type it (`client/name`, or an id); resolved by the engine. */
export const handleSchema = z.string().min(1).max(512);

/** Run id: made by the launcher. */
export const runIdPattern = /^[a-z0-9][a-z0-9-]{0,47}$/;
export const runIdSchema = z.string().regex(runIdPattern);

/** Why nothing can be granted to a server until it stops, or not this. */
export const untilStopHindrances = [
  'not-running',
  'nothing-refused',
  'narrower',
  'at-start',
  'no-network',
  'files-unseen',
  'already',
  'unknown',
] as const;
export const untilStopHindranceSchema = z.enum(untilStopHindrances);
export type UntilStopHindrance = z.infer<typeof untilStopHindranceSchema>;

/** Name of a person's terminal: made by the host. */
export const terminalIdPattern = /^t-[a-z0-9]{16}$/;
export const terminalIdSchema = z.string().regex(terminalIdPattern);
