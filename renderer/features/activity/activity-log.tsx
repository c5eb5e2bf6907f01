/**
 * What comes in, for people who do not see it come: a log that is read out, a sentence for all of some seconds, so that a
 * flood is one sentence too. Nothing is said while the feed is paused.
 */
import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { activityWords } from '#contract/sentences.ts';
import { usePanel } from '../../panel-context.tsx';

const everyMs = 8000;
const kept = 5;

export function ActivityLog(): ReactNode {
  const panel = usePanel();
  const [said, setSaid] = useState<readonly { id: number; text: string }[]>([]);
  useEffect(() => {
    let heard = panel.feed.getState().heard;
    const timer = setInterval(() => {
      const { heard: now, holds } = panel.feed.getState();
      const events = now.events - heard.events;
      if (events === 0 || holds.has('paused')) return;
      const text = activityWords.heard(events, now.denials - heard.denials);
      heard = now;
      setSaid((before) => [...before, { id: now.events, text }].slice(-kept));
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [panel]);
  return (
    <div className="visually-hidden" role="log" aria-label={activityWords.logLabel}>
      {said.map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </div>
  );
}
