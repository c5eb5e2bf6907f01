/** From a row to the rules that would take it, and others like it, out of sight: the narrowest first. */
import type { Event } from '#contract/event.ts';
import type { MuteRule } from '#contract/event-search.ts';

/** The folder of a path, everything below it; null where the target is no path, or the folder is the root. */
function below(target: string): string | null {
  const cut = target.lastIndexOf('/');
  return target.startsWith('/') && cut > 0 ? `${target.slice(0, cut)}/*` : null;
}

export interface MuteChoice {
  scope: 'target' | 'folder' | 'everywhere';
  rule: MuteRule;
}

/** A target that holds `*` itself can be muted too: there it stands for any text, which fits it as well. */
export function muteChoices({ server, kind, target }: Pick<Event, 'server' | 'kind' | 'target'>): MuteChoice[] {
  const exact = target === '' ? '*' : target;
  const folder = below(target);
  return [
    { scope: 'target', rule: { server, kind, target: exact } },
    ...(folder === null ? [] : [{ scope: 'folder' as const, rule: { server, kind, target: folder } }]),
    { scope: 'everywhere', rule: { server: null, kind, target: exact } },
  ];
}
