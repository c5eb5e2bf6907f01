/** For tests: a terminal whose program repeats what is typed, ends by Ctrl-D, and writes what it is told to. */
import type { Pty, PtyEnd } from '../ports.ts';

export interface EchoPty extends Pty {
  /** As if its program wrote this: kept back while nobody reads. */
  pour(text: string): void;
  finish(end: PtyEnd): void;
  readonly isPaused: boolean;
  readonly signals: readonly string[];
  readonly size: { columns: number; rows: number } | null;
  /** Refuses what is typed, like a program that does not read. */
  isDeaf: boolean;
  /** Ends at SIGTERM; else only at SIGKILL. */
  isPolite: boolean;
}

export function createEchoPty(): EchoPty {
  let listener: Parameters<Pty['listen']>[0] | null = null;
  let isPaused = false;
  let waiting = '';
  let end: PtyEnd | null = null;
  let size: EchoPty['size'] = null;
  const signals: string[] = [];

  function flush(): void {
    if (listener === null || (isPaused && end === null)) return;
    const text = waiting;
    waiting = '';
    if (text !== '') listener.output(text);
    if (end === null) return;
    const over = listener;
    listener = null;
    over.end(end);
  }

  const pty: EchoPty = {
    isDeaf: false,
    isPolite: true,
    get isPaused() {
      return isPaused;
    },
    get size() {
      return size;
    },
    signals,
    pour(text) {
      waiting += text;
      flush();
    },
    finish(given) {
      end ??= given;
      flush();
    },
    listen(given) {
      listener = given;
      flush();
    },
    write(text) {
      if (pty.isDeaf) return false;
      if (text === '\u0004') pty.finish({ code: 0, signal: null });
      else pty.pour(text);
      return true;
    },
    resize(columns, rows) {
      size = { columns, rows };
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      flush();
    },
    signal(signal) {
      signals.push(signal);
      if (signal === 'SIGKILL' || pty.isPolite) pty.finish({ code: null, signal });
    },
  };
  return pty;
}
