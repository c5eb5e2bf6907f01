/**
 * Check: starts an entry once bare and once contained, exactly as its client would, and compares what it answers. It runs
 * what is configured, so it happens only when a person asks (check, contain), never on discovery. What the server writes
 * is hostile: bounded by the trial, compared as JSON, and shown only after the entry's own secrets are taken out.
 */
import type { Event } from '#contract/event.ts';
import { isDenial } from '#contract/event.ts';
import type { CheckResult, Trial } from '#contract/server.ts';
import type { LaunchedLevel } from '#contract/words.ts';
import { compareAnswers } from './compare.ts';
import { createLimiter } from './limiter.ts';
import type { TrialEntry, TrialRecord, Trials } from './ports.ts';
import type { Redactor } from './redact.ts';
import { createRedactor } from './redact.ts';
import { judge } from './verdict.ts';

/** As long as a first `npx -y` may take to fetch its package; the two starts and the clean-up fit the method's limit. */
const trialTimeoutMs = 60_000;
const atOnce = 2;
const refusedMax = 500;
const differencesMax = 50;

export interface CheckSubject extends TrialEntry {
  id: string;
  level: LaunchedLevel;
  /** What the contained start is given instead, where the launcher gives the rest. */
  contained?: Pick<TrialEntry, 'args' | 'env'>;
}

export interface CheckServiceDependencies {
  trials: Trials;
  timeoutMs?: number;
}

export interface CheckService {
  /** `makePlan` gets the throw-away folder that the plan has to name as its spool, and answers the plan's text. */
  check(subject: CheckSubject, makePlan: (spool: string) => string, signal?: AbortSignal): Promise<CheckResult>;
}

export function createCheckService(dependencies: CheckServiceDependencies): CheckService {
  const { trials } = dependencies;
  const timeoutMs = dependencies.timeoutMs ?? trialTimeoutMs;
  const limiter = createLimiter(atOnce);

  async function check(
    subject: CheckSubject,
    makePlan: (spool: string) => string,
    signal?: AbortSignal,
  ): Promise<CheckResult> {
    const redactor = createRedactor(subject.env, subject.args);
    const base = { server: subject.id, level: subject.level };
    const expanded = expandEntry(subject, trials);
    if (expanded.unset.length > 0) {
      const names = expanded.unset.map((name) => `\${${name}}`).join(', ');
      const error = redactor.text(`it needs ${names}, which only the client fills in`);
      return {
        ...base,
        ...judge({ kind: 'impossible', why: error }),
        bare: {
          outcome: 'cannot-be-tried',
          initializeMs: null,
          tools: null,
          error,
        },
        contained: null,
        same: false,
        differences: [],
        refused: [],
      };
    }
    const options = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
    const bare = await trials.bare(expanded.entry, options);
    if (bare.failure !== null) {
      const trial = toTrial(bare, redactor);
      return {
        ...base,
        ...judge({
          kind: 'impossible',
          why:
            trial.outcome === 'cannot-be-tried'
              ? (trial.error ?? 'no answer')
              : `it does not start bare either: ${trial.error ?? 'no answer'}`,
        }),
        bare: trial,
        contained: null,
        same: false,
        differences: [],
        refused: [],
      };
    }
    const contained = await trials.contained({ ...expanded.entry, ...subject.contained }, makePlan, options);
    const refused = contained.events
      .filter(isDenial)
      .slice(-refusedMax)
      .map((event) => redactEvent(event, redactor));
    const containedTrial = toTrial(contained, redactor);
    const differences =
      contained.failure === null
        ? compareAnswers(
            { initialize: bare.initialize, tools: bare.tools },
            { initialize: contained.initialize, tools: contained.tools },
            differencesMax,
          ).map((line) => redactor.text(line).slice(0, 2000))
        : [];
    return {
      ...base,
      ...judge({
        kind: 'tried',
        failed: contained.failure === null ? null : (containedTrial.error ?? 'no answer'),
        justBefore: justBefore(contained.events).map((event) => redactEvent(event, redactor)),
        differences,
        refused,
      }),
      bare: toTrial(bare, redactor),
      contained: containedTrial,
      same: contained.failure === null && differences.length === 0,
      differences,
      refused,
    };
  }

  return {
    check: (subject, makePlan, signal) => limiter(() => check(subject, makePlan, signal), signal),
  };
}

function expandEntry(subject: CheckSubject, trials: Trials): { entry: TrialEntry; unset: string[] } {
  const unset = new Set<string>();
  function expand(text: string): string {
    const expanded = trials.expand(text);
    for (const name of expanded.unset) {
      unset.add(name);
    }
    return expanded.text;
  }
  const entry: TrialEntry = {
    command: expand(subject.command),
    args: subject.args.map(expand),
    env: Object.fromEntries(Object.entries(subject.env).map(([name, value]) => [name, expand(value)])),
    ...(subject.cwd === undefined ? {} : { cwd: expand(subject.cwd) }),
  };
  return { entry, unset: [...unset] };
}

function toTrial(record: TrialRecord, redactor: Redactor): Trial {
  const works = record.failure === null;
  return {
    outcome: works
      ? 'works'
      : record.failure === 'command-not-found' || record.failure === 'cancelled'
        ? 'cannot-be-tried'
        : 'does-not-start',
    initializeMs: record.initializeMs,
    tools: record.tools?.length ?? null,
    error: works ? null : redactor.text(record.detail).slice(0, 2000),
  };
}

/** The last denials the launcher saw before the run ended: the likely cause of a failed start, newest first. */
function justBefore(events: readonly Event[]): Event[] {
  const end = events.find((event) => event.kind === 'run.end');
  const endMs = end === undefined ? Number.POSITIVE_INFINITY : Date.parse(end.at);
  return events.filter((event) => isDenial(event) && endMs - Date.parse(event.at) <= 2000).reverse();
}

function redactEvent(event: Event, redactor: Redactor): Event {
  return { ...event, target: redactor.text(event.target) };
}
