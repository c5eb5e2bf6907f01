/** What runs past Belljar, as far as it can be seen: from the list of servers, what stands in their files, and what was granted. Pure. */
import type { Audit, AuditFinding, Bypass } from '#contract/rollout.ts';
import { auditWords, bypassSentences } from '#contract/sentences.ts';
import type { PersonRule } from '#contract/policy.ts';
import type { Server, ServerList } from '#contract/server.ts';
import type { SocketName } from '#contract/words.ts';

type Granted = Pick<PersonRule, 'verb' | 'what'>;

export interface AuditFacts {
  list: ServerList;
  /** By server: names of headers, or the address, in which a remote entry holds a secret as plain text. */
  exposed: ReadonlyMap<string, readonly string[]>;
  /** By server: what a person granted. */
  rules: ReadonlyMap<string, readonly Granted[]>;
  /** By server: processes that have its command line and no launcher above them. */
  bare: ReadonlyMap<string, readonly number[]>;
}

/** Sockets behind which sits a program that does what it is told, outside of any wall. */
const openSockets = new Set<SocketName>([
  'docker',
  'podman',
  'containerd',
  'libvirt',
  'service-manager',
  'tmux',
  'vscode',
  'emacs',
  'neovim',
]);

const held = new Set<Server['state']>(['contained', 'restart-needed', 'failing']);

export function auditServers({ list, exposed, rules, bare }: AuditFacts): Audit {
  const byId = new Map(list.servers.map((server) => [server.id, server]));
  const found = list.servers.flatMap((server) => [
    ...stateFindings(server, byId),
    ...bareFinding(server, bare.get(server.id) ?? []),
    ...remoteFinding(server, exposed.get(server.id) ?? []),
    ...socketFindings(server, rules.get(server.id) ?? []),
  ]);
  const unseen = (list.machine.unseen ?? []).map((each): AuditFinding => ({
    code: 'client-starts-outside',
    server: null,
    subject: each.title,
    sentence: bypassSentences['client-starts-outside'].sentence(each.sentence),
    remedy: bypassSentences['client-starts-outside'].remedy(each.remedy),
    file: each.sign,
  }));
  const unread = list.machine.problems.map((problem): AuditFinding => ({
    code: 'file-unread',
    server: null,
    subject: problem.client,
    sentence: bypassSentences['file-unread'].sentence(problem.message),
    remedy: bypassSentences['file-unread'].remedy(problem.remedy ?? ''),
    file: problem.file,
  }));
  const findings = [...found, ...unseen, ...unread];
  return { v: 1, clean: findings.length === 0, findings, limits: [...auditWords.limits] };
}

function finding(server: Server, code: Bypass, about: string, remedy = server.handle): AuditFinding {
  const words = bypassSentences[code];
  return {
    code,
    server: server.id,
    subject: server.handle,
    sentence: words.sentence(about),
    remedy: words.remedy(remedy),
    file: server.file,
  };
}

function stateFindings(server: Server, byId: ReadonlyMap<string, Server>): AuditFinding[] {
  switch (server.state) {
    case 'off': {
      const others = server.sameAs.flatMap((id) => byId.get(id) ?? []).filter(({ state }) => held.has(state));
      const places = others.map(({ clientTitle, handle }) => `${clientTitle} (${handle})`).join(', ');
      return [others.length > 0 ? finding(server, 'same-elsewhere', places) : finding(server, 'server-off', '')];
    }
    case 'watched':
      return [finding(server, 'server-watched', '')];
    case 'drifted':
      return server.drift?.how === 'removed' ? [] : [finding(server, 'server-drifted', '')];
    case 'copied':
      return [finding(server, 'server-copied', '')];
    case 'moved':
      return [finding(server, 'other-launcher', '')];
    case 'restart-needed': {
      const pids = (server.oldProcesses ?? []).map(({ pid }) => pid.toString()).join(', ');
      return [finding(server, 'old-process', pids, server.uptakeSentence)];
    }
    case 'cannot': {
      // What runs elsewhere runs past nothing here; what it is told is another matter. What has no command in its file may still run.
      if (server.reason === 'remote') return [];
      const isClients =
        server.scope.startsWith('extension') || (server.command === null && server.reason === 'client-managed');
      const code = isClients ? 'client-starts-outside' : 'cannot-contain';
      return [finding(server, code, server.why?.sentence ?? '', server.why?.remedy ?? '')];
    }
    default:
      return [];
  }
}

/** A server that runs in no walls right now, whatever its entry says by now; `old-process` says it of a contained one. */
function bareFinding(server: Server, pids: readonly number[]): AuditFinding[] {
  if (pids.length === 0 || server.state === 'restart-needed') return [];
  return [finding(server, 'runs-bare', pids.join(', '), server.uptakeSentence)];
}

function remoteFinding(server: Server, names: readonly string[]): AuditFinding[] {
  return names.length === 0 ? [] : [finding(server, 'remote-secret', names.join(', '))];
}

function socketFindings(server: Server, rules: readonly Granted[]): AuditFinding[] {
  if (!held.has(server.state)) return [];
  return rules
    .filter(({ verb, what }) => verb === 'socket' && openSockets.has(what as SocketName))
    .map(({ what }) =>
      finding(server, 'open-socket', `the socket ${what}`, `belljar revoke ${server.handle} socket ${what}`),
    );
}
