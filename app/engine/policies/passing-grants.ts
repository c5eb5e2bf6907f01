/**
 * What a person granted until a run stops. It is no part of the policy: it stands in a plan of that run's own, beside the server's,
 * which no other run reads. So it ends with the run whatever becomes of the host.
 */
import { policyFormatVersion, type PassingRule, type PersonRule } from '#contract/policy.ts';
import { withRule } from '#domain/rules.ts';
import type { ListedRunGrants, RunGrantStore } from '../ports.ts';
import type { RunService } from '../runs/run-service.ts';

/** A plan for these rules of a person. */
export type Compile = (rules: readonly PersonRule[]) => Promise<string>;

export interface PassingGrants {
  /** Runs of the server that can have any, newest start first. */
  liveRuns(server: string): Promise<string[]>;
  /** What the live runs of a server have, oldest first. */
  list(server: string): Promise<PassingRule[]>;
  of(server: string, run: string): Promise<PersonRule[]>;
  /** Exactly these; `rules` is what is decided for good. */
  set(
    server: string,
    run: string,
    own: readonly PersonRule[],
    rules: readonly PersonRule[],
    compile: Compile,
  ): Promise<void>;
  /** For a new plan of the server: what is left to do then is to write. Throws where what a live run has cannot be read. */
  prepare(server: string, rules: readonly PersonRule[], compile: Compile): Promise<() => Promise<void>>;
  /** What live runs have now, to put it back. Throws as `prepare`. */
  keep(server: string): Promise<() => Promise<void>>;
  /** Removes what belongs to runs that are over, of every server, be it readable or not. */
  tidy(): Promise<void>;
}

/** What is decided for good, and on top of it what is granted until the run stops. */
export function withPassing(rules: readonly PersonRule[], own: readonly PersonRule[]): PersonRule[] {
  let all = [...rules];
  for (const rule of own) {
    // Where it stands among the others is when it was given: the later word counts.
    let at = all.length;
    while ((all[at - 1]?.at ?? '') > rule.at) at -= 1;
    const later = all.slice(at);
    if (!later.some(({ what }) => what === rule.what)) all = [...withRule(all.slice(0, at), rule), ...later];
  }
  return all;
}

export function createPassingGrants({
  store,
  runs,
}: {
  store: RunGrantStore;
  runs: Pick<RunService, 'live'>;
}): PassingGrants {
  async function liveRuns(server: string): Promise<string[]> {
    // A terminal is no run of the server, and has a plan of its own.
    return (await runs.live(server)).filter(({ start }) => start?.terminal === undefined).map(({ run }) => run);
  }

  /** Those of live runs, and those of runs that are over. */
  async function byLife(server: string): Promise<Record<'live' | 'over', ListedRunGrants[]>> {
    const all = await store.list(server);
    const alive = new Set(all.length === 0 ? [] : await liveRuns(server));
    const isAlive = ({ run }: ListedRunGrants): boolean => alive.has(run);
    return { live: all.filter(isAlive), over: all.filter((one) => !isAlive(one)) };
  }

  function readable(live: readonly ListedRunGrants[]): readonly ListedRunGrants[] {
    for (const { error } of live) if (error !== null) throw error;
    return live;
  }

  /** Removes what belongs to runs that are over; answers the others. */
  async function removeOver(server: string): Promise<ListedRunGrants[]> {
    const { live, over } = await byLife(server);
    for (const { run } of over) await store.remove(server, run);
    return live;
  }

  async function of(server: string, run: string): Promise<PersonRule[]> {
    const known = (await store.list(server)).filter((one) => one.run === run);
    return readable(known)[0]?.rules ?? [];
  }

  async function put(server: string, run: string, rules: readonly PersonRule[], plan: string | null): Promise<void> {
    if (plan === null) await store.remove(server, run);
    else await store.put({ v: policyFormatVersion, server, run, rules: [...rules] }, plan);
  }

  async function planFor(
    own: readonly PersonRule[],
    rules: readonly PersonRule[],
    compile: Compile,
  ): Promise<string | null> {
    return own.length === 0 ? null : compile(withPassing(rules, own));
  }

  async function set(
    server: string,
    run: string,
    own: readonly PersonRule[],
    rules: readonly PersonRule[],
    compile: Compile,
  ): Promise<void> {
    await put(server, run, own, await planFor(own, rules, compile));
  }

  return {
    liveRuns,
    of,
    set,

    async list(server) {
      const byRule = new Map<string, PassingRule>();
      for (const { run, rules } of readable((await byLife(server)).live)) {
        for (const rule of rules) {
          const key = `${rule.verb}:${rule.what}`;
          const known = byRule.get(key);
          byRule.set(key, known === undefined ? { ...rule, runs: [run] } : { ...known, runs: [...known.runs, run] });
        }
      }
      return [...byRule.values()].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    },

    async prepare(server, rules, compile) {
      const next: { run: string; own: PersonRule[]; plan: string | null }[] = [];
      for (const { run, rules: all } of readable(await removeOver(server))) {
        // What was decided for good since is the later word.
        const own = all.filter((rule) => !rules.some((one) => one.at > rule.at && one.what === rule.what));
        next.push({ run, own, plan: await planFor(own, rules, compile) });
      }
      return async () => {
        for (const { run, own, plan } of next) await put(server, run, own, plan);
      };
    },

    async keep(server) {
      const live = readable((await byLife(server)).live);
      const kept = await Promise.all(
        live.map(async ({ run, rules }) => ({ run, rules, plan: await store.plan(server, run) })),
      );
      return async () => {
        for (const { run, rules, plan } of kept) await put(server, run, rules, plan);
      };
    },

    async tidy() {
      for (const server of await store.servers()) await removeOver(server);
    },
  };
}
