/** Where the window was, kept in one small file. Anything else in it means: as if there were none. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const boundsSchema = z.strictObject({
  x: z.int(),
  y: z.int(),
  width: z.int().min(1).max(20_000),
  height: z.int().min(1).max(20_000),
});
const stateSchema = z.strictObject({ v: z.literal(1), bounds: boundsSchema, maximised: z.boolean() });

export type Bounds = z.infer<typeof boundsSchema>;
export type WindowState = z.infer<typeof stateSchema>;

export const smallest = { width: 640, height: 480 };
const usual = { width: 1280, height: 860 };
const fileMaxBytes = 4096;

export function readWindowState(file: string): WindowState | null {
  try {
    const text = readFileSync(file, 'utf8');
    return text.length > fileMaxBytes ? null : (stateSchema.safeParse(JSON.parse(text)).data ?? null);
  } catch {
    return null;
  }
}

/** By rename, so that a program that ends meanwhile leaves the old file; not worth an error where it cannot be written. */
export function writeWindowState(file: string, state: WindowState): void {
  try {
    writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch {
    // The next start has the usual size.
  }
}

/** Where to open: as it was, if a good part of its title bar is on a display that is there now; else the usual size. */
export function placeOf(state: WindowState | null, workAreas: readonly Bounds[]): Partial<Bounds> & typeof usual {
  if (state === null) return usual;
  const { x, y, width, height } = state.bounds;
  const visible = workAreas.some(
    (area) =>
      Math.min(x + width, area.x + area.width) - Math.max(x, area.x) >= 100 &&
      y >= area.y &&
      y <= area.y + area.height - 40,
  );
  const size = { width: Math.max(width, smallest.width), height: Math.max(height, smallest.height) };
  return visible ? { x, y, ...size } : usual;
}
