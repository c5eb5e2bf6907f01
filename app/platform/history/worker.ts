/**
 * The history's thread: one store, calls answered in the order in which they come. A failure is an answer; whatever is
 * not an expected one is `history-unavailable`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { BelljarError } from '#contract/errors.ts';
import { createEventLabel } from '../spool/label.ts';
import { HistoryStore } from './history-store.ts';
import type { Answer, Call, WorkerStart } from './worker-messages.ts';

const port = parentPort;
if (port === null) throw new Error('The history is a thread of the host.');
const { file, spoolFolder, places, retention } = workerData as WorkerStart;
const answer = (message: Answer): void => port.postMessage(message);
const store = new HistoryStore({
  file,
  spoolFolder,
  retention,
  label: createEventLabel(places),
  log: {
    info: (code, facts = {}) => answer({ log: 'info', code, facts }),
    warn: (code, facts = {}) => answer({ log: 'warn', code, facts }),
  },
});

function failureOf(error: unknown): Extract<Answer, { failure: object }>['failure'] {
  if (error instanceof BelljarError) {
    return {
      code: error.code,
      details: { params: error.params, ...(error.file === undefined ? {} : { file: error.file }) },
    };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { code: 'history-unavailable', details: { file, params: { detail } } };
}

port.on('message', ({ id, method, input }: Call) => {
  try {
    // The caller's types say what goes with which method.
    const output = (store[method] as (...values: unknown[]) => unknown).apply(store, input);
    answer({ id, output });
  } catch (error) {
    answer({ id, failure: failureOf(error) });
  }
});
