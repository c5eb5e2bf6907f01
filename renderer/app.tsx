/** The page: one of the full-page states, or the navigation, what needs a decision, the view, and the way back below it. */
import { CSPProvider } from '@base-ui/react/csp-provider';
import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { questionWords } from '#contract/sentences.ts';
import { BreakageCards } from './features/breakage/breakage-cards.tsx';
import { UndoOffer } from './features/decisions/undo-offer.tsx';
import { DemoDialog } from './features/demo/demo-dialog.tsx';
import { DetailsDialog } from './features/details/details-dialog.tsx';
import { GrantDialog } from './features/grants/grant-dialog.tsx';
import { Header } from './features/machine/header.tsx';
import { Problems } from './features/machine/problems.tsx';
import { openQuestionId, QuestionCards } from './features/questions/question-cards.tsx';
import { SkipLink } from './features/navigation/route-link.tsx';
import { SideNavigation } from './features/navigation/side-navigation.tsx';
import { ViewFrame } from './features/navigation/view-frame.tsx';
import { viewTitleId } from './features/navigation/view-heading.tsx';
import { LimitDialog } from './features/network/limit-dialog.tsx';
import { Notices } from './features/notices/notices.tsx';
import { BulkDialog } from './features/servers/bulk-dialog.tsx';
import { ChangeDialog } from './features/servers/change-dialog.tsx';
import { LevelDescriptions } from './features/servers/level-control.tsx';
import { GoneBanner, GonePage, TooManyPage, UnauthorizedPage } from './features/session/session-pages.tsx';
import type { Panel } from './panel.ts';
import { PanelProvider, usePanel } from './panel-context.tsx';
import { useKeptFocus } from './lib/keep-focus.ts';
import { loadViews } from './views.tsx';

function Pages(): ReactNode {
  const panel = usePanel();
  const connection = useStore(panel.session, (state) => state.connection);
  const place = useStore(panel.navigation, (state) => state.route.name);
  const everLive = useStore(panel.session, (state) => state.everLive);
  const asked = useStore(panel.questions, (state) => state.questions.length > 0);
  useKeptFocus(viewTitleId);
  useEffect(() => {
    if (everLive) void loadViews();
  }, [everLive]);
  if (connection.kind === 'unauthorized' && !everLive) return <UnauthorizedPage />;
  if (connection.kind === 'too-many') return <TooManyPage />;
  if (connection.kind === 'gone' && !everLive) return <GonePage gone={connection} />;
  return (
    <div className="app">
      {asked && <SkipLink to={openQuestionId}>{questionWords.skip}</SkipLink>}
      <SkipLink to={viewTitleId}>Skip to the view</SkipLink>
      {place === 'servers' && <SkipLink to="feed-title">Skip to the live feed</SkipLink>}
      <SideNavigation />
      <div className="desk">
        <Header />
        <QuestionCards />
        <GoneBanner />
        <Problems />
        <BreakageCards />
        <ViewFrame />
        <div className="desk-foot">
          <UndoOffer />
          <Notices />
        </div>
      </div>
      <LevelDescriptions />
      <ChangeDialog />
      <BulkDialog />
      <DetailsDialog />
      <GrantDialog />
      <LimitDialog />
      <DemoDialog />
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
