/**
 * What runs on other people's machines: every action is named by its commit, no job has rights that it does not name, nothing is checked out
 * with a key left behind, and no text of a stranger reaches a shell.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';

const folder = join(import.meta.dirname, '../.github/workflows');
const files = readdirSync(folder).map((name) => [name, parse(readFileSync(join(folder, name), 'utf8'))]);
const own = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));

describe.each(files)('%s', (_name, workflow) => {
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  it('gives no rights by default, and to each job only the reading of the sources', () => {
    expect(workflow.permissions).toEqual({});
    for (const job of jobs) expect(job.permissions).toEqual({ contents: 'read' });
  });

  it('names each action by its commit', () => {
    const uses = steps.map((step) => step.uses).filter((name) => name !== undefined);
    expect(uses.length).toBeGreaterThan(0);
    for (const name of uses) expect(name).toMatch(/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/);
  });

  it('leaves no key behind, ends in time, and puts no expression into a shell', () => {
    for (const job of jobs) expect(job['timeout-minutes']).toBeLessThanOrEqual(60);
    for (const step of steps) {
      if (step.uses?.startsWith('actions/checkout@')) expect(step.with['persist-credentials']).toBe(false);
      if (step.run !== undefined) expect(step.run).not.toContain('${{');
    }
  });

  it('runs only commands that package.json has', () => {
    for (const { run } of steps) {
      for (const [, name] of (run ?? '').matchAll(/npm (?:run )?(test|start|build|escape|package|fuzz)\b/g)) {
        expect(own.scripts).toHaveProperty(name);
      }
    }
  });
});

describe('packages', () => {
  const [, workflow] = files.find(([name]) => name === 'package.yml');
  const builder = parse(readFileSync(join(import.meta.dirname, '../electron-builder.yml'), 'utf8'));

  it('are built on tags and nothing else, on each system, with what they need', () => {
    expect(workflow.on).toEqual({ push: { tags: ['v*'] } });
    const { strategy, steps } = workflow.jobs.package;
    for (const system of ['ubuntu', 'macos', 'windows']) {
      expect(strategy.matrix.system.some((name) => name.startsWith(system))).toBe(true);
    }
    const lines = steps.map(({ run }) => run ?? '');
    const at = (part) => lines.findIndex((line) => line.includes(part));
    expect(at('npm run package')).toBeGreaterThan(at('npx install-electron'));
    expect(at('npm run package')).toBeGreaterThan(at('install -y --no-install-recommends rpm'));
  });

  it('of the desktop program are described for each target that npm run package names', () => {
    const text = readFileSync(join(import.meta.dirname, 'lib/packages/desktop.mjs'), 'utf8');
    for (const [system, key] of [
      ['linux', 'linux'],
      ['darwin', 'mac'],
      ['win32', 'win'],
    ]) {
      const [, names] = new RegExp(`${system}: \\[([^\\]]+)\\]`).exec(text);
      expect(names.split(', ').map((name) => name.slice(1, -1))).toEqual(builder[key].target);
    }
    expect(builder.electronVersion).toBe(own.devDependencies.electron);
    // Without them fpm makes neither deb nor rpm.
    expect(builder.linux.maintainer).toMatch(/<.+@.+>/);
    expect(builder.extraMetadata.homepage).toMatch(/^https:/);
  });
});
