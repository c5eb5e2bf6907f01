/**
 * What a machine's answer means. What a kernel can enforce is taken from its version and the kernel's own documentation, not from what the
 * product says of it, so that a product that says too much is found.
 */
import { readCases } from '../kit/lib/techniques.mjs';

/** Since when Linux has which Landlock ABI. Source: security/landlock/syscalls.c and Documentation/userspace-api/landlock.rst. */
const landlockSince = [
  [5, 13, 1],
  [5, 19, 2],
  [6, 2, 3],
  [6, 7, 4],
  [6, 10, 5],
  [6, 12, 6],
  [6, 15, 7],
];

const atLeast = ([major, minor], wantedMajor, wantedMinor) =>
  major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);

/** The gaps that a kernel of this release must have said of it, by wall. */
export function gapsOf(release) {
  const version = release.split(/[.-]/).slice(0, 2).map(Number);
  const abi = landlockSince.reduce(
    (known, [major, minor, value]) => (atLeast(version, major, minor) ? value : known),
    0,
  );
  const missing = [];
  const partial = [];
  if (abi === 0) missing.push('landlock.files');
  // What lets the supervisor answer a call with a descriptor of its own, in one step.
  if (!atLeast(version, 5, 14)) missing.push('supervisor.broker');
  if (abi === 1) partial.push('landlock.files');
  if (abi > 0 && abi < 3) partial.push('landlock.truncate');
  if (abi > 0 && abi < 4) partial.push('landlock.tcp');
  if (abi > 0 && abi < 5) partial.push('landlock.devices');
  if (abi > 0 && abi < 6) partial.push('landlock.signals');
  // memfd_create(2): MFD_NOEXEC_SEAL.
  if (!atLeast(version, 6, 3)) partial.push('exec.memory');
  // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP.
  if (!atLeast(version, 6, 6)) partial.push('seccomp.speed');
  return { abi, missing, partial };
}

/** Names of walls; how much a run may use is held one way or the other and is no gap of the kernel. */
const wallsOf = (lines) => lines.map((line) => line.split(':')[0]).filter((name) => !name.startsWith('limits.'));

const inOrder = (names) => [...names].sort((a, b) => (a < b ? -1 : 1));
const same = (a, b) => a.length === b.length && a.every((value, index) => value === b[index]);

function judgeSaying(place, enforcement, gaps) {
  if (enforcement === undefined) return [`${place} says nothing of what is enforced`];
  return ['missing', 'partial'].flatMap((kind) => {
    const [said, due] = [inOrder(wallsOf(enforcement[kind])), inOrder(gaps[kind])];
    return same(said, due)
      ? []
      : [`${place} says as ${kind}: ${said.join(', ') || 'nothing'}; due: ${due.join(', ') || 'nothing'}`];
  });
}

function judgeStart(start, gaps, enforceable) {
  const failures = [];
  const fail = (text) => failures.push(`${start.level}: ${text}`);
  if (enforceable) {
    if (start.answer?.result === undefined || !start.started || start.code !== 0)
      fail(`the server did not start (exit ${start.code}): ${start.stderr.trim() || JSON.stringify(start.answer)}`);
    if (start.eventsError !== null) fail(`belljar events failed: ${start.eventsError}`);
    for (const line of judgeSaying('the run', start.runStart?.start?.enforcement, gaps)) fail(line);
    const shown = JSON.stringify(start.show.said ?? null);
    for (const name of [...gaps.partial, ...gaps.missing])
      if (!shown.includes(`"${name}:`)) fail(`belljar show does not say ${name}`);
  } else {
    const refusal = start.answer?.error?.data?.belljar?.code;
    if (start.code !== 125 || refusal !== 'not-enforceable')
      fail(`not refused with not-enforceable: exit ${start.code}, ${JSON.stringify(start.answer)}`);
    if (!start.stderr.includes('not-enforceable')) fail('the refusal is not on stderr');
    if (start.started) fail('the server ran all the same');
  }
  return failures;
}

/**
 * Calls that an older kernel could not hold to what is decided, and that are closed there altogether: their allowed twins do not work
 * either, with exactly this answer.
 */
const closed = [
  { cases: /openat2/, answer: /REFUSED ENOSYS /, isClosed: ({ gaps }) => gaps.abi < 5 },
  {
    cases: /./,
    answer: /REFUSED EACCES memfd_create/,
    isClosed: ({ gaps, sandbox }) => gaps.partial.includes('exec.memory') && sandbox === 'belljar-strict',
  },
];

