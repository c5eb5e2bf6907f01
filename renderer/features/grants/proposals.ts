/**
 * From a denial to the rules that would allow it next time. Proposals only: the engine decides what may be granted.
 * A target that was cut or was not valid text is not a name that can be granted.
 */
import type { Event } from '#contract/event.ts';
import type { SeenHost } from '#contract/network.ts';
import { hostProposalWords, isFolderTarget, socketOfKnown, socketSentences } from '#contract/sentences.ts';
import { isSandboxCall, type EventKind, type RuleVerb } from '#contract/words.ts';

/** What a name that was only looked up is asked for. */
const defaultPort = 443;

export interface Proposal {
  verb: RuleVerb;
  what: string;
  /** What is allowed, in words, before the `what` itself. */
  title: string;
}

export type Proposals = { kind: 'proposals'; list: Proposal[] } | { kind: 'none'; why: string };

/** Whether any rule could ever allow this. */
export function isGrantable(kind: EventKind, target: string): boolean {
  return (
    isSandboxCall(kind, target) ||
    !['signal', 'syscall', 'limit', 'run.start', 'run.end', 'plan.change', 'spool.dropped'].includes(kind)
  );
}

type Denial = Pick<Event, 'kind' | 'target'> & Partial<Pick<Event, 'targetBytes' | 'known'>>;

function parentOf(path: string): string {
  const cut = path.replace(/\/+$/u, '').lastIndexOf('/');
  return cut <= 0 ? '/' : path.slice(0, cut);
}

/** Splits `93.184.216.34:443`, `[::1]:80` and `name:443`. */
export function splitAddress(target: string): { host: string; port: number } | null {
  const match = /^(?:\[(?<six>[0-9a-fA-F:.%\w]+)\]|(?<four>[^:[\]]+)):(?<port>\d{1,5})$/u.exec(target);
  const host = match?.groups?.six ?? match?.groups?.four;
  const port = Number(match?.groups?.port);
  return host === undefined || port > 65_535 ? null : { host, port };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/u.test(host) || /^::ffff:127\./iu.test(host);
}

/** The root, the home, and what holds the home. */
function isTooWide(folder: string, home: string | null): boolean {
  return folder === '' || folder === '/' || folder === home || (home ?? '').startsWith(`${folder}/`);
}

/** File or folder, never the root or the whole home: those hold everything. */
function fileProposals(
  verb: 'read' | 'write',
  path: string,
  home: string | null,
  folderFirst: boolean,
  pattern: string | null,
): Proposals {
  if (!path.startsWith('/')) return { kind: 'none', why: 'Only a full path can be granted.' };
  const act = verb === 'read' ? 'Read' : 'Read and change';
  // The kernel names the folder in which something was to be made or removed, and not what.
  if (isFolderTarget(path)) {
    const folder = path.slice(0, -1);
    if (isTooWide(folder, home)) return { kind: 'none', why: 'This folder holds everything: name a folder in it.' };
    return { kind: 'proposals', list: [{ verb, what: folder, title: `${act} everything in this folder` }] };
  }
  const list: Proposal[] = [{ verb, what: path, title: `${act} just this` }];
  if (pattern !== null) {
    // What is kept back by its name stays so in a folder that is granted.
    list.push({ verb, what: pattern, title: `${act} all that are called so, wherever it may ${verb}` });
    return { kind: 'proposals', list };
  }
  const folder = parentOf(path);
  if (!isTooWide(folder, home)) {
    const proposal = { verb, what: folder, title: `${act} everything in its folder` };
    if (folderFirst) list.unshift(proposal);
    else list.push(proposal);
  }
  return { kind: 'proposals', list };
}

const closed = 'No rule can allow this: it is closed to every contained server.';

/** By its name where it has one: many sockets lie elsewhere after the next login. */
function socketProposals(target: string, known: string | undefined): Proposals {
  const exact = target.startsWith('/') || /^@.+/u.test(target);
  const list: Proposal[] = exact
    ? [{ verb: 'socket', what: target, title: 'Connect to this socket, at this place' }]
    : [];
  const name = socketOfKnown[known ?? ''];
  if (name !== undefined) {
    const { use } = socketSentences[name];
    list.unshift({ verb: 'socket', what: name, title: `${use.charAt(0).toUpperCase()}${use.slice(1)}` });
  }
  return list.length > 0
    ? { kind: 'proposals', list }
    : { kind: 'none', why: 'A socket without a name cannot be granted.' };
}

