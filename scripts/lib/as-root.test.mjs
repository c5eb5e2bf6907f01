/** What runs as root is chosen by hand: nothing may be forgotten that no other run can see. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asRootFiles } from './as-root.mjs';
import { root } from './paths.mjs';

/** The kit is left out as root. */
const forPeople = ['e2e/confinement/kit.test.ts'];

function testFiles() {
  return readdirSync(join(root, 'e2e'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `e2e/${name}`);
}

describe('the files that run as root too', () => {
  it('are there', () => {
    expect(asRootFiles.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  it('are all in which something depends on being root', () => {
    const asking = testFiles().filter((name) =>
      /getuid|bare: 'root'|missingForWitness/.test(readFileSync(join(root, name), 'utf8')),
    );
    expect(asking.length).toBeGreaterThan(10);
    expect(asking.filter((name) => !asRootFiles.includes(name))).toEqual(forPeople);
  });
});
