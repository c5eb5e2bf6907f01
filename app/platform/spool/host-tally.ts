/**
 * What one run connected to and looked up, counted from its spool file. Only lines that speak of that are parsed, so that a
 * long history is gone through at the speed of reading; a file that did not grow since is not opened.
 *
 * Trust and bounds are those of spool-file.ts. A run has at most `usesMax` different uses; what comes after is left out.
 */
import { closeSync, readSync } from 'node:fs';
import type { Event } from '#contract/event.ts';
import { spoolLineMaxBytes } from '#contract/event.ts';
import type { HostUse } from '#domain/seen-hosts.ts';
import { openSpoolFile, parseSpoolLine } from './spool-file.ts';

const usesMax = 1000;
const sliceBytes = 262_144;
const newline = 0x0a;
/** As they stand in a line; the words may also be in the text of a target, which parsing tells. */
const marks = [Buffer.from('"run.start"'), Buffer.from('"net.connect"'), Buffer.from('"net.dns"')];

const noLabel = (): undefined => undefined;

/** Adds uses to those that are counted already; what would be a new one beyond `most` is left out. */
export function addUses(counted: Map<string, HostUse>, uses: readonly HostUse[], most: number): void {
  for (const use of uses) {
    const key = `${use.kind} ${use.verdict} ${use.target}`;
    const before = counted.get(key);
    if (before === undefined && counted.size >= most) continue;
    const isLater = before === undefined || use.lastAt >= before.lastAt;
    counted.set(key, {
      ...use,
      address: (isLater ? use.address : null) ?? before?.address ?? use.address,
      count: use.count + (before?.count ?? 0),
      lastAt: isLater ? use.lastAt : before.lastAt,
    });
  }
}

export class HostTally {
  readonly #path: string;
  readonly #run: string;
  #identity = '';
  #size = 0;
  /** Everything before it was read; the start of a line. */
  #offset = 0;
  #server: string | null = null;
  /** What a person tries in a terminal is not what the server uses. */
  #isTerminal = false;
  readonly #uses = new Map<string, HostUse>();

  constructor(path: string, run: string) {
    this.#path = path;
    this.#run = run;
  }

  /** The server that the lines name; null before the first of them. */
  get server(): string | null {
    return this.#server;
  }

  get uses(): readonly HostUse[] {
    return this.#isTerminal ? [] : [...this.#uses.values()];
  }

  /** Reads what was appended, a slice at a time; true when there is more. `size` is what the folder says now. */
  advance(size: number): boolean {
    if (size === this.#size && this.#offset >= this.#size) return false;
    const opened = openSpoolFile(this.#path);
    if (opened === null) return false;
    try {
      if (opened.identity !== this.#identity || opened.size < this.#offset) {
        this.#identity = opened.identity;
        this.#offset = 0;
        this.#server = null;
        this.#isTerminal = false;
        this.#uses.clear();
      }
      this.#size = opened.size;
      return this.#readSlice(opened.descriptor, opened.size);
    } finally {
      closeSync(opened.descriptor);
    }
  }

  #readSlice(descriptor: number, size: number): boolean {
    const wanted = Math.min(sliceBytes, size - this.#offset);
    if (wanted <= 0) return false;
    const slice = Buffer.allocUnsafe(wanted);
    const bytes = slice.subarray(0, readSync(descriptor, slice, 0, wanted, this.#offset));
    const end = bytes.lastIndexOf(newline) + 1;
    for (const mark of marks) {
      let at = bytes.indexOf(mark);
      while (at !== -1 && at < end) {
        const start = bytes.lastIndexOf(newline, at) + 1;
        const stop = bytes.indexOf(newline, at);
        if (stop - start < spoolLineMaxBytes) this.#take(bytes.subarray(start, stop), mark);
        at = bytes.indexOf(mark, stop);
      }
    }
    // A slice without the end of a line is part of one beyond the bound; a line that is being written waits.
    const passed = end > 0 ? end : bytes.length >= sliceBytes ? bytes.length : 0;
    this.#offset += passed;
    return passed > 0 && this.#offset < size;
  }

  #take(line: Buffer, mark: Buffer): void {
    const event = parseSpoolLine(line, noLabel);
    // A line that holds both words is counted once, for the one it is of.
    if (event === null || `"${event.kind}"` !== mark.toString()) return;
    if (event.run !== this.#run || event.server !== (this.#server ?? event.server)) return;
    if (event.kind === 'run.start') {
      this.#isTerminal ||= event.start?.terminal !== undefined;
      return;
    }
    this.#server = event.server;
    this.#count(event);
  }

  #count(event: Event): void {
    const { kind, target, verdict } = event;
    if ((kind !== 'net.connect' && kind !== 'net.dns') || event.targetBytes !== undefined) return;
    const use: HostUse = {
      kind,
      target,
      verdict,
      address: event.address ?? null,
      count: event.count,
      lastAt: event.at,
    };
    addUses(this.#uses, [use], usesMax);
  }
}
