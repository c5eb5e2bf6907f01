/**
 * The table of techniques and what is asked of each:
 *   bare       the attack gets through on this machine: otherwise its refusal would prove nothing
 *   contained  the same attack through the launcher is refused with exactly this error, an event says what was refused,
 *              and from outside nothing is to be seen of it
 *   twin       the closest thing that is allowed works, contained
 */
import { describe, expect, test } from 'vitest';
import { alone } from '../kit/lib/alone.mjs';
import { makeArena, removeArena, type Arena } from './arena.ts';
import { compile } from './compile.ts';
import { Lab, launcherOpens, type LabResult } from './lab.ts';
import { Neighbour } from './neighbour.ts';
import { startBare, startContained, type Result, type StartOptions } from './start.ts';
import type { Event } from '#contract/event.ts';
import type { EventKind } from '#contract/words.ts';
import type { Plan } from '#domain/plan-text.ts';

export interface Scene {
  arena: Arena;
  /** Only where the technique asked for one. */
  neighbour: Neighbour;
}

export interface Technique {
  name: string;
  /** What it tries, in words. */
  tries: string;
  /** techniques/<program>.c; the facts behind it are in the file's head. */
  program: string;
  args: (scene: Scene) => readonly string[];
  /** The error the attacker must get; several only where kernels differ. */
  errno: string | readonly string[];
  /** The event that must be there, or null with a reason in `tries` why there can be none. */
  event: { kind: EventKind | readonly EventKind[]; target: (scene: Scene) => string | RegExp } | null;
  twin: { program?: string; args: (scene: Scene) => readonly string[]; plan?: (scene: Scene) => Partial<Plan> };
  /**
   * `reached`: must get through bare. `offered`: must get through unless this kernel has no such call or family.
   * `root`: must get through for root; for others the kernel's own answer may come first.
   */
  bare?: 'reached' | 'offered' | 'root';
  /** What it looks like from outside; the attack changes it when bare and must not when contained. */
  witness?: (scene: Scene) => string | Promise<string>;
  /** Bare, the attack shows this text; contained it must not be anywhere in its output. */
  leaks?: string;
  neighbour?: boolean;
  lab?: boolean;
  plan?: (scene: Scene) => Partial<Plan>;
  before?: (scene: Scene) => void | Promise<void>;
  options?: StartOptions;
  /** It reaches every process of this machine, and so those of another test run that tries the same: one at a time. */
  alone?: boolean;
}

const phases = (process.env['BELLJAR_TEST_PHASES'] ?? 'bare,contained,twin').split(',');
const missing = ['ENOSYS', 'EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT'];

async function onStage<T>(technique: Technique, play: (scene: Scene) => Promise<T>): Promise<T> {
  const arena = makeArena();
  let neighbour: Neighbour | undefined;
  try {
    if (technique.neighbour === true) neighbour = await Neighbour.start(arena);
    const scene: Scene = {
      arena,
      get neighbour(): Neighbour {
        if (neighbour === undefined) throw new Error(`${technique.name} asked for no neighbour`);
        return neighbour;
      },
    };
    await technique.before?.(scene);
    return await play(scene);
  } finally {
    await neighbour?.stop();
    removeArena(arena);
  }
}

export function matchingEvents(
  events: readonly Event[],
  kinds: EventKind | readonly EventKind[],
  target: string | RegExp,
): Event[] {
  return events.filter(
    (event) =>
      [kinds].flat().includes(event.kind) &&
      (typeof target === 'string' ? event.target === target : target.test(event.target)),
  );
}

/** Events as short lines, so that a failed expectation can be read. */
export function brief(events: readonly Event[]): string[] {
  return events.map(
    (event) =>
      `${event.kind} ${event.verdict} ${event.target} ${event.errno ?? ''} by ${event.by} x${event.count.toString()}`,
  );
}

