/**
 * What the activity view has beyond the live feed: rows from the history below the live ones, groups by target, what is
 * muted, and exports. The feed's own store stays the one place for the filter and the rows that came since the page opened.
 *
 * Limits: at most `earlierMax` rows from the history at once (a filter or a time finds the others), one page of an answer
 * at a time, and answers to a question that was changed meanwhile are thrown away.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { ExportFormat } from '#contract/event-export.ts';
import { exportHead, exportLine } from '#contract/event-export.ts';
import type { Behind, Mute, MuteRule } from '#contract/event-search.ts';
import { groupsMax, searchPageMax } from '#contract/event-search.ts';
import type { Output } from '#contract/methods.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import { searchOf } from '../feed/feed-filter.ts';
import type { FeedRow } from '../feed/feed-rows.ts';
import { addOlder, mergeKey, rowGroup, rowText } from '../feed/feed-rows.ts';
import type { FeedStore } from '../feed/feed-store.ts';

export const earlierMax = 100_000;
const pageEvents = 1000;
/** Pages without a match that are gone through before the page says how far it came. */
const emptyPagesMax = 20;
/** As many as one answer holds; the host leaves out those that were met longest ago. */
export const groupsShown = groupsMax;

export type Phase = 'idle' | 'loading' | 'done' | 'full' | 'failed';

export interface ActivityState {
  earlier: readonly FeedRow[];
  phase: Phase;
  error: ErrorBody | null;
  /** How far back was searched, where that is further than the last row. */
  searchedTo: string | null;
  behind: Behind | null;
  grouped: boolean;
  groups: readonly FeedRow[];
  groupsPhase: Phase;
  countedSince: string | null;
  /** The rule that is about to be added, of this row. */
  muting: FeedRow | null;
  exporting: { format: ExportFormat; events: number } | null;
}

export interface ActivityParts {
  transport: Transport;
  feed: FeedStore;
  /** Hands a finished file to the person. */
  save: (name: string, parts: BlobPart[], type: string) => void;
  say: (tone: 'done' | 'problem', text: string, hint?: string | null) => void;
}

export type ActivityStore = ReturnType<typeof createActivityStore>;

const fresh = {
  earlier: [],
  phase: 'idle',
  error: null,
  searchedTo: null,
  behind: null,
} as const satisfies Partial<ActivityState>;

