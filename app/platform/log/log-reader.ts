/**
 * The newest lines of the host's log (app/host/log.ts), for people. The log holds codes and facts and no secrets; what is shown
 * is masked once more all the same, because the texts of unexpected errors are others' words. Reads a bounded part of the end.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { logLineSchema, type LogLine } from '#contract/methods.ts';
import { maskText } from '#domain/mask.ts';
import type { LogReader } from '#engine/log/ports.ts';
import { isMissing } from '../files/missing.ts';

const tailBytes = 512 * 1024;
const factMax = 2_000;
const factsMax = 32;
/** The logger's own fields, which are no facts. */
const own = new Set(['level', 'at', 'msg', 'pid']);
const levels: Readonly<Record<number, LogLine['level']>> = { 30: 'info', 40: 'warning', 50: 'error' };

function factOf(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const lines = text
    .slice(0, factMax * 2)
    .split('\n')
    .map(maskText)
    .join('\n');
  return `${name.slice(0, 80)}: ${lines.slice(0, factMax)}`;
}

/** Null for what is no line of ours. */
export function parseLogLine(text: string): LogLine | null {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof line !== 'object' || line === null) return null;
  const fields = line as Record<string, unknown>;
  const parsed = logLineSchema.safeParse({
    at: fields['at'],
    level: levels[Number(fields['level'])],
    code: fields['msg'],
    facts: Object.entries(fields)
      .filter(([name]) => !own.has(name))
      .slice(0, factsMax)
      .map(([name, value]) => factOf(name, value)),
  });
  return parsed.success ? parsed.data : null;
}

async function readEnd(file: string): Promise<{ text: string; start: number }> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - tailBytes);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    return { text: buffer.toString('utf8', 0, bytesRead), start };
  } finally {
    await handle.close();
  }
}

export function createLogReader(stateFolder: string): LogReader {
  const file = join(stateFolder, 'log', 'host.log');
  return {
    file,
    async tail(limit) {
      if (isMissing(file)) return { lines: [], file, earlier: false };
      const { text, start } = await readEnd(file);
      // The first one may have been cut, and a last one without its end is being written.
      const whole = text.split('\n').slice(start > 0 ? 1 : 0, -1);
      const lines = whole.flatMap((line) => parseLogLine(line) ?? []);
      return { lines: lines.slice(-limit), file, earlier: start > 0 || lines.length > limit };
    },
  };
}
