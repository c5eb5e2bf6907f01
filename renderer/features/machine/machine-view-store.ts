/** What the machine view asks the host for: paths, the doctor, the selftest, the log. Probe and versions are the feed's. */
import { createStore } from 'zustand/vanilla';
import { logLinesMax, type Output } from '#contract/methods.ts';
import type { Retention } from '#contract/storage.ts';
import { ask, notAsked, type Asked } from '../../lib/asked.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Transport } from '../../lib/transport.ts';

interface Answers {
  paths: Output<'machine.paths'>;
  status: Output<'host.status'>;
  doctor: Output<'machine.doctor'>;
  selftest: Output<'machine.selftest'>;
  log: Output<'log.tail'>;
  storage: Output<'storage.get'>;
}

export type MachineViewState = { [Name in keyof Answers]: Asked<Answers[Name]> } & {
  /** The doctor that is under way repairs. */
  isRepairing: boolean;
};

export type MachineViewStore = ReturnType<typeof createMachineViewStore>;

export function createMachineViewStore(transport: Transport, clock: Clock) {
  const store = createStore<MachineViewState>(() => ({
    paths: notAsked,
    status: notAsked,
    doctor: notAsked,
    selftest: notAsked,
    log: notAsked,
    storage: notAsked,
    isRepairing: false,
  }));

  function asking<Name extends keyof Answers>(name: Name, question: () => Promise<Answers[Name]>): Promise<void> {
    return ask<Answers[Name]>(
      clock.now,
      () => store.getState()[name] as Asked<Answers[Name]>,
      (asked) => {
        store.setState({ [name]: asked } as Partial<MachineViewState>);
      },
      question,
    );
  }

  const readLog = (): Promise<void> => asking('log', () => transport.call('log.tail', { limit: logLinesMax }));
  const examine = (): Promise<void> => asking('doctor', () => transport.call('machine.doctor', { repair: false }));

  return Object.assign(store, {
    actions: {
      /** What changes nothing and is quick. */
      look: async (): Promise<void> => {
        await Promise.all([
          asking('paths', () => transport.call('machine.paths', {})),
          asking('status', () => transport.call('host.status', {})),
          readLog(),
          asking('storage', () => transport.call('storage.get', {})),
          examine(),
        ]);
      },
      readLog,
      examine,
      repair: async (): Promise<void> => {
        if (store.getState().doctor.askingSince !== null) return;
        store.setState({ isRepairing: true });
        await asking('doctor', () => transport.call('machine.doctor', { repair: true }));
        store.setState({ isRepairing: false });
        await readLog();
      },
      keep: (retention: Retention): Promise<void> => asking('storage', () => transport.call('storage.set', retention)),
      rebuild: (): Promise<void> => asking('storage', () => transport.call('storage.rebuild', {})),
      selftest: (): Promise<void> => asking('selftest', () => transport.call('machine.selftest', {})),
    },
  });
}