function expectRefused(technique: Technique, scene: Scene, result: Result): void {
  const allowed = [technique.errno].flat();
  expect(result.outcome, result.stderr).toMatchObject({ kind: 'refused' });
  if (result.outcome.kind === 'refused')
    expect(allowed, `the error at: ${result.outcome.step}`).toContain(result.outcome.errno);
  if (technique.leaks !== undefined) expect(result.stdout + result.stderr).not.toContain(technique.leaks);
  if (technique.event === null) return;
  const found = matchingEvents(result.events, technique.event.kind, technique.event.target(scene));
  expect(
    found.map((event) => event.verdict),
    `events: ${brief(result.events).join('\n')}`,
  ).toContain('refused');
  if (result.outcome.kind === 'refused') {
    expect(found.map((event) => event.errno)).toContain(result.outcome.errno);
  }
}

async function bare(technique: Technique): Promise<string | null> {
  return onStage(technique, async (scene) => {
    const before = await technique.witness?.(scene);
    const program = compile(technique.program);
    const args = technique.args(scene);
    const result: LabResult =
      technique.lab === true
        ? await Lab.run(scene.arena, program, args, technique.options)
        : await startBare(program, args, technique.options);
    if (result.skipped !== undefined) return result.skipped;
    const { outcome } = result;
    if (technique.bare === 'offered' || technique.bare === 'root') {
      if (outcome.kind === 'absent') return null;
      if (outcome.kind === 'refused' && missing.includes(outcome.errno)) return null;
    }
    // Without root the kernel's own answer may come first, and that proves nothing in either direction.
    if (technique.bare === 'root' && process.getuid?.() !== 0) return null;
    expect(outcome, `bare, the attack must get through: ${result.stderr}`).toMatchObject({ kind: 'reached' });
    if (technique.leaks !== undefined) expect(result.stdout).toContain(technique.leaks);
    if (technique.witness !== undefined)
      await expect
        .poll(() => technique.witness?.(scene), { message: 'bare, it must be seen from outside' })
        .not.toBe(before);
    if (result.seen !== undefined)
      expect(
        result.seen.opens + result.seen.datagrams + result.seen.packets,
        'bare, packets must leave',
      ).toBeGreaterThan(0);
    return null;
  });
}

async function contained(technique: Technique): Promise<void> {
  await onStage(technique, async (scene) => {
    const before = await technique.witness?.(scene);
    const program = compile(technique.program);
    const plan = technique.plan?.(scene);
    const args = technique.args(scene);
    const result: LabResult =
      technique.lab === true
        ? await Lab.runContained(scene.arena, program, args, plan, technique.options)
        : await startContained(scene.arena, program, args, plan, technique.options);
    expectRefused(technique, scene, result);
    if (technique.witness !== undefined)
      expect(await technique.witness(scene), 'contained, nothing may be seen of it').toBe(before);
    if (result.seen !== undefined)
      expect(result.seen, 'contained, no packet may leave').toMatchObject({
        contacts: [],
        targets: [],
        opens: launcherOpens,
        datagrams: 0,
      });
  });
}

async function twin(technique: Technique): Promise<void> {
  await onStage(technique, async (scene) => {
    const program = compile(technique.twin.program ?? technique.program);
    const args = technique.twin.args(scene);
    const plan = technique.twin.plan?.(scene) ?? technique.plan?.(scene);
    const result: LabResult =
      technique.lab === true
        ? await Lab.runContained(scene.arena, program, args, plan, technique.options)
        : await startContained(scene.arena, program, args, plan, technique.options);
    expect(result.outcome, `${result.stderr}\n${brief(result.events).join('\n')}`).toMatchObject({ kind: 'reached' });
  });
}

export function defineTechniques(title: string, techniques: readonly Technique[]): void {
  const names = techniques.map((technique) => technique.name);
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  if (repeated.length > 0) throw new Error(`Two techniques of one name: ${repeated.join(', ')}`);
  // oxlint-disable-next-line vitest/valid-title -- the table's own title
  describe(title, () => {
    for (const technique of techniques) {
      // oxlint-disable-next-line vitest/expect-expect -- the expectations stand in the phases above
      test(`${technique.name}: ${technique.tries}`, async ({ skip }) => {
        const play = async (): Promise<void> => {
          if (phases.includes('bare')) {
            const reason = await bare(technique);
            if (reason !== null) skip(reason);
          }
          if (phases.includes('contained')) await contained(technique);
          if (phases.includes('twin')) await twin(technique);
        };
        await (technique.alone === true ? alone(technique.name, play) : play());
      });
    }
  });
}
