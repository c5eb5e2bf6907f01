/**
 * Kept secrets that go with an entry to another id. They are given to the new one first and taken from the old one last, and
 * only where nothing that could be read asks the old one any more: at every moment in between the value is in the store.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Plan } from '#domain/plan-text.ts';
import { keptNames } from '#domain/kept-secrets.ts';
import type { Discovery, FoundServer } from '../servers/discovery.ts';
import { askedOf, holds, isCopied, letGo, type Kept, type KeptPlaces } from './kept.ts';

export interface CarriedDeps extends KeptPlaces {
  discovery: Pick<Discovery, 'discover'>;
}

export interface Carried {
  /** Of these, what lies under another id. Throws `secret-twice` where the server has another value of its own. */
  toCarry(found: FoundServer, kept: readonly Kept[]): Promise<Kept[]>;
  /** Under its own id too; answers how to take back what was not there before. */
  give(found: FoundServer, carried: readonly Kept[]): Promise<() => Promise<void>>;
  /** Each entry elsewhere that has a right to what this server keeps gets it under its own id, before it is let go here. */
  giveToCopies(server: string): Promise<void>;
  /** From the store what the entry, read just now, has: in its file, or under its own id. */
  leave(now: FoundServer, carried: readonly Kept[]): Promise<void>;
}

/** The plan with secrets that are not, or not yet, under the server's own id. */
export function withSecrets(plan: Plan, more: Plan['secrets']): Plan {
  if (more.length === 0) return plan;
  const named = new Set(more.map(({ name }) => name));
  const secrets = [...plan.secrets.filter(({ name }) => !named.has(name)), ...more];
  return { ...plan, secrets: secrets.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

export function createCarried(deps: CarriedDeps): Carried {
  const { secrets, discovery } = deps;

  /** Nothing is it or names it besides this entry, as far as every file could be read. */
  async function isFree(server: string, besides: string): Promise<boolean> {
    const { servers, failures } = await discovery.discover();
    const asks = ({ id, wrapping, entry }: FoundServer): boolean =>
      id === server || (id !== besides && wrapping?.id === server && keptNames(entry, entry.env).length > 0);
    return failures.length === 0 && !servers.some(asks);
  }

  return {
    async toCarry({ id, handle, entry }, kept) {
      const carried = kept.filter(({ of }) => of !== id);
      for (const { name, value } of carried) {
        const own = await secrets.get(id, name);
        if (own !== null && own.value !== value)
          throw new BelljarError('secret-twice', { file: entry.file, params: { name, server: handle } });
      }
      return carried;
    },

    async give({ id }, carried) {
      const had = new Set((await secrets.list(id)).map(({ name }) => name));
      const takeBack = async (): Promise<void> => {
        for (const { name } of carried) if (!had.has(name)) await secrets.remove(id, name);
      };
      try {
        for (const { of: _of, ...secret } of carried) await secrets.put(id, secret);
      } catch (error) {
        await takeBack();
        throw error;
      }
      return takeBack;
    },

    async giveToCopies(server) {
      if ((await secrets.list(server)).length === 0) return;
      const { servers } = await discovery.discover();
      for (const copy of servers.filter((each) => isCopied(each) && each.wrapping?.id === server)) {
        const { kept } = await askedOf(deps, copy);
        for (const { of, ...secret } of kept)
          if (of === server && (await secrets.get(copy.id, secret.name)) === null) await secrets.put(copy.id, secret);
      }
    },

    async leave(now, carried) {
      await letGo(secrets, now);
      for (const secret of carried.filter(({ of }) => of !== now.id)) {
        const { name, of, value } = secret;
        const isHere = holds(now.entry, secret) || (await secrets.get(now.id, name))?.value === value;
        if (isHere && (await isFree(of, now.id))) await secrets.remove(of, name);
      }
    },
  };
}
