/**
 * Moving secrets out of a client's file and back. Order, so that a kill at any moment leaves each one in the file or in the
 * store: moving writes the store, then the plan, then the file in one atomic step; putting back writes the file, reads it
 * again, and only then lets the store go. What both hold in between is harmless: the file's counts.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Api, SecretsResult } from '#contract/methods.ts';
import { secretWays, type SecretWay } from '#contract/secret.ts';
import { keptReference } from '#domain/kept-secrets.ts';
import type { FoundSecret } from '#domain/secrets.ts';
import { variableObstacle } from '#domain/secrets.ts';
import type { Decide, Deciding, SecretChange } from '../decisions/decision-service.ts';
import type { FileStore, Journal, Places, PlanStore } from '../ports.ts';
import { noActivity, type RunService } from '../runs/run-service.ts';
import type { FoundServer } from '../servers/discovery.ts';
import { maskedDiff } from '../servers/rewrite.ts';
import type { ServerService } from '../servers/server-service.ts';
import { refuseRootInUserHome } from '../servers/server-service.ts';
import { prove, putBack, takeOut, valuesOf } from './exchange.ts';
import { keptFor, letGo } from './kept.ts';
import type { KeptSecret, SecretStore } from './ports.ts';
import { secretsInFile } from './secret-facts.ts';

export interface SecretServiceDeps {
  places: Places;
  files: FileStore;
  decide: Decide;
  plans: PlanStore;
  secrets: SecretStore;
  journal: Pick<Journal, 'get'>;
  runs: Pick<RunService, 'activity'>;
  servers: Pick<ServerService, 'exclusive' | 'reread' | 'find' | 'findContained' | 'carried'>;
  writePlan: (handle: string) => Promise<void>;
  keepPlans: (server: string) => Promise<() => Promise<void>>;
}

export interface SecretService {
  move: Api['secrets.move'];
  restore: Api['secrets.restore'];
  /** For undo, under the lock of changes, which the caller holds. */
  undoMoves(found: FoundServer, changes: readonly SecretChange[], undoes: string): Promise<void>;
}

export function createSecretService(deps: SecretServiceDeps): SecretService {
  const { files, plans, secrets, servers } = deps;

  /** What is to be moved: what looks like a secret, or a variable that a person names all the same. */
  function chosen(found: FoundServer, names: 'all' | readonly string[]): FoundSecret[] {
    const inFile = secretsInFile(found);
    if (names === 'all') return inFile.filter(({ obstacle }) => obstacle === null);
    return [...new Set(names)].map((name) => {
      const secret = inFile.find((each) => each.name === name) ?? inFile.find((each) => each.where === name);
      if (secret !== undefined) return secret;
      const value = found.entry.env[name];
      if (value === undefined || value === '' || value === keptReference(name))
        throw new BelljarError('no-such-secret', { params: { name, server: found.handle } });
      const obstacle = variableObstacle(name, value);
      return { place: 'variable', name, where: name, value, index: null, reason: 'name', format: null, obstacle };
    });
  }

  async function whenEffective(found: FoundServer): Promise<'now' | 'restart'> {
    const activity = (await deps.runs.activity()).get(found.id) ?? noActivity;
    return activity.liveRuns > 0 ? 'restart' : 'now';
  }

  async function resultOf(
    found: FoundServer,
    text: string,
    kept: readonly KeptSecret[],
    changed: boolean,
  ): Promise<SecretsResult> {
    return {
      id: found.id,
      changed,
      names: kept.map(({ name }) => name),
      diff: maskedDiff(found, text),
      effective: await whenEffective(found),
    };
  }

  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

  interface Move {
    names: 'all' | readonly string[];
    as: SecretWay;
    dryRun?: boolean | undefined;
    undoes?: string;
  }

  /** Under the lock of changes, as is `putBackOne`. */
  async function moveOne(found: FoundServer, { names, as, dryRun, undoes }: Move): Promise<SecretsResult> {
    refuseRootInUserHome(deps.places);
    const { text, kept } = takeOut(found, chosen(found, names), as);
    if (kept.length === 0 || dryRun === true) return resultOf(found, text, kept, false);
    await files.assertReplaceable(found.config.snapshot);
    const isPlanned = (await plans.read(found.id)) !== null;
    const putPlansBack = await deps.keepPlans(found.id);
    const moving: Deciding = {
      action: 'secrets',
      server: found.id,
      file: found.entry.file,
      summary: `moved ${kept.map(({ name }) => name).join(', ')} out of the file`,
      changes: kept.map(({ name, as: after }) => ({ of: 'secret', name, before: null, after })),
      undoes,
    };
    await deps.decide(moving, async () => {
      try {
        for (const secret of kept) await secrets.put(found.id, secret);
        await deps.writePlan(found.id);
        await files.replace(found.config.snapshot, encode(text));
      } catch (error) {
        // The file decides: what it holds itself needs no store. Where that cannot be told, both keep it.
        const now = await servers.reread(found).catch(() => null);
        if (now !== null) await letGo(secrets, now);
        if (isPlanned && (await secrets.list(found.id)).length === 0) await putPlansBack();
        throw error;
      }
    });
    return resultOf(found, text, kept, true);
  }

  async function putBackOne(found: FoundServer, { names, dryRun, undoes }: Omit<Move, 'as'>): Promise<SecretsResult> {
    refuseRootInUserHome(deps.places);
    const asked = await keptFor(deps, found);
    const unknown = names === 'all' ? [] : names.filter((name) => !asked.some((each) => each.name === name));
    if (unknown[0] !== undefined)
      throw new BelljarError('no-such-secret', { params: { name: unknown[0], server: found.handle } });
    const kept = asked.filter(({ name }) => names === 'all' || names.includes(name));
    const { config, entry } = found;
    const text = putBack(config, config.text, entry.path, kept);
    prove(config, entry.path, text, valuesOf(kept));
    if (kept.length === 0 || dryRun === true) return resultOf(found, text, kept, false);
    const puttingBack: Deciding = {
      action: 'secrets',
      server: found.id,
      file: found.entry.file,
      summary: `put ${kept.map(({ name }) => name).join(', ')} back into the file`,
      changes: kept.map(({ name, as: before }) => ({ of: 'secret', name, before, after: null })),
      undoes,
      // Putting back must work also where nothing can be written down.
      mustHappen: true,
    };
    await deps.decide(puttingBack, async () => {
      await servers.carried.giveToCopies(found.id);
      await files.replace(config.snapshot, encode(text));
      const now = await servers.reread(found);
      await servers.carried.leave(now, kept);
      if ((await plans.read(found.id)) !== null) await deps.writePlan(found.id);
    });
    return resultOf(found, text, kept, true);
  }

  return {
    move: (input) =>
      servers.exclusive(async () => moveOne(await servers.findContained(input.server, input.project), input)),
    restore: (input) =>
      servers.exclusive(async () => putBackOne(await servers.reread(await servers.find(input.server)), input)),

    async undoMoves(found, changes, undoes) {
      const back = changes.filter(({ after }) => after === null).map(({ name }) => name);
      if (back.length > 0) await putBackOne(await servers.reread(found), { names: back, undoes });
      for (const as of secretWays) {
        const names = changes.filter(({ after }) => after === as).map(({ name }) => name);
        if (names.length > 0) await moveOne(await servers.reread(found), { names, as, undoes });
      }
    },
  };
}
