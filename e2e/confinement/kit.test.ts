/**
 * The escape kit against Belljar at standard and strict, as a stranger would run it: its folder alone, copied elsewhere, and
 * started once for all. Each case is a test of its own. What the kit needs to be right is tested below, with a sandbox that
 * is none.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kitFolder } from './kit/lib/programs.mjs';
import { readCases } from './kit/lib/techniques.mjs';
import { cacheFolder, projectRoot } from './support/places.ts';
import { leftOut } from './support/skip.ts';

interface Outcome {
  id: string;
  verdict: 'contained' | 'escaped' | 'reachable' | 'unproven' | 'not applicable';
  reason: string;
  seen?: boolean;
  events?: string[];
}

const isRoot = process.getuid?.() === 0;
const cases = readCases();
const sandboxes = ['belljar-standard', 'belljar-strict'];
let place = '';

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'kit-test-'));
  cpSync(kitFolder, join(place, 'kit'), { recursive: true });
});
afterAll(() => {
  rmSync(place, { recursive: true, force: true });
});

/** The copied kit, which knows of the product only what it is told. */
async function runKit(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(place, 'kit/run.mjs'), ...args], {
    cwd: place,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      BELLJAR_COMMAND: `${process.execPath} ${join(projectRoot, 'dist/cli/belljar.js')}`,
      XDG_CACHE_HOME: dirname(cacheFolder('escape-kit')),
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, stdout, stderr };
}

// As root, attacks get through bare that nobody else could make, and sandboxes have other work to do: people are not root.
describe('nothing gets out, and every attempt is seen', leftOut(isRoot ? 'people are not root' : null), () => {
  const outcomes = new Map<string, Outcome>();

  beforeAll(async () => {
    const { stdout, stderr } = await runKit(...sandboxes.flatMap((name) => ['--sandbox', name]), '--json');
    const results = JSON.parse(stdout) as { sandbox: string; missing?: string; cases: Outcome[] }[];
    for (const { sandbox, missing, cases: played } of results) {
      if (missing !== undefined) throw new Error(`${sandbox}: ${missing}\n${stderr}`);
      for (const outcome of played) outcomes.set(`${sandbox} ${outcome.id}`, outcome);
    }
  }, 600_000);

  test.for(sandboxes.flatMap((sandbox) => cases.map((one) => ({ sandbox, id: one.id, one }))))(
    '$sandbox: $id',
    ({ sandbox, id, one }, { skip }) => {
      const outcome = outcomes.get(`${sandbox} ${id}`);
      const said = JSON.stringify(outcome);
      if (outcome?.verdict === 'not applicable') skip(outcome.reason);
      expect(outcome?.verdict, said).toBe('contained');
      if (!one.marks.has('silent')) expect(outcome?.seen, said).toBe(true);
    },
  );
});

describe('the kit itself', () => {
  test('has at least 250 cases, and each says what it rests on', () => {
    expect(cases.length).toBeGreaterThanOrEqual(250);
    for (const { technique } of cases) expect(technique.facts.length, technique.file).toBeGreaterThan(40);
  });

  test('without a sandbox nothing is contained: each case gets through or says why it cannot here', async () => {
    const { stdout, code } = await runKit('--sandbox', 'bare', '--only', 'paths/|tree/|shared-memory/', '--json');
    expect(code).toBe(0);
    const [bare] = JSON.parse(stdout) as { cases: Outcome[] }[];
    expect(bare?.cases.length).toBeGreaterThan(50);
    const wrong = bare?.cases.filter(({ verdict }) => !['escaped', 'reachable', 'not applicable'].includes(verdict));
    expect(wrong).toEqual([]);
  });

  test('a technique that lies, or whose twin does not work, is no proof', async () => {
    const program = (body: string): string => `/*
 * Does nothing of what it says.
 * Family: self-test
 * Facts: a program can say anything about itself; what counts is what is seen from outside, and that its twin works.
 * Witness: nothing.
 * Cases: name | what it tries | attack | twin | marks
 *   only | nothing | attack | twin |
 */
#include "attack.h"
int main(int argc, char **argv) { ${body} }
`;
    const write = (name: string, body: string): void => {
      writeFileSync(join(place, 'kit/techniques', `${name}.c`), program(body));
    };
    write('self-lying', '(void)argc; (void)argv; reached("all of it");');
    write('self-broken-twin', 'if (is(argument(argc, argv, 1), "twin")) refused("twin", EACCES); reached("it");');
    const { stdout } = await runKit('--sandbox', 'bare', '--only', '^self-test/', '--json');
    const [bare] = JSON.parse(stdout) as { cases: Outcome[] }[];
    expect(bare?.cases.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['self-test/self-broken-twin/only', 'unproven'],
      ['self-test/self-lying/only', 'unproven'],
    ]);
  });

  test('a head that is not of the form is an error that names file and line', async () => {
    const file = join(place, 'kit/techniques/second-listener.c');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('surface silent', 'surface loud'));
    const { code, stderr } = await runKit('--list');
    writeFileSync(file, text);
    expect(code).not.toBe(0);
    expect(stderr).toContain('second-listener.c: no such mark as loud');
  });
});
