/** The page: one of the full-page states, or the header, what needs a decision, and the two halves. */
import { CSPProvider } from '@base-ui/react/csp-provider';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { BreakageCards } from './features/breakage/breakage-cards.tsx';
import { UndoOffer } from './features/decisions/undo-offer.tsx';
import { DemoDialog } from './features/demo/demo-dialog.tsx';
import { DetailsDialog } from './features/details/details-dialog.tsx';
import { FeedPane } from './features/feed/feed-pane.tsx';
import { GrantDialog } from './features/grants/grant-dialog.tsx';
import { Header } from './features/machine/header.tsx';
import { Problems } from './features/machine/problems.tsx';
import { QuestionCards } from './features/questions/question-cards.tsx';
import { LimitDialog } from './features/network/limit-dialog.tsx';
import { Notices } from './features/notices/notices.tsx';
import { AuditDialog } from './features/rollout/audit-dialog.tsx';
import { RolloutDialog } from './features/rollout/rollout-dialog.tsx';
import { ChangeDialog } from './features/servers/change-dialog.tsx';
import { LevelDescriptions } from './features/servers/level-control.tsx';
import { ReleaseAllDialog } from './features/servers/release-all-dialog.tsx';
import { ServersPane } from './features/servers/servers-pane.tsx';
import { GoneBanner, GonePage, TooManyPage, UnauthorizedPage } from './features/session/session-pages.tsx';
import type { Panel } from './panel.ts';
import { PanelProvider, usePanel } from './panel-context.tsx';

function Pages(): ReactNode {
  const panel = usePanel();
  const connection = useStore(panel.session, (state) => state.connection);
  const everLive = useStore(panel.session, (state) => state.everLive);
  if (connection.kind === 'unauthorized' && !everLive) return <UnauthorizedPage />;
  if (connection.kind === 'too-many') return <TooManyPage />;
  if (connection.kind === 'gone' && !everLive) return <GonePage gone={connection} />;
  return (
    <div className="app">
      <a className="skip-link" href="#feed-title">
        Skip to the live feed
      </a>
      <Header />
      <QuestionCards />
      <GoneBanner />
      <Problems />
      <BreakageCards />
      <main className="panes">
        <ServersPane />
        <FeedPane />
      </main>
      <LevelDescriptions />
      <ChangeDialog />
      <ReleaseAllDialog />
      <RolloutDialog />
      <AuditDialog />
      <DetailsDialog />
      <GrantDialog />
      <LimitDialog />
      <DemoDialog />
      <UndoOffer />
      <Notices />
    </div>
  );
}

export function App({ panel }: { panel: Panel }): ReactNode {
  return (
    // No style elements from components: the page's Content-Security-Policy allows only its own style sheet.
    <CSPProvider disableStyleElements>
      <PanelProvider panel={panel}>
        <Pages />
      </PanelProvider>
    </CSPProvider>
  );
}
