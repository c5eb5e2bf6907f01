/**
 * The panel without its looks: every store, and what the feed does to them. Made once by main.tsx with the browser's
 * parts, and by tests with their own.
 */
import type { Event } from '#contract/event.ts';
import { searchPageMax } from '#contract/event-search.ts';
import type { FeedMessage } from '#contract/feed.ts';
import type { Output } from '#contract/methods.ts';
import type { Server } from '#contract/server.ts';
import type { Level } from '#contract/words.ts';
import { createActivityStore } from './features/activity/activity-store.ts';
import type { DismissedRuns } from './features/breakage/breakage-store.ts';
import { createBreakageStore } from './features/breakage/breakage-store.ts';
import { createUndoStore } from './features/decisions/undo-store.ts';
import { createDemoStore } from './features/demo/demo-store.ts';
import { createDesktopStore } from './features/desktop/desktop-store.ts';
import { createDetailsStore } from './features/details/details-store.ts';
import { createSeenRuns } from './features/feed/feed-rows.ts';
import { createFeedStore } from './features/feed/feed-store.ts';
import { createFirstRunStore } from './features/first-run/first-run-store.ts';
import { createGrantStore } from './features/grants/grant-store.ts';
import { createMachineStore } from './features/machine/machine-store.ts';
import { createMachineViewStore } from './features/machine/machine-view-store.ts';
import type { Address } from './features/navigation/navigation-store.ts';
import { createNavigationStore } from './features/navigation/navigation-store.ts';
import { createLimitStore } from './features/network/limit-store.ts';
import { createNoticesStore } from './features/notices/notices-store.ts';
import { createQuestionStore } from './features/questions/question-store.ts';
import { createRolloutStore } from './features/rollout/rollout-store.ts';
import { createAboutStore } from './features/server-page/about-store.ts';
import { createBulkStore } from './features/servers/bulk-store.ts';
import { createChangeStore, rewritesEntry } from './features/servers/change-store.ts';
import { createListStore } from './features/servers/list-store.ts';
import { createRefusalsStore } from './features/servers/refusals-store.ts';
import { createUptakeStore } from './features/servers/uptake-store.ts';
import { createPinsStore } from './features/server-page/pin-store.ts';
import { createSecretsStore } from './features/server-page/secret-store.ts';
import { createServersStore } from './features/servers/servers-store.ts';
import { createDenialRows } from './features/terminal/denial-rows.ts';
import { createTerminalStore } from './features/terminal/terminal-store.ts';
import { createSessionStore } from './features/session/session-store.ts';
import type { Clock } from './lib/clock.ts';
import { toBody } from './lib/failure.ts';
import { createFeedConnection } from './lib/feed-connection.ts';
import type { Transport } from './lib/transport.ts';

/** How many past events the panel asks for at first; more come as they happen. */
export const snapshotEvents = 10_000;

/** Most events that a break of the connection is filled with. */
const gapEvents = 100_000;
/** A line carries the time of its latest occurrence: how far lines may be out of the order of their times. */
const disorderMs = 60_000;

export interface PanelParts {
  transport: Transport;
  clock: Clock;
  dismissedRuns: DismissedRuns;
  address: Address;
  /** Hands a file to the person. */
  save: (name: string, parts: BlobPart[], type: string) => void;
}

export type Panel = ReturnType<typeof createPanel>;

/** Something can be contained, and nothing ever was. */
function isFirstRun(servers: readonly Server[]): boolean {
  return servers.some(({ state }) => state === 'off') && servers.every(({ level }) => level === 'off');
}

