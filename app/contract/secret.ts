/**
 * Secrets of an entry: values in its variables and arguments that look like one, and those that were moved out of the
 * client's file into Belljar's store. Names and facts only; a value never crosses this contract.
 */
import { z } from 'zod';

/** Formats that services give their tokens and keys. What each looks like is in app/domain/secret-formats.ts. */
export const secretFormats = [
  'github',
  'gitlab',
  'slack',
  'discord',
  'telegram',
  'aws',
  'google',
  'anthropic',
  'openai',
  'groq',
  'perplexity',
  'tavily',
  'replicate',
  'huggingface',
  'context7',
  'stripe',
  'shopify',
  'sendgrid',
  'mailgun',
  'twilio',
  'npm',
  'pypi',
  'notion',
  'linear',
  'figma',
  'atlassian',
  'airtable',
  'supabase',
  'digitalocean',
  'databricks',
  'netlify',
  'terraform',
  'vault',
  'doppler',
  'web-token',
  'private-key',
] as const;
export const secretFormatSchema = z.enum(secretFormats);
export type SecretFormat = z.infer<typeof secretFormatSchema>;

/**
 * Why a value looks like a secret. `format`: a known token format; `name`: its variable or option is called so; `header`:
 * it is the value of a request's header; `address`: a password in an address or a connection string; `random`: long
 * random text.
 */
export const secretReasons = ['format', 'name', 'header', 'address', 'random'] as const;
export const secretReasonSchema = z.enum(secretReasons);
export type SecretReason = z.infer<typeof secretReasonSchema>;

/**
 * `in-file`: the client's file holds it. `moved`: the store holds it, and the file a placeholder. `newer`: both hold one, and
 * the file's counts. `unused`: the store holds it, and the entry no longer asks for it. `missing`: the entry asks for it, and
 * the store does not hold it, so that the server does not start.
 */
export const secretStates = ['in-file', 'moved', 'newer', 'unused', 'missing'] as const;
export const secretStateSchema = z.enum(secretStates);
export type SecretState = z.infer<typeof secretStateSchema>;

/** How a server gets it: as its variable, or as a file whose path stands in the variable `<NAME>_FILE`. */
export const secretWays = ['variable', 'file'] as const;
export const secretWaySchema = z.enum(secretWays);
export type SecretWay = z.infer<typeof secretWaySchema>;

/**
 * Why one cannot be moved. `argument`: it is an argument, and no variable is known from which the program takes it; `part`: it
 * is a part of an argument; `twice`: its variable stands in several places; `written`: it is written in a way that an edit
 * would spoil; `name`: a variable of that name cannot be set; `too-large`.
 */
export const secretObstacles = ['argument', 'part', 'twice', 'written', 'name', 'too-large'] as const;
export const secretObstacleSchema = z.enum(secretObstacles);
export type SecretObstacle = z.infer<typeof secretObstacleSchema>;

export const secretSchema = z.strictObject({
  /** By which it is moved and put back: the variable that the server gets; else what names it in the entry. */
  name: z.string().max(1024),
  place: z.enum(['variable', 'argument']),
  /** What names it in the entry: the variable, the option, or the argument's number. */
  where: z.string().max(1024),
  state: secretStateSchema,
  /** Null for what the store holds: why it was moved is nobody's question any more. */
  reason: secretReasonSchema.nullable(),
  format: secretFormatSchema.nullable(),
  /** How the server gets it from the store; null while it is in the file alone. */
  as: secretWaySchema.nullable(),
  /** Null where it can be moved. */
  obstacle: secretObstacleSchema.nullable(),
});
export type Secret = z.infer<typeof secretSchema>;

/** Largest value that is moved, in bytes; the launcher reads no more. */
export const secretMaxBytes = 65_536;
