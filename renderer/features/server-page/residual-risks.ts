/** What stays possible for one server whatever walls stand around it: codes, put into words by the catalogue. Pure. */
import type { ServerDetail } from '#contract/server.ts';

export interface ResidualRisk {
  code:
    | 'off'
    | 'watch'
    | 'sends-what-it-reads'
    | 'through-named-hosts'
    | 'changes-folders'
    | 'has-secrets'
    | 'granted-sockets'
    | 'newest-program'
    | 'gaps'
    | 'words-to-the-model'
    | 'kernel';
  /** Text of the entry or of rules, hostile; empty where the sentence says all. */
  what: readonly string[];
}

const whatMax = 4;

export function residualRisks({
  server,
  policy,
  runs,
}: Pick<ServerDetail, 'server' | 'policy' | 'runs'>): ResidualRisk[] {
  if (policy === null) return [{ code: 'off', what: [] }];
  const risks: ResidualRisk[] = [];
  const add = (code: ResidualRisk['code'], what: readonly string[] = []): void => {
    risks.push({ code, what: what.slice(0, whatMax) });
  };
  const own = policy.rules.filter(({ source }) => source !== 'level' && source !== 'runtime');
  const whats = (...verbs: string[]): string[] =>
    own.filter(({ verb, what }) => verbs.includes(verb) && !what.startsWith('**/')).map(({ what }) => what);
  if (policy.level === 'watch') add('watch');
  else {
    const [files, changed, hosts, sockets] = [whats('read', 'write'), whats('write'), whats('host'), whats('socket')];
    if (policy.network === 'open') add('sends-what-it-reads', files);
    else if (hosts.length > 0) add('through-named-hosts', hosts);
    if (changed.length > 0) add('changes-folders', changed);
    if (sockets.length > 0) add('granted-sockets', sockets);
  }
  const secrets = server.secrets
    .filter(({ state }) => state !== 'unused' && state !== 'missing')
    .map(({ name }) => name);
  if (secrets.length > 0) add('has-secrets', secrets);
  if (server.pin === null && server.fetches !== null) add('newest-program', [server.fetches.package]);
  const start = runs.find((run) => run.start !== null)?.start;
  const gaps = [...(start?.enforcement.missing ?? []), ...(start?.notApplied ?? [])];
  if (gaps.length > 0) add('gaps', gaps);
  add('words-to-the-model');
  add('kernel');
  return risks;
}
