/** The small C programs that are measured. */
import { join } from 'node:path';
import { compile } from '../../e2e/confinement/support/compile.ts';
import { projectRoot } from '../../e2e/confinement/support/places.ts';

export function benchProgram(name: string): string {
  return compile(name, join(projectRoot, 'bench/programs'));
}
