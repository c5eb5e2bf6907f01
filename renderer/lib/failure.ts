/**
 * Failures as data on this side of the boundary: every error becomes the contract's one ErrorBody, whether the host
 * said it or nobody answered at all.
 */
import type { ErrorBody, ErrorCode, ErrorParams } from '#contract/errors.ts';
import { BelljarError, errorBodySchema } from '#contract/errors.ts';
import { toErrorBody } from '#contract/sentences.ts';

/** A failure that carries the body the host sent, or one made here for the same catalogue. */
export class Failure extends Error {
  readonly body: ErrorBody;

  constructor(body: ErrorBody) {
    super(body.code);
    this.name = 'Failure';
    this.body = body;
  }
}

export function failureOf(code: ErrorCode, params: ErrorParams = {}): Failure {
  return new Failure(toErrorBody(new BelljarError(code, { params })));
}

/** What the host sent as an error; anything else than an ErrorBody becomes `internal`. */
export function failureFromAnswer(answer: unknown): Failure {
  const wrapped =
    typeof answer === 'object' && answer !== null && 'error' in answer ? (answer as { error: unknown }).error : answer;
  const parsed = errorBodySchema.safeParse(wrapped);
  return parsed.success ? new Failure(parsed.data) : failureOf('internal');
}

/** Any thrown value as a body for the screen. */
export function toBody(error: unknown): ErrorBody {
  return error instanceof Failure ? error.body : failureOf('internal').body;
}
