/**
 * Terminals: runs of a shell, or another command, in the place of a contained server, with its plan. A person works in one;
 * whoever may call the host may open one, and gets no more by it than the server has (`terminal-plan.ts`).
 *
 * Bounds: `terminalsMax` at a time; of the output `terminalKept` units are kept, and nothing more is read from the terminal
 * while `terminalWindow` of them are not acknowledged, so that a flood waits inside and costs nothing here. A terminal ends
 * when it is closed, when nothing was typed and written in it for a while, when nobody has shown it for a while, and with the host.
 */
import type { Event } from '#contract/event.ts';
import { BelljarError } from '#contract/errors.ts';
import type { Api } from '#contract/methods.ts';
import {
  terminalKept,
  terminalsMax,
  terminalWindow,
  type Terminal,
  type TerminalEnd,
  type TerminalMessage,
} from '#contract/terminal.ts';
import { isLauncher } from '#domain/wrapping.ts';
import type { Log } from '../events/ports.ts';
import type { EventService } from '../events/event-service.ts';
import type { FileStore, LauncherInstaller, Places, PlanStore, Programs } from '../ports.ts';
import type { FoundServer } from '../servers/discovery.ts';
import { createOutputBuffer, type OutputBuffer } from './output-buffer.ts';
import type { Pty, PtyEnd, Ptys, TerminalPlans } from './ports.ts';
import { argumentsOfPlan, planOfTerminal, withoutSecrets, type TerminalPlan } from './terminal-plan.ts';

/** What a run gets to end by itself before it is killed. */
const graceMs = 2_000;
const lookEveryMs = 5_000;
/** Units in one message: many would hold up what else goes through the same stream. */
const chunk = 16 * 1024;

export interface TerminalLimits {
  max: number;
  /** Without input and output. */
  idleMs: number;
  /** Without a reader; also how long one that ended is remembered. */
  detachedMs: number;
}

export const terminalLimits: TerminalLimits = { max: terminalsMax, idleMs: 60 * 60_000, detachedMs: 10 * 60_000 };

export interface TerminalServiceDeps {
  places: Pick<Places, 'home'>;
  ptys: Ptys;
  programs: Programs;
  /** Replaces `${NAME}` as a client would. */
  expand: (text: string) => string;
  terminalPlans: TerminalPlans;
  plans: Pick<PlanStore, 'read'>;
  files: Pick<FileStore, 'resolve'>;
  launcher: LauncherInstaller;
  events: Pick<EventService, 'subscribe'>;
  find: (handle: string) => Promise<FoundServer>;
  log: Log;
  now: () => number;
  limits?: TerminalLimits;
}

/** One reader's place in the output of a terminal. */
export interface TerminalReading {
  /** The next message; null when there is none yet, undefined after the last one. */
  take(): TerminalMessage | null | undefined;
  close(): void;
}

export interface TerminalService {
  open: Api['terminals.open'];
  list: Api['terminals.list'];
  close: Api['terminals.close'];
  resize: Api['terminals.resize'];
  input: Api['terminals.input'];
  acknowledge: Api['terminals.acknowledge'];
  /** From position `after` on; `wake` is called when there may be more to take. Ends the reading there was. */
  attach(terminal: string, after: number, wake: () => void): TerminalReading;
  /** The server's plan was written anew: its terminals get what it says. */
  planWritten(server: string): Promise<void>;
  /** Ends all of them. */
  end(): Promise<void>;
}

interface Reader {
  wake: () => void;
  /** Its last message is `taken`. */
  isTaken: boolean;
  /** What it was last told of the terminal is old. */
  isStale: boolean;
}

interface Held {
  facts: Omit<Terminal, 'written'>;
  pty: Pty;
  output: OutputBuffer;
  acknowledged: number;
  paused: boolean;
  reader: Reader | null;
  /** When it was last typed or written in, and since when nobody shows it. */
  usedAt: number;
  detachedAt: number | null;
  /** Who ends it, where not the command itself does. */
  ending: TerminalEnd['cause'] | null;
  ended: Promise<void>;
  makePlan: (serverPlan: string) => Promise<TerminalPlan>;
}

