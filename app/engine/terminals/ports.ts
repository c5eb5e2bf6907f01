/** What terminals need from the outside world. */

export interface PtyLaunch {
  program: string;
  args: readonly string[];
  /** Besides what every client passes to its servers. */
  env: Readonly<Record<string, string>>;
  cwd: string;
  columns: number;
  rows: number;
}

export interface PtyEnd {
  /** Null where a signal ended it. */
  code: number | null;
  signal: string | null;
}

/** A program with a terminal of its own. */
export interface Pty {
  /** `output` is called with decoded text, never while paused; `end` once, after the last output. */
  listen(listener: { output(text: string): void; end(end: PtyEnd): void }): void;
  /** False when what was written before still waits to be taken, beyond a bound; then nothing of `text` is kept. After its end what is written is for nobody, and no error. */
  write(text: string): boolean;
  resize(columns: number, rows: number): void;
  pause(): void;
  resume(): void;
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface Ptys {
  /** Throws `terminal-unavailable` where this machine has no such part. */
  start(launch: PtyLaunch): Promise<Pty>;
  /** The person's shell by an absolute path, with what makes it interactive and keeps it from its files of settings. */
  shell(): readonly string[];
}

/** Plans of terminals, one each, which last as long as it does. */
export interface TerminalPlans {
  /** Atomic, mode 0600; answers the file. */
  write(terminal: string, text: string): Promise<string>;
  remove(terminal: string): Promise<void>;
}
