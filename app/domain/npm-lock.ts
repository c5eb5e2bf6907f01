/**
 * What a package-lock.json says will be installed. npm wrote it from what a registry answered, so it is parsed strictly where
 * it matters: every package must come from a registry with a hash that npm checks, or nothing is installed.
 */
import { z } from 'zod';
import { BelljarError } from '#contract/errors.ts';
import type { LockedPackage } from '#contract/pin.ts';

export const lockMaxBytes = 8_000_000;
const packagesMax = 20_000;

const listSchema = z.union([z.string(), z.array(z.string())]).optional();
const entrySchema = z.looseObject({
  version: z.string().max(256).optional(),
  resolved: z.string().max(4096).optional(),
  integrity: z.string().max(65_536).optional(),
  link: z.boolean().optional(),
  optional: z.boolean().optional(),
  hasInstallScript: z.boolean().optional(),
  bin: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  os: listSchema,
  cpu: listSchema,
});
const lockSchema = z.looseObject({
  lockfileVersion: z.union([z.literal(2), z.literal(3)]),
  packages: z.record(z.string(), entrySchema),
});

export interface NpmLock {
  packages: LockedPackage[];
  /** `name@version` of packages that run programs while they are installed here. */
  scripts: string[];
  /** `host:port` of where packages come from. */
  hosts: string[];
  /** Version and programs of the package that counts. */
  main: { version: string; programs: Record<string, string> };
}

/** The system it is installed on, in npm's words. */
export interface NpmPlatform {
  os: string;
  cpu: string;
}

function unusable(detail: string): BelljarError {
  return new BelljarError('install-failed', { params: { detail } });
}

/** npm's own reading of `os` and `cpu`: any that is named, unless it is named with `!`. */
function fits(list: string | readonly string[] | undefined, own: string): boolean {
  const words = typeof list === 'string' ? [list] : (list ?? []);
  if (words.includes(`!${own}`)) return false;
  const wanted = words.filter((word) => !word.startsWith('!'));
  return wanted.length === 0 || wanted.includes(own) || wanted.includes('any');
}

export function hostOf(address: string): string | null {
  try {
    const { hostname, port, protocol } = new URL(address);
    if (protocol !== 'https:' && protocol !== 'http:') return null;
    return `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
  } catch {
    return null;
  }
}

/** Throws `install-failed`. */
export function readNpmLock(text: string, name: string, platform: NpmPlatform): NpmLock {
  if (text.length > lockMaxBytes) throw unusable('it needs more packages than can be pinned');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BelljarError('install-failed', { params: { detail: 'npm wrote no lock file' }, cause: error });
  }
  const parsed = lockSchema.safeParse(value);
  if (!parsed.success)
    throw unusable(`npm's lock file is not of its form at "${parsed.error.issues[0]?.path.join('.') ?? ''}"`);
  const packages: LockedPackage[] = [];
  const scripts: string[] = [];
  const hosts = new Set<string>();
  let main: NpmLock['main'] | null = null;
  for (const [place, entry] of Object.entries(parsed.data.packages)) {
    if (place === '') continue;
    const own = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (!place.startsWith('node_modules/') || entry.link === true || entry.version === undefined)
      throw unusable(`${own} does not come from a registry`);
    const { version, integrity = '' } = entry;
    // Older hashes can be forged; without one, nothing says that tomorrow's package is today's.
    if (!/(?:^|\s)sha(?:256|384|512)-/.test(integrity))
      throw unusable(`${own} ${version} comes without a hash that can be relied on`);
    if (entry.resolved !== undefined) {
      const host = hostOf(entry.resolved);
      if (host === null) throw unusable(`${own} does not come from a registry`);
      hosts.add(host);
    }
    packages.push({ name: own, version, integrity });
    if (packages.length > packagesMax) throw unusable('it needs more packages than can be pinned');
    if (entry.hasInstallScript === true && fits(entry.os, platform.os) && fits(entry.cpu, platform.cpu))
      scripts.push(`${own}@${version}`);
    if (place === `node_modules/${name}`) {
      const short = name.slice(name.indexOf('/') + 1);
      main = { version, programs: typeof entry.bin === 'string' ? { [short]: entry.bin } : (entry.bin ?? {}) };
    }
  }
  if (main === null) throw unusable(`${name} is not among what would be installed`);
  return { packages, scripts, hosts: [...hosts], main };
}

/** The program that `npx <package>` starts: the only one, else the one of the package's own name. Null when npx would not know. */
export function npmProgram(name: string, programs: Readonly<Record<string, string>>): string | null {
  const names = Object.keys(programs).filter((program) => /^[A-Za-z0-9._-]+$/.test(program));
  if (new Set(Object.values(programs)).size === 1) return names[0] ?? null;
  const short = name.slice(name.indexOf('/') + 1);
  return names.includes(short) ? short : null;
}
