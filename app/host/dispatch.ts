/**
 * The one way a method is called, whoever calls it: input parsed by the contract, time bounded by the contract.
 *
 * A method that does not end in time is told so by its signal and the caller gets `timeout` at once; a caller that goes
 * away is passed on by the same signal. Outputs are parsed by clients, not here.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Api, MethodName } from '#contract/methods.ts';
import { methods } from '#contract/methods.ts';

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(methods, name);
}

/** Says what is wrong with an input: where, and what was expected. Never the value, which could be a secret. */
function parseInput(name: MethodName, input: unknown): unknown {
  const parsed = methods[name].input.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
  throw new BelljarError('invalid-input', { params: { detail: `${where}${issue?.message ?? 'invalid input'}` } });
}

export interface DispatchOptions {
  signal?: AbortSignal;
  /** For tests; otherwise the method's own limit. */
  timeoutMs?: number;
}

export async function dispatch<Name extends MethodName>(
  api: Pick<Api, Name>,
  name: Name,
  input: unknown,
  options: DispatchOptions = {},
): Promise<unknown> {
  const parsed = parseInput(name, input);
  const controller = new AbortController();
  const giveUp = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => {
      reject(controller.signal.reason as Error);
    });
  });
  // Whoever wins the race, the loser's rejection must not count as unhandled.
  giveUp.catch(() => undefined);
  const timer = setTimeout(() => {
    controller.abort(new BelljarError('timeout', { params: { method: name } }));
  }, options.timeoutMs ?? methods[name].timeoutMs);
  const onCallerGone = (): void => {
    controller.abort(new BelljarError('timeout', { params: { method: name, cause: 'caller gone' } }));
  };
  if (options.signal?.aborted === true) onCallerGone();
  options.signal?.addEventListener('abort', onCallerGone);
  try {
    // The table of methods guarantees that a parsed input fits its method; TypeScript cannot follow that by name.
    const call = api[name] as (input: unknown, signal: AbortSignal) => Promise<unknown>;
    return await Promise.race([call(parsed, controller.signal), giveUp]);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onCallerGone);
  }
}

/** An Api that checks its inputs and bounds its calls: what in-process callers use. */
export function checkedApi(api: Api): Api {
  const entries = (Object.keys(methods) as MethodName[]).map((name) => [
    name,
    (input: unknown, signal?: AbortSignal) => dispatch(api, name, input, signal === undefined ? {} : { signal }),
  ]);
  return Object.fromEntries(entries) as Api;
}
