/** Every server of this machine, and beside it what they do and are refused. */
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { navigationWords } from '#contract/sentences.ts';
import { usePanel } from '../../panel-context.tsx';
import { FeedPane } from '../feed/feed-pane.tsx';
import { NavigationCount } from '../navigation/navigation-count.tsx';
import { ServersPane } from './servers-pane.tsx';
import { asksForSomething } from './servers-store.ts';

/** Servers whose state asks a person for something. */
export function ServersCount(): ReactNode {
  const panel = usePanel();
  const count = useStore(panel.servers, ({ servers }) => [...servers.values()].filter(asksForSomething).length);
  return <NavigationCount count={count} words={navigationWords.servers(count)} tone="warn" />;
}

export function ServersView(): ReactNode {
  return (
    <main className="view panes">
      <ServersPane />
      <FeedPane />
    </main>
  );
}
