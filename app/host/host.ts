/**
 * The host: one engine, its feed, one handler, and the doors that are open. Whoever makes one holds the lock.
 *
 * Made by `belljar host` for as long as a person wants, and by any command for as long as it runs; the two differ only
 * in which doors they open.
 */
import type { EngineApi } from '#engine/engine.ts';
import type { QuestionNews } from '#engine/questions/question-service.ts';
import type { Event } from '#contract/event.ts';
import { BelljarError } from '#contract/errors.ts';
import type { Api, DesktopMethod, MethodName } from '#contract/methods.ts';
import { desktopMethods, privateMethods } from '#contract/methods.ts';
import type { ToldNotices } from '#engine/desktop/desktop-rules.ts';
import { openDesktopNews } from './desktop-news.ts';
import type { FeedHub } from './feed-hub.ts';
import { createFeedHub } from './feed-hub.ts';
import type { Handle } from './handler.ts';
import { createHandler } from './handler.ts';
import type { HostLog } from './log.ts';
import type { LoopbackDoor } from './loopback-door.ts';
import { openLoopbackDoor } from './loopback-door.ts';
import type { ServerNews } from './server-news.ts';
import { createServerNews } from './server-news.ts';
import type { Door } from './socket-door.ts';
import { openSocketDoor } from './socket-door.ts';
import type { AttachTerminal } from './terminal-stream.ts';
import { version } from './version.ts';

export type { EngineApi };

/** What a host needs of an engine besides its methods. */
export interface HostEngine {
  api: EngineApi;
  subscribe(listener: (event: Event) => void): Promise<() => void>;
  onQuestion(listener: (news: QuestionNews) => void): () => void;
  questionAudience(count: number): void;
  attachTerminal: AttachTerminal;
  endTerminals(): Promise<void>;
  close(): Promise<void>;
  /** Calls back when a file that servers or policies come from may have changed. */
  watch(onChange: () => void): Promise<() => Promise<void>>;
}

export interface HostOptions {
  engine: HostEngine;
  log: HostLog;
  /** Where the loopback door puts its redirect files. */
  runtimeFolder: string;
  rendererFolder: string;
  streamsMax?: number;
}

export interface Host {
  readonly api: Api;
  readonly feed: FeedHub;
  /** As the private socket and in-process callers see it. */
  readonly handle: Handle;
  /** Starts to publish events and changes; a host without it answers methods only. */
  startFeed(): Promise<void>;
  /** `link`: where launchers look for the socket, a link that lasts as long as it does. */
  openSocket(path: string, link: string): Promise<void>;
  /** Resolves when `host.stop` was asked for. */
  readonly stopAsked: Promise<void>;
  /** Ends feeds, lets calls under way finish for a moment, closes the doors. */
  close(): Promise<void>;
}

/** What these change need not lie in a watched file: whoever follows the feed is told at once, not when it is noticed. */
const changing = [
  'servers.contain',
  'servers.release',
  'servers.level',
  'policies.grant',
  'policies.revoke',
  'policies.limit',
  'policies.resources',
  'policies.sight',
  'history.undo',
  'runs.stop',
  'questions.answer',
  'questions.wait',
  'machine.doctor',
] as const satisfies readonly MethodName[];

function tellingChanges(api: EngineApi, onChange: () => void): EngineApi {
  const told = changing.map((name) => [
    name,
    async (input: never, signal?: AbortSignal) => {
      try {
        return await api[name](input, signal);
      } finally {
        onChange();
      }
    },
  ]);
  return { ...api, ...(Object.fromEntries(told) as Partial<EngineApi>) };
}

/** The desktop program answers these before they come here. */
const ofTheDesktop = Object.fromEntries(
  desktopMethods.map((name) => [name, () => Promise.reject(new BelljarError('only-desktop'))]),
) as unknown as Pick<Api, DesktopMethod>;

