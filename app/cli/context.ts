/** What a verb gets, and small helpers that verbs share. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { BelljarError } from '#contract/errors.ts';
import type { EventKind } from '#contract/words.ts';
import { eventKindSchema, eventKinds } from '#contract/words.ts';
import type { Session } from '#host/session.ts';
import type { Terminal } from './terminal.ts';

export interface Context {
  readonly values: Readonly<Record<string, string | boolean | string[] | undefined>>;
  readonly positionals: readonly string[];
  /** All arguments after the verb, as they were given. */
  readonly args: readonly string[];
  readonly terminal: Terminal;
  readonly json: boolean;
  /** Aborted by Ctrl-C and by termination. */
  readonly signal: AbortSignal;
  /** `serve`: others may attach while this command runs the engine itself. Closed after the verb. */
  session(options: { serve: boolean }): Promise<Session>;
}

/** Answers the exit code. */
export type Command = (context: Context) => Promise<number>;

export function usageError(detail: string): BelljarError {
  return new BelljarError('usage', { params: { detail } });
}

export function textOption(context: Context, name: string): string | undefined {
  const value = context.values[name];
  return typeof value === 'string' ? value : undefined;
}

export function textsOption(context: Context, name: string): string[] {
  const value = context.values[name];
  return Array.isArray(value) ? value : [];
}

export function numberOption(context: Context, name: string, most: number, least = 1): number | undefined {
  const text = textOption(context, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw usageError(`--${name} is a whole number from ${least} to ${most}.`);
  }
  return value;
}

/** An option whose choices the parser has checked. */
export function choiceOption<Choice extends string>(context: Context, name: string): Choice | undefined {
  return textOption(context, name) as Choice | undefined;
}

export function kindOption(context: Context): EventKind | undefined {
  const text = textOption(context, 'kind');
  const kind = eventKindSchema.safeParse(text);
  if (text !== undefined && !kind.success) throw usageError(`--kind is one of: ${eventKinds.join(', ')}.`);
  return kind.data;
}

/** An object without the keys that are undefined: inputs are strict. */
export function given<Shape extends Record<string, unknown>>(
  shape: Shape,
): { [Key in keyof Shape]: Exclude<Shape[Key], undefined> } {
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Shape]: Exclude<Shape[Key], undefined>;
  };
}

/** Null where the folder that the terminal is in was removed. */
export function folderHere(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

function resolveHere(text: string): string {
  const folder = folderHere();
  if (folder === null)
    throw usageError(
      `The folder that this terminal is in is gone, so "${text.slice(0, 200)}" leads nowhere; name a whole path.`,
    );
  return resolve(folder, text);
}

/** A path as the person's own folder makes it absolute; the host may stand in another one. */
export function absolutePath(text: string): string {
  return /^(\/|~|\$)/.test(text) ? text : resolveHere(text);
}

/** What `explain` and `grant` are asked about may be a path, a host or a program: only clear paths are resolved. */
export function absoluteIfPath(text: string): string {
  if (/^\.{1,2}(\/|$)/.test(text)) return resolveHere(text);
  const looksLikeHost = /:\d+$/.test(text);
  return !looksLikeHost && !/^(\/|~|\$)/.test(text) && existsSync(text) ? resolveHere(text) : text;
}
