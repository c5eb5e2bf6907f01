/** An extended attribute for a program to change or remove. */
import { spawnSync } from 'node:child_process';
import { compile } from './compile.ts';

export function giveAttribute(path: string): void {
  const result = spawnSync(compile('change-attributes'), ['prepare-xattr', path]);
  if (result.status !== 0) throw new Error(`No extended attribute could be set on ${path}`);
}
