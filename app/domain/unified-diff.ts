/** Unified diffs of two short texts, in the form that `patch` and people read. */
import { structuredPatch } from 'diff';

/** `firstLine`: where the texts begin in their file. Empty when there is no difference. */
export function unifiedDiff(file: string, before: string, after: string, firstLine = 1): string {
  if (before === after) return '';
  const patch = structuredPatch(file, file, before, after, undefined, undefined, { context: 3 });
  const lines = [`--- ${file}`, `+++ ${file}`];
  for (const hunk of patch.hunks) {
    const range = (start: number, length: number): string =>
      `${(start + firstLine - 1).toString()},${length.toString()}`;
    lines.push(`@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`);
    // Texts cut out of a file have no line end of their own; that is no news about the file.
    lines.push(...hunk.lines.filter((line) => !line.startsWith('\\')));
  }
  return `${lines.join('\n')}\n`;
}
