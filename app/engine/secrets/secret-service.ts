/**
 * Moving secrets out of a client's file and back. Order, so that a kill at any moment leaves each one in the file or in the
 * store: moving writes the store, then the plan, then the file in one atomic step; putting back writes the file, reads it
 * again, and only then lets the store go. What both hold in between is harmless: the file's counts.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Api, SecretsResult } from '#contract/methods.ts';
import { keptReference } from '#domain/kept-secrets.ts';
import type { FoundSecret } from '#domain/secrets.ts';
import { variableObstacle } from '#domain/secrets.ts';
import type { Clock, FileStore, Journal, Places, PlanStore } from '../ports.ts';
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
  clock: Clock;
  files: FileStore;
  journal: Pick<Journal, 'appendHistory'>;
  plans: PlanStore;
  secrets: SecretStore;
  runs: Pick<RunService, 'activity'>;
  servers: Pick<ServerService, 'exclusive' | 'reread' | 'find' | 'findContained'>;
  writePlan: (handle: string) => Promise<void>;
}

export interface SecretService {
  move: Api['secrets.move'];
  restore: Api['secrets.restore'];
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

  async function remember(found: FoundServer, summary: string): Promise<void> {
    await deps.journal.appendHistory({
      at: deps.clock.now().toISOString(),
      action: 'secrets',
      server: found.id,
      file: found.entry.file,
      summary,
    });
  }

  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

  return {
    move: (input) =>
      servers.exclusive(async () => {
        refuseRootInUserHome(deps.places);
        const found = await servers.findContained(input.server, input.project);
        const { text, kept } = takeOut(found, chosen(found, input.names), input.as);
        if (kept.length === 0 || input.dryRun) return resultOf(found, text, kept, false);
        await files.assertReplaceable(found.config.snapshot);
        const plan = await plans.read(found.id);
        try {
          for (const secret of kept) await secrets.put(found.id, secret);
          await deps.writePlan(found.id);
          await files.replace(found.config.snapshot, encode(text));
        } catch (error) {
          // The file decides: what it holds itself needs no store. Where that cannot be told, both keep it.
          const now = await servers.reread(found).catch(() => null);
          if (now !== null) await letGo(secrets, now);
          if (plan !== null && (await secrets.list(found.id)).length === 0) await plans.write(found.id, plan);
          throw error;
        }
        await remember(found, `moved ${kept.map(({ name }) => name).join(', ')} out of the file`);
        return resultOf(found, text, kept, true);
      }),

    restore: (input) =>
      servers.exclusive(async () => {
        refuseRootInUserHome(deps.places);
        const found = await servers.reread(await servers.find(input.server));
        const asked = await keptFor(secrets, found);
        const unknown =
          input.names === 'all' ? [] : input.names.filter((name) => !asked.some((each) => each.name === name));
        if (unknown[0] !== undefined)
          throw new BelljarError('no-such-secret', { params: { name: unknown[0], server: found.handle } });
        const kept = asked.filter(({ name }) => input.names === 'all' || input.names.includes(name));
        const { config, entry } = found;
        const text = putBack(config, config.text, entry.path, kept);
        prove(config, entry.path, text, valuesOf(kept));
        if (kept.length === 0 || input.dryRun) return resultOf(found, text, kept, false);
        await files.replace(config.snapshot, encode(text));
        const now = await servers.reread(found);
        await letGo(secrets, now);
        if ((await plans.read(found.id)) !== null) await deps.writePlan(found.id);
        await remember(found, `put ${kept.map(({ name }) => name).join(', ')} back into the file`);
        return resultOf(found, text, kept, true);
      }),
  };
}
