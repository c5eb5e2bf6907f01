/** What one server may do and how its runs went: asked for while its page is shown, and again when something changes. */
import { createStore } from 'zustand/vanilla';
import type { HistoryEntry } from '#contract/decision.ts';
import type { ErrorBody } from '#contract/errors.ts';
import type { Input, StillOpen } from '#contract/methods.ts';
import type { PathCompletion } from '#contract/path-completion.ts';
import type { Explanation, PassingRule, Rule } from '#contract/policy.ts';
import { areaWords, grantWords, holdWords, resourceWords, sightWords } from '#contract/sentences.ts';
import type { CheckResult, FileDiff, ServerDetail } from '#contract/server.ts';
import type { LimitName, RuleVerb, Sight } from '#contract/words.ts';
import { toBody } from '../../lib/failure.ts';
import { visibleText } from '../../lib/text.ts';
import type { Transport } from '../../lib/transport.ts';
import { without } from '../../lib/without.ts';
import type { NoticesStore } from '../notices/notices-store.ts';

export interface About {
  detail: ServerDetail | null;
  /** What was decided for it, newest first. */
  decisions: readonly HistoryEntry[];
  error: ErrorBody | null;
}

export interface AboutState {
  /** Pages that are shown, by server id. */
  open: ReadonlyMap<string, About>;
}

const decisionsShown = 20;
/** As many as a notice holds; the command line tells them all. */
const openShown = 5;

/** What stays open after access was taken away, each thing where it is known. */
export function openWords(open: StillOpen | undefined): string {
  if (open === undefined) return areaWords.open;
  const lines = open.items
    .slice(0, openShown)
    .map((item) => areaWords.stillOpen({ ...item, what: visibleText(item.what), program: visibleText(item.program) }));
  const more = open.more || open.items.length > openShown ? ` ${areaWords.stillOpenMore}` : '';
  return `${areaWords.open} ${lines.join('; ')}.${more} ${areaWords.stillOpenRemedy}`;
}

async function orFailure<Answer>(call: Promise<Answer>): Promise<Answer | ErrorBody> {
  try {
    return await call;
  } catch (error) {
    return toBody(error);
  }
}

export type AboutStore = ReturnType<typeof createAboutStore>;

