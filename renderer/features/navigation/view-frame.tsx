/**
 * The view that the address names. Views other than the first are loaded when they are wanted, and all of them soon after
 * the page is live, so that they are there when the host is not. One that cannot be loaded (the host was replaced by a newer one) says so.
 */
import type { ReactNode } from 'react';
import { Component, Suspense } from 'react';
import { useStore } from 'zustand';
import { viewWords } from '#contract/sentences.ts';
import { Note } from '../../lib/components/note.tsx';
import { usePanel } from '../../panel-context.tsx';
import { views } from '../../views.tsx';
import { home, placeOf } from './routes.ts';
import { ViewHeading } from './view-heading.tsx';

class ViewBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="view view-failed">
        <ViewHeading title={viewWords.failedTitle} />
        <Note tone="refused">
          <p role="alert">{viewWords.failed}</p>
          <div className="note-actions">
            <button
              type="button"
              className="button button-primary"
              onClick={() => {
                window.location.reload();
              }}
            >
              {viewWords.reload}
            </button>
          </div>
        </Note>
      </main>
    );
  }
}

function Loading(): ReactNode {
  return (
    <main className="view">
      <div className="loading" role="status" aria-label={viewWords.loading}>
        <div className="loading-card" aria-hidden="true">
          <span className="skeleton skeleton-title" />
          <span className="skeleton skeleton-line" />
        </div>
      </div>
    </main>
  );
}

export function ViewFrame(): ReactNode {
  const panel = usePanel();
  const route = useStore(panel.navigation, (state) => state.route);
  const view = views.find(({ name }) => name === route.name) ?? views.find(({ name }) => name === home.name);
  if (view === undefined) return null;
  const { View } = view;
  return (
    // Another place is another try.
    <ViewBoundary key={placeOf(route)}>
      <Suspense fallback={<Loading />}>
        <View />
      </Suspense>
    </ViewBoundary>
  );
}
