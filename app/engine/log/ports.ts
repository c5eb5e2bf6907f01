/** The host's own log, to be read again. */
import type { Output } from '#contract/methods.ts';

export interface LogReader {
  readonly file: string;
  /** The newest `limit` lines, oldest first. */
  tail(limit: number): Promise<Output<'log.tail'>>;
}
