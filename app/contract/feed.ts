/**
 * The feed: `GET /events?after=<seq>&epoch=<epoch>&questions=shown` answers NDJSON, one message a line, until either side
 * closes. `questions`: its reader shows questions as they come; an access waits for an answer only while there is one.
 *
 * The host speaks first: `hello` with its epoch (a new one each time the host starts) and the newest sequence number.
 * Messages then carry strictly increasing `seq`. A client that comes back names the last `seq` and the `epoch` it saw;
 * the host replays what followed. Where it cannot (another epoch, or more than it keeps), the first message after hello
 * is `snapshot-needed`, and the client takes snapshots by RPC. `ping` comes at least every `pingEveryMs`; a client that
 * hears nothing for three of them reconnects. A client that reads too slowly is closed after `snapshot-needed`.
 */
import { z } from 'zod';
import { eventSchema } from './event.ts';
import { questionSchema } from './question.ts';
import { machineSchema, serverSchema } from './server.ts';
import { serverIdSchema } from './words.ts';

export const pingEveryMs = 15_000;

/** How many messages the host keeps for replay. */
export const feedReplayMax = 20_000;

export const feedMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), epoch: z.string(), seq: z.number().int() }),
  z.strictObject({ type: z.literal('ping') }),
  z.strictObject({ type: z.literal('snapshot-needed'), seq: z.number().int() }),
  z.strictObject({ type: z.literal('event'), seq: z.number().int(), event: eventSchema }),
  /** A server that is new or differs from what was last said of it. */
  z.strictObject({ type: z.literal('server'), seq: z.number().int(), server: serverSchema }),
  z.strictObject({ type: z.literal('server-gone'), seq: z.number().int(), id: serverIdSchema }),
  z.strictObject({ type: z.literal('question'), seq: z.number().int(), question: questionSchema }),
  /** Answered, expired, or nobody waits for it any more. */
  z.strictObject({ type: z.literal('question-gone'), seq: z.number().int(), id: z.uuid() }),
  z.strictObject({ type: z.literal('machine'), seq: z.number().int(), machine: machineSchema }),
]);
export type FeedMessage = z.infer<typeof feedMessageSchema>;
