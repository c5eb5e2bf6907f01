/**
 * What the doctor looks at: Belljar's own folders and documents, the launcher and the kernel under it, the servers that
 * are under the launcher, the spool, and what a killed host left behind.
 *
 * Repaired is only what is Belljar's own and has one right form: modes, the launcher, a plan (from the stored policy),
 * leftovers of processes that are gone, a spool beyond its bounds. A client's file is never touched here: what a client
 * changed back is the person's to decide. Nothing is followed through a link, and no document's content is shown.
 */
import type { Stats } from 'node:fs';
import { chmodSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, watch } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { BelljarError } from '#contract/errors.ts';
import { gapsInWalls } from '#contract/event.ts';
import type { Finding } from '#contract/methods.ts';
import type { PinRecord } from '#contract/pin.ts';
import { recordsSentence, resourcesSentence, toErrorBody } from '#contract/sentences.ts';
import type { Secret } from '#contract/secret.ts';
import type { Server } from '#contract/server.ts';
import { serverIdPattern } from '#contract/words.ts';
import { enforcementSentence } from '#domain/enforcement-sentence.ts';
import { parsePlan, planMaxBytes } from '#domain/plan-text.ts';
import type { DoctorView, Examination, Launcher } from '#engine/doctor/ports.ts';
import type { History, Spool } from '#engine/events/ports.ts';
import type { PinStore } from '#engine/pins/ports.ts';
import type { Journal, PlanStore, PolicyStore, WatchStatus } from '#engine/ports.ts';
import type { Folders } from '../paths/folders.ts';
import { startTicksOf } from '../spool/supervisors.ts';

export interface ExaminationsOptions {
  folders: Folders;
  launcher: Launcher;
  journal: Journal;
  policies: PolicyStore;
  plans: PlanStore;
  pins: PinStore;
  spool: Spool;
  history: History;
  /** How the clients' files are followed; null while nobody follows them. */
  watching: () => WatchStatus | null;
  /** The engine, whole by the time it is asked. */
  engine: DoctorView;
  uid?: number;
}

interface FindingParts {
  code: string;
  severity: Finding['severity'];
  sentence: string;
  file?: string;
  repairable?: boolean;
  repaired?: boolean;
}

function finding(parts: FindingParts): Finding {
  return { repairable: false, repaired: false, ...parts };
}

/** Repairs where that is wanted, and says in the finding what came of it. */
async function repairing(
  parts: FindingParts & { done: string },
  repair: boolean,
  work: () => void | Promise<void>,
): Promise<Finding> {
  const { done, ...rest } = parts;
  if (!repair) {
    return finding({ ...rest, repairable: true });
  }
  try {
    await work();
    return finding({ ...rest, severity: 'ok', sentence: done, repairable: true, repaired: true });
  } catch (error) {
    return finding({ ...rest, sentence: `${rest.sentence} It could not be repaired: ${reasonOf(error)}` });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof BelljarError) {
    return toErrorBody(error).message;
  }
  return `${error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'}.`;
}

