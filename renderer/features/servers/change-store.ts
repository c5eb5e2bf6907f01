/**
 * Changing a level, and the dialog that stands before every change of a client's file.
 *
 * Off to anything and anything to off rewrite the client's file: the diff is shown first, and only the person's answer
 * writes. Between watch, standard and strict only Belljar's own policy changes: that is done at once.
 *
 * Containing tries the server bare and contained first. Where that fails nothing was changed, and the dialog offers to
 * leave it so or to contain it anyway. The dialog can be closed while it works: the work goes on and a notice tells.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { ChangeResult } from '#contract/methods.ts';
import type { CheckResult, FileDiff, Server } from '#contract/server.ts';
import { levelTitles } from '#contract/sentences.ts';
import type { Level } from '#contract/words.ts';
import type { Clock } from '../../lib/clock.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import type { NoticesStore } from '../notices/notices-store.ts';
import type { ServersStore } from './servers-store.ts';

export type ChangeStep =
  | { kind: 'loading' }
  /** The diff could not be had; nothing can be decided. */
  | { kind: 'unreadable'; error: ErrorBody }
  | { kind: 'ready'; diff: FileDiff }
  | { kind: 'working'; diff: FileDiff; checking: boolean; startedAt: number }
  /** Nothing was changed. `anyway` where containing without the check may be asked for. */
  | { kind: 'refused'; diff: FileDiff; error: ErrorBody; check: CheckResult | null; anyway: boolean }
  | { kind: 'done'; diff: FileDiff; result: ChangeResult };

export interface Change {
  server: Server;
  to: Level;
  step: ChangeStep;
}

export interface ChangeState {
  change: Change | null;
}

export type ChangeStore = ReturnType<typeof createChangeStore>;

interface Dependencies {
  transport: Transport;
  clock: Clock;
  servers: ServersStore;
  notices: NoticesStore;
}

/** True where the change rewrites the client's file. */
export function rewritesFile(from: Level, to: Level): boolean {
  return (from === 'off') !== (to === 'off');
}

/** The same for a server as it is. A drifted or moved entry is not what Belljar wrote: choosing a level means writing it again. */
export function rewritesEntry({ level, state }: Pick<Server, 'level' | 'state'>, to: Level): boolean {
  return rewritesFile(level, to) || ['drifted', 'moved', 'copied'].includes(state);
}

export function createChangeStore({ transport, clock, servers, notices }: Dependencies) {
  const store = createStore<ChangeState>(() => ({ change: null }));
  /** Names the dialog that is open; answers for an older one are not shown in it. */
  let opened = 0;

  function setStep(dialog: number, step: ChangeStep): boolean {
    const { change } = store.getState();
    if (dialog !== opened || change === null) return false;
    store.setState({ change: { ...change, step } });
    return true;
  }

  async function loadDiff(dialog: number, server: Server, to: Level): Promise<void> {
    try {
      const diff = await transport.call('servers.diff', { server: server.id, level: to });
      setStep(dialog, { kind: 'ready', diff });
    } catch (error) {
      setStep(dialog, { kind: 'unreadable', error: toBody(error) });
    }
  }

  async function write(change: Change, diff: FileDiff, check: boolean): Promise<void> {
    const dialog = opened;
    const { server, to } = change;
    setStep(dialog, { kind: 'working', diff, checking: check && to !== 'off', startedAt: clock.now() });
    servers.actions.ask(server.id, to);
    let result: ChangeResult | undefined;
    let failure: ErrorBody | null = null;
    try {
      const { results } =
        to === 'off'
          ? await transport.call('servers.release', { servers: [server.id], dryRun: false })
          : await transport.call('servers.contain', { servers: [server.id], level: to, dryRun: false, check });
      result = results.find((one) => one.id === server.id);
      failure = result === undefined ? toBody(null) : (result.error ?? null);
    } catch (error) {
      failure = toBody(error);
    }
    servers.actions.answered(server.id, null);
    if (failure !== null || result === undefined) {
      const body = failure ?? toBody(null);
      const anyway = to !== 'off' && check && (body.code === 'check-failed' || body.code === 'check-impossible');
      const shown = setStep(dialog, { kind: 'refused', diff, error: body, check: result?.check ?? null, anyway });
      if (!shown) {
        servers.actions.answered(server.id, body);
        notices.actions.say('problem', `${server.name}: ${body.message}`, body.remedy ?? null);
      }
      return;
    }
    const shown = setStep(dialog, { kind: 'done', diff: result.diff ?? diff, result });
    if (!shown) {
      notices.actions.say(
        'done',
        to === 'off' ? `${server.name} is put back.` : `${server.name}: ${levelTitles[to].toLowerCase()}.`,
        server.uptakeSentence,
      );
    }
  }

  async function setLevel(server: Server, to: Level): Promise<void> {
    servers.actions.ask(server.id, to);
    try {
      const answer = await transport.call('servers.level', { server: server.id, level: to });
      servers.actions.answered(server.id, null);
      notices.actions.say(
        'done',
        `${server.name} is now ${levelTitles[answer.level]}.`,
        answer.effective === 'restart' ? `It takes effect after a restart. ${server.uptakeSentence}` : null,
      );
    } catch (error) {
      servers.actions.answered(server.id, toBody(error));
    }
  }

  return Object.assign(store, {
    actions: {
      choose: async (server: Server, to: Level): Promise<void> => {
        if (servers.getState().asked.has(server.id)) return;
        if (!rewritesEntry(server, to)) {
          if (server.level !== to) await setLevel(server, to);
          return;
        }
        opened += 1;
        servers.actions.forgetFailure(server.id);
        store.setState({ change: { server, to, step: { kind: 'loading' } } });
        await loadDiff(opened, server, to);
      },
      confirm: async (check = true): Promise<void> => {
        const { change } = store.getState();
        if (change === null || (change.step.kind !== 'ready' && change.step.kind !== 'refused')) return;
        await write(change, change.step.diff, check);
      },
      /** What is kept of an entry that its client removed goes; no file is changed. */
      forget: async (server: Server): Promise<void> => {
        if (servers.getState().asked.has(server.id)) return;
        servers.actions.ask(server.id, 'off');
        try {
          const { results } = await transport.call('servers.release', { servers: [server.id], dryRun: false });
          servers.actions.answered(server.id, results[0]?.error ?? null);
        } catch (error) {
          servers.actions.answered(server.id, toBody(error));
        }
      },
      /** Reads the file again, after it changed under us or could not be read. */
      again: async (): Promise<void> => {
        const { change } = store.getState();
        if (change === null) return;
        setStep(opened, { kind: 'loading' });
        await loadDiff(opened, change.server, change.to);
      },
      close: () => {
        opened += 1;
        store.setState({ change: null });
      },
    },
  });
}
