/**
 * What the desktop program tells: the state of all servers in a line or three, and which messages deserve a notification: a start
 * that was refused, a new serious denial, an entry that drifted, a question. At most one for a server in an hour.
 *
 * Watched is not contained, and no word claims safety. The text holds nothing that a server chose but its name, without control
 * and format characters and cut to a line.
 */
import type { DesktopNews } from '#contract/desktop.ts';
import { isDenial } from '#contract/event.ts';
import type { FeedMessage } from '#contract/feed.ts';
import { desktopWords, knownTarget } from '#contract/sentences.ts';
import type { Question } from '#contract/question.ts';
import type { Server } from '#contract/server.ts';

type Notice = Extract<DesktopNews, { type: 'notice' }>;
type Told = Pick<Server, 'id' | 'handle' | 'state'>;

export interface DesktopRules {
  /** A snapshot of all servers and of the questions that wait, taken before messages and after any gap in them. */
  begin(servers: readonly Told[], questions: readonly Pick<Question, 'id'>[]): void;
  /** The notification that this message is worth, or null. */
  apply(message: FeedMessage): Notice | null;
  /** The state now, a sentence a line. */
  lines(): string[];
}

/** What was told, across streams: a program that comes back is not told anew. */
export interface ToldNotices {
  /** Server to when its last notification was. */
  lastAt: Map<string, number>;
  /** Server and known target. */
  denials: Set<string>;
}

const hourMs = 3_600_000;
const nameMaxCharacters = 80;
/** Keys of `Event.known` that name no secret and no way to more: their refusal is not worth a notification. */
const harmless = new Set(['nested-sandbox', 'resolver', 'name-service', 'journal', 'system-accounts', 'other-name']);
const deciding = new Set<Server['state']>(['drifted', 'moved', 'copied', 'failing', 'restart-needed']);
/** A server whose process from before still runs outside is not contained yet. */
const contained = new Set<Server['state']>(['contained', 'failing', 'locked']);

function plainName(handle: string): string {
  const line = handle.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '');
  return line.length > nameMaxCharacters ? `${line.slice(0, nameMaxCharacters)}…` : line;
}

export function createDesktopRules(
  now: () => number,
  told: ToldNotices = { lastAt: new Map(), denials: new Set() },
): DesktopRules {
  const servers = new Map<string, Told>();
  const questions = new Set<string>();

  function notice(server: string, title: (name: string) => string, body: string): Notice | null {
    const last = told.lastAt.get(server);
    if (last !== undefined && now() - last < hourMs) return null;
    told.lastAt.set(server, now());
    const name = plainName(servers.get(server)?.handle ?? server);
    return { type: 'notice', title: title(name), body, route: `/servers/${server}` };
  }

  function ofEvent({ event }: Extract<FeedMessage, { type: 'event' }>): Notice | null {
    if (event.kind === 'run.end' && event.end?.cause === 'launcher-failed') {
      return notice(event.server, desktopWords.notStarted.title, desktopWords.notStarted.body);
    }
    if (!isDenial(event) || event.by === 'predicted' || event.known === undefined) return null;
    const known = knownTarget(event.known);
    const key = `${event.server} ${event.known}`;
    if (known === null || harmless.has(event.known) || told.denials.has(key)) return null;
    const made = notice(event.server, desktopWords.denied.title, desktopWords.denied.body(known));
    // Kept back within the hour, it is still new.
    if (made !== null) told.denials.add(key);
    return made;
  }

  return {
    begin(list, waiting) {
      servers.clear();
      questions.clear();
      for (const server of list) servers.set(server.id, server);
      for (const { id } of waiting) questions.add(id);
    },
    apply(message) {
      switch (message.type) {
        case 'server': {
          const before = servers.get(message.server.id)?.state;
          servers.set(message.server.id, message.server);
          return before !== undefined && before !== 'drifted' && message.server.state === 'drifted'
            ? notice(message.server.id, desktopWords.drifted.title, desktopWords.drifted.body)
            : null;
        }
        case 'server-gone':
          servers.delete(message.id);
          return null;
        case 'question': {
          const known = questions.has(message.question.id);
          questions.add(message.question.id);
          return known
            ? null
            : notice(message.question.server, desktopWords.question.title, desktopWords.question.body);
        }
        case 'question-gone':
          questions.delete(message.id);
          return null;
        case 'event':
          return ofEvent(message);
        default:
          return null;
      }
    },
    lines() {
      if (servers.size === 0) return [desktopWords.none];
      const count = (states: ReadonlySet<Server['state']>): number =>
        [...servers.values()].filter(({ state }) => states.has(state)).length;
      const held = count(contained);
      const watched = count(new Set(['watched']));
      const attention = count(deciding);
      return [
        desktopWords.counts({ contained: held, watched, off: servers.size - held - watched }),
        ...(attention === 0 ? [] : [desktopWords.attention(attention)]),
        ...(questions.size === 0 ? [] : [desktopWords.questions(questions.size)]),
      ];
    },
  };
}
