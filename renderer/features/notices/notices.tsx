/** Notices in the corner; the region is always there, so that screen readers hear what comes into it. */
import { CircleCheck, TriangleAlert, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { usePanel } from '../../panel-context.tsx';

export function Notices(): ReactNode {
  const panel = usePanel();
  const notices = useStore(panel.notices, (state) => state.notices);
  return (
    <div className="notices" role="status" aria-live="polite">
      {notices.map((notice) => (
        <div
          key={notice.id}
          className={`notice notice-${notice.tone}`}
          onPointerEnter={() => {
            panel.notices.actions.hold(notice.id);
          }}
          onPointerLeave={(event) => {
            if (!event.currentTarget.contains(document.activeElement)) panel.notices.actions.letGo(notice.id);
          }}
          onFocus={() => {
            panel.notices.actions.hold(notice.id);
          }}
          onBlur={(event) => {
            if (!event.currentTarget.matches(':hover')) panel.notices.actions.letGo(notice.id);
          }}
        >
          {notice.tone === 'done' ? <CircleCheck aria-hidden="true" /> : <TriangleAlert aria-hidden="true" />}
          <div>
            <p>
              <HostileText text={notice.text} longest={300} />
            </p>
            {notice.hint !== null && (
              <p className="notice-hint">
                <HostileText text={notice.hint} />
              </p>
            )}
          </div>
          <button
            type="button"
            className="button button-quiet button-icon"
            aria-label="Dismiss"
            onClick={() => {
              panel.notices.actions.dismiss(notice.id);
            }}
          >
            <X aria-hidden="true" />
          </button>
        </div>
      ))}
    </div>
  );
}
