/**
 * Builds the attack programs (techniques/*.c) with the system's C compiler, once for each content: the file's name holds a
 * hash of the source, the shared header and the flags.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, techniquesFolder } from './places.ts';

const flags = ['-std=gnu17', '-O1', '-Wall', '-Wextra', '-pthread'];
const libraries = ['-lrt', '-lutil'];
const built = new Map<string, string>();

/** Folder of all built programs: what a plan must allow to be executed. */
export function programsFolder(): string {
  return cacheFolder('techniques');
}

/** The same program in one piece, which needs no library to be opened; built anew each time, to where it may be changed. */
export function compileWhole(name: string, program: string): void {
  const source = join(techniquesFolder, `${name}.c`);
  const compiler = process.env['CC'] ?? 'cc';
  const result = spawnSync(compiler, [...flags, '-static', source, '-o', program, ...libraries], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${source} does not compile:\n${result.stderr}`, { cause: result.error });
}

/** `sources` holds the source; the measurements have programs of their own. */
export function compile(name: string, sources = techniquesFolder): string {
  const source = join(sources, `${name}.c`);
  const known = built.get(source);
  if (known !== undefined) return known;
  const hash = createHash('sha256')
    .update(readFileSync(source))
    .update(readFileSync(join(techniquesFolder, 'attack.h')))
    .update(flags.join(' '))
    .digest('hex')
    .slice(0, 16);
  const folder = join(programsFolder(), hash);
  const program = join(folder, name);
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    const draft = `${program}.${process.pid.toString()}`;
    const compiler = process.env['CC'] ?? 'cc';
    const result = spawnSync(compiler, [...flags, source, '-o', draft, ...libraries], { encoding: 'utf8' });
    if (result.error !== undefined)
      throw new Error(`The C compiler does not run: ${compiler}`, { cause: result.error });
    if (result.status !== 0) {
      rmSync(draft, { force: true });
      throw new Error(`${source} does not compile:\n${result.stderr}`);
    }
    renameSync(draft, program);
  }
  built.set(source, program);
  return program;
}
