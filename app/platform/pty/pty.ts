/**
 * Terminals for programs, by node-pty's prebuilt binary, which is loaded with the first one: a machine without it lacks terminals
 * and nothing else.
 *
 * The slave becomes the program's standard input, output and error and is closed here at once; the master stays. Its descriptor is
 * not closed in programs that the host starts meanwhile, because neither Node nor the binary can ask for that; the launcher closes
 * whatever it inherits, and a terminal is ended by signals and not by its hang-up, so that nothing depends on it.
 *
 * What is read is a contained program's and hostile: it is decoded as UTF-8 and passed on.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, readSync, writeSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { ReadStream } from 'node:tty';
import type { PtyBinary } from '@lydell/node-pty/requireBinary.js';
import { BelljarError } from '#contract/errors.ts';
import type { Pty, PtyEnd, PtyLaunch, Ptys } from '#engine/terminals/ports.ts';
import { defaultEnvironment } from '../mcp/default-environment.ts';
import { isExecutable } from '../mcp/trials.ts';

/** Bytes that may wait for a program that does not read its input. */
const waitingMaxBytes = 256 * 1024;
/** How often it is looked whether a program reads again. */
const retryMs = 20;
/** What the system holds of a terminal's output is less (N_TTY_BUF_SIZE and the buffers before it). */
const restMaxBytes = 1024 * 1024;
const pieceBytes = 4096;
/** How long output may still come after the program's end: what it left running is ended by the launcher before. */
const drainMs = 2_000;

async function loadBinary(): Promise<PtyBinary> {
  try {
    const { requireBinary } = await import('@lydell/node-pty/requireBinary.js');
    return requireBinary('pty.node');
  } catch (error) {
    const detail = `node-pty has no binary for ${process.platform}-${process.arch} here`;
    throw new BelljarError('terminal-unavailable', { params: { detail }, cause: error });
  }
}

function startedChild(launch: PtyLaunch, slave: number, env: Record<string, string>): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn(launch.program, launch.args, { cwd: launch.cwd, env, stdio: [slave, slave, slave] });
    child.once('error', (error) => {
      reject(new BelljarError('terminal-unavailable', { params: { detail: error.message }, cause: error }));
    });
    child.once('spawn', () => resolve(child));
  });
}

function wrap(binary: PtyBinary, master: number, child: ChildProcess): Pty {
  const socket = new ReadStream(master);
  const decoder = new StringDecoder('utf8');
  let listener: Parameters<Pty['listen']>[0] | null = null;
  let exited: PtyEnd | null = null;
  let closed = false;
  let drain: NodeJS.Timeout | null = null;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let retry: NodeJS.Timeout | null = null;

  /**
   * Straight to the descriptor, which does not block: Node's own way of writing to this end of a terminal waits for the reader, and
   * a program that reads nothing would hold the whole host.
   */
  function flush(): void {
    retry = null;
    while (waiting[0] !== undefined && !socket.destroyed) {
      const [first] = waiting;
      let written = 0;
      try {
        written = writeSync(master, first);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          // Nobody is there to read it any more.
          waiting = [];
          waitingBytes = 0;
          return;
        }
      }
      waitingBytes -= written;
      if (written === first.length) waiting.shift();
      else {
        waiting[0] = first.subarray(written);
        retry = setTimeout(flush, retryMs);
        return;
      }
    }
  }

  function finish(): void {
    if (!closed || exited === null || listener === null) return;
    if (drain !== null) clearTimeout(drain);
    const rest = decoder.end();
    if (rest !== '') listener.output(rest);
    const { end } = listener;
    listener = null;
    end(exited);
  }

  socket.on('data', (bytes: Buffer) => {
    const text = decoder.write(bytes);
    if (text !== '') listener?.output(text);
  });
  // libuv takes a hang-up and a read that filled less than its buffer for the end, but a terminal gives a piece at a time: what is
  // left is read here, while the descriptor is open.
  socket.once('end', () => {
    const piece = Buffer.alloc(pieceBytes);
    for (let total = 0; total < restMaxBytes;) {
      let length = 0;
      try {
        length = readSync(master, piece);
      } catch {
        // EIO: there is no more.
      }
      if (length === 0) return;
      total += length;
      const text = decoder.write(piece.subarray(0, length));
      if (text !== '') listener?.output(text);
    }
  });
  // The last holder of the other end is gone, and all it wrote was read: the system says EIO.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    closed = true;
    if (retry !== null) clearTimeout(retry);
    finish();
  });
  socket.pause();
  child.once('exit', (code, signal) => {
    exited = { code, signal };
    socket.resume();
    drain = setTimeout(() => socket.destroy(), drainMs);
    finish();
  });

  return {
    listen(given) {
      listener = given;
      socket.resume();
      finish();
    },
    write(text) {
      // Typed after its end, before that is told: for nobody.
      if (socket.destroyed) return true;
      if (waitingBytes > waitingMaxBytes) return false;
      const bytes = Buffer.from(text);
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (retry === null) flush();
      return true;
    },
    resize(columns, rows) {
      if (!socket.destroyed) binary.resize(master, columns, rows);
    },
    pause() {
      if (exited === null) socket.pause();
    },
    resume() {
      socket.resume();
    },
    signal(signal) {
      child.kill(signal);
    },
  };
}

/** By the shell's name: what keeps it from reading files of settings, which are the person's and mostly refused inside. */
const plainly: Readonly<Record<string, readonly string[]>> = {
  bash: ['--noprofile', '--norc', '-i'],
  zsh: ['-f', '-i'],
  fish: ['--no-config', '-i'],
};

export interface PtysOptions {
  home: string;
  environment: Readonly<Record<string, string | undefined>>;
}

export function createPtys(options: PtysOptions): Ptys {
  let binary: Promise<PtyBinary> | null = null;
  return {
    async start(launch) {
      binary ??= loadBinary();
      const loaded = await binary.catch((error: unknown) => {
        binary = null;
        throw error;
      });
      const { master, slave } = loaded.open(launch.columns, launch.rows);
      const env = { ...defaultEnvironment(options.environment), HOME: options.home, ...launch.env };
      let child: ChildProcess;
      try {
        child = await startedChild(launch, slave, env);
      } catch (error) {
        closeSync(master);
        throw error;
      } finally {
        closeSync(slave);
      }
      return wrap(loaded, master, child);
    },
    shell() {
      const own = options.environment['SHELL'] ?? '';
      const shell = isAbsolute(own) && isExecutable(own) ? own : '/bin/sh';
      return [shell, ...(plainly[basename(shell)] ?? ['-i'])];
    },
  };
}
