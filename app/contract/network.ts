/**
 * The network of one server as it was seen and as it may be limited: hosts from its events, grouped by the domain that
 * somebody registered, with the rules that would name them.
 */
import { z } from 'zod';
import { ruleWhatSchema } from './policy.ts';
import { networkModeSchema } from './words.ts';

/** In a list of servers: what its network is, and what would be known for limiting it. */
export const networkSummarySchema = z.strictObject({
  mode: networkModeSchema,
  /** Different hosts that its runs reached. */
  hostsSeen: z.number().int().min(0),
  /** Host rules that it has. */
  hostsNamed: z.number().int().min(0),
});
export type NetworkSummary = z.infer<typeof networkSummarySchema>;

/** One host and port that its runs reached or tried to. */
export const seenHostSchema = z.strictObject({
  /** A name; an address where none is known. */
  host: z.string().max(256),
  /** Null for a name that was looked up and never connected to. */
  port: z.number().int().min(0).max(65_535).nullable(),
  /** The registered domain of a name; null for addresses and names that nobody registered. */
  domain: z.string().max(256).nullable(),
  /** The address that was meant the last time. */
  address: z.string().max(64).nullable(),
  /** A name that led to no address of the internet the last time: such an address needs a rule of its own. */
  near: z.boolean(),
  allowed: z.number().int().min(0),
  refused: z.number().int().min(0),
  lastAt: z.string().max(40),
});
export type SeenHost = z.infer<typeof seenHostSchema>;

export const hostGroupSchema = z.strictObject({
  /** The registered domain, or the host itself. */
  name: z.string().max(256),
  choices: z.array(
    z.strictObject({
      /** A host rule. */
      what: ruleWhatSchema,
      /** What it names of what was seen. */
      hosts: z.array(seenHostSchema),
      /** The rule is there already. */
      granted: z.boolean(),
      /** It is there, or proposed. */
      chosen: z.boolean(),
    }),
  ),
});
export type HostGroup = z.infer<typeof hostGroupSchema>;
