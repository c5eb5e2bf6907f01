/** What a server shows of its secrets, from its entry and from the names in the store. Pure; no value is among it. */
import type { Secret, SecretWay } from '#contract/secret.ts';
import { keptName, keptNameOfArgument } from '#domain/kept-secrets.ts';
import { findSecrets, type FoundSecret } from '#domain/secrets.ts';
import type { FoundServer } from '../servers/discovery.ts';
import { placeOfSecret } from './exchange.ts';

const shownMax = 500;
const nameMax = 1024;

/** What looks like a secret in the entry, with what the way it is written says against moving it. */
export function secretsInFile(server: FoundServer): FoundSecret[] {
  const { config, entry } = server;
  return findSecrets(server.launch, entry.env).map((secret) => {
    if (secret.obstacle !== null) return secret;
    const written = config.adapter.written(config.text, config.file, entry.path, placeOfSecret(server, secret));
    return typeof written === 'string' ? { ...secret, obstacle: written, name: secret.where } : secret;
  });
}

export function describeSecrets(server: FoundServer, kept: readonly { name: string; as: SecretWay }[]): Secret[] {
  const { entry, launch } = server;
  const ways = new Map(kept.map(({ name, as }) => [name, as]));
  const inFile = secretsInFile(server).map((secret): Secret => {
    const { place, name, where, reason, format, obstacle } = secret;
    const as = ways.get(name) ?? null;
    return { place, name, where, state: as === null ? 'in-file' : 'newer', reason, format, as, obstacle };
  });
  const references = [
    ...Object.entries(entry.env).map(([where, value]) => ({
      name: keptName(value),
      where,
      place: 'variable' as const,
    })),
    ...(launch?.args ?? []).map((argument) => ({
      name: keptNameOfArgument(argument),
      where: argument.includes('=') ? argument.slice(0, argument.indexOf('=')) : argument,
      place: 'argument' as const,
    })),
  ];
  const bare = { reason: null, format: null, obstacle: null };
  const asked = references.flatMap(({ name, where, place }): Secret[] => {
    if (name === null) return [];
    const as = ways.get(name) ?? null;
    return [{ place, name, where, state: as === null ? 'missing' : 'moved', as, ...bare }];
  });
  const named = new Set([...inFile, ...asked].map(({ name }) => name));
  const unnamed = kept.filter(({ name }) => !named.has(name));
  const rest = unnamed.map(({ name, as }): Secret => {
    // A value that was put into the file by hand and looks like nothing is still one that counts over the store's.
    const state = (entry.env[name] ?? '') === '' ? 'unused' : 'newer';
    return { place: 'variable', name, where: name, state, as, ...bare };
  });
  return [...asked, ...inFile, ...rest]
    .slice(0, shownMax)
    .map((secret) => ({ ...secret, name: secret.name.slice(0, nameMax), where: secret.where.slice(0, nameMax) }));
}
