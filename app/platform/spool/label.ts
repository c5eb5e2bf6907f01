/**
 * What an event's target is called in words. Targets are the server's own text; a label only ever comes from this list of
 * well-known places, never from the event.
 */
import type { Event } from '#contract/event.ts';
import { isSandboxCall } from '#contract/words.ts';
import { createKnownTargets } from '#domain/secret-places.ts';
import type { Places } from '#engine/ports.ts';

const rememberedMax = 2000;

export function createEventLabel(places: Places): (event: Event) => string | undefined {
  const known = createKnownTargets(places, places);
  // The same few targets come again and again; a flood of different ones only costs what it did before.
  const remembered = new Map<string, string | undefined>();
  return ({ kind, target }) => {
    if (isSandboxCall(kind, target)) return 'nested-sandbox';
    if (
      kind === 'run.start' ||
      kind === 'run.end' ||
      kind === 'plan.change' ||
      kind === 'spool.dropped' ||
      kind === 'syscall'
    ) {
      return undefined;
    }
    if (remembered.has(target)) {
      return remembered.get(target);
    }
    const label = known(target) ?? undefined;
    if (remembered.size >= rememberedMax) {
      remembered.clear();
    }
    remembered.set(target, label);
    return label;
  };
}