export function createAboutStore(transport: Transport, notices: NoticesStore) {
  const store = createStore<AboutState>(() => ({ open: new Map() }));

  /** Servers being asked about, and whether to ask once more afterwards: a flood of changes asks one at a time. */
  const loading = new Map<string, boolean>();

  async function load(id: string): Promise<void> {
    if (loading.has(id)) {
      loading.set(id, true);
      return;
    }
    loading.set(id, false);
    await loadOnce(id);
    const again = loading.get(id) === true;
    loading.delete(id);
    if (again && store.getState().open.has(id)) await load(id);
  }

  async function loadOnce(id: string): Promise<void> {
    let about: About;
    try {
      const [detail, history] = await Promise.all([
        transport.call('servers.show', { server: id }),
        transport.call('history.list', { server: id, limit: decisionsShown }),
      ]);
      about = { detail, decisions: history.entries, error: null };
    } catch (error) {
      // What was shown stays: it is from before, and says so by the failure above it.
      const before = store.getState().open.get(id);
      about = { detail: before?.detail ?? null, decisions: before?.decisions ?? [], error: toBody(error) };
    }
    store.setState((state) => (state.open.has(id) ? { open: new Map(state.open).set(id, about) } : state));
  }

  async function act(id: string, request: () => Promise<string>): Promise<void> {
    try {
      notices.actions.say('done', await request());
    } catch (error) {
      const body = toBody(error);
      notices.actions.say('problem', body.message, body.remedy ?? null);
    }
    await load(id);
  }

  /** The same where the failure stands beside what asked for it: null when it is done. */
  async function actOrFail(id: string, request: () => Promise<string>): Promise<ErrorBody | null> {
    const said = await orFailure(request());
    if (typeof said !== 'string') return said;
    notices.actions.say('done', said);
    await load(id);
    return null;
  }

  return Object.assign(store, {
    actions: {
      /** The answer ends it. */
      show: (id: string): (() => void) => {
        store.setState(({ open }) => ({
          open: open.has(id) ? open : new Map(open).set(id, { detail: null, decisions: [], error: null }),
        }));
        void load(id);
        return () => {
          store.setState(({ open }) => ({ open: without(open, id) }));
        };
      },
      refresh: async (id: string): Promise<void> => {
        if (store.getState().open.has(id)) await load(id);
      },
      revoke: (id: string, rule: Rule): Promise<void> =>
        act(id, async () => {
          const answer = await transport.call('policies.revoke', { server: id, verb: rule.verb, what: rule.what });
          const takes = rule.verb !== 'deny' && rule.verb !== 'protect';
          if (answer.effective === 'restart') return 'The rule is gone from the next start on.';
          return takes ? `The rule is gone. ${openWords(answer.stillOpen)}` : 'The rule is gone.';
        }),
      /** Takes back what was granted until it stops. */
      revokePassing: (id: string, rule: PassingRule): Promise<void> =>
        act(id, async () => {
          const answer = await transport.call('policies.revoke', {
            server: id,
            verb: rule.verb,
            what: rule.what,
            until: 'stop',
          });
          return `${holdWords.takenBack} ${openWords(answer.stillOpen)}`;
        }),
      /** Adds a rule that was typed. */
      grant: (id: string, verb: RuleVerb, what: string): Promise<ErrorBody | null> =>
        actOrFail(id, async () => {
          const answer = await transport.call('policies.grant', { server: id, verb, what });
          const open = answer.stillOpen === undefined ? '' : ` ${openWords(answer.stillOpen)}`;
          const { areas = [] } = answer;
          const costs =
            areas.length > 0 ? ` ${areas.map(visibleText).join(', ')}: ${areaWords.becomes(areas.length)}` : '';
          return `${grantWords.added(answer.effective)}${open}${costs}`;
        }),
      explain: (input: Input<'policies.explain'>): Promise<Explanation | ErrorBody> =>
        orFailure(transport.call('policies.explain', input)),
      complete: async (id: string, text: string, signal: AbortSignal): Promise<PathCompletion | null> => {
        try {
          return await transport.call('paths.complete', { server: id, text }, signal);
        } catch {
          // Typing goes on without it; what is typed is judged by the host in any case.
          return null;
        }
      },
      check: (id: string, signal: AbortSignal): Promise<CheckResult | ErrorBody> =>
        orFailure(transport.call('servers.check', { server: id }, signal)),
      diff: (id: string): Promise<FileDiff | ErrorBody> => orFailure(transport.call('servers.diff', { server: id })),
      /** Allows what the level keeps back. */
      lift: (id: string, rule: Rule): Promise<void> =>
        act(id, async () => {
          const answer = await transport.call('policies.grant', { server: id, verb: 'write', what: rule.what });
          return answer.effective === 'now' ? areaWords.lifted : `${areaWords.lifted} It takes effect after a restart.`;
        }),
      setResources: (id: string, limits: Partial<Record<LimitName, string>>): Promise<ErrorBody | null> =>
        actOrFail(id, async () => {
          const answer = await transport.call('policies.resources', { server: id, limits });
          const when = answer.effective === 'restart' ? resourceWords.restart : resourceWords.now;
          return answer.changed ? when : resourceWords.unchanged;
        }),
      setSight: (id: string, sight: Sight): Promise<ErrorBody | null> =>
        actOrFail(id, async () => {
          const answer = await transport.call('policies.sight', { server: id, sight });
          const when = answer.effective === 'restart' ? sightWords.restart : sightWords.now;
          return answer.changed ? when : sightWords.unchanged;
        }),
      /** Whether it asks when it is refused something. */
      ask: (id: string, on: boolean): Promise<void> =>
        act(id, async () => {
          const rule = { server: id, verb: 'permission', what: 'ask-access' } as const;
          const answer = await transport.call(on ? 'policies.grant' : 'policies.revoke', rule);
          const what = on ? 'It asks' : 'It no longer asks';
          return answer.effective === 'now' ? `${what}.` : `${what} from the next start on.`;
        }),
      stop: (id: string, run: string): Promise<void> =>
        act(id, async () => {
          await transport.call('runs.stop', { run });
          return 'The run was stopped.';
        }),
    },
  });
}
