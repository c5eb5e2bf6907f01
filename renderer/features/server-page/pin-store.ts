/**
 * Pinning from a server's page: what is being installed or asked now, and what came of it. The pin itself is the server's, and is shown
 * as the host says it; one thing at a time is done for a server.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { Pin, PinChanges } from '#contract/pin.ts';
import type { Server } from '#contract/server.ts';
import type { Clock } from '../../lib/clock.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import type { NoticesStore } from '../notices/notices-store.ts';

export type PinStep =
  | { kind: 'installing'; startedAt: number }
  | { kind: 'looking'; startedAt: number }
  | { kind: 'removing'; startedAt: number }
  | { kind: 'failed'; error: ErrorBody; update: boolean }
  /** An update is there; only the person's answer installs it. */
  | { kind: 'found'; changes: PinChanges };

export interface PinsState {
  steps: ReadonlyMap<string, PinStep>;
  /** Pins whose whole tree the host has looked at, as it said then. The list of servers does not read trees. */
  examined: ReadonlyMap<string, Pin>;
}

/** The pin as it is known best: what was looked at last, where that is this pin and no earlier one. */
export function knownPin(pin: Pin | null, examined: Pin | undefined): Pin | null {
  const isSame = examined !== undefined && examined.at === pin?.at && examined.version === pin.version;
  return isSame && pin?.problem === null ? examined : pin;
}

export type PinsStore = ReturnType<typeof createPinsStore>;

export function createPinsStore(transport: Transport, clock: Clock, notices: NoticesStore) {
  const store = createStore<PinsState>(() => ({ steps: new Map(), examined: new Map() }));

  /** One at a time: a tree may be large. */
  let examining: Promise<void> = Promise.resolve();

  function set(id: string, step: PinStep | null): void {
    const steps = new Map(store.getState().steps);
    if (step === null) steps.delete(id);
    else steps.set(id, step);
    store.setState({ steps });
  }

  function isBusy(id: string): boolean {
    const kind = store.getState().steps.get(id)?.kind;
    return kind === 'installing' || kind === 'looking' || kind === 'removing';
  }

  function later(server: Server, effective: 'now' | 'restart'): string | null {
    return effective === 'restart' ? `It takes effect when it starts the next time. ${server.uptakeSentence}` : null;
  }

  async function examine(id: string): Promise<void> {
    try {
      const { pin } = (await transport.call('servers.show', { server: id })).server;
      const examined = new Map(store.getState().examined);
      if (pin === null) examined.delete(id);
      else examined.set(id, pin);
      store.setState({ examined });
    } catch {
      // Whoever opens its page is told why it cannot be shown.
    }
  }

  async function act(
    server: Server,
    step: PinStep,
    update: boolean,
    work: () => Promise<PinStep | null>,
  ): Promise<void> {
    if (isBusy(server.id)) return;
    set(server.id, step);
    try {
      set(server.id, await work());
    } catch (error) {
      set(server.id, { kind: 'failed', error: toBody(error), update });
    }
  }

  return Object.assign(store, {
    actions: {
      pin: (server: Server, update = false, withScripts = false): Promise<void> =>
        act(server, { kind: 'installing', startedAt: clock.now() }, update, async () => {
          const answer = await transport.call('pins.pin', {
            server: server.id,
            update,
            dryRun: false,
            withScripts,
            hosts: [],
          });
          notices.actions.say(
            'done',
            `${server.name} now starts ${answer.changes.package} ${answer.changes.to} from this machine.`,
            later(server, answer.effective),
          );
          return null;
        }),
      look: (server: Server): Promise<void> =>
        act(server, { kind: 'looking', startedAt: clock.now() }, false, async () => {
          const { servers } = await transport.call('pins.outdated', { server: server.id });
          const found = servers.find((one) => one.id === server.id);
          if (found?.outdated === true && found.changes !== null) return { kind: 'found', changes: found.changes };
          notices.actions.say('done', `${server.name}: the registry has nothing newer.`);
          return null;
        }),
      unpin: (server: Server): Promise<void> =>
        act(server, { kind: 'removing', startedAt: clock.now() }, false, async () => {
          const answer = await transport.call('pins.unpin', { server: server.id });
          notices.actions.say(
            'done',
            `${server.name} starts what its entry says again.`,
            later(server, answer.effective),
          );
          return null;
        }),
      /** `again`: also those that were looked at before. */
      examine: (servers: readonly Server[], again: boolean): Promise<void> => {
        const due = servers.filter(({ id, pin }) => {
          const before = store.getState().examined.get(id);
          return pin?.problem === null && (again || before?.at !== pin.at || before.version !== pin.version);
        });
        for (const { id } of due) examining = examining.then(() => examine(id));
        return examining;
      },
      dismiss: (id: string): void => {
        if (!isBusy(id)) set(id, null);
      },
    },
  });
}
