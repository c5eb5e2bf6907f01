/** What the host says of this machine: what is enforced, and which config files it could not use. */
import { createStore } from 'zustand/vanilla';
import type { Machine } from '#contract/server.ts';

export interface MachineState {
  machine: Machine | null;
}

export type MachineStore = ReturnType<typeof createMachineStore>;

export function createMachineStore() {
  const store = createStore<MachineState>(() => ({ machine: null }));
  return Object.assign(store, {
    actions: {
      set: (machine: Machine) => {
        store.setState({ machine });
      },
    },
  });
}
