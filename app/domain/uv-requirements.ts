/** What `uv pip compile --generate-hashes` wrote: `name==version` lines, each with the hashes of its files. Strict as npm-lock.ts. */
import { BelljarError } from '#contract/errors.ts';
import type { LockedPackage } from '#contract/pin.ts';

const textMax = 8_000_000;
const packagesMax = 5000;
const requirementLine = /^([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?:\[[a-z0-9,._ -]+\])?==([^\s;\\]+)(?:\s*;[^\\]*)? \\$/i;
const hashLine = /^ {4}--hash=(sha(?:256|384|512):[0-9a-f]{64,128})( \\)?$/;

function unusable(detail: string): BelljarError {
  return new BelljarError('install-failed', { params: { detail } });
}

/** Throws `install-failed` for what is no plain list of versions with hashes. */
export function readUvRequirements(text: string): LockedPackage[] {
  if (text.length > textMax) throw unusable('it needs more packages than can be pinned');
  const packages: LockedPackage[] = [];
  let open: { name: string; version: string; hashes: string[] } | null = null;
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const hash = hashLine.exec(line);
    if (hash !== null && open !== null) {
      open.hashes.push(hash[1] ?? '');
      if (hash[2] === undefined) {
        packages.push({ name: open.name, version: open.version, integrity: open.hashes.join(' ') });
        open = null;
      }
      continue;
    }
    const requirement = requirementLine.exec(line);
    if (requirement === null || open !== null || packages.length >= packagesMax)
      throw unusable(`uv's list of packages is not of its form at "${line.slice(0, 80)}"`);
    open = { name: requirement[1] ?? '', version: requirement[2] ?? '', hashes: [] };
  }
  if (open !== null || packages.length === 0) throw unusable("uv's list of packages is cut short");
  return packages;
}

/** Names of Python packages are compared without regard to case, and `-`, `_` and `.` are one. */
export function samePythonName(one: string, other: string): boolean {
  const plain = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');
  return plain(one) === plain(other);
}
