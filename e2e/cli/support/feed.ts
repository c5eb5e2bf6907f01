/** What a page gets: signs in at the loopback door as a browser does, and collects the feed that the page draws from. */
import { readFileSync } from 'node:fs';
import type { FeedMessage } from '#contract/feed.ts';
import type { Output } from '#contract/methods.ts';
import type { Knock } from '#host/client.ts';
import { followFeed, loopbackKnock } from '#host/client.ts';
import { later } from './product.ts';

export async function signIn(panel: Output<'host.panel'>): Promise<Knock> {
  return loopbackKnock(panel.origin, await redeem(panel));
}

/** The page's key, for the code that it is opened with. */
export async function redeem({ origin, redirectFile }: Output<'host.panel'>): Promise<string> {
  const code = /#code=([\w-]+)/.exec(readFileSync(redirectFile, 'utf8'))?.[1] ?? '';
  const session = await fetch(`${origin}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  return ((await session.json()) as { token: string }).token;
}

/** Messages as they come, until the test is over. */
export function collect(knock: Knock): FeedMessage[] {
  const controller = new AbortController();
  const messages: FeedMessage[] = [];
  const following = (async () => {
    for await (const message of followFeed({ connect: async () => knock, signal: controller.signal })) {
      messages.push(message);
    }
  })();
  later(async () => {
    controller.abort();
    await following;
  });
  return messages;
}