export function createPanel({ transport: plain, clock, dismissedRuns, address, save }: PanelParts) {
  // Every change that this page makes goes through here, whichever store asks for it: its way back is then offered.
  const transport: Transport = {
    ...plain,
    async call(method, input, signal) {
      const output = await plain.call(method, input, signal);
      void undo.actions.after(method, output);
      return output;
    },
  };
  const navigation = createNavigationStore(address);
  const session = createSessionStore();
  const machine = createMachineStore();
  const notices = createNoticesStore(clock);
  const servers = createServersStore();
  const serverOf = (id: string): Server | undefined => servers.getState().servers.get(id);
  const feed = createFeedStore(servers.nameOf);
  const breakage = createBreakageStore(clock, dismissedRuns);
  const questions = createQuestionStore(transport, notices);
  const about = createAboutStore(transport, notices);
  const undo = createUndoStore(plain, notices, (server) => void about.actions.refresh(server));
  const change = createChangeStore({ transport, clock, servers, notices });
  const pins = createPinsStore(transport, clock, notices);
  const secrets = createSecretsStore(transport, clock, notices);
  const bulk = createBulkStore({ transport, now: clock.now, serverOf });
  const firstRun = createFirstRunStore({ transport, now: clock.now, serverOf });
  const list = createListStore();
  const refusals = createRefusalsStore();
  const uptake = createUptakeStore(clock.now);
  const rollout = createRolloutStore(transport, clock);
  const details = createDetailsStore(transport);
  const machineView = createMachineViewStore(transport, clock);
  const desktop = createDesktopStore(transport, notices);
  const terminal = createTerminalStore(transport, clock, navigation, notices);
  const terminalFeed = createDenialRows();
  const demo = createDemoStore(transport, clock);
  const grant = createGrantStore(
    transport,
    () => machine.getState().machine?.home ?? null,
    (server) => void about.actions.refresh(server),
  );

  const activity = createActivityStore({ transport, feed, save, say: notices.actions.say });
  const limit = createLimitStore(transport, (server) => void about.actions.refresh(server));

  // A snapshot and the feed overlap; an event is used once.
  const seen = createSeenRuns();
  let newestAt = '';
  function use(fresh: readonly Event[]): void {
    for (const { at } of fresh) if (at > newestAt) newestAt = at;
    feed.actions.add(fresh);
    breakage.actions.add(fresh);
    refusals.actions.add(fresh);
    terminalFeed.actions.add(fresh);
  }

  function addEvents(events: readonly Event[]): void {
    use(events.filter((event) => seen.take(event)));
  }

  const eventsAt = (events: readonly Event[], instant: string): Event[] => events.filter(({ at }) => at === instant);

  /** Of a snapshot, which is in the order of times: numbers of a run are looked at in their own order. */
  function addSnapshot(events: readonly Event[]): void {
    const fresh = new Set(events.toSorted((a, b) => a.seq - b.seq).filter((event) => seen.take(event)));
    use(events.filter((event) => fresh.has(event)));
  }

  /**
   * The newest events of the spool; after a break, also what happened before them while this page heard nothing. A break
   * that was too long for that starts the rows anew, and the history has the rest.
   */
  async function takeEvents(): Promise<void> {
    const { events } = await transport.call('events.list', { limit: snapshotEvents });
    const [oldest] = events;
    if (oldest === undefined || events.length < snapshotEvents) {
      addSnapshot(events);
      const from = oldest?.at ?? new Date(clock.now() - disorderMs).toISOString();
      feed.actions.markLoaded(from, eventsAt(events, from));
      return;
    }
    const missing: Event[] = [];
    const heardTo = newestAt === '' ? oldest.at : new Date(Date.parse(newestAt) - disorderMs).toISOString();
    let after: string | null = null;
    let reached = oldest.at <= heardTo;
    while (!reached && missing.length < gapEvents) {
      const page: Output<'events.search'> = await transport.call('events.search', {
        since: heardTo,
        until: oldest.at,
        limit: searchPageMax,
        ...(after === null ? {} : { after }),
      });
      missing.push(...page.events);
      after = page.next;
      reached = after === null;
    }
    if (!reached) feed.actions.restart();
    addSnapshot([...(reached ? missing.reverse() : []), ...events]);
    feed.actions.markLoaded(oldest.at, eventsAt(events, oldest.at));
  }

  async function takeSnapshot(): Promise<void> {
    const snapshot = await transport.call('servers.list', {}).catch((error: unknown) => {
      servers.actions.fail(toBody(error));
      throw error;
    });
    machine.actions.set(snapshot.machine);
    servers.actions.replace(snapshot.servers);
    list.actions.keep((id) => servers.getState().servers.has(id));
    // What is muted is no reason to show nothing.
    await activity.actions.learnMutes().catch((error: unknown) => {
      notices.actions.say('problem', toBody(error).message);
    });
    await takeEvents();
    questions.actions.replace((await transport.call('questions.list', {})).questions);
    await undo.actions.begin();
    if (undo.isNothingDecided() && isFirstRun(snapshot.servers)) navigation.actions.suggest({ name: 'welcome' });
    breakage.actions.noteServers(snapshot.servers);
    void pins.actions.examine(snapshot.servers, true);
    activity.actions.hostIsBack();
    void desktop.actions.begin();
  }

  function apply(messages: FeedMessage[]): void {
    uptake.actions.apply(messages, servers.getState().servers);
    servers.actions.apply(messages);
    list.actions.keep((id) => servers.getState().servers.has(id));
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

  /** A level for one server, or for many at once; what cannot have one is left out. */
  function chooseLevel(ids: readonly string[], level: Level): void {
    const able = ids.flatMap((id) => {
      const server = serverOf(id);
      const isAble = server !== undefined && server.state !== 'cannot' && server.state !== 'locked';
      return isAble && server.drift?.how !== 'removed' ? [server] : [];
    });
    const [only] = able;
    if (only !== undefined && ids.length === 1) void change.actions.choose(only, level);
    else if (ids.length > 1) {
      const steps = able.filter((server) => server.level !== level || rewritesEntry(server, level));
      void bulk.actions.open(steps.map(({ id }) => ({ id, to: level, check: level !== 'off' })));
    }
  }

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
    navigation,
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
    bulk,
    firstRun,
    list,
    refusals,
    uptake,
    rollout,
    machineView,
    desktop,
    terminal,
    terminalFeed,
    details,
    demo,
    grant,
    limit,
    activity,
    clock,
    /** False in a browser, whose page belongs to the host that opened it: another one has another address and key. */
    isDesktop: plain.isDesktop,
    chooseLevel,
    /** Exchanges the code, if the page was opened with one, and starts to follow the host. */
    start,
    stop: connection.stop,
    retryNow: () => {
      if (unspentCode === null) connection.retryNow();
      else void start(unspentCode);
    },
  };
}
