/**
 * The plan of a terminal: the server's own, with what a terminal needs and without what it need not have.
 *
 * Secrets stay out: a page that was taken over could read them off the screen, and nobody looks for a refused file with them.
 */
import { BelljarError } from '#contract/errors.ts';
import { withheldMax, withheldNameMax } from '#contract/terminal.ts';
import { keptNameOfArgument, keptName } from '#domain/kept-secrets.ts';
import type { Launch } from '#domain/entry.ts';
import { findSecrets } from '#domain/secrets.ts';
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

/** Which arguments of the command line a plan takes places from, by position. */
export function argumentsOfPlan(text: string): Set<number> {
  const { read, write, exec, areas } = parsePlan(text);
  const places = [...read, ...write, ...exec, ...areas.map(({ place }) => place)];
  return new Set(places.flatMap((place) => /^arg:(\d+)/.exec(place)?.slice(1).map(Number) ?? []));
}

/** As the terminal would get them: what a client fills in is filled in. */
interface Given {
  launch: Launch;
  env: Readonly<Record<string, string>>;
}

/** What stays of a placeholder that nobody filled in says nothing against the rest of a text. */
const unfilled = /\$\{[^{}]*\}/g;

/**
 * What a terminal is given of the entry, and where secrets stood. `expand` comes first: a secret may stand there by its
 * variable's name alone. Arguments that hold one are empty, so that the others keep their place, but for those that are `needed`.
 */
export function withoutSecrets(
  entry: Given,
  expand: (text: string) => string,
  needed: ReadonlySet<number>,
): Given & { withheld: string[] } {
  const fill = (text: string): { text: string; judged: string } => {
    const filled = expand(text);
    return { text: filled, judged: filled === text ? text : filled.replace(unfilled, '') };
  };
  const filledArgs = entry.launch.args.map(fill);
  const filledEnv = Object.entries(entry.env).map(([name, value]): [string, ReturnType<typeof fill>] => [
    name,
    fill(value),
  ]);
  const command = expand(entry.launch.command);
  const secrets = findSecrets(
    { command, args: filledArgs.map(({ judged }) => judged) },
    Object.fromEntries(filledEnv.map(([name, { judged }]) => [name, judged])),
  ).filter(({ index }) => index === null || !needed.has(index));
  const blanked = new Set(secrets.map(({ index }) => index));
  const inVariables = new Set(secrets.filter(({ place }) => place === 'variable').map(({ where }) => where));
  const isHeld = ([name, value]: [string, string]): boolean => inVariables.has(name) || keptName(value) !== null;
  const env = filledEnv.map(([name, { text }]): [string, string] => [name, text]);
  const variablesHeld = env.filter(isHeld);
  const argumentsHeld = [
    ...secrets.filter(({ place }) => place === 'argument').map(({ where }) => where),
    ...entry.launch.args.flatMap((argument) => keptNameOfArgument(argument) ?? []),
  ];
  return {
    launch: { command, args: filledArgs.map(({ text }, index) => (blanked.has(index) ? '' : text)) },
    env: Object.fromEntries(env.filter((one) => !isHeld(one))),
    withheld: [...new Set([...variablesHeld.map(([name]) => name), ...argumentsHeld])]
      .slice(0, withheldMax)
      .map((name) => name.slice(0, withheldNameMax)),
  };
}
