/**
 * Pins: what a server's `npx` or `uvx` would fetch at each start, installed once and started from there. The record of a pin
 * is stored beside the installed tree (`<data>/pins/<server id>/pin.json`); what a server shows of it is smaller.
 */
import { z } from 'zod';
import { serverIdSchema } from './words.ts';

export const pinFormatVersion = 1;

export const packageInstallers = ['npm', 'uv'] as const;
export const packageInstallerSchema = z.enum(packageInstallers);
export type PackageInstallerName = z.infer<typeof packageInstallerSchema>;

/** Why what an entry starts cannot be pinned. */
export const cannotPinReasons = [
  'other-program',
  'no-package',
  'unknown-option',
  'not-from-registry',
  'placeholder',
  'secret',
] as const;
export type CannotPinReason = (typeof cannotPinReasons)[number];

/** What an entry fetches when it starts. */
export const fetchesSchema = z.strictObject({
  runner: packageInstallerSchema,
  /** As the entry names it, such as `@scope/name@latest`. */
  package: z.string().max(4096),
  /** True where the entry itself names one version; what that version depends on is still the newest. */
  exact: z.boolean(),
});
export type Fetches = z.infer<typeof fetchesSchema>;

export const pinProblems = ['pin-mismatch', 'pin-tampered', 'pin-invalid'] as const;
export const pinProblemSchema = z.enum(pinProblems);
export type PinProblem = z.infer<typeof pinProblemSchema>;

export const pinSchema = z.strictObject({
  package: z.string().max(512),
  version: z.string().max(256),
  at: z.string().max(40),
  /** Who published that version, where the registry tells. */
  publisher: z.string().max(512).nullable(),
  /** `pin-tampered` is looked for only where one server is shown: it reads the whole tree. */
  problem: pinProblemSchema.nullable(),
});
export type Pin = z.infer<typeof pinSchema>;

export const lockedPackageSchema = z.strictObject({
  name: z.string().min(1).max(512),
  version: z.string().min(1).max(256),
  /** As the installer checks it: `sha512-…` (npm), `sha256:…` (uv), several separated by spaces. */
  integrity: z.string().min(1).max(65_536),
});
export type LockedPackage = z.infer<typeof lockedPackageSchema>;

const pathSchema = z.string().min(1).max(4096).startsWith('/');
const wordSchema = z.string().min(1).max(8192);

/** The stored document. */
export const pinRecordSchema = z.strictObject({
  v: z.literal(pinFormatVersion),
  server: serverIdSchema,
  at: z.string().max(40),
  installer: packageInstallerSchema,
  /** The words of the entry's command line that the pinned start takes the place of. */
  instead: z.array(wordSchema).min(1).max(256),
  package: z.string().min(1).max(512),
  version: z.string().min(1).max(256),
  publisher: z.string().max(512).nullable(),
  /** What is started: node or the tree's own python, and the entry point. */
  program: pathSchema,
  args: z.array(wordSchema).max(16),
  runtime: z.strictObject({ path: pathSchema, version: z.string().max(256) }),
  /** The folder, the digest of its listing (what the launcher compares) and of its contents (what the doctor compares). */
  tree: pathSchema,
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  content: z.string().regex(/^[0-9a-f]{64}$/),
  packages: z.array(lockedPackageSchema).min(1).max(20_000),
  /** The lock file (npm) or the hashed requirements (uv), from which the same can be installed again. */
  lock: z.string().max(16_000_000),
  /** Packages whose install scripts ran, on the person's word. */
  scripts: z.array(z.string().max(512)).max(1000),
  /** Hosts the install runs reached. */
  hosts: z.array(z.string().max(300)).max(64),
});
export type PinRecord = z.infer<typeof pinRecordSchema>;

/** What pinning or updating would change, or has changed. */
export const pinChangesSchema = z.strictObject({
  package: z.string(),
  /** Null where nothing is pinned yet. */
  from: z.string().nullable(),
  to: z.string(),
  publisherBefore: z.string().nullable(),
  publisher: z.string().nullable(),
  added: z.array(lockedPackageSchema.omit({ integrity: true })),
  removed: z.array(lockedPackageSchema.omit({ integrity: true })),
  changed: z.array(z.strictObject({ name: z.string(), from: z.string(), to: z.string() })),
  /** Same name and version, other content than what is pinned: a registry that serves something else under one name. */
  replaced: z.array(lockedPackageSchema.omit({ integrity: true })),
  /** Packages that would run programs while they are installed. */
  scripts: z.array(z.string()),
});
export type PinChanges = z.infer<typeof pinChangesSchema>;