function look(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

const modeText = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');

export function createExaminations(options: ExaminationsOptions): readonly Examination[] {
  return [
    { code: 'folders', examine: (repair) => examineFolders(options, repair) },
    { code: 'launcher', examine: (repair) => examineLauncher(options, repair) },
    { code: 'kernel', examine: () => examineKernel(options) },
    { code: 'documents', examine: (repair) => examineDocuments(options, repair) },
    { code: 'servers', examine: (repair) => examineServers(options, repair) },
    { code: 'secrets', examine: (repair) => examineSecrets(options, repair) },
    { code: 'pins', examine: (repair) => examinePins(options, repair) },
    { code: 'spool', examine: (repair) => examineSpool(options, repair) },
    { code: 'history', examine: (repair) => examineHistory(options, repair) },
    { code: 'leftovers', examine: (repair) => examineLeftovers(options, repair) },
    { code: 'watch', examine: () => Promise.resolve(examineWatch(options)) },
  ];
}

async function examineFolders({ folders, uid }: ExaminationsOptions, repair: boolean): Promise<Finding[]> {
  const own = uid ?? process.geteuid?.() ?? -1;
  const findings: Finding[] = [];
  for (const file of [folders.config, folders.data, folders.state, join(folders.state, 'spool')]) {
    const facts = look(file);
    if (facts === null) {
      const missing = {
        code: 'folder-missing',
        severity: 'warning' as const,
        file,
        sentence: 'This folder is not there.',
      };
      const make = (): void => {
        mkdirSync(file, { recursive: true, mode: 0o700 });
      };
      findings.push(await repairing({ ...missing, done: 'This folder was made.' }, repair, make));
    } else if (facts.isSymbolicLink()) {
      findings.push(
        finding({
          code: 'folder-link',
          severity: 'ok',
          file,
          sentence: 'This folder is a link; where it leads is for whoever made it to look after.',
        }),
      );
    } else if (!facts.isDirectory() || (own >= 0 && facts.uid !== own)) {
      findings.push(
        finding({
          code: 'folder-not-own',
          severity: 'error',
          file,
          sentence: facts.isDirectory() ? 'This folder belongs to someone else.' : 'This is no folder.',
        }),
      );
    } else if ((facts.mode & 0o077) !== 0) {
      const parts = {
        code: 'folder-open',
        severity: 'error' as const,
        file,
        sentence: `Others may look into this folder (mode ${modeText(facts.mode)}).`,
        done: 'This folder is yours alone again (mode 0700).',
      };
      findings.push(await repairing(parts, repair, () => chmodSync(file, 0o700)));
    }
  }
  return findings.length > 0
    ? findings
    : [finding({ code: 'folders', severity: 'ok', sentence: "Belljar's folders are yours alone." })];
}

async function examineLauncher({ launcher, engine }: ExaminationsOptions, repair: boolean): Promise<Finding[]> {
  const file = launcher.path;
  const install = async (): Promise<void> => {
    await launcher.install();
  };
  const done = 'The launcher of this version was put in its place.';
  switch (await launcher.compare()) {
    case 'equal':
      return [finding({ code: 'launcher', severity: 'ok', file, sentence: 'The launcher is in its place.' })];
    case 'missing':
      if (!(await engine.api['servers.list']({})).servers.some(needsLauncher)) {
        const sentence = 'The launcher comes to its place with the first server that is contained.';
        return [finding({ code: 'launcher', severity: 'ok', file, sentence })];
      }
      return [
        await repairing(
          { code: 'launcher-missing', severity: 'error', file, sentence: 'The launcher is not in its place.', done },
          repair,
          install,
        ),
      ];
    case 'differs':
      return [
        await repairing(
          {
            code: 'launcher-differs',
            severity: 'error',
            file,
            sentence: 'The launcher in its place is not the one of this version.',
            done,
          },
          repair,
          install,
        ),
      ];
    case 'wrong-mode':
      return [
        await repairing(
          { code: 'launcher-mode', severity: 'error', file, sentence: 'The launcher has the wrong mode.', done },
          repair,
          install,
        ),
      ];
    case 'source-missing':
      return [
        finding({
          code: 'launcher-not-built',
          severity: 'error',
          file,
          sentence: 'This build came without a launcher: npm run build',
        }),
      ];
  }
}

async function examineKernel({ launcher }: ExaminationsOptions): Promise<Finding[]> {
  try {
    const probe = await launcher.probe();
    const { missing } = probe.enforcement;
    const severity = missing.length > 0 ? 'error' : gapsInWalls(probe.enforcement).length > 0 ? 'warning' : 'ok';
    const records = recordsSentence(probe);
    return [
      finding({ code: 'kernel', severity, sentence: enforcementSentence(probe) }),
      finding({ code: 'resources', severity: 'ok', sentence: resourcesSentence(probe) }),
      ...(records === null ? [] : [finding({ code: 'records', severity: 'ok', sentence: records })]),
    ];
  } catch (error) {
    return [
      finding({
        code: 'kernel-unknown',
        severity: 'error',
        sentence: `What this kernel enforces is not known: ${reasonOf(error)}`,
      }),
    ];
  }
}

/** Journal, policies and plans: each a plain file of mode 0600 that is of its form. */
async function examineDocuments(options: ExaminationsOptions, repair: boolean): Promise<Finding[]> {
  const { folders, journal, policies } = options;
  const findings: Finding[] = [];
  const kinds = [
    {
      folder: join(folders.data, 'journal'),
      suffix: '.json',
      code: 'journal-invalid',
      read: (id: string): Promise<unknown> => journal.get(id),
    },
    {
      folder: join(folders.config, 'policies'),
      suffix: '.json',
      code: 'policy-invalid',
      read: (id: string): Promise<unknown> => policies.get(id),
    },
    // Plans are read where the servers are looked at: a damaged one can be written again from the policy.
    { folder: join(folders.data, 'plans'), suffix: '.plan', code: 'plan-invalid', read: null },
  ];
  for (const { folder, suffix, code, read } of kinds) {
    for (const name of namesIn(folder).filter((each) => each.endsWith(suffix) && !each.startsWith('.'))) {
      const file = join(folder, name);
      const whole = name.slice(0, -suffix.length);
      // A plan may be that of one run alone, beside its server's.
      const id = read === null ? whole.replace(/@[^@]+$/u, '') : whole;
      const facts = look(file);
      if (read === null && facts?.isFile() !== true) {
        continue;
      }
      if (facts === null || !facts.isFile() || !serverIdPattern.test(id)) {
        findings.push(
          finding({ code: 'stranger', severity: 'warning', file, sentence: 'This is no document of Belljar.' }),
        );
        continue;
      }
      if ((facts.mode & 0o077) !== 0) {
        const parts = {
          code: 'document-open',
          severity: 'error' as const,
          file,
          sentence: `Others may read this file (mode ${modeText(facts.mode)}).`,
          done: 'This file is yours alone again (mode 0600).',
        };
        findings.push(await repairing(parts, repair, () => chmodSync(file, 0o600)));
      }
      try {
        await read?.(id);
      } catch (error) {
        findings.push(finding({ code, severity: 'error', file, sentence: reasonOf(error) }));
      }
    }
  }
  return findings.length > 0
    ? findings
    : [finding({ code: 'documents', severity: 'ok', sentence: 'Journal, policies and plans are of their form.' })];
}

function needsLauncher(server: Server): boolean {
  return throughLauncher.has(server.state) || server.state === 'drifted' || server.state === 'copied';
}

const throughLauncher = new Set<Server['state']>(['contained', 'watched', 'restart-needed', 'failing']);

async function examineServers(options: ExaminationsOptions, repair: boolean): Promise<Finding[]> {
  const { engine, journal } = options;
  const findings: Finding[] = [];
  const { machine, servers: listed } = await engine.api['servers.list']({});
  // What is gone from its file is told from the journal.
  const servers = listed.filter(({ drift }) => drift?.how !== 'removed');
  for (const problem of machine.problems) {
    findings.push(
      finding({
        code: problem.code,
        severity: 'warning',
        file: problem.file,
        sentence: `${problem.client}: ${problem.message}`,
      }),
    );
  }
  for (const server of servers) {
    const { file, handle } = server;
    const bad = await lostPlan(options, server);
    if (bad !== null) {
      findings.push(await repairing(bad, repair, () => engine.writePlan(server.id)));
    } else if (server.state === 'drifted') {
      const sentence = `${handle}: its client's file no longer says what Belljar wrote. Contain or release it again.`;
      findings.push(finding({ code: 'drifted', severity: 'warning', file, sentence }));
    } else if (server.state === 'moved') {
      findings.push(await examineMoved(options, server, repair));
    } else if (server.state === 'copied') {
      const sentence = `${handle}: its entry is a copy of another server's. Contain it again.`;
      findings.push(finding({ code: 'copied', severity: 'warning', file, sentence }));
    }
  }
  const known = new Set(servers.map((server) => server.id));
  // What a file that cannot be read holds is not known: nothing is said to be gone from it.
  const unread = new Set(machine.problems.map(({ file }) => file));
  const records = await journal.list().catch(() => []);
  for (const record of records.filter(({ server, file }) => !known.has(server) && !unread.has(file))) {
    findings.push(
      finding({
        code: 'journal-orphaned',
        severity: 'warning',
        file: record.file,
        sentence: `${record.client}/${record.name} was contained and is not in its client's file any more. Its original entry is kept.`,
      }),
    );
  }
  return findings.length > 0
    ? findings
    : [finding({ code: 'servers', severity: 'ok', sentence: 'Every contained server is as Belljar left it.' })];
}

/**
 * An entry that names another launcher than those that are right here. Where Belljar itself wrote the name of a launcher that is not
 * there any more, as that of a package that was removed, it is brought to the one that is; any other may be somebody's wish.
 */
async function examineMoved(
  { engine, journal }: ExaminationsOptions,
  server: Server,
  repair: boolean,
): Promise<Finding> {
  const { file, handle, id } = server;
  const record = await journal.get(id).catch(() => null);
  const parts = { code: 'moved', severity: 'warning' as const, file };
  if (record?.settled !== true || look(record.wrapped.launcher) !== null) {
    return finding({ ...parts, sentence: `${handle}: its entry names a launcher at another place. Contain it again.` });
  }
  const gone = {
    ...parts,
    code: 'launcher-gone',
    severity: 'error' as const,
    sentence: `${handle}: its entry names a launcher that is not there any more (${record.wrapped.launcher}), so the server does not start.`,
    done: `${handle}: its entry names the launcher that is here now.`,
  };
  return repairing(gone, repair, async () => {
    // Who contained it in a project's file said so then.
    const { results } = await engine.api['servers.contain']({
      servers: [id],
      dryRun: false,
      check: false,
      project: true,
    });
    const error = results.find((result) => result.error !== undefined)?.error;
    if (error !== undefined) throw new BelljarError(error.code, { params: error.params });
  });
}

/**
 * A plan that the launcher would not take although its server was contained. Without one a server shows as drifted; it is
 * the plan that was lost, and not the entry that was put back after a release, where the journal still knows of it.
 */
async function lostPlan(
  options: ExaminationsOptions,
  server: Server,
): Promise<(FindingParts & { done: string }) | null> {
  const bad = throughLauncher.has(server.state) || server.state === 'drifted' ? badPlan(options, server) : null;
  if (bad === null || throughLauncher.has(server.state)) {
    return bad;
  }
  const record = await options.journal.get(server.id).catch(() => null);
  return record?.settled === true ? bad : null;
}

/** What the launcher would refuse, by its own rules (docs/plan-format.md). */
function badPlan({ plans, uid }: ExaminationsOptions, server: Server): (FindingParts & { done: string }) | null {
  const file = plans.file(server.id);
  const bad = (code: string, why: string): FindingParts & { done: string } => ({
    code,
    severity: 'error',
    file,
    sentence: `${server.handle}: ${why}, so the server does not start.`,
    done: `${server.handle}: its plan was written again from its policy.`,
  });
  const facts = look(file);
  const own = uid ?? process.geteuid?.() ?? -1;
  if (facts === null) {
    return bad('plan-missing', 'its plan is missing');
  }
  if (!facts.isFile() || (own >= 0 && facts.uid !== own) || (facts.mode & 0o077) !== 0 || facts.size > planMaxBytes) {
    return bad('plan-unsafe', 'its plan is not a file that only you can read and write');
  }
  try {
    const plan = parsePlan(readFileSync(file, 'utf8'));
    return plan.server === server.id ? null : bad('plan-other', "its plan is another server's");
  } catch {
    return bad('plan-invalid', 'its plan is damaged');
  }
}

/** Names and modes of the store; no value is read. A value that some client's file may lack is never removed here. */
async function examineSecrets({ folders, engine }: ExaminationsOptions, repair: boolean): Promise<Finding[]> {
  const store = join(folders.data, 'secrets');
  const { servers } = await engine.api['servers.list']({});
  const byId = new Map(servers.map((server) => [server.id, server]));
  const findings: Finding[] = [];
  for (const id of namesIn(store)) {
    const folder = join(store, id);
    for (const file of [folder, ...namesIn(folder).map((name) => join(folder, name))]) {
      const facts = look(file);
      if (facts === null || facts.isSymbolicLink() || (facts.mode & 0o077) === 0) continue;
      const parts = {
        code: 'secret-open',
        severity: 'error' as const,
        file,
        sentence: `Others may reach into the store of secrets (mode ${modeText(facts.mode)}).`,
        done: 'The store of secrets is yours alone again.',
      };
      findings.push(await repairing(parts, repair, () => chmodSync(file, facts.isDirectory() ? 0o700 : 0o600)));
    }
    const isRecorded = look(join(folders.data, 'journal', `${id}.json`)) !== null;
    for (const name of namesIn(folder).filter((each) => each.endsWith('.sealed') && !isRecorded)) {
      const parts = {
        code: 'secret-left',
        severity: 'warning' as const,
        file: join(folder, name),
        sentence: 'This is the old text of an entry that was released.',
        done: 'The old text of an entry that was released was removed.',
      };
      findings.push(await repairing(parts, repair, () => rmSync(parts.file)));
    }
    const kept = namesIn(folder).filter((name) => /^[^.].*\.(?:variable|file)$/.test(name));
    if (kept.length > 0 && !byId.has(id)) {
      const sentence =
        'Secrets are kept here for a server that stands in no client’s file any more. Remove the folder when you need them no more.';
      findings.push(finding({ code: 'secret-orphaned', severity: 'warning', file: folder, sentence }));
    }
  }
  for (const server of servers) {
    const of = (state: Secret['state']): string =>
      server.secrets
        .filter((secret) => secret.state === state)
        .map(({ name }) => name)
        .join(', ');
    const [missing, unused, newer] = [of('missing'), of('unused'), of('newer')];
    const folder = join(store, server.id);
    if (missing !== '') {
      const isCopied = server.state === 'copied';
      const why = isCopied
        ? 'which is kept for the server that it names, if at all, and not for this one'
        : 'which the store does not hold, so it does not start';
      const sentence = `${server.handle}: its entry asks for ${missing}, ${why}. Write the value into the client’s file.`;
      const code = isCopied ? 'secret-foreign' : 'secret-missing';
      findings.push(finding({ code, severity: isCopied ? 'warning' : 'error', file: server.file, sentence }));
    }
    if (server.state === 'off' && unused + newer !== '') {
      const left = {
        code: 'secret-left',
        severity: 'warning' as const,
        file: folder,
        sentence: `${server.handle}: it was released, and the store still holds ${[unused, newer].filter((names) => names !== '').join(', ')}.`,
      };
      if (repair) await engine.api['servers.release']({ servers: [server.id], dryRun: false });
      const isGone = look(folder) === null;
      const sentence = isGone
        ? `${server.handle}: what its file holds itself is no longer in the store.`
        : `${left.sentence} It is not what the client’s file says: remove the folder when you need it no more.`;
      findings.push(
        finding(
          repair
            ? { ...left, severity: isGone ? 'ok' : 'warning', sentence, repairable: isGone, repaired: isGone }
            : { ...left, repairable: true },
        ),
      );
    } else if (unused !== '') {
      const sentence = `${server.handle}: the store holds ${unused}, for which its entry no longer asks. Remove its files when you need them no more.`;
      findings.push(finding({ code: 'secret-unused', severity: 'warning', file: folder, sentence }));
    }
  }
  return findings.length > 0
    ? findings
    : [
        finding({
          code: 'secrets',
          severity: 'ok',
          sentence: 'The store of secrets is yours alone, and every secret is asked for.',
        }),
      ];
}

/** Every file of what was installed, and not only its times. */
async function examinePins({ pins, engine }: ExaminationsOptions, repair: boolean): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const server of await pins.list()) {
    const file = pins.folder(server);
    let record: PinRecord | null = null;
    try {
      record = await pins.get(server);
    } catch (error) {
      findings.push(finding({ code: 'pin-invalid', severity: 'error', file, sentence: reasonOf(error) }));
      continue;
    }
    if (record !== null) {
      const { state, digest } = await pins.examine(record);
      if (state === 'tampered') {
        const sentence = `${server}: what was installed is not what was pinned, so it does not start. Install it again: belljar pin ${server}`;
        findings.push(finding({ code: 'pin-tampered', severity: 'error', file: record.tree, sentence }));
      } else if (state === 'touched' && digest !== null) {
        const parts = {
          code: 'pin-touched',
          severity: 'error' as const,
          file: record.tree,
          sentence: `${server}: what was installed was copied or touched, so it does not start. Every file still holds what it held.`,
          done: `${server}: what was installed was compared file by file, and is started again.`,
        };
        const sealed = { ...record, digest };
        const seal = async (): Promise<void> => {
          await pins.put(sealed);
          await engine.writePlan(server);
        };
        findings.push(await repairing(parts, repair, seal));
      }
    }
    findings.push(...(await examineStrays(await pins.unused(server), pins, repair)));
  }
  findings.push(...(await examineStrays(await pins.strays(), pins, repair)));
  return findings.length > 0
    ? findings
    : [finding({ code: 'pins', severity: 'ok', sentence: 'What was installed for pinned servers is as it was.' })];
}

