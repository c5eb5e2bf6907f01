/**
 * The panel without its looks: every store, and what the feed does to them. Made once by main.tsx with the browser's
 * parts, and by tests with their own.
 */
import type { Event } from '#contract/event.ts';
import type { FeedMessage } from '#contract/feed.ts';
import type { DismissedRuns } from './features/breakage/breakage-store.ts';
import { createBreakageStore } from './features/breakage/breakage-store.ts';
import { createUndoStore } from './features/decisions/undo-store.ts';
import { createDemoStore } from './features/demo/demo-store.ts';
import { createDetailsStore } from './features/details/details-store.ts';
import { createSeenRuns } from './features/feed/feed-rows.ts';
import { createFeedStore } from './features/feed/feed-store.ts';
import { createGrantStore } from './features/grants/grant-store.ts';
import { createMachineStore } from './features/machine/machine-store.ts';
import { createLimitStore } from './features/network/limit-store.ts';
import { createNoticesStore } from './features/notices/notices-store.ts';
import { createQuestionStore } from './features/questions/question-store.ts';
import { createAuditStore } from './features/rollout/audit-store.ts';
import { createRolloutStore } from './features/rollout/rollout-store.ts';
import { createAboutStore } from './features/servers/about-store.ts';
import { createChangeStore } from './features/servers/change-store.ts';
import { createPinsStore } from './features/servers/pin-store.ts';
import { createReleaseAllStore } from './features/servers/release-all-store.ts';
import { createSecretsStore } from './features/servers/secret-store.ts';
import { createServersStore } from './features/servers/servers-store.ts';
import { createSessionStore } from './features/session/session-store.ts';
import type { Clock } from './lib/clock.ts';
import { toBody } from './lib/failure.ts';
import { createFeedConnection } from './lib/feed-connection.ts';
import type { Transport } from './lib/transport.ts';

/** How many past events the panel asks for at first; more come as they happen. */
export const snapshotEvents = 10_000;

export interface PanelParts {
  transport: Transport;
  clock: Clock;
  dismissedRuns: DismissedRuns;
}

export type Panel = ReturnType<typeof createPanel>;

export function createPanel({ transport: plain, clock, dismissedRuns }: PanelParts) {
  // Every change that this page makes goes through here, whichever store asks for it: its way back is then offered.
  const transport: Transport = {
    ...plain,
    async call(method, input, signal) {
      const output = await plain.call(method, input, signal);
      void undo.actions.after(method, output);
      return output;
    },
  };
  const session = createSessionStore();
  const machine = createMachineStore();
  const notices = createNoticesStore(clock);
  const servers = createServersStore();
  const feed = createFeedStore(servers.nameOf);
  const breakage = createBreakageStore(clock, dismissedRuns);
  const questions = createQuestionStore(transport, notices);
  const about = createAboutStore(transport, notices);
  const undo = createUndoStore(plain, notices, (server) => void about.actions.refresh(server));
  const change = createChangeStore({ transport, clock, servers, notices });
  const pins = createPinsStore(transport, clock, notices);
  const secrets = createSecretsStore(transport, clock, notices);
  const releaseAll = createReleaseAllStore(transport);
  const rollout = createRolloutStore(transport, clock);
  const audit = createAuditStore(transport);
  const details = createDetailsStore(transport);
  const demo = createDemoStore(transport, clock);
  const grant = createGrantStore(
    transport,
    () => machine.getState().machine?.home ?? null,
    (server) => void about.actions.refresh(server),
  );

  const limit = createLimitStore(transport, (server) => void about.actions.refresh(server));

  // A snapshot and the feed overlap; an event is used once.
  const seen = createSeenRuns();
  function addEvents(events: readonly Event[]): void {
    const fresh = events.filter((event) => seen.take(event));
    feed.actions.add(fresh);
    breakage.actions.add(fresh);
  }

  async function takeSnapshot(): Promise<void> {
    const list = await transport.call('servers.list', {}).catch((error: unknown) => {
      servers.actions.fail(toBody(error));
      throw error;
    });
    machine.actions.set(list.machine);
    servers.actions.replace(list.servers);
    const { events } = await transport.call('events.list', { limit: snapshotEvents });
    questions.actions.replace((await transport.call('questions.list', {})).questions);
    await undo.actions.begin();
    addEvents(events);
    breakage.actions.noteServers(list.servers);
    void pins.actions.examine(list.servers, true);
    feed.actions.markLoaded();
  }

  function apply(messages: FeedMessage[]): void {
    servers.actions.apply(messages);
    questions.actions.apply(messages);
    const events: Event[] = [];
    for (const message of messages) {
      if (message.type === 'event') events.push(message.event);
      else if (message.type === 'machine') machine.actions.set(message.machine);
      else if (message.type === 'server') {
        breakage.actions.noteServers([message.server]);
        void pins.actions.examine([message.server], false);
        void about.actions.refresh(message.server.id);
      } else if (message.type === 'server-gone') breakage.actions.remove(message.id);
    }
    addEvents(events);
  }

  const connection = createFeedConnection(transport, clock, {
    onState: session.actions.setConnection,
    onSnapshotNeeded: takeSnapshot,
    onMessages: apply,
    onUnreadable: session.actions.addUnreadable,
  });

  /** A code that could not be handed over because nobody answered; `retryNow` tries it again. */
  let unspentCode: string | null = null;

  async function start(code: string | null): Promise<void> {
    unspentCode = null;
    if (code !== null) {
      try {
        await transport.signIn(code);
      } catch (error) {
        const body = toBody(error);
        if (!transport.isSignedIn() && (body.code === 'host-unreachable' || body.code === 'timeout')) {
          unspentCode = code;
          session.actions.setConnection({ kind: 'gone', error: body, attempt: 1, retryAt: clock.now() });
          return;
        }
      }
    }
    if (!transport.isSignedIn()) {
      session.actions.setConnection({ kind: 'unauthorized' });
      return;
    }
    connection.stop();
    connection.start();
  }

  return {
    session,
    machine,
    notices,
    servers,
    feed,
    breakage,
    questions,
    about,
    undo,
    change,
    pins,
    secrets,
    releaseAll,
    rollout,
    audit,
    details,
    demo,
    grant,
    limit,
    clock,
    /** Exchanges the code, if the page was opened with one, and starts to follow the host. */
    start,
    stop: connection.stop,
    retryNow: () => {
      if (unspentCode === null) connection.retryNow();
      else void start(unspentCode);
    },
  };
}
