/**
 * Terminals: a shell, or another command, in the sandbox of a server, so that a person sees what the server sees. Each is a run
 * of its own through the launcher, with the server's plan, and lives in the host: a page that is loaded again finds it.
 *
 * Output is a stream of its own, not part of the feed: a flood of it must not push events out of what the feed keeps for replay.
 * `GET /terminals/<id>?after=<n>` answers NDJSON, one message a line. Positions count UTF-16 units of all output since the
 * start. The reader acknowledges (`terminals.acknowledge`) what it has shown; beyond `terminalWindow` unacknowledged units the
 * host reads nothing from the terminal, and what runs in it waits. One reader at a time: a new one takes over.
 *
 * Trust: output is what a contained program wrote and is hostile; it goes into a terminal emulator and nowhere else.
 */
import { z } from 'zod';
import { handleSchema, runIdSchema, serverIdSchema, terminalIdSchema } from './words.ts';

/** How many a host keeps open. */
export const terminalsMax = 4;
/** Units of output that may wait for their reader. */
export const terminalWindow = 128 * 1024;
/** Units of output that the host keeps, for a page that comes back. */
export const terminalKept = 256 * 1024;
/** Units of one `terminals.input`. */
export const terminalInputMax = 16 * 1024;

/** Names of what a terminal is not given, and the length of one; longer ones are cut. */
export const withheldMax = 500;
export const withheldNameMax = 1024;

export const columnsSchema = z.number().int().min(2).max(500);
export const rowsSchema = z.number().int().min(1).max(300);
const positionSchema = z.number().int().min(0);

export const terminalEndSchema = z.strictObject({
  /** Of the command; null where a signal ended it, or the host did. */
  code: z.number().int().nullable(),
  signal: z.string().max(32).nullable(),
  cause: z.enum(['exit', 'closed', 'idle', 'detached', 'host']),
  at: z.string(),
});
export type TerminalEnd = z.infer<typeof terminalEndSchema>;

export const terminalSchema = z.strictObject({
  id: terminalIdSchema,
  server: serverIdSchema,
  handle: z.string(),
  /** What was started, as a command line. */
  command: z.array(z.string().max(4096)).max(256),
  /** Set where this terminal may execute its program and the server may not: the program's path. */
  grantedProgram: z.string().max(4096).nullable(),
  /** Variables and arguments of the entry that hold secrets, which a terminal is not given. */
  withheld: z.array(z.string().max(withheldNameMax)).max(withheldMax),
  openedAt: z.string(),
  columns: columnsSchema,
  rows: rowsSchema,
  /** Once the launcher has begun its run. */
  run: runIdSchema.nullable(),
  /** All output so far, in units. */
  written: positionSchema,
  ended: terminalEndSchema.nullable(),
});
export type Terminal = z.infer<typeof terminalSchema>;

export const terminalMessageSchema = z.discriminatedUnion('type', [
  /**
   * First. Output follows from `from`: later than was asked for where that is no longer kept. What comes before `live` was
   * written before, and what an emulator would answer to it must not be typed again.
   */
  z.strictObject({ type: z.literal('start'), terminal: terminalSchema, from: positionSchema, live: positionSchema }),
  z.strictObject({ type: z.literal('output'), at: positionSchema, data: z.string() }),
  /** Its run is known, its size changed, or it ended; after an end nothing follows. */
  z.strictObject({ type: z.literal('terminal'), terminal: terminalSchema }),
  /** Another reader shows it now; nothing follows. */
  z.strictObject({ type: z.literal('taken') }),
  z.strictObject({ type: z.literal('ping') }),
]);
export type TerminalMessage = z.infer<typeof terminalMessageSchema>;

export const terminalMethodInputs = {
  open: z.strictObject({
    server: handleSchema,
    /** Default: the person's shell. */
    command: z.array(z.string().min(1).max(4096)).min(1).max(256).optional(),
    columns: columnsSchema,
    rows: rowsSchema,
  }),
  close: z.strictObject({ terminal: terminalIdSchema }),
  resize: z.strictObject({ terminal: terminalIdSchema, columns: columnsSchema, rows: rowsSchema }),
  input: z.strictObject({ terminal: terminalIdSchema, data: z.string().min(1).max(terminalInputMax) }),
  acknowledge: z.strictObject({ terminal: terminalIdSchema, upTo: positionSchema }),
} as const;