function examineStrays(strays: readonly string[], pins: PinStore, repair: boolean): Promise<Finding[]> {
  return Promise.all(
    strays.map((file) => {
      const parts = {
        code: 'pin-left',
        severity: 'warning' as const,
        file,
        sentence: 'This was installed for a pinned server and is started by none any more.',
        done: 'What was installed and is started by none any more was removed.',
      };
      return repairing(parts, repair, () => pins.removeTree(file));
    }),
  );
}

async function examineSpool({ spool, engine }: ExaminationsOptions, repair: boolean): Promise<Finding[]> {
  // Read to the end, so that lines nobody has looked at yet are counted too.
  await spool.runs();
  const status = await spool.status();
  const findings: Finding[] = [];
  if (status.files > status.maxFiles || status.bytes > status.maxBytes) {
    findings.push(
      await repairing(
        {
          code: 'spool-too-large',
          severity: 'warning',
          sentence: `The records of past runs are beyond their bounds (${status.files} runs, ${mebibytes(status.bytes)}).`,
          done: 'The oldest records of past runs were removed.',
        },
        repair,
        async () => {
          await engine.pruneSpool();
        },
      ),
    );
  }
  if (status.badLines > 0) {
    const sentence = `${status.badLines} lines of the records of past runs are damaged and were skipped.`;
    findings.push(finding({ code: 'spool-bad-lines', severity: 'warning', sentence }));
  }
  if (status.strangers.length > 0) {
    const sentence = `There is something else among the records of past runs: ${status.strangers.map((name) => JSON.stringify(name)).join(', ')}.`;
    findings.push(finding({ code: 'spool-strangers', severity: 'warning', sentence }));
  }
  const bounds = `${status.files} runs, ${mebibytes(status.bytes)}`;
  return findings.length > 0
    ? findings
    : [finding({ code: 'spool', severity: 'ok', sentence: `The records of past runs are sound (${bounds}).` })];
}

