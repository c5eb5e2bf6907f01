/**
 * The log of decisions: `<state>/decisions.jsonl`, 0600, one object a line, only added to. A line begins with a line end, so
 * that one which a kill or a full disk cut short spoils nothing but itself. When it grows beyond its bound, the newer half is
 * written anew beside it and takes its place.
 *
 * Trust: a line that is not of its form is skipped, since what it told cannot be known; one of a newer format stops
 * everything that would write, so that nothing of it is lost.
 */
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { decisionFormatVersion, decisionIdSchema, decisionSchema } from '#contract/decision.ts';
import { BelljarError } from '#contract/errors.ts';
import type { DecisionLine, DecisionLog } from '#engine/decisions/ports.ts';
import { writeError } from '../files/file-store.ts';
import { makeOwnFolder, readOwnFile, writeOwnFile } from '../files/own-files.ts';

const maxBytes = 4 * 1024 * 1024;

const settledSchema = z.strictObject({
  v: z.literal(decisionFormatVersion),
  id: decisionIdSchema,
  done: z.boolean(),
});

export interface DecisionLogOptions {
  stateFolder: string;
  /** For tests. */
  maxBytes?: number;
}

export function createDecisionLog(options: DecisionLogOptions): DecisionLog {
  const file = join(options.stateFolder, 'decisions.jsonl');
  const most = options.maxBytes ?? maxBytes;

  function lineOf(text: string): DecisionLine[] {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return [];
    }
    if (typeof value === 'object' && value !== null && 'v' in value && Number(value.v) > decisionFormatVersion)
      throw new BelljarError('newer-format', { file });
    const settled = settledSchema.safeParse(value);
    if (settled.success) return [settled.data];
    const decision = decisionSchema.safeParse(value);
    return decision.success ? [decision.data] : [];
  }

  async function read(): Promise<DecisionLine[]> {
    const text = await readOwnFile(file);
    return text === null ? [] : text.split('\n').flatMap((line) => (line === '' ? [] : lineOf(line)));
  }

  async function shorten(): Promise<void> {
    const lines = await read();
    const texts = lines.map((line) => `${JSON.stringify(line)}\n`);
    let kept = 0;
    let from = texts.length;
    while (from > 0 && kept + (texts[from - 1]?.length ?? 0) <= most / 2) {
      from -= 1;
      kept += texts[from]?.length ?? 0;
    }
    await writeOwnFile(file, texts.slice(from).join(''));
  }

  let isKnown = false;
  return {
    read,
    async append(line) {
      // Once a process: what a newer Belljar wrote is not added to.
      if (!isKnown) await read();
      isKnown = true;
      await makeOwnFolder(dirname(file));
      let size: number;
      try {
        const handle = await open(file, 'a', 0o600);
        try {
          await handle.writeFile(`\n${JSON.stringify(line)}\n`);
          // What became of a decision is found out again where that was lost.
          if ('action' in line) await handle.sync();
          size = (await handle.stat()).size;
        } finally {
          await handle.close();
        }
      } catch (error) {
        throw writeError(error, file);
      }
      // It is on disk already: that the log could not be made shorter takes nothing back.
      if (size > most) await shorten().catch(() => undefined);
    },
  };
}
