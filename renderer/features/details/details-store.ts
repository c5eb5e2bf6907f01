/** One event looked at closely, with the host's own explanation of its verdict by the rules of now. */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import type { Explanation } from '#contract/policy.ts';
import { isSandboxCall, type EventKind } from '#contract/words.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';

export type Why =
  | { kind: 'loading' }
  | { kind: 'explained'; explanation: Explanation }
  | { kind: 'failed'; error: ErrorBody }
  /** No rule decides over this kind of event. */
  | { kind: 'none' };

export interface Subject {
  server: string;
  kind: EventKind;
  target: string;
  known?: string | undefined;
  targetBytes?: number | undefined;
  /** Missing when only a run's end told of it. */
  event: Event | null;
  count: number;
  firstAt: string;
}

export interface DetailsState {
  subject: Subject | null;
  why: Why;
}

export type DetailsStore = ReturnType<typeof createDetailsStore>;

const accessOf: Partial<Record<EventKind, 'read' | 'write' | 'connect' | 'exec'>> = {
  'file.read': 'read',
  'file.write': 'write',
  'file.create': 'write',
  'file.delete': 'write',
  'file.rename': 'write',
  'file.attr': 'write',
  exec: 'exec',
  'net.connect': 'connect',
  'net.dns': 'connect',
  'unix.connect': 'connect',
};

export function createDetailsStore(transport: Transport) {
  const store = createStore<DetailsState>(() => ({ subject: null, why: { kind: 'none' } }));
  let opened = 0;
  return Object.assign(store, {
    actions: {
      open: async (subject: Subject): Promise<void> => {
        opened += 1;
        const dialog = opened;
        const access = accessOf[subject.kind];
        // The name of a cut target is not known whole, so nothing true could be said of it.
        const permission = isSandboxCall(subject.kind, subject.target) ? 'nested-sandbox' : null;
        const explainable =
          (access !== undefined || permission !== null) && subject.targetBytes === undefined && subject.target !== '';
        store.setState({ subject, why: { kind: explainable ? 'loading' : 'none' } });
        if (!explainable) return;
        let why: Why;
        try {
          const explanation = await transport.call('policies.explain', {
            server: subject.server,
            what: permission ?? subject.target,
            ...(access === undefined ? {} : { access }),
          });
          why = { kind: 'explained', explanation };
        } catch (error) {
          why = { kind: 'failed', error: toBody(error) };
        }
        if (dialog === opened) store.setState({ why });
      },
      close: () => {
        opened += 1;
        store.setState({ subject: null });
      },
    },
  });
}
