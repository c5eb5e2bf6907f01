/**
 * The reference to a secret that was moved into Belljar's store: `kept-by-belljar:NAME` stands in the entry where the value
 * stood. It is the value of a variable, a whole argument, or what follows an argument's first `=`. The launcher looks for
 * exactly these (native-helpers/launcher/linux/secrets.cpp), so an entry whose client, or whose user, writes another value
 * there is started with that one: the newer value wins, also when no host runs.
 *
 * A word and not a `${placeholder}`: clients replace those themselves, each by its own rules.
 */
import type { Launch } from './entry.ts';

export const keptPrefix = 'kept-by-belljar:';
/** Names that a variable may have, short enough for a file's name with an ending. */
export const keptNamePattern = /^[A-Za-z_][A-Za-z0-9_]{0,199}$/;

export function keptReference(name: string): string {
  return `${keptPrefix}${name}`;
}

/** The name in a text that is a reference and nothing else. */
export function keptName(text: string): string | null {
  const name = text.startsWith(keptPrefix) ? text.slice(keptPrefix.length) : '';
  return keptNamePattern.test(name) ? name : null;
}

/** The value of `--option=value`, else the whole argument. */
function valueOf(argument: string): { before: string; value: string } {
  const equals = argument.startsWith('-') ? argument.indexOf('=') : -1;
  return equals < 0
    ? { before: '', value: argument }
    : { before: argument.slice(0, equals + 1), value: argument.slice(equals + 1) };
}

export function keptNameOfArgument(argument: string): string | null {
  return keptName(valueOf(argument).value);
}

/** Names that an entry's variables and arguments ask for. */
export function keptNames(launch: Pick<Launch, 'args'>, env: Readonly<Record<string, string>>): string[] {
  const names = [...Object.values(env).map(keptName), ...launch.args.map(keptNameOfArgument)];
  return [...new Set(names.filter((name) => name !== null))];
}

export type KeptValues = ReadonlyMap<string, string>;

/** Texts with the values in place of the references to them; a reference without a value stays. */
export function fillText(text: string, values: KeptValues): string {
  return values.get(keptName(text) ?? '') ?? text;
}

export function fillArgument(argument: string, values: KeptValues): string {
  const { before, value } = valueOf(argument);
  return before + fillText(value, values);
}

export function fillVariables(env: Readonly<Record<string, string>>, values: KeptValues): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fillText(value, values)]));
}

export function fillLaunch(launch: Launch, values: KeptValues): Launch {
  return { command: launch.command, args: launch.args.map((argument) => fillArgument(argument, values)) };
}
