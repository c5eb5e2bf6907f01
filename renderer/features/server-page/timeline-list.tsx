/** What happened around one server, newest first. */
import { CircleSlash, UserRound } from 'lucide-react';
import type { ReactNode } from 'react';
import type { HistoryEntry } from '#contract/decision.ts';
import type { Event } from '#contract/event.ts';
import { isDenial } from '#contract/event.ts';
import { eventSentence, historyWords, serverPageWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { countWords, visibleText } from '../../lib/text.ts';
import { dayAndTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';
import { everything, formatFilter } from '../feed/feed-filter.ts';
import { isGrantable } from '../grants/proposals.ts';
import { RouteLink } from '../navigation/route-link.tsx';
import { timelineOf } from './timeline.ts';

const momentsShown = 40;

function EventWords({ event }: { event: Event }): ReactNode {
  const { phrase, known, target } = eventSentence(event);
  return (
    <>
      {phrase} {known !== null && <strong>{known} </strong>}
      {target !== null && (
        <code>
          <HostileText text={target} longest={120} />
        </code>
      )}
      {event.count > 1 && ` ×${countWords(event.count)}`}
    </>
  );
}

function Allow({ event }: { event: Event }): ReactNode {
  const panel = usePanel();
  return (
    <button
      type="button"
      className="row-allow"
      aria-label={`Allow ${event.known ?? visibleText(event.target).slice(0, 200)}`}
      onClick={() => {
        panel.grant.actions.open([event]);
      }}
    >
      Allow …
    </button>
  );
}

export function TimelineList({
  server,
  events,
  decisions,
}: {
  server: Server;
  events: readonly Event[];
  decisions: readonly HistoryEntry[];
}): ReactNode {
  const now = usePanel().clock.now();
  const moments = timelineOf(events, decisions, momentsShown);
  if (moments.length === 0) return <p className="about-faint">{serverPageWords.noTimeline}</p>;
  return (
    <>
      <ol className="timeline" tabIndex={0} aria-label={serverPageWords.timeline}>
        {moments.map((moment) => (
          <li
            key={moment.key}
            className={moment.kind === 'event' && isDenial(moment.event) ? 'moment-refused' : undefined}
          >
            <time dateTime={moment.at}>{dayAndTime(moment.at, now)}</time>
            {moment.kind === 'decision' ? (
              <span>
                <UserRound aria-hidden="true" />
                <HostileText text={moment.entry.summary} longest={160} />, {historyWords.doors[moment.entry.door]}
              </span>
            ) : (
              <span>
                {isDenial(moment.event) && <CircleSlash aria-hidden="true" />}
                <EventWords event={moment.event} />
                {isDenial(moment.event) && isGrantable(moment.event.kind, moment.event.target) && (
                  <Allow event={moment.event} />
                )}
              </span>
            )}
          </li>
        ))}
      </ol>
      <p className="timeline-more">
        <RouteLink to={{ name: 'activity', query: formatFilter({ ...everything, server: server.id }) }}>
          {serverPageWords.wholeTimeline}
        </RouteLink>
      </p>
    </>
  );
}
