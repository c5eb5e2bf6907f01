/** One row of the feed: who, what, to what, when, how often; and for a refusal the way to allow it. */
import {
  BellOff,
  CircleHelp,
  CircleSlash,
  File,
  FilePen,
  Globe,
  OctagonMinus,
  Play,
  Plug,
  ScrollText,
  SlidersHorizontal,
  Square,
  Terminal,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { memo } from 'react';
import { isDenial } from '#contract/event.ts';
import { activityWords, eventSentence } from '#contract/sentences.ts';
import type { EventKind } from '#contract/words.ts';
import { HostileText, MiddleText } from '../../lib/components/hostile-text.tsx';
import { countWords, visibleText } from '../../lib/text.ts';
import { dayAndTime } from '../../lib/time.ts';
import { isGrantable } from '../grants/proposals.ts';
import type { FeedRow } from './feed-rows.ts';

const kindIcons: Record<EventKind, typeof File> = {
  'file.read': File,
  'file.write': FilePen,
  'file.create': FilePen,
  'file.delete': FilePen,
  'file.rename': FilePen,
  'file.attr': FilePen,
  exec: Terminal,
  'net.connect': Globe,
  'net.dns': Globe,
  'net.listen': Globe,
  'unix.connect': Plug,
  'link.open': Globe,
  signal: OctagonMinus,
  syscall: OctagonMinus,
  limit: OctagonMinus,
  'run.start': Play,
  'run.end': Square,
  'plan.change': SlidersHorizontal,
  'spool.dropped': ScrollText,
};

const nameLongest = 20;
const targetLongest = 200;
const programLongest = 28;

function programName(exe: string): string {
  return exe.slice(exe.lastIndexOf('/') + 1) || exe;
}

/** `the Docker socket: full control of this machine` is said in full where a row is opened. */
function shortKnown(known: string): string {
  return known.split(/[:(]/u, 1)[0]?.trim() ?? known;
}

/** Of the element that says what a row is about; a row's own key may hold whatever a path may, and an id no white space. */
export function sentenceId({ key }: FeedRow): string {
  return `row-${key.replaceAll(/[^\w/.-]/gu, (character) => `%${(character.codePointAt(0) ?? 0).toString(16)};`)}`;
}

export interface FeedRowViewProps {
  row: FeedRow;
  serverName: string;
  /** Inner buttons are reached by Tab only in the row that has the focus. */
  active: boolean;
  onAllow: (row: FeedRow) => void;
  onDetails: (row: FeedRow) => void;
  onMute?: (row: FeedRow) => void;
}

export const FeedRowView = memo(function FeedRowView(props: FeedRowViewProps): ReactNode {
  const { row, serverName, active, onAllow, onDetails, onMute } = props;
  const { event } = row;
  const sentence = eventSentence(event);
  const denial = isDenial(event);
  const Icon = denial ? CircleSlash : event.verdict === 'asked' ? CircleHelp : kindIcons[event.kind];
  const tabIndex = active ? 0 : -1;
  const saidBy = sentenceId(row);
  return (
    <>
      <span className="row-icon" aria-hidden="true">
        <Icon />
      </span>
      <div className="row-main">
        <p className="row-sentence" id={saidBy}>
          {denial && <span className="visually-hidden">Refused: </span>}
          <span className="row-server">
            <HostileText text={serverName} longest={nameLongest} />
          </span>{' '}
          <span className="row-phrase">{sentence.phrase}</span>{' '}
          {sentence.known !== null ? (
            <strong>{shortKnown(sentence.known)}</strong>
          ) : (
            sentence.target !== null && (
              <code className="row-object">
                <MiddleText text={sentence.target} longest={targetLongest} />
              </code>
            )
          )}
        </p>
        <p className="row-under">
          {sentence.known !== null && sentence.target !== null && (
            <code className="row-target">
              <MiddleText text={sentence.target} longest={targetLongest} />
            </code>
          )}{' '}
          {sentence.target !== null && (
            <span className="row-program">
              by <HostileText text={programName(event.process.exe)} longest={programLongest} />
            </span>
          )}{' '}
          {event.errno !== undefined && <span className="row-errno">{event.errno}</span>}
        </p>
      </div>
      <div className="row-side">
        <p className="row-facts">
          {row.count > 1 && (
            <span className="row-count" title={`${countWords(row.count)} times`}>
              ×{countWords(row.count)}
            </span>
          )}
          <time className="row-time" dateTime={event.at}>
            {dayAndTime(event.at, Date.now())}
          </time>
        </p>
        <div className="row-acts">
          {onMute !== undefined && (
            <button
              type="button"
              className="row-mute"
              tabIndex={tabIndex}
              aria-label={activityWords.muteThis}
              aria-describedby={saidBy}
              title={activityWords.muteThis}
              onClick={() => {
                onMute(row);
              }}
            >
              <BellOff aria-hidden="true" />
            </button>
          )}
          {denial && isGrantable(event.kind, event.target) && (
            <button
              type="button"
              className="row-allow"
              tabIndex={tabIndex}
              aria-describedby={saidBy}
              aria-label={`Allow ${sentence.known ?? visibleText(event.target).slice(0, 200)}`}
              onClick={() => {
                onAllow(row);
              }}
            >
              Allow …
            </button>
          )}
        </div>
      </div>
      <button
        type="button"
        className="row-open"
        tabIndex={tabIndex}
        aria-label="Details"
        aria-describedby={saidBy}
        onClick={() => {
          onDetails(row);
        }}
      />
    </>
  );
});
