/**
 * Searching what runs did and were refused, over all that is kept: what is asked, what is answered, and the one meaning
 * of a text search. The panel's live rows and the history are searched by the same functions, so that a filter finds the
 * same on both sides of "now".
 *
 * A text is words; each must occur, in any order, upper and lower case alike. Whether a word occurs is a plain search
 * through two texts: what an event shares with others of its server, kind and verdict, and what it alone is about.
 */
import { z } from 'zod';
import type { Event } from './event.ts';
import { eventSchema } from './event.ts';
import { eventSentence } from './sentences.ts';
import type { EventKind, Verdict } from './words.ts';
import { eventKindSchema, runIdSchema, serverIdSchema, verdictSchema } from './words.ts';

/** Most events of one answer. */
export const searchPageMax = 5000;
export const searchPageDefault = 500;
/** Most groups of one answer. */
export const groupsMax = 500;
/** Lines that are gone through, newest first, for one answer in groups. */
export const groupedLinesMax = 300_000;

/** Where an answer ended: milliseconds since 1970 and a number within them. */
export const searchCursorSchema = z.string().regex(/^\d{1,15}\.\d{1,15}$/);

const handleSchema = z.string().min(1).max(512);
/** ISO 8601 instant, or a span such as `15m`, `2h`, `7d` before now. */
const instantSchema = z.string().min(1).max(40);

const criteria = {
  server: handleSchema.optional(),
  run: runIdSchema.optional(),
  kinds: z.array(eventKindSchema).min(1).max(64).optional(),
  verdict: verdictSchema.optional(),
  text: z.string().max(400).optional(),
  /** Exactly this target; `*` stands for any text. */
  target: z.string().min(1).max(4096).optional(),
  /** From this instant on. */
  since: instantSchema.optional(),
  /** Up to and with this instant. */
  until: instantSchema.optional(),
  /** Leaves out what the person muted; what that was is counted. */
  hideMuted: z.boolean().optional(),
};

export const eventSearchSchema = z.strictObject({
  ...criteria,
  /** `newest` (the default) goes back in time, `oldest` forward. */
  order: z.enum(['newest', 'oldest']).optional(),
  /** `next` of the answer before. */
  after: searchCursorSchema.optional(),
  limit: z.number().int().min(1).max(searchPageMax).optional(),
});
export type EventSearch = z.infer<typeof eventSearchSchema>;

export const eventGroupingSchema = z.strictObject({
  ...criteria,
  limit: z.number().int().min(1).max(groupsMax).optional(),
});
export type EventGrouping = z.infer<typeof eventGroupingSchema>;

/** Why the newest events may be missing from an answer. */
export const behindReasons = ['reading', 'disk-full', 'write-failed'] as const;
export const behindSchema = z.enum(behindReasons);
export type Behind = z.infer<typeof behindSchema>;

export const eventPageSchema = z.strictObject({
  events: z.array(eventSchema),
  /** Where to go on; null when that was all. A page may be short, or empty, and still have a next one. */
  next: searchCursorSchema.nullable(),
  /** Muted lines that were left out of this page. */
  muted: z.number().int().min(0),
  behind: behindSchema.nullable(),
});
export type EventPage = z.infer<typeof eventPageSchema>;

export const eventGroupSchema = z.strictObject({
  /** The newest event of the group: same server, kind, verdict and target. */
  event: eventSchema,
  /** Occurrences, the sum of the events' counts. */
  count: z.number().int().min(1),
  lines: z.number().int().min(1),
  firstAt: z.string(),
});
export type EventGroup = z.infer<typeof eventGroupSchema>;

export const eventGroupsSchema = z.strictObject({
  /** Newest first. */
  groups: z.array(eventGroupSchema),
  /** Null when everything was counted; else the instant before which nothing was. */
  countedSince: z.string().nullable(),
  muted: z.number().int().min(0),
  behind: behindSchema.nullable(),
});
export type EventGroups = z.infer<typeof eventGroupsSchema>;

/** What a person does not want to see in the feed. `target`: `*` stands for any text, everything else for itself. */
export const muteRuleSchema = z.strictObject({
  server: serverIdSchema.nullable(),
  kind: eventKindSchema.nullable(),
  target: z.string().min(1).max(4096),
});
export type MuteRule = z.infer<typeof muteRuleSchema>;

export const muteSchema = z.strictObject({
  ...muteRuleSchema.shape,
  id: z.string().regex(/^[0-9a-f]{12}$/),
  at: z.string(),
});
export type Mute = z.infer<typeof muteSchema>;
export const mutesMax = 200;

/** True where `*` in the pattern stands for any text. Takes time in proportion to both, whatever they hold. */
export function matchesPattern(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

export function isMutedBy(rule: MuteRule, event: Pick<Event, 'server' | 'kind' | 'target'>): boolean {
  return (
    (rule.server === null || rule.server === event.server) &&
    (rule.kind === null || rule.kind === event.kind) &&
    matchesPattern(rule.target, event.target)
  );
}

/** Half characters and NUL cannot be kept as text. */
export function storableText(text: string): string {
  return text.replace(/[\p{Surrogate}\0]/gu, '\uFFFD');
}

/** In the form in which texts are compared. Which small sigma a large one becomes depends on what follows it: it counts as one. */
export function foldText(text: string): string {
  return storableText(text).toLowerCase().replaceAll('ς', 'σ');
}

export function searchWords(text: string): string[] {
  return [...new Set(foldText(text).split(/\s+/u).filter(Boolean))];
}

/** What events of one server, kind and verdict share, as it is searched. */
export function sharedText(server: string, kind: EventKind, verdict: Verdict): string {
  const { phrase } = eventSentence({ server, kind, verdict, target: '', count: 1 } as Event);
  return foldText(`${server} ${kind} ${verdict} ${phrase}`);
}

/** What an event alone is about, as it is searched. */
export function ownText(event: Pick<Event, 'target' | 'address' | 'known'> & { exe: string }): string {
  const { known } = eventSentence({ kind: 'file.read', verdict: 'refused', ...event } as unknown as Event);
  return foldText(`${event.target}\n${event.address ?? ''}\n${event.exe}\n${known ?? ''}`);
}