export function createHost(options: HostOptions): Host {
  const { engine, log } = options;
  const startedAt = new Date().toISOString();
  const feed = createFeedHub({ onAudience: (count) => engine.questionAudience(count) });
  const doors: Door[] = [];
  const cleanUps: (() => void | Promise<void>)[] = [];
  let loopback: Promise<LoopbackDoor> | null = null;
  let loopbackPort: number | undefined;
  let news: ServerNews | null = null;
  let feedStarted: Promise<void> | null = null;
  let askToStop: () => void = () => undefined;
  const stopAsked = new Promise<void>((resolve) => {
    askToStop = resolve;
  });

  async function openLoopback(port: number): Promise<LoopbackDoor> {
    await startFeed();
    const door = await openLoopbackDoor({
      handle: createHandler({ ...handlerOptions, refuse: privateMethods, door: 'panel' }),
      folder: options.runtimeFolder,
      port,
      ...(options.streamsMax === undefined ? {} : { streamsMax: options.streamsMax }),
    });
    doors.push(door);
    return door;
  }

  const api: Api = {
    ...tellingChanges(engine.api, () => news?.changed()),
    ...ofTheDesktop,
    async 'host.status'() {
      return { version, pid: process.pid, startedAt, epoch: feed.epoch, doors: doors.map((door) => door.title) };
    },
    async 'host.stop'() {
      // After the answer is on its way.
      setTimeout(askToStop, 20);
      return {};
    },
    async 'host.panel'({ port }) {
      if (loopback !== null && port !== undefined && port !== 0 && port !== loopbackPort) {
        const { origin } = await loopback;
        throw new BelljarError('usage', { params: { detail: `The panel is open already, at ${origin}.` } });
      }
      if (loopback === null) {
        loopback = openLoopback(port ?? 0);
        loopback.catch(() => {
          loopback = null;
        });
      }
      const door = await loopback;
      loopbackPort = Number(new URL(door.origin).port);
      return { origin: door.origin, redirectFile: door.invite().redirectFile };
    },
  };

  const attachTerminal: AttachTerminal = (terminal, after, wake) => engine.attachTerminal(terminal, after, wake);
  const handlerOptions = { api, feed, attachTerminal, rendererFolder: options.rendererFolder, log };
  const told: ToldNotices = { lastAt: new Map(), denials: new Set() };
  const desktop = (): ReadableStream<Uint8Array> =>
    openDesktopNews({
      feed,
      told,
      look: async () => {
        const [{ servers }, { questions }] = await Promise.all([
          engine.api['servers.list']({}),
          engine.api['questions.list']({}),
        ]);
        return { servers, questions };
      },
    });
  const privateOptions = { ...handlerOptions, desktop };

  async function startFeedOnce(): Promise<void> {
    const started = createServerNews({
      list: () => engine.api['servers.list']({}),
      publish: (item) => feed.publish(item),
      hasReaders: () => feed.readers > 0,
      onError: (error) => log.error('list-failed', error),
    });
    news = started;
    cleanUps.push(() => started.close());
    cleanUps.push(engine.onQuestion((question) => feed.publish(question)));
    cleanUps.push(
      await engine.subscribe((event) => {
        feed.publish({ type: 'event', event });
        started.event(event);
      }),
    );
    cleanUps.push(await engine.watch(() => started.changed()));
    // The first list is taken in the background: nobody waits for it who only wants events. It begins the watch, before it
    // reads what is watched.
    void started.start();
  }

  function startFeed(): Promise<void> {
    feedStarted ??= startFeedOnce();
    return feedStarted;
  }

  return {
    api,
    feed,
    handle: createHandler(privateOptions),
    startFeed,
    async openSocket(path, link) {
      await startFeed();
      doors.push(await openSocketDoor(path, createHandler(privateOptions), link));
      log.info('door-open', { path, version });
    },
    stopAsked,
    async close() {
      // Their streams end with them.
      await engine.endTerminals();
      feed.close();
      await Promise.all(doors.map((door) => door.close()));
      for (const cleanUp of cleanUps.toReversed()) {
        try {
          await cleanUp();
        } catch (error) {
          log.error('clean-up-failed', error);
        }
      }
      await engine.close();
    },
  };
}
