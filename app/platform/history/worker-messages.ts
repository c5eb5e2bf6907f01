/** What the host's thread and the history's thread say to each other. Both are one program: nothing is parsed. */
import type { ErrorDetails } from '#contract/errors.ts';
import type { ErrorCode } from '#contract/errors.ts';
import type { Retention } from '#contract/storage.ts';
import type { Places } from '#engine/ports.ts';
import type { HistoryStore } from './history-store.ts';

export interface WorkerStart {
  file: string;
  spoolFolder: string;
  places: Places;
  retention: Retention;
}

export type Asked = 'search' | 'groups' | 'status' | 'check' | 'rebuild' | 'retain' | 'takeIn' | 'close';

export interface Call {
  id: number;
  method: Asked;
  input: unknown[];
}

export type Answer =
  | { id: number; output: unknown }
  | { id: number; failure: { code: ErrorCode; details: Pick<ErrorDetails, 'params' | 'file'> } }
  | { log: 'info' | 'warn'; code: string; facts: Record<string, string | number | boolean> };

export type Outputs = { [Name in Asked]: ReturnType<HistoryStore[Name]> };
export type Inputs = { [Name in Asked]: Parameters<HistoryStore[Name]> };
