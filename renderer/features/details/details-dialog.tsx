/** One event in full: everything the launcher said of it, the whole target, and why the answer was what it was. */
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { deciderSentences, eventSentence, sightWords, sourceTitles } from '#contract/sentences.ts';
import { Dialog } from '../../lib/components/dialog.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { Note } from '../../lib/components/note.tsx';
import { countWords } from '../../lib/text.ts';
import { dayAndTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';
import { denialSentence } from '../grants/grant-dialog.tsx';
import { isGrantable } from '../grants/proposals.ts';
import { Explained } from './explained.tsx';

export function DetailsDialog(): ReactNode {
  const panel = usePanel();
  const { actions } = panel.details;
  const subject = useStore(panel.details, (state) => state.subject);
  const why = useStore(panel.details, (state) => state.why);
  const servers = useStore(panel.servers, (state) => state.servers);
  if (subject === null) return null;
  const { event } = subject;
  const sentence = event === null ? denialSentence(subject) : eventSentence(event);
  const grantable = isGrantable(subject.kind, subject.target) && (event === null || event.verdict === 'refused');
  const now = panel.clock.now();
  return (
    <Dialog
      open
      onClose={actions.close}
      title={
        <>
          <HostileText text={servers.get(subject.server)?.name ?? subject.server} longest={60} /> {sentence.phrase}
          {sentence.known !== null && ` ${sentence.known}`}
        </>
      }
      footer={
        <>
          {grantable && (
            <button
              type="button"
              className="button"
              onClick={() => {
                actions.close();
                panel.grant.actions.open([subject]);
              }}
            >
              Allow …
            </button>
          )}
          <button type="button" className="button button-primary" onClick={actions.close}>
            Close
          </button>
        </>
      }
    >
      {subject.target !== '' && (
        <pre className="whole-target" tabIndex={0} aria-label="The whole target">
          <HostileText text={subject.target} />
        </pre>
      )}
      {subject.targetBytes !== undefined && (
        <Note tone="warn">
          This is not the whole name: it has {countWords(subject.targetBytes)} bytes, or is not valid text.
        </Note>
      )}
      {sentence.reason !== null && <Note tone="refused">{sentence.reason}</Note>}
      <Explained why={why} />
      {event !== null && (
        <dl className="facts">
          <dt>When</dt>
          <dd>
            {dayAndTime(event.at, now)}
            {subject.count > 1 && `; ${countWords(subject.count)} times since ${dayAndTime(subject.firstAt, now)}`}
          </dd>
          {event.address !== undefined && event.address !== event.target && (
            <>
              <dt>Address</dt>
              <dd>
                <code>
                  <HostileText text={event.address} />
                </code>
              </dd>
            </>
          )}
          <dt>Answer</dt>
          <dd>
            {event.verdict}
            {event.errno !== undefined && ` (${event.errno})`}. {deciderSentences[event.by]}
          </dd>
          {event.rule !== undefined && (
            <>
              <dt>Rule then</dt>
              <dd>
                <code>
                  <HostileText text={event.rule.id} />
                </code>{' '}
                from {sourceTitles[event.rule.source]}
              </dd>
            </>
          )}
          <dt>Program</dt>
          <dd>
            <code>
              <HostileText text={event.process.exe} />
            </code>
            , process {event.process.pid}
          </dd>
          {event.tool !== undefined && (
            <>
              <dt>Tool</dt>
              <dd>
                <HostileText text={event.tool} />
              </dd>
            </>
          )}
          <dt>Run</dt>
          <dd>
            <code>{event.run}</code>
          </dd>
          {event.start !== undefined && (
            <>
              <dt>Enforced</dt>
              <dd>
                <HostileText
                  text={[...event.start.enforcement.full, ...event.start.enforcement.partial].join(', ') || 'nothing'}
                />
              </dd>
              {event.start.enforcement.missing.length > 0 && (
                <>
                  <dt>Missing</dt>
                  <dd>
                    <HostileText text={event.start.enforcement.missing.join(', ')} />
                  </dd>
                </>
              )}
              {event.start.unseen !== undefined && (
                <>
                  <dt>Not seen</dt>
                  <dd>{sightWords.inRun(event.start)}</dd>
                </>
              )}
              {event.start.notApplied.length > 0 && (
                <>
                  <dt>Not applied</dt>
                  <dd>
                    <HostileText text={event.start.notApplied.join('; ')} longest={2000} />
                  </dd>
                </>
              )}
            </>
          )}
        </dl>
      )}
    </Dialog>
  );
}
