/**
 * The plan of a terminal: the server's own, with what a terminal needs and without what it need not have.
 *
 * Secrets stay out: a page that was taken over could read them off the screen, and nobody looks for a refused file with them.
 */
import { BelljarError } from '#contract/errors.ts';
import { withheldMax, withheldNameMax } from '#contract/terminal.ts';
import { keptNameOfArgument, keptName } from '#domain/kept-secrets.ts';
import type { FoundSecret } from '#domain/secrets.ts';
import { isWithin } from '#domain/paths.ts';
import { formatPlan, parsePlan, type Plan } from '#domain/plan-text.ts';

/** Set for what runs in it: what the emulator understands; a history would be written to the home, and be refused. */
const variables: Plan['set'] = [
  { name: 'TERM', value: 'xterm-256color' },
  { name: 'HISTFILE', value: '/dev/null' },
];

export interface TerminalPlan {
  text: string;
  /** The program, where the server may not execute it and the terminal therefore may, alone. */
  grantedProgram: string | null;
}

/**
 * `program`: what is started, links resolved; null where it is not known, and then nothing is granted. `realPath` resolves the
 * places in the plan. Throws `nothing-restricted` where the plan holds nothing back.
 */
export async function planOfTerminal(
  serverPlan: string,
  server: string,
  program: string | null,
  realPath: (path: string) => Promise<string>,
): Promise<TerminalPlan> {
  const plan = parsePlan(serverPlan);
  if (plan.level === 'watch') throw new BelljarError('nothing-restricted', { params: { server } });
  const executable = await Promise.all(plan.exec.filter((place) => place.startsWith('/')).map(realPath));
  const granted = program !== null && !executable.some((place) => isWithin(program, place)) ? program : null;
  return {
    text: formatPlan({
      ...plan,
      exec: granted === null ? plan.exec : [...plan.exec, granted],
      secrets: [],
      // A terminal is a person's own: what it is refused is seen beside it, and needs no question.
      permissions: plan.permissions.filter((permission) => permission !== 'ask-access'),
      set: [...plan.set.filter(({ name }) => !variables.some((own) => own.name === name)), ...variables],
    }),
    grantedProgram: granted,
  };
}

/** The entry's variables and arguments without secrets, and where those stood. */
export function withoutSecrets(
  entry: { args: readonly string[]; env: Readonly<Record<string, string>> },
  secrets: readonly Pick<FoundSecret, 'place' | 'where'>[],
): { env: Record<string, string>; withheld: string[] } {
  const inVariables = new Set(secrets.filter(({ place }) => place === 'variable').map(({ where }) => where));
  const isHeld = ([name, value]: [string, string]): boolean => inVariables.has(name) || keptName(value) !== null;
  const variablesHeld = Object.entries(entry.env).filter(isHeld);
  const argumentsHeld = [
    ...secrets.filter(({ place }) => place === 'argument').map(({ where }) => where),
    ...entry.args.flatMap((argument) => keptNameOfArgument(argument) ?? []),
  ];
  return {
    env: Object.fromEntries(Object.entries(entry.env).filter((one) => !isHeld(one))),
    withheld: [...new Set([...variablesHeld.map(([name]) => name), ...argumentsHeld])]
      .slice(0, withheldMax)
      .map((name) => name.slice(0, withheldNameMax)),
  };
}