/** The history is an index: what is wrong with it is repaired by making it anew from the records of past runs. */
async function examineHistory({ history }: ExaminationsOptions, repair: boolean): Promise<Finding[]> {
  let problem: string | null;
  let code = 'history-damaged';
  try {
    problem = await history.check();
  } catch (error) {
    if (error instanceof BelljarError && error.code === 'newer-format') {
      const { message } = toErrorBody(error);
      return [finding({ code: 'history-newer', severity: 'error', sentence: message, ...fileOf(error) })];
    }
    problem = reasonOf(error);
    code = 'history-unavailable';
  }
  if (problem !== null) {
    const parts = {
      code,
      severity: 'error' as const,
      sentence: `The history of events is not sound (${problem}).`,
      done: 'The history of events was made anew from the records of past runs; what was older is gone.',
    };
    return [await repairing(parts, repair, () => history.rebuild())];
  }
  const { file, bytes, events, oldestAt, rebuilt, behind } = await history.status();
  const findings: Finding[] = [];
  if (behind === 'disk-full' || behind === 'write-failed') {
    const reason = behind === 'disk-full' ? 'there is no space left on the disk' : 'it cannot be written';
    const sentence = `The history of events lacks the newest ones: ${reason}.`;
    findings.push(finding({ code: 'history-behind', severity: 'warning', file, sentence }));
  }
  if (rebuilt?.reason === 'damaged') {
    const sentence = `The history of events was damaged and was made anew from the records of past runs (${rebuilt.at}).`;
    findings.push(finding({ code: 'history-rebuilt', severity: 'ok', file, sentence }));
  }
  const oldest = oldestAt === null ? '' : `, the oldest of ${oldestAt}`;
  const sentence = `The history of events holds ${events} lines${oldest} (${mebibytes(bytes)}).`;
  findings.push(finding({ code: 'history', severity: 'ok', file, sentence }));
  return findings;
}

