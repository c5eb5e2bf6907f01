/** What runs still have open of what a change took from them: allowed before, and refused now, by the same judgement as explain. */
import type { StillOpen } from '#contract/methods.ts';
import type { Question } from '#domain/explain.ts';
import type { Held } from '../ports.ts';

const itemsMax = 64;

export type Allows = (question: Question) => boolean;

function questionsOf(held: Held): Question[] {
  if (held.kind === 'connection')
    return [
      {
        subject: 'net',
        target: `localhost:${held.port.toString()}`,
        access: 'connect',
        host: 'localhost',
        port: held.port,
      },
    ];
  const question = (access: 'read' | 'write'): Question => ({ subject: 'file', target: held.path, access });
  return [...(held.read ? [question('read')] : []), ...(held.write ? [question('write')] : [])];
}

export function stillOpenOf(
  looks: readonly { held: readonly Held[]; whole: boolean; before: Allows; after: Allows }[],
): StillOpen {
  const items = new Map<string, StillOpen['items'][number]>();
  for (const { held, before, after } of looks) {
    for (const one of held) {
      const lost = questionsOf(one).filter((question) => before(question) && !after(question));
      const [first] = lost;
      if (first === undefined) continue;
      const access = lost.length > 1 ? 'read and write' : first.access;
      if (access === 'exec' || access === 'use') continue;
      const item: StillOpen['items'][number] = {
        kind: one.kind,
        what: first.target.slice(0, 8192),
        access,
        pid: one.pid,
        program: one.program.slice(0, 1024),
      };
      items.set(JSON.stringify(item), item);
    }
  }
  return {
    items: [...items.values()].slice(0, itemsMax),
    more: items.size > itemsMax || looks.some(({ whole }) => !whole),
  };
}
