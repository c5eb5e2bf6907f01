/** What pins need from the outside world: installing packages, contained, and keeping what was installed. */
import type { Pinned } from '#contract/decision.ts';
import type { LockedPackage, PinRecord } from '#contract/pin.ts';
import type { PackageStart } from '#domain/package-start.ts';

export interface InstallRequest {
  server: string;
  start: PackageStart;
  /** The entry's own variables: only those that a package manager reads for itself are passed on. */
  env: Readonly<Record<string, string>>;
  /** `host:port` besides the registry's own, named by a person. */
  hosts: readonly string[];
  signal?: AbortSignal;
}

/** What would be installed now. */
export interface Resolution {
  package: string;
  version: string;
  publisher: string | null;
  packages: readonly LockedPackage[];
  /** Packages that would run programs while they are installed. */
  scripts: readonly string[];
  lock: string;
  hosts: readonly string[];
}

/** What starts it. */
export interface Installed {
  program: string;
  args: readonly string[];
  runtime: { path: string; version: string };
}

/** One use of a package manager, always contained: no network but the registry, a throw-away home. Throws `install-failed`. */
export interface Installation {
  resolve(): Promise<Resolution>;
  /** Into an empty folder, exactly what the lock says. `scripts`: install scripts run too, in a run without any network. */
  install(wanted: Resolution, tree: string, scripts: boolean): Promise<Installed>;
}

export interface PackageInstaller {
  /** What is needed for it is made before `work` and gone after it. */
  use<T>(request: InstallRequest, work: (installation: Installation) => Promise<T>): Promise<T>;
}

/** `sound`: nothing changed. `touched`: its files were written or moved, and hold what they held. */
export type TreeState = 'sound' | 'touched' | 'tampered';

export interface PinStore {
  /** Throws `pin-invalid`, `newer-format`. */
  get(server: string): Promise<PinRecord | null>;
  /** The record that it takes the place of is kept as a former one. */
  put(record: PinRecord): Promise<void>;
  /** The record alone, which is kept as a former one: what was installed may still be in use. */
  remove(server: string): Promise<void>;
  /** What was pinned before: one of the newest few, whose tree may be gone. Null when it is not known any more. */
  former(server: string, pinned: Pinned): Promise<PinRecord | null>;
  /** Servers for which anything is kept. */
  list(): Promise<string[]>;
  /** A new, empty folder of the server's own. */
  makeTree(server: string, version: string): Promise<string>;
  removeTree(tree: string): Promise<void>;
  /** Where a server's things are, for people. */
  folder(server: string): string;
  /** Working folders of installations that did not come to their end. */
  strays(): Promise<string[]>;
  /** Trees of the server that its record does not name. */
  unused(server: string): Promise<string[]>;
  /** Throws `pin-invalid` for a tree that cannot be sealed. */
  seal(tree: string): Promise<{ digest: string; content: string }>;
  /** The listing alone; false when it differs or the tree is gone. */
  isSound(record: PinRecord): Promise<boolean>;
  /** The listing and, where that differs, every file's content. */
  examine(record: PinRecord): Promise<{ state: TreeState; digest: string | null }>;
}
