/**
 * One small internet for a file of tests, and what is asked on it by Node or Python: many tasks in one contained process,
 * each with what must become of it.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { planDefaults, type HostRule, type Plan } from '#domain/plan-text.ts';
import { projectRoot } from '../../confinement/support/places.ts';
import { brief } from '../../confinement/support/technique.ts';
import type { StartOptions } from '../../confinement/support/start.ts';
import { answers, node, type Answer } from './programs.ts';
import { SmallInternet, type Ran } from './small-internet.ts';

export interface Told extends Ran {
  answers: Answer[];
  /** Everything, for the message of an expectation that fails. */
  whole: string;
}

export interface Stage {
  internet: SmallInternet;
  /** Tasks of ask.mjs; of ask.py where `with` says so. */
  ask: (tasks: readonly string[], plan: Partial<Plan>, options?: AskOptions) => Promise<Told>;
  bare: (tasks: readonly string[], options?: AskOptions) => Promise<Told>;
}

export interface AskOptions extends StartOptions {
  with?: 'node' | 'python';
  /** All tasks at once. */
  together?: boolean;
}

const python = { command: '/usr/bin/python3', args: [join(projectRoot, 'e2e/network/programs/ask.py')] };

/** Registers start and end with the file that calls it; a test asks for the stage, or is skipped with the reason. */
export function useStage(): (skip: (reason: string) => never) => Stage {
  let internet: SmallInternet | string = 'not started';
  beforeAll(async () => {
    internet = await SmallInternet.start();
  });
  afterAll(async () => {
    if (typeof internet !== 'string') await internet.stop();
  });
  return (skip) => {
    if (typeof internet === 'string') return skip(internet);
    const there = internet;
    const program = node();
    const tell = (ran: Ran): Told => ({
      ...ran,
      answers: answers(ran.stdout),
      whole: `${ran.stdout}${ran.stderr}\n${brief(ran.events).join('\n')}`,
    });
    const command = (options: AskOptions): { command: string; args: readonly string[] } =>
      options.with === 'python'
        ? python
        : { ...program, args: program.args.slice(0, options.together === true ? 2 : 1) };
    return {
      internet: there,
      ask: async (tasks, plan, options = {}) => {
        const { command: name, args } = command(options);
        const exec = ['runtime', ...program.exec, ...(plan.exec ?? [])];
        return tell(
          await there.contained(
            name,
            [...args, ...tasks],
            { ...planDefaults, network: 'hosts', ...plan, exec },
            { timeoutMs: 60_000, ...options },
          ),
        );
      },
      bare: async (tasks, options = {}) => {
        const { command: name, args } = command(options);
        return tell(await there.bare(name, [...args, ...tasks], { timeoutMs: 60_000, ...options }));
      },
    };
  };
}

export function host(pattern: string, ports = '80,443', checked = true): HostRule {
  return { pattern, ports, checked };
}

/** Each task with what must be in its answer: `ok …` or `error …`, the rest a pattern. */
export function expectAnswers(told: Told, wanted: readonly (readonly [task: string, answer: RegExp])[]): void {
  const said = wanted.map(([task], index) => {
    const answer = told.answers[index];
    return `${task} -> ${answer === undefined ? 'nothing' : `${answer.ok ? 'ok' : 'error'} ${answer.text}`}`;
  });
  for (const [index, [task, pattern]] of wanted.entries()) {
    const line = said[index] ?? '';
    expect(line.slice(task.length + 4), `${task}\n${told.whole}`).toMatch(pattern);
  }
}
