/**
 * One spool file: `<run>.jsonl`, appended by a launcher's supervisor, one event a line, never rewritten.
 *
 * Trust: none. Targets were chosen by the server, and the file itself may be anything: it is opened without following a
 * link and without waiting (a FIFO), must be a regular file, is read up to a bound, and each line must be of the
 * contract's form, belong to this run and this server, and carry a number that was not there yet. What is not is counted, said
 * to the log and skipped; it never ends the reading. A last line without its newline waits until it has one.
 *
 * Reading is synchronous, in slices small enough (`sliceBytes`) that the event loop stays free for others.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Event } from '#contract/event.ts';
import { eventSchema, isDenial, spoolLineMaxBytes } from '#contract/event.ts';
import { eventReasons } from '#contract/sentences.ts';
import type { SpoolRun } from '#engine/events/ports.ts';
import { instantMs } from './instant.ts';
import { Sequence, SequenceBackwards } from './sequence.ts';
import { identityOf } from './spool-folder.ts';

/** A run's own bound is at most this (`spool-limit` of the plan); a few closing lines may stand above it. */
const fileMaxBytes = 67_108_864 + 1_048_576;
const sliceBytes = 262_144;
const newline = 0x0a;

/** Seconds for which denials are counted one by one, plus some for clocks that are set. */
const countedSeconds = 3600;
const sparedSeconds = 120;

export type LineProblem = 'too-long' | 'not-of-the-form' | 'another-run' | 'out-of-order' | 'file-too-large';

/** How far a file was read: what a later process needs to go on from there. */
export interface SpoolFileMark {
  /** Device and inode; another file under the name is read from its start. */
  identity: string;
  offset: number;
  /** Whose run it is, once a line has said so. */
  server: string | null;
}

export interface SpoolFileReports {
  /** Each good line, once, in order, with the offset at which it ends. */
  onEvent: (event: Event, endOffset: number) => void;
  /** Another file stands under the name since the last look; it is read from its start. */
  onReplaced: () => void;
  onProblem: (problem: LineProblem, badLines: number) => void;
}

/** Opens a name of the spool folder; null when it is not (any more) a regular file there. */
export function openSpoolFile(
  path: string,
): { descriptor: number; size: number; identity: string; modifiedMs: number } | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const facts = fstatSync(descriptor);
    if (facts.isFile()) {
      return {
        descriptor,
        size: Math.min(facts.size, fileMaxBytes),
        identity: identityOf(facts),
        modifiedMs: facts.mtimeMs,
      };
    }
  } catch {
    // Falls through: what cannot be looked at is not read.
  }
  closeSync(descriptor);
  return null;
}

/** The event of one line, or null where the line is not of the contract's form. */
export function parseSpoolLine(line: Uint8Array, label: (event: Event) => string | undefined): Event | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8'));
  } catch {
    return null;
  }
  const parsed = eventSchema.safeParse(value);
  if (!parsed.success) return null;
  const event = parsed.data;
  const { at, firstAt } = event;
  if (Number.isNaN(instantMs(at)) || (firstAt !== at && Number.isNaN(instantMs(firstAt)))) return null;
  // What a target is called in words is this side's to say, not the file's; only why a connection was refused is the
  // launcher's own word, from a closed list.
  const known = event.known !== undefined && Object.hasOwn(eventReasons, event.known) ? event.known : label(event);
  delete event.known;
  if (known !== undefined) {
    event.known = known;
  }
  return event;
}

export class SpoolFile {
  readonly run: string;
  readonly #path: string;
  readonly #label: (event: Event) => string | undefined;
  readonly #reports: SpoolFileReports;

  #identity = '';
  #size = 0;
  #modifiedMs = 0;
  /** Everything before it was read forward; always the start of a line, or inside one that is being skipped. */
  #offset = 0;
  #skipping = false;
  #saidTooLarge = false;
  #sequence = new Sequence();
  /** Known from before this reader, where it went on from another. */
  #expectedServer: string | null = null;
  #badLines = 0;
  /** Set while only head and tail were read: enough for a run that ended, without reading what lies between. */
  #summary: SpoolRun | null = null;
  #facts: SpoolRun | null = null;
  /** Denials by second since 1970, of the last hour only. */
  readonly #bySecond = new Map<number, number>();

  constructor(path: string, run: string, label: (event: Event) => string | undefined, reports: SpoolFileReports) {
    this.#path = path;
    this.run = run;
    this.#label = label;
    this.#reports = reports;
  }

  /** Goes on from where another reader stopped; before the first reading. Line numbers before it are not known here. */
  resume(mark: SpoolFileMark): void {
    this.#reset(mark.identity);
    this.#offset = mark.offset;
    this.#size = mark.offset;
    this.#expectedServer = mark.server;
  }

  mark(): SpoolFileMark {
    return {
      identity: this.#identity,
      offset: this.#offset,
      server: this.#facts?.server ?? this.#expectedServer,
    };
  }

