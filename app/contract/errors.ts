/**
 * Errors as data: one closed list of codes. A code decides the exit code of the command line and the status of an RPC
 * answer; the sentence for people comes from sentences.ts, keyed by code and parameters.
 */
import { z } from 'zod';

/** Exit codes of the command line (`run` and the launcher have their own: 125, 126, 127). */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  changed: 5,
  partly: 6,
  notEnforceable: 7,
  host: 8,
  interrupted: 130,
} as const;

interface CodeFacts {
  exit: number;
  status: number;
}

/** Every code, with the exit code and the HTTP status it maps to. */
export const errorCodes = {
  usage: { exit: exitCodes.usage, status: 400 },
  'invalid-input': { exit: exitCodes.usage, status: 400 },
  'not-found': { exit: exitCodes.notFound, status: 404 },
  ambiguous: { exit: exitCodes.notFound, status: 409 },
  'no-such-run': { exit: exitCodes.notFound, status: 404 },
  'no-such-terminal': { exit: exitCodes.notFound, status: 404 },
  'too-many-terminals': { exit: exitCodes.failed, status: 429 },
  'terminal-busy': { exit: exitCodes.failed, status: 429 },
  'terminal-unavailable': { exit: exitCodes.failed, status: 501 },
  'nothing-restricted': { exit: exitCodes.refused, status: 409 },
  'no-such-question': { exit: exitCodes.notFound, status: 404 },
  'no-such-decision': { exit: exitCodes.notFound, status: 404 },
  'decision-overtaken': { exit: exitCodes.changed, status: 409 },
  'cannot-undo': { exit: exitCodes.refused, status: 409 },
  'no-such-mute': { exit: exitCodes.notFound, status: 404 },
  'history-unavailable': { exit: exitCodes.failed, status: 503 },
  'settings-invalid': { exit: exitCodes.failed, status: 500 },
  'no-such-rule': { exit: exitCodes.notFound, status: 404 },
  'refused-by-organisation': { exit: exitCodes.refused, status: 403 },
  'refused-root-in-user-home': { exit: exitCodes.refused, status: 403 },
  'unsafe-folder': { exit: exitCodes.refused, status: 403 },
  'grant-too-wide': { exit: exitCodes.refused, status: 403 },
  'grant-own-folder': { exit: exitCodes.refused, status: 403 },
  'project-file': { exit: exitCodes.refused, status: 409 },
  'cannot-contain': { exit: exitCodes.refused, status: 409 },
  'check-failed': { exit: exitCodes.failed, status: 409 },
  'check-impossible': { exit: exitCodes.failed, status: 409 },
  'config-changed': { exit: exitCodes.changed, status: 409 },
  drifted: { exit: exitCodes.changed, status: 409 },
  'config-unreadable': { exit: exitCodes.failed, status: 409 },
  'config-invalid': { exit: exitCodes.failed, status: 409 },
  'config-duplicate-key': { exit: exitCodes.failed, status: 409 },
  'config-bom': { exit: exitCodes.failed, status: 409 },
  'config-busy': { exit: exitCodes.failed, status: 409 },
  'config-read-only': { exit: exitCodes.failed, status: 409 },
  'config-too-large': { exit: exitCodes.failed, status: 409 },
  'write-failed': { exit: exitCodes.failed, status: 500 },
  'disk-full': { exit: exitCodes.failed, status: 507 },
  'journal-invalid': { exit: exitCodes.failed, status: 500 },
  'policy-invalid': { exit: exitCodes.failed, status: 500 },
  'cannot-pin': { exit: exitCodes.refused, status: 409 },
  'pin-needs-scripts': { exit: exitCodes.refused, status: 409 },
  'not-contained': { exit: exitCodes.refused, status: 409 },
  'not-pinned': { exit: exitCodes.notFound, status: 404 },
  'install-failed': { exit: exitCodes.failed, status: 502 },
  'pin-invalid': { exit: exitCodes.failed, status: 500 },
  'cannot-move': { exit: exitCodes.refused, status: 409 },
  'no-such-secret': { exit: exitCodes.notFound, status: 404 },
  'secret-missing': { exit: exitCodes.failed, status: 409 },
  /** An entry that is not its server's asks for a kept secret. */
  'secret-foreign': { exit: exitCodes.refused, status: 409 },
  /** One is kept for the entry as it was elsewhere, and another one here. */
  'secret-twice': { exit: exitCodes.refused, status: 409 },
  'newer-format': { exit: exitCodes.failed, status: 409 },
  'launcher-missing': { exit: exitCodes.notEnforceable, status: 500 },
  'launcher-path-space': { exit: exitCodes.notEnforceable, status: 409 },
  'not-enforceable': { exit: exitCodes.notEnforceable, status: 409 },
  'not-until-stop': { exit: exitCodes.refused, status: 409 },
  'sight-impossible': { exit: exitCodes.refused, status: 409 },
  'partly-done': { exit: exitCodes.partly, status: 207 },
  'host-locked': { exit: exitCodes.host, status: 503 },
  'host-unreachable': { exit: exitCodes.host, status: 503 },
  'host-version': { exit: exitCodes.host, status: 409 },
  unauthorized: { exit: exitCodes.host, status: 401 },
  'bad-origin': { exit: exitCodes.host, status: 403 },
  'too-many-streams': { exit: exitCodes.host, status: 429 },
  'too-large': { exit: exitCodes.usage, status: 413 },
  /** Asked of a door that does not answer it: stopping the host or opening a panel over loopback. */
  'private-door-only': { exit: exitCodes.host, status: 403 },
  'only-desktop': { exit: exitCodes.failed, status: 501 },
  timeout: { exit: exitCodes.failed, status: 504 },
  internal: { exit: exitCodes.failed, status: 500 },
} as const satisfies Record<string, CodeFacts>;

export type ErrorCode = keyof typeof errorCodes;
export const errorCodeSchema = z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]);

/** Values that fill the sentence of a code. Never the value of a secret. */
export const errorParamsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
export type ErrorParams = z.infer<typeof errorParamsSchema>;

export const placeSchema = z.strictObject({ line: z.number().int().min(1), column: z.number().int().min(1) });
export type Place = z.infer<typeof placeSchema>;

/** The one shape of an error on every boundary. */
export const errorBodySchema = z.strictObject({
  code: errorCodeSchema,
  params: errorParamsSchema,
  message: z.string(),
  file: z.string().optional(),
  at: placeSchema.optional(),
  remedy: z.string().optional(),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;

/** How every door answers a failure. */
export const errorAnswerSchema = z.strictObject({ error: errorBodySchema });

export interface ErrorDetails {
  params?: ErrorParams;
  file?: string;
  at?: Place;
  cause?: unknown;
}

/** What the engine throws for an expected failure. The message is the code: sentences are made at the edge. */
export class BelljarError extends Error {
  readonly code: ErrorCode;
  readonly params: ErrorParams;
  readonly file: string | undefined;
  readonly at: Place | undefined;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(code, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BelljarError';
    this.code = code;
    this.params = details.params ?? {};
    this.file = details.file;
    this.at = details.at;
  }
}
