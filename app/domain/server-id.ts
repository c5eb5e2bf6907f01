/**
 * Server ids: deterministic from client, scope and name, so that policies, plans and events find their server again
 * without a register. A name that can stand in an id as it is does (`claude-desktop.filesystem`); any other is slugged,
 * cut and followed by a hash of everything, and no plain name looks like that, so two servers never share an id.
 */
import { sha256Hex } from './sha256.ts';

export const userScope = 'user';

const idMax = 64;
const hashLength = 12;
const plainName = /^[a-z0-9]+(?:[.-][a-z0-9]+)*$/;
const hashLike = new RegExp(`-[0-9a-f]{${hashLength.toString()}}$`);

export function makeServerId(client: string, scope: string, name: string): string {
  const plain = `${client}.${name}`;
  if (scope === userScope && plainName.test(name) && plain.length <= idMax && !hashLike.test(name)) return plain;
  const hash = sha256Hex(JSON.stringify([client, scope, name])).slice(0, hashLength);
  const room = idMax - client.length - hashLength - 2;
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, Math.max(room, 0))
    .replace(/^-+|-+$/g, '');
  return `${client}.${slug === '' ? 'server' : slug}-${hash}`;
}
