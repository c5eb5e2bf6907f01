/** An arena whose granted folder is an area, with what the level keeps back there. */
import { chmodSync, writeFileSync } from 'node:fs';
import { areaDefaults, isOldOnly } from '#domain/area-defaults.ts';
import { formatPlan, type Plan } from '#domain/plan-text.ts';
import { basePlaces, planOf, readEvents, type Arena } from './arena.ts';
import { requireLauncher } from './places.ts';
import { run, understand, type Result, type StartOptions } from './start.ts';

const ofLevel = (verb: 'deny' | 'protect' | 'write', isOld = false): string[] =>
  areaDefaults.filter((rule) => rule.verb === verb && isOldOnly(rule) === isOld).map(({ what }) => what);

export const defaultPatterns = {
  deny: ofLevel('deny'),
  protect: ofLevel('protect'),
  protectOld: ofLevel('protect', true),
  except: ofLevel('write').map((pattern) => ({ access: 'write' as const, pattern })),
};

/** As after `belljar grant <server> write` for each of these patterns. */
export function takenBack(...patterns: readonly string[]): Pick<Plan, 'protect' | 'protectOld' | 'except'> {
  const left = (all: readonly string[]): string[] => all.filter((pattern) => !patterns.includes(pattern));
  return {
    protect: left(defaultPatterns.protect),
    protectOld: left(defaultPatterns.protectOld),
    except: [...defaultPatterns.except, ...patterns.map((pattern) => ({ access: 'write' as const, pattern }))],
  };
}

/** `grant` may be written and `readonly` be read, both as areas. */
export function areaPlanOf(arena: Arena, changes: Partial<Plan> = {}): Plan {
  const plan = planOf(arena);
  return {
    ...plan,
    write: [...basePlaces.write],
    read: plan.read.filter((place) => place !== arena.readonly),
    areas: [
      { access: 'write', place: arena.grant },
      { access: 'read', place: arena.readonly },
    ],
    ...defaultPatterns,
    ...changes,
  };
}

export function writeAreaPlan(arena: Arena, changes: Partial<Plan> = {}): string {
  writeFileSync(arena.planFile, formatPlan(areaPlanOf(arena, changes)), { mode: 0o600 });
  chmodSync(arena.planFile, 0o600);
  return arena.planFile;
}

export async function startInArea(
  arena: Arena,
  program: string,
  args: readonly string[],
  plan: Partial<Plan> = {},
  options: StartOptions = {},
): Promise<Result> {
  const file = writeAreaPlan(arena, plan);
  const finished = await run(requireLauncher(), ['exec', '--plan', file, '--', program, ...args], options);
  return { ...finished, outcome: understand(finished), events: readEvents(arena.spool) };
}
