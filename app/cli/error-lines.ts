/** An error as people read it: what happened, where exactly, and what to do. */
import type { ErrorBody } from '#contract/errors.ts';
import { plain } from './terminal.ts';

export function describeError(body: ErrorBody): string[] {
  const place = body.at === undefined ? '' : `:${body.at.line}:${body.at.column}`;
  return [
    `belljar: ${plain(body.message)}`,
    ...(body.file === undefined ? [] : [`  ${plain(body.file)}${place}`]),
    ...(body.remedy === undefined ? [] : [`  ${plain(body.remedy)}`]),
  ];
}
