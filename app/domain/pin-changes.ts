/** What pinning anew would change, from two lists of packages; and what a decision remembers of a pin. */
import type { Pinned } from '#contract/decision.ts';
import type { LockedPackage, PinChanges, PinRecord } from '#contract/pin.ts';
import { sha256Hex } from './sha256.ts';

export interface Resolved {
  package: string;
  version: string;
  publisher: string | null;
  packages: readonly LockedPackage[];
  scripts: readonly string[];
}

export function pinnedOf(record: PinRecord | null): Pinned | null {
  return record === null ? null : { package: record.package, version: record.version, lock: sha256Hex(record.lock) };
}

/** Whether they are the same packages; decisions of before knew the version alone. */
export function isSamePinned(one: Pinned | null, other: Pinned | null): boolean {
  if (one === null || other === null) return one === other;
  const known = one.lock === undefined || other.lock === undefined || one.lock === other.lock;
  return one.package === other.package && one.version === other.version && known;
}

const without = ({ name, version }: LockedPackage): { name: string; version: string } => ({ name, version });

function byName(packages: readonly LockedPackage[]): Map<string, LockedPackage[]> {
  const map = new Map<string, LockedPackage[]>();
  for (const one of packages) map.set(one.name, [...(map.get(one.name) ?? []), one]);
  return map;
}

/** Hashes of files for other systems may come later; the same file must not change. */
function isReplaced(one: LockedPackage, other: LockedPackage): boolean {
  const hashes = new Set(one.integrity.split(' '));
  return !other.integrity.split(' ').some((hash) => hashes.has(hash));
}

export function pinChanges(before: PinRecord | null, after: Resolved): PinChanges {
  const old = byName(before?.packages ?? []);
  const now = byName(after.packages);
  const changes: PinChanges = {
    package: after.package,
    from: before?.version ?? null,
    to: after.version,
    publisherBefore: before?.publisher ?? null,
    publisher: after.publisher,
    added: [],
    removed: [],
    changed: [],
    replaced: [],
    scripts: [...after.scripts],
  };
  for (const [name, packages] of now) {
    const earlier = old.get(name) ?? [];
    const fresh = packages.filter((one) => !earlier.some((other) => other.version === one.version));
    const gone = earlier.filter((one) => !packages.some((other) => other.version === one.version));
    // A name may be there in several versions; one that came and one that went belong together.
    fresh.forEach((one, index) => {
      const from = gone[index];
      if (from === undefined) changes.added.push(without(one));
      else changes.changed.push({ name, from: from.version, to: one.version });
    });
    changes.removed.push(...gone.slice(fresh.length).map(without));
    for (const one of packages) {
      const same = earlier.find((other) => other.version === one.version);
      if (same !== undefined && isReplaced(same, one)) changes.replaced.push(without(one));
    }
  }
  for (const [name, packages] of old) {
    if (!now.has(name)) changes.removed.push(...packages.map(without));
  }
  return changes;
}

export function isNothing(changes: PinChanges): boolean {
  return (
    changes.from === changes.to &&
    changes.added.length + changes.removed.length + changes.changed.length + changes.replaced.length === 0
  );
}