/** The host that a denial is about, for asking whose it is; null where no host rule could allow it. */
export function deniedHost({ kind, target }: Pick<Denial, 'kind' | 'target'>): string | null {
  if (kind === 'net.dns') return target;
  const host = kind === 'net.connect' ? splitAddress(target)?.host : undefined;
  return host === undefined || isLoopback(host) ? null : host;
}

/** This host, then everything below the domain that somebody registered, where it belongs to one. */
function hostProposals(host: string, port: number, title: string, domain: string | null): Proposals {
  const shown = host.includes(':') ? `[${host}]` : host;
  const list: Proposal[] = [{ verb: 'host', what: `${shown}:${port.toString()}`, title }];
  if (domain !== null && domain !== host)
    list.push({ verb: 'host', what: `*.${domain}:${port.toString()}`, title: hostProposalWords.below(domain) });
  return { kind: 'proposals', list };
}

/** The pattern that keeps a file back, from the id of the rule that refuses it; null for other rules. */
export function patternOf(rule: string | null): string | null {
  return /^(?:deny|protect):(\*\*\/.+)$/u.exec(rule ?? '')?.[1] ?? null;
}

/** `seen`: what is known of the host that was meant; `pattern`: what keeps the file back, where a pattern does. */
export function proposalsFor(
  denial: Denial,
  home: string | null,
  seen: SeenHost | null = null,
  pattern: string | null = null,
): Proposals {
  const { kind, target } = denial;
  if (denial.targetBytes !== undefined || target.includes('\uFFFD') || target.includes('\u0000')) {
    return {
      kind: 'none',
      why: 'Its full name is not known here (too long, or not valid text), so it cannot be granted from here.',
    };
  }
  switch (kind) {
    case 'file.read':
      return fileProposals('read', target, home, false, pattern);
    case 'file.write':
    case 'file.attr':
      return fileProposals('write', target, home, false, pattern);
    case 'file.create':
    case 'file.delete':
    case 'file.rename':
      // These change the folder: a rule for a name that is not there yet could not be applied.
      return fileProposals('write', target, home, true, pattern);
    case 'exec':
      return target.startsWith('/')
        ? { kind: 'proposals', list: [{ verb: 'exec', what: target, title: 'Start this program' }] }
        : { kind: 'none', why: 'Only a full path can be granted.' };
    case 'net.connect': {
      const address = splitAddress(target);
      if (address === null) return { kind: 'none', why: 'The address was not understood.' };
      if (isLoopback(address.host)) {
        return {
          kind: 'proposals',
          list: [{ verb: 'local', what: address.port.toString(), title: 'Connect to this port of this machine' }],
        };
      }
      // A rule for the name would not help: it led to no address of the internet.
      if (seen?.near === true && seen.address !== null) {
        return {
          kind: 'proposals',
          list: [{ verb: 'host', what: seen.address, title: hostProposalWords.near }],
        };
      }
      return hostProposals(address.host, address.port, hostProposalWords.host, seen?.domain ?? null);
    }
    case 'net.dns':
      return hostProposals(target, defaultPort, hostProposalWords.lookUp, seen?.domain ?? null);
    case 'net.listen': {
      const port = splitAddress(target)?.port ?? (/^\d{1,5}$/u.test(target) ? Number(target) : null);
      if (port === null) return { kind: 'none', why: 'The address was not understood.' };
      const onPort: Proposal = { verb: 'listen', what: port.toString(), title: 'Listen on this port' };
      const here: Proposal = {
        verb: 'permission',
        what: 'loopback-listener',
        title: 'Listen on any port, for programs of this machine alone',
      };
      // A port that was refused on the network's side is not helped by the other permission.
      const host = splitAddress(target)?.host ?? '';
      const isHere = isLoopback(host) || host === '0.0.0.0' || host === '::';
      return { kind: 'proposals', list: isHere ? [here, onPort] : [onPort] };
    }
    case 'unix.connect':
      return socketProposals(target, denial.known);
    case 'link.open':
      if (!target.includes('.') || isLoopback(target))
        return {
          kind: 'none',
          why: 'Pages of this machine are asked for each time, and what is no link is never opened.',
        };
      return { kind: 'proposals', list: [{ verb: 'link', what: target, title: 'Open links to this host' }] };
    case 'syscall':
      if (!isSandboxCall(kind, target)) return { kind: 'none', why: closed };
      return {
        kind: 'proposals',
        list: [{ verb: 'permission', what: 'nested-sandbox', title: 'Make a sandbox of its own, as browsers do' }],
      };
    case 'signal':
    case 'limit':
    case 'run.start':
    case 'run.end':
    case 'plan.change':
    case 'spool.dropped':
      return { kind: 'none', why: closed };
  }
}