export function createActivityStore({ transport, feed, save, say }: ActivityParts) {
  const store = createStore<ActivityState>(() => ({
    ...fresh,
    grouped: false,
    groups: [],
    groupsPhase: 'idle',
    countedSince: null,
    muting: null,
    exporting: null,
  }));
  /** Count questions: what answers an older one is not used. */
  let question = 0;
  let groupsQuestion = 0;
  let next: string | null = null;
  let exportRun: AbortController | null = null;

  function criteria() {
    const { filter, showMuted } = feed.getState();
    return { ...searchOf(filter), hideMuted: !showMuted };
  }

  function forgetEarlier(): void {
    question += 1;
    next = null;
    // `error` and `behind` are of what is shown.
    store.setState(({ grouped, error, behind }) => ({ ...fresh, ...(grouped ? { error, behind } : {}) }));
  }

  function forget(): void {
    forgetEarlier();
    groupsQuestion += 1;
    store.setState({ error: null, behind: null, groups: [], groupsPhase: 'idle', countedSince: null });
    if (store.getState().grouped) void loadGroups();
  }

  // Another filter is another question. Rows that left the live list change only what "earlier" means: the groups are of the
  // whole history, and a full list loses rows with every batch.
  feed.subscribe((now, before) => {
    if (now.filter !== before.filter || now.mutes !== before.mutes || now.showMuted !== before.showMuted) forget();
    else if (now.completeFrom !== before.completeFrom) forgetEarlier();
  });

  async function loadEarlier(): Promise<void> {
    const { phase, earlier } = store.getState();
    const { completeFrom, filter, loaded } = feed.getState();
    if (phase !== 'idle' || !loaded) return;
    const until = Date.parse(completeFrom);
    if (filter.sinceMs !== null && filter.sinceMs > until) {
      store.setState({ phase: 'done' });
      return;
    }
    const asked = question;
    store.setState({ phase: 'loading', error: null });
    let rows = earlier;
    try {
      for (let pages = 0; pages < emptyPagesMax; pages += 1) {
        const page: Output<'events.search'> = await transport.call('events.search', {
          ...criteria(),
          until: completeFrom,
          limit: pageEvents,
          ...(next === null ? {} : { after: next }),
        });
        if (asked !== question) return;
        // Of the instant at which both meet, the live rows have what they were given.
        const older = page.events.filter((event) => event.at < completeFrom || !feed.actions.hasAtEdge(event));
        rows = addOlder(rows, older);
        next = page.next;
        const searchedTo = next === null ? null : new Date(Number(next.split('.', 1)[0])).toISOString();
        const ended = next === null ? 'done' : rows.length >= earlierMax ? 'full' : null;
        store.setState({ earlier: rows, behind: page.behind, searchedTo });
        if (ended !== null || older.length > 0) {
          store.setState({ phase: ended ?? 'idle' });
          return;
        }
      }
      store.setState({ phase: 'idle' });
    } catch (error) {
      if (asked === question) store.setState({ phase: 'failed', error: toBody(error) });
    }
  }

  async function loadGroups(): Promise<void> {
    const asked = groupsQuestion;
    store.setState({ groupsPhase: 'loading', error: null });
    try {
      const answer = await transport.call('events.groups', { ...criteria(), limit: groupsShown });
      if (asked !== groupsQuestion) return;
      const groups = answer.groups.map(({ event, count, firstAt }, place) => ({
        key: `group ${mergeKey(event)}`,
        event,
        count,
        firstAt,
        order: -place,
        group: rowGroup(event),
        text: rowText(event),
      }));
      store.setState({ groups, groupsPhase: 'done', countedSince: answer.countedSince, behind: answer.behind });
    } catch (error) {
      if (asked === groupsQuestion) store.setState({ groupsPhase: 'failed', error: toBody(error) });
    }
  }

  async function learnMutes(): Promise<void> {
    feed.actions.setMutes((await transport.call('events.mutes', {})).mutes);
  }

  async function changeMutes(change: () => Promise<{ mute: Mute }>, said: string): Promise<void> {
    try {
      await change();
      await learnMutes();
      say('done', said);
    } catch (error) {
      say('problem', toBody(error).message);
    }
  }

  async function exportEvents(format: ExportFormat): Promise<void> {
    if (exportRun !== null) return;
    const run = new AbortController();
    exportRun = run;
    const parts: BlobPart[] = [exportHead(format)];
    let events = 0;
    let after: string | undefined;
    store.setState({ exporting: { format, events } });
    try {
      // Everything that the filter finds, also what is muted: a file is not the place to leave something out unseen.
      const query = { ...searchOf(feed.getState().filter), order: 'oldest' as const, limit: searchPageMax };
      for (;;) {
        const page: Output<'events.search'> = await transport.call(
          'events.search',
          after === undefined ? query : { ...query, after },
          run.signal,
        );
        // A page as one piece, which the browser may keep on disk.
        parts.push(new Blob([page.events.map((event) => exportLine(format, event)).join('')]));
        events += page.events.length;
        store.setState({ exporting: { format, events } });
        if (run.signal.aborted) return;
        if (page.next === null) break;
        after = page.next;
      }
      save(`belljar-events.${format}`, parts, format === 'csv' ? 'text/csv' : 'application/x-ndjson');
    } catch (error) {
      if (!run.signal.aborted) say('problem', toBody(error).message);
    } finally {
      exportRun = null;
      store.setState({ exporting: null });
    }
  }

  return Object.assign(store, {
    actions: {
      loadEarlier,
      retry: async (): Promise<void> => {
        if (store.getState().grouped) await loadGroups();
        else {
          store.setState({ phase: 'idle', error: null });
          await loadEarlier();
        }
      },
      group: (grouped: boolean): void => {
        store.setState({ grouped });
        if (grouped) void loadGroups();
      },
      loadGroups,
      learnMutes,
      askToMute: (row: FeedRow | null): void => {
        store.setState({ muting: row });
      },
      mute: async (rule: MuteRule, said: string): Promise<void> => {
        store.setState({ muting: null });
        await changeMutes(() => transport.call('events.mute', rule), said);
      },
      unmute: (id: string, said: string): Promise<void> =>
        changeMutes(() => transport.call('events.unmute', { id }), said),
      exportEvents,
      cancelExport: (): void => {
        exportRun?.abort();
      },
      /** The host is there again: what failed because it was gone is asked again. */
      hostIsBack: (): void => {
        const { phase, groupsPhase, grouped } = store.getState();
        if (phase === 'failed') store.setState({ phase: 'idle', error: null });
        if (grouped && groupsPhase === 'failed') void loadGroups();
      },
    },
  });
}
