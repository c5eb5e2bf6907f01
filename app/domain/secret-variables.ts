/**
 * Programs that take a secret from a variable as well as from an argument, as their own documentation says. Arguments can be
 * read by every program of the machine while the server runs, so a secret in one is moved only where there is such a
 * variable: the launcher then leaves the argument out and gives the variable.
 */
import type { Launch } from './entry.ts';

interface Taken {
  option: string;
  variable: string;
}

const programs: Readonly<Record<string, readonly Taken[]>> = {
  '@upstash/context7-mcp': [{ option: '--api-key', variable: 'CONTEXT7_API_KEY' }],
  '@sentry/mcp-server': [{ option: '--access-token', variable: 'SENTRY_ACCESS_TOKEN' }],
  '@stripe/mcp': [{ option: '--api-key', variable: 'STRIPE_SECRET_KEY' }],
  '@supabase/mcp-server-supabase': [{ option: '--access-token', variable: 'SUPABASE_ACCESS_TOKEN' }],
  'figma-developer-mcp': [{ option: '--figma-api-key', variable: 'FIGMA_API_KEY' }],
};

/** A package as command lines name it, without its version. */
function packageName(word: string): string {
  return word.replace(/(?<=.)@[^@/]*$/, '');
}

/** The variable from which what is started takes an option's value, or null where none is known. */
export function variableOfOption(launch: Launch, option: string): string | null {
  for (const word of [launch.command, ...launch.args]) {
    const name = packageName(word);
    const taken = Object.hasOwn(programs, name) ? programs[name] : undefined;
    if (taken !== undefined) return taken.find((each) => each.option === option)?.variable ?? null;
  }
  return null;
}