export function createTerminalService(deps: TerminalServiceDeps): TerminalService {
  const { ptys, log, now } = deps;
  const limits = deps.limits ?? terminalLimits;
  const all = new Map<string, Held>();
  /** Counted before the first await, so that many calls at once open no more than one after the other. */
  let opening = 0;
  let isOver = false;
  let following: Promise<() => void> | null = null;
  let clock: ReturnType<typeof setInterval> | null = null;

  const stamp = (): string => new Date(now()).toISOString();
  const shown = (held: Held): Terminal => ({ ...held.facts, written: held.output.end });

  function get(id: string): Held {
    const held = all.get(id);
    if (held === undefined) throw new BelljarError('no-such-terminal');
    return held;
  }

  function change(held: Held, facts: Partial<Held['facts']>): void {
    held.facts = { ...held.facts, ...facts };
    if (held.reader !== null) held.reader.isStale = true;
    held.reader?.wake();
  }

  /** Whether the terminal is read follows from one rule: no more than the window waits for its reader. */
  function balance(held: Held): void {
    const isFull = held.output.end - held.acknowledged >= terminalWindow;
    if (isFull === held.paused || held.facts.ended !== null) return;
    held.paused = isFull;
    if (isFull) held.pty.pause();
    else held.pty.resume();
  }

  function forget(id: string): void {
    const held = all.get(id);
    if (held === undefined) return;
    all.delete(id);
    held.reader?.wake();
    if (all.size > 0) return;
    if (clock !== null) clearInterval(clock);
    clock = null;
    const stop = following;
    following = null;
    void stop?.then((unsubscribe) => unsubscribe()).catch(() => undefined);
  }

  async function finish(id: string, held: Held, end: PtyEnd): Promise<void> {
    held.detachedAt ??= held.reader === null ? now() : null;
    change(held, { ended: { ...end, cause: held.ending ?? 'exit', at: stamp() } });
    log.info('terminal-ended', { terminal: id, cause: held.ending ?? 'exit' });
    await deps.terminalPlans.remove(id).catch(() => undefined);
  }

  /** Asks it to end, then does not ask. A shell does not end for the first signal. */
  async function endOne(held: Held, cause: TerminalEnd['cause']): Promise<void> {
    if (held.facts.ended !== null) return;
    held.ending ??= cause;
    held.pty.signal('SIGTERM');
    // What it still writes must not wait for a reader.
    held.pty.resume();
    const timer = setTimeout(() => held.pty.signal('SIGKILL'), graceMs);
    await held.ended;
    clearTimeout(timer);
  }

  function look(): void {
    for (const [id, held] of all) {
      const isDetached = held.detachedAt !== null && now() - held.detachedAt >= limits.detachedMs;
      if (held.facts.ended !== null) {
        if (isDetached) forget(id);
      } else if (isDetached) void endOne(held, 'detached');
      else if (now() - held.usedAt >= limits.idleMs) void endOne(held, 'idle');
    }
  }

  function see(event: Event): void {
    const name = event.kind === 'run.start' ? event.start?.terminal : undefined;
    const held = name === undefined ? undefined : all.get(name);
    if (held !== undefined && held.facts.server === event.server) change(held, { run: event.run });
  }

  /** Room for one more: those that ended make it. */
  function makeRoom(): void {
    for (const [id, held] of all) {
      if (all.size + opening < limits.max) return;
      if (held.facts.ended !== null && held.reader === null) forget(id);
    }
    if (all.size + opening >= limits.max) throw new BelljarError('too-many-terminals', { params: { max: limits.max } });
  }

  async function planText(found: FoundServer): Promise<string> {
    const text = found.wrapping === null ? null : await deps.plans.read(found.id);
    if (text === null) throw new BelljarError('not-contained', { params: { server: found.handle } });
    return text;
  }

  async function planWritten(server: string): Promise<void> {
    for (const [id, held] of all) {
      if (held.facts.server !== server || held.facts.ended !== null) continue;
      try {
        const text = await deps.plans.read(server);
        if (text === null) continue;
        const plan = await held.makePlan(text);
        await deps.terminalPlans.write(id, plan.text);
      } catch (error) {
        // Nothing holds it any more, or the new plan cannot be used: what runs on keeps the walls it has.
        log.warn('terminal-plan-not-written', { terminal: id, error: String(error) });
      }
    }
  }

  /** Where a program lies, links resolved. */
  async function locate(program: string): Promise<string | null> {
    const place = (await deps.programs.find([program])).get(program) ?? null;
    return place === null ? null : await deps.files.resolve(place.path);
  }

  async function openOne(input: Parameters<TerminalService['open']>[0]): Promise<Terminal> {
    const found = await deps.find(input.server);
    const { launch, entry } = found;
    const text = await planText(found);
    if (launch === null || isLauncher(launch.command))
      throw new BelljarError('not-contained', { params: { server: found.handle } });
    const command = input.command ?? ptys.shell();
    const cwd = deps.places.home;
    // The shell alone is granted, and only the one that is chosen here: else a caller could name any program, to read it.
    const program = input.command === undefined ? await locate(command[0] ?? '') : null;
    const realPath = (path: string): Promise<string> => deps.files.resolve(path).catch(() => path);
    const makePlan = (serverPlan: string): Promise<TerminalPlan> =>
      planOfTerminal(serverPlan, found.handle, program, realPath);
    const plan = await makePlan(text);
    const given = withoutSecrets({ launch, env: entry.env }, deps.expand, argumentsOfPlan(plan.text));
    const launcher = await deps.launcher.install();
    const id = `t-${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`;
    following ??= deps.events.subscribe(see);
    await following;
    const file = await deps.terminalPlans.write(id, plan.text);
    let pty: Pty;
    try {
      pty = await ptys.start({
        program: launcher,
        args: [
          ...['terminal', id, '--plan', file, '--words', String(command.length), '--', ...command],
          ...[given.launch.command, ...given.launch.args],
        ],
        env: given.env,
        cwd,
        columns: input.columns,
        rows: input.rows,
      });
    } catch (error) {
      await deps.terminalPlans.remove(id).catch(() => undefined);
      throw error;
    }
    let settle: () => void = () => undefined;
    const held: Held = {
      facts: {
        id,
        server: found.id,
        handle: found.handle,
        command: [...command],
        grantedProgram: plan.grantedProgram,
        withheld: given.withheld,
        openedAt: stamp(),
        columns: input.columns,
        rows: input.rows,
        run: null,
        ended: null,
      },
      pty,
      output: createOutputBuffer(terminalKept),
      acknowledged: 0,
      paused: false,
      reader: null,
      usedAt: now(),
      detachedAt: now(),
      ending: null,
      ended: new Promise((resolve) => {
        settle = resolve;
      }),
      makePlan,
    };
    all.set(id, held);
    clock ??= setInterval(look, Math.min(lookEveryMs, limits.detachedMs, limits.idleMs));
    clock.unref();
    pty.listen({
      output(added) {
        held.usedAt = now();
        held.output.add(added);
        balance(held);
        held.reader?.wake();
      },
      end(end) {
        void finish(id, held, end).finally(settle);
      },
    });
    log.info('terminal-opened', { terminal: id, server: found.id, granted: plan.grantedProgram !== null });
    // A plan that was written before this terminal was among those that are told.
    if ((await deps.plans.read(found.id).catch(() => null)) !== text) await planWritten(found.id);
    // A host that was told to stop meanwhile.
    if (isOver) await endOne(held, 'host');
    return shown(held);
  }

  return {
    async open(input) {
      makeRoom();
      opening += 1;
      try {
        return await openOne(input);
      } finally {
        opening -= 1;
      }
    },

    async list() {
      return { terminals: [...all.values()].map(shown) };
    },

    async close({ terminal }) {
      const held = get(terminal);
      await endOne(held, 'closed');
      const facts = shown(held);
      forget(terminal);
      return facts;
    },

    async resize({ terminal, columns, rows }) {
      const held = get(terminal);
      if (held.facts.ended === null && (held.facts.columns !== columns || held.facts.rows !== rows)) {
        held.pty.resize(columns, rows);
        change(held, { columns, rows });
      }
      return shown(held);
    },

    async input({ terminal, data }) {
      const held = get(terminal);
      if (held.facts.ended !== null) return {};
      held.usedAt = now();
      if (!held.pty.write(data)) throw new BelljarError('terminal-busy');
      return {};
    },

    async acknowledge({ terminal, upTo }) {
      const held = get(terminal);
      held.acknowledged = Math.max(held.acknowledged, Math.min(upTo, held.output.end));
      balance(held);
      return {};
    },

    attach(terminal, after, wake) {
      const held = get(terminal);
      const before = held.reader;
      const reader: Reader = { wake, isTaken: false, isStale: false };
      held.reader = reader;
      held.detachedAt = null;
      if (before !== null) {
        before.isTaken = true;
        before.wake();
      }
      // What a reader before this one had not shown is sent again, and waits for this one's word.
      let next = Math.min(Math.max(after, held.output.start), held.output.end);
      let isStarted = false;
      let isDone = false;
      return {
        take() {
          if (isDone) return undefined;
          if (reader.isTaken) {
            isDone = true;
            return { type: 'taken' };
          }
          if (!isStarted) {
            isStarted = true;
            return { type: 'start', terminal: shown(held), from: next, live: held.output.end };
          }
          if (next < held.output.start) {
            // More came than is kept while this reader took nothing: only possible once the window is no longer held.
            next = held.output.start;
          }
          if (next < held.output.end) {
            const data = held.output.read(next, chunk);
            const at = next;
            next += data.length;
            return { type: 'output', at, data };
          }
          if (reader.isStale) {
            reader.isStale = false;
            isDone = held.facts.ended !== null;
            return { type: 'terminal', terminal: shown(held) };
          }
          if (held.facts.ended !== null || all.get(terminal) !== held) return undefined;
          return null;
        },
        close() {
          if (held.reader !== reader) return;
          held.reader = null;
          held.detachedAt = now();
        },
      };
    },

    planWritten,

    async end() {
      isOver = true;
      await Promise.all([...all.values()].map((held) => endOne(held, 'host')));
      for (const id of [...all.keys()]) forget(id);
    },
  };
}
