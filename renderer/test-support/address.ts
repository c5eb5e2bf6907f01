/** An address without a browser: what was pushed can be gone back from. */
import type { Address } from '../features/navigation/navigation-store.ts';

export interface MemoryAddress extends Address {
  back: () => void;
  /** As if somebody typed it. */
  type: (hash: string) => void;
}

export function createMemoryAddress(first = ''): MemoryAddress {
  const steps = [first];
  const listeners: (() => void)[] = [];
  const changed = (): void => {
    for (const run of listeners) run();
  };
  return {
    hash: () => steps.at(-1) ?? '',
    push: (hash) => {
      steps.push(hash);
    },
    replace: (hash) => {
      steps[steps.length - 1] = hash;
    },
    onChange: (run) => {
      listeners.push(run);
    },
    back: () => {
      if (steps.length > 1) steps.pop();
      changed();
    },
    type: (hash) => {
      steps.push(hash);
      changed();
    },
  };
}