  get badLines(): number {
    return this.#badLines;
  }

  get size(): number {
    return this.#size;
  }

  get modifiedMs(): number {
    return this.#modifiedMs;
  }

  /** The run has said its last word: nothing more is expected in the file. */
  get ended(): boolean {
    const facts = this.#summary ?? this.#facts;
    return facts !== null && facts.end !== null;
  }

  #reset(identity: string): void {
    this.#identity = identity;
    this.#offset = 0;
    this.#skipping = false;
    this.#saidTooLarge = false;
    this.#sequence = new Sequence();
    this.#summary = null;
    this.#facts = null;
    this.#expectedServer = null;
    this.#bySecond.clear();
  }

  /** Opens the file and notices that it was replaced or cut. Null when it is gone. */
  #open(): { descriptor: number; size: number } | null {
    const opened = openSpoolFile(this.#path);
    if (opened === null) {
      return null;
    }
    const changed = opened.identity !== this.#identity || opened.size < this.#size;
    if (changed) {
      const known = this.#identity !== '';
      this.#reset(opened.identity);
      if (known) {
        this.#reports.onReplaced();
      }
    }
    if (opened.size !== this.#size) {
      this.#summary = null;
    }
    this.#size = opened.size;
    this.#modifiedMs = opened.modifiedMs;
    return { descriptor: opened.descriptor, size: opened.size };
  }

  /** Reads one slice forward. `gone`: there is no such file any more; `more`: call again. */
  advance(): 'gone' | 'more' | 'read' {
    const opened = this.#open();
    if (opened === null) {
      return 'gone';
    }
    try {
      return this.#readSlice(opened.descriptor, opened.size) ? 'more' : 'read';
    } finally {
      closeSync(opened.descriptor);
    }
  }

  #readSlice(descriptor: number, size: number): boolean {
    const wanted = Math.min(sliceBytes, size - this.#offset);
    if (wanted <= 0) {
      if (size >= fileMaxBytes && !this.#saidTooLarge) {
        this.#saidTooLarge = true;
        this.#reports.onProblem('file-too-large', this.#badLines);
      }
      return false;
    }
    const slice = Buffer.allocUnsafe(wanted);
    const length = readSync(descriptor, slice, 0, wanted, this.#offset);
    const bytes = slice.subarray(0, length);
    let start = 0;
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      if (this.#skipping) {
        this.#skipping = false;
      } else {
        this.#take(bytes.subarray(start, end), this.#offset + end + 1);
      }
      start = end + 1;
    }
    const rest = length - start;
    if (rest >= spoolLineMaxBytes || this.#skipping) {
      // A line beyond the bound is passed over piece by piece, never gathered.
      if (!this.#skipping) {
        this.#skipping = true;
        this.#bad('too-long');
      }
      start = length;
    }
    this.#offset += start;
    return start > 0 && this.#offset < size;
  }

  #take(line: Buffer, endOffset: number): void {
    if (line.length >= spoolLineMaxBytes) {
      this.#bad('too-long');
      return;
    }
    const event = parseSpoolLine(line, this.#label);
    if (event === null) {
      this.#bad('not-of-the-form');
      return;
    }
    const server = this.#facts?.server ?? this.#expectedServer;
    if (event.run !== this.run || (server !== null && event.server !== server)) {
      this.#bad('another-run');
      return;
    }
    if (!this.#sequence.accept(event.seq)) {
      this.#bad('out-of-order');
      return;
    }
    this.#count(event);
    this.#reports.onEvent(event, endOffset);
  }

  #bad(problem: LineProblem): void {
    this.#badLines += 1;
    this.#reports.onProblem(problem, this.#badLines);
  }

  #count(event: Event): void {
    const facts = (this.#facts ??= {
      run: this.run,
      server: event.server,
      startedAt: event.at,
      endedAt: null,
      lastAt: event.at,
      denials: 0,
      start: null,
      end: null,
    });
    facts.lastAt = event.at;
    if (event.start !== undefined && facts.start === null) {
      facts.start = event.start;
      facts.startedAt = event.at;
    }
    if (event.end !== undefined) {
      facts.end = event.end;
      facts.endedAt = event.at;
    }
    if (isCountedDenial(event)) {
      facts.denials += event.count;
      const second = Math.floor(Date.parse(event.at) / 1000);
      this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + event.count);
      if (this.#bySecond.size > 2 * countedSeconds) {
        this.#forgetBefore(Math.floor(Date.now() / 1000) - countedSeconds - sparedSeconds);
      }
    }
  }

  #forgetBefore(second: number): void {
    // Seconds that a hostile clock puts into the future must not pile up either: the map keeps its insertion order.
    for (const key of this.#bySecond.keys()) {
      if (key < second || this.#bySecond.size > 4 * countedSeconds) {
        this.#bySecond.delete(key);
      }
    }
  }

  /** Denials at or after a second; the file must have been read forward to its end. */
  denialsFrom(second: number): number {
    let sum = 0;
    for (const [key, count] of this.#bySecond) {
      if (key >= second) {
        sum += count;
      }
    }
    return sum;
  }

  /** What was read so far; null before the first good line. A run that ended tells its exact number itself. */
  facts(): SpoolRun | null {
    const facts = this.#summary ?? this.#facts;
    return facts === null ? null : { ...facts, denials: facts.end?.denials ?? facts.denials };
  }

  /**
   * Looks at head and tail only, which is enough for a run that ended. True when that settled it, false when the file
   * has to be read forward; null when it is gone.
   */
  glance(): boolean | null {
    const opened = this.#open();
    if (opened === null) {
      return null;
    }
    try {
      if (this.#summary !== null || (this.#offset === opened.size && this.#facts !== null)) {
        return true;
      }
      const head = this.#firstEvent(opened.descriptor, opened.size);
      const tail = lastLines(opened.descriptor, opened.size)[0];
      const last = tail === undefined ? null : parseSpoolLine(tail, this.#label);
      if (
        head?.start === undefined ||
        last?.end === undefined ||
        last.run !== this.run ||
        last.server !== head.server
      ) {
        return false;
      }
      this.#summary = {
        run: this.run,
        server: head.server,
        startedAt: head.at,
        endedAt: last.at,
        lastAt: last.at,
        denials: last.end.denials,
        start: head.start,
        end: last.end,
      };
      return true;
    } finally {
      closeSync(opened.descriptor);
    }
  }

  #firstEvent(descriptor: number, size: number): Event | null {
    const buffer = Buffer.allocUnsafe(Math.min(spoolLineMaxBytes, size));
    const length = readSync(descriptor, buffer, 0, buffer.length, 0);
    const end = buffer.subarray(0, length).indexOf(newline);
    const event = end === -1 ? null : parseSpoolLine(buffer.subarray(0, end), this.#label);
    return event !== null && event.run === this.run ? event : null;
  }

  /**
   * Good lines from the end of the file back to its start, newest first, until `take` answers false. Reads backwards, so
   * that the newest few of a long file cost as little as those of a short one. Yields to others between blocks.
   */
  async backwards(take: (event: Event) => boolean): Promise<void> {
    const opened = openSpoolFile(this.#path);
    if (opened === null) {
      return;
    }
    try {
      const sequence = new SequenceBackwards();
      let server: string | undefined;
      for (const block of blocksBackwards(opened.descriptor, opened.size)) {
        for (const line of block) {
          const event = parseSpoolLine(line, this.#label);
          if (
            event === null ||
            event.run !== this.run ||
            !sequence.accept(event.seq) ||
            event.server !== (server ?? event.server)
          ) {
            continue;
          }
          server = event.server;
          if (!take(event)) {
            return;
          }
        }
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    } finally {
      closeSync(opened.descriptor);
    }
  }
}

/** Denials, and those that the run's bound kept from being written one by one. */
function isCountedDenial(event: Event): boolean {
  return isDenial(event) || (event.kind === 'spool.dropped' && event.verdict === 'refused');
}

function lastLines(descriptor: number, size: number): Buffer[] {
  for (const block of blocksBackwards(descriptor, size)) {
    if (block.length > 0) {
      return block;
    }
  }
  return [];
}

/**
 * Complete lines, newest first, a block of the file at a time. A line that crosses blocks is put together; one beyond the
 * bound is dropped without being gathered.
 */
function* blocksBackwards(descriptor: number, size: number): Generator<Buffer[]> {
  let end = size;
  /** What stands at the start of the later block: the tail of a line that starts in this one. */
  let carried: Buffer | null = Buffer.alloc(0);
  /** True until the last newline of the file is met: what follows it is a line that is still being written. */
  let unfinished = true;
  while (end > 0) {
    const start = Math.max(0, end - sliceBytes / 4);
    const block = Buffer.allocUnsafe(end - start);
    const length = readSync(descriptor, block, 0, block.length, start);
    if (length < block.length) {
      return;
    }
    const lines: Buffer[] = [];
    let lineEnd = block.length;
    for (let at = block.lastIndexOf(newline); at !== -1; at = at === 0 ? -1 : block.lastIndexOf(newline, at - 1)) {
      const piece = block.subarray(at + 1, lineEnd);
      if (!unfinished && carried !== null) {
        const line = carried.length === 0 ? piece : Buffer.concat([piece, carried]);
        if (line.length < spoolLineMaxBytes) {
          lines.push(line);
        }
      }
      unfinished = false;
      carried = Buffer.alloc(0);
      lineEnd = at;
    }
    const piece = block.subarray(0, lineEnd);
    if (carried !== null) {
      carried = carried.length + piece.length >= spoolLineMaxBytes ? null : Buffer.concat([piece, carried]);
    }
    if (start === 0 && !unfinished && carried !== null) {
      lines.push(carried);
    }
    yield lines;
    end = start;
  }
}
