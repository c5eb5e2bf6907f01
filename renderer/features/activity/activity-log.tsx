/**
 * What comes in, for people who do not see it come: a log that is read out, a sentence for all of some seconds, so that a
 * flood is one sentence too. Nothing is said while the feed is paused.
 */
import type { ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import { activityWords } from '#contract/sentences.ts';
import { usePanel } from '../../panel-context.tsx';

const everyMs = 8000;
const kept = 5;

/** `heard`: asked every some seconds for what to say of all since it last answered; null for nothing. */
export function PoliteLog({ label, heard }: { label: string; heard: () => string | null }): ReactNode {
  const [said, setSaid] = useState<readonly { id: number; text: string }[]>([]);
  const latest = useRef(heard);
  useEffect(() => {
    latest.current = heard;
  }, [heard]);
  useEffect(() => {
    let id = 0;
    const timer = setInterval(() => {
      const text = latest.current();
      if (text === null) return;
      id += 1;
      const one = { id, text };
      setSaid((before) => [...before, one].slice(-kept));
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return (
    <div className="visually-hidden" role="log" aria-label={label}>
      {said.map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </div>
  );
}

export function ActivityLog(): ReactNode {
  const panel = usePanel();
  const before = useRef(panel.feed.getState().heard);
  function heard(): string | null {
    const { heard: now, holds } = panel.feed.getState();
    const events = now.events - before.current.events;
    if (events === 0 || holds.has('paused')) return null;
    const text = activityWords.heard(events, now.denials - before.current.denials);
    before.current = now;
    return text;
  }
  return <PoliteLog label={activityWords.logLabel} heard={heard} />;
}