/** Belljar's promises for one level of the kit. */
function judgeKit({ sandbox, cases }, marks, gaps) {
  return cases.flatMap(({ id, verdict, reason, seen, events }) => {
    if (
      verdict === 'unproven' &&
      closed.some((one) => one.cases.test(id) && one.answer.test(reason) && one.isClosed({ gaps, sandbox }))
    )
      return [];
    if (['escaped', 'reachable', 'unproven'].includes(verdict)) return [`${sandbox} ${id}: ${verdict}: ${reason}`];
    if (verdict === 'contained' && seen === false && !marks.get(id)?.has('silent'))
      return [`${sandbox} ${id}: not seen (events: ${events.join('; ') || 'none'})`];
    return [];
  });
}

/** `answer` of inside.mjs as a row: what the kernel is, what was said and played, and what is not as it must be. */
export function judge(answer) {
  const probe = answer.probe.said;
  if (probe === undefined) return { failures: [`belljar probe failed: ${answer.probe.error}`] };
  const gaps = gapsOf(probe.kernel);
  const enforceable = gaps.missing.length === 0;
  const failures = judgeSaying('belljar probe', probe.enforcement, gaps);
  // A kernel that is newer than the table may have a newer Landlock, never an older one.
  if (probe.landlockAbi < gaps.abi || (gaps.abi < 7 && probe.landlockAbi !== gaps.abi))
    failures.push(`Landlock ABI ${probe.landlockAbi}, due: ${gaps.abi}`);
  failures.push(...judgeSaying('belljar list', answer.list.probe?.enforcement, gaps));
  const kernel = answer.doctor.said?.findings?.find(({ code }) => code === 'kernel');
  const severity = gaps.missing.length > 0 ? 'error' : gaps.partial.length > 0 ? 'warning' : 'ok';
  if (kernel?.severity !== severity) failures.push(`belljar doctor says ${kernel?.severity}, due: ${severity}`);
  for (const start of answer.starts) failures.push(...judgeStart(start, gaps, enforceable));
  const selftest = answer.selftest.said?.lines ?? [];
  const wrong = selftest.filter(({ asExpected }) => !asExpected);
  if (enforceable) for (const line of wrong) failures.push(`selftest: ${line.tried}: ${line.outcome} ${line.detail}`);
  if (enforceable && selftest.length === 0) failures.push(`selftest: ${answer.selftest.error}`);
  if (!enforceable && answer.selftest.code === 0) failures.push('selftest: passed where nothing can be enforced');
  const played = answer.kit.played ?? [];
  if (enforceable) {
    if (played.length !== answer.starts.length) failures.push(`the kit was not played: ${answer.kit.stderr}`);
    const marks = new Map(readCases().map((one) => [one.id, one.marks]));
    for (const one of played)
      failures.push(...(one.missing === undefined ? judgeKit(one, marks, gaps) : [`the kit: ${one.missing}`]));
  } else if (
    played.some(({ cases }) => cases.some(({ verdict }) => ['contained', 'escaped', 'reachable'].includes(verdict)))
  )
    failures.push('the kit: a start was not refused');
  return {
    kernel: probe.kernel,
    landlockAbi: probe.landlockAbi,
    enforcement: probe.enforcement,
    enforceable,
    refusal: enforceable ? null : (answer.starts.at(-1)?.answer?.error?.message ?? null),
    selftest: { asExpected: selftest.length - wrong.length, tried: selftest.length },
    levels: enforceable ? played.map(countsOf) : [],
    failures,
    outcomes: enforceable ? played : [],
  };
}

function countsOf({ sandbox, cases, milliseconds }) {
  const count = (verdict) => cases.filter((one) => one.verdict === verdict).length;
  return {
    sandbox,
    cases: cases.length,
    contained: count('contained'),
    escaped: count('escaped'),
    reachable: count('reachable'),
    unproven: count('unproven'),
    notApplicable: count('not applicable'),
    milliseconds,
  };
}

/** Cases whose verdict is not everywhere the same, each kernel's with what was said there: the difference explains itself. */
export function differencesBetween(rows) {
  const found = new Map();
  for (const { name, outcomes } of rows)
    for (const { sandbox, cases } of outcomes)
      for (const { id, verdict, reason } of cases) {
        const key = `${sandbox} ${id}`;
        if (!found.has(key)) found.set(key, []);
        found.get(key).push({ kernel: name, verdict, reason });
      }
  return [...found]
    .filter(([, verdicts]) => new Set(verdicts.map(({ verdict }) => verdict)).size > 1)
    .map(([key, verdicts]) => ({ sandbox: key.split(' ')[0], case: key.split(' ')[1], verdicts }));
}