function fileOf({ file }: BelljarError): { file?: string } {
  return file === undefined ? {} : { file };
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

const dayMs = 86_400_000;

/** What a killed process leaves behind: a socket nobody listens on, half-written files, one-time pages and plans. */
async function examineLeftovers({ folders }: ExaminationsOptions, repair: boolean): Promise<Finding[]> {
  const findings: Finding[] = [];
  const remove = async (code: string, file: string, sentence: string): Promise<void> => {
    const parts = { code, severity: 'warning' as const, file, sentence, done: 'What was left over was removed.' };
    findings.push(await repairing(parts, repair, () => rmSync(file)));
  };
  if (look(folders.socket)?.isSocket() === true && !(await answers(folders.socket))) {
    await remove('socket-stale', folders.socket, 'This socket is left from a host that is gone.');
  }
  for (const name of namesIn(folders.runtime).filter((each) =>
    /^(?:panel-[0-9a-f]+\.html|run-[\w-]+\.plan)$/.test(each),
  )) {
    const file = join(folders.runtime, name);
    const facts = look(file);
    if (facts !== null && facts.isFile() && Date.now() - facts.mtimeMs > dayMs) {
      await remove('one-time-file', file, 'This file was for one use and is left over.');
    }
  }
  const places = [
    join(folders.data, 'bin'),
    join(folders.data, 'journal'),
    join(folders.data, 'plans'),
    join(folders.config, 'policies'),
  ];
  for (const folder of places) {
    for (const name of namesIn(folder)) {
      const pid = /^\..+\.(\d+)(?:-[0-9a-f]{12}|\.new)$/.exec(name)?.[1];
      const file = join(folder, name);
      if (pid !== undefined && startTicksOf(Number(pid)) === null && look(file)?.isFile() === true) {
        await remove('half-written', file, 'This file was never finished; what it was to replace is whole.');
      }
    }
  }
  return findings.length > 0
    ? findings
    : [
        finding({
          code: 'leftovers',
          severity: 'ok',
          sentence: 'Nothing is left over from programs that were killed.',
        }),
      ];
}

/** Of a host that follows the files, how well it does; else whether it could. */
function examineWatch({ watching, folders }: ExaminationsOptions): Finding[] {
  const status = watching() ?? tryWatch(folders.home);
  const { reason } = status;
  if (reason === null)
    return [
      finding({ code: 'watch', severity: 'ok', sentence: "Changes of the clients' files are told by the system." }),
    ];
  const why =
    reason === 'ENOSPC' || reason === 'EMFILE'
      ? `The system has no room for more watches (${reason}); a larger fs.inotify.max_user_${reason === 'ENOSPC' ? 'watches' : 'instances'} gives it some.`
      : reason === 'bound'
        ? 'There are more folders than Belljar asks the system to watch.'
        : `They may not be watched (${reason}).`;
  const sentence = `${status.slowly.toString()} folders of clients are looked at every few seconds, so changes there show late. ${why}`;
  return [finding({ code: 'watch-slow', severity: 'warning', sentence })];
}

function tryWatch(folder: string): WatchStatus {
  try {
    watch(folder, { persistent: false }).close();
    return { folders: 1, slowly: 0, reason: null };
  } catch (error) {
    return {
      folders: 0,
      slowly: 1,
      reason: error instanceof Error && 'code' in error ? String(error.code) : 'unknown',
    };
  }
}

/** Whether someone listens there; connecting and leaving at once is all that is done. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect({ path: socket });
    const settle = (answered: boolean): void => {
      connection.destroy();
      resolve(answered);
    };
    connection.setTimeout(1000, () => settle(true));
    connection.once('connect', () => settle(true));
    connection.once('error', (error) => settle(!('code' in error) || error.code !== 'ECONNREFUSED'));
  });
}
