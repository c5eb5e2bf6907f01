/** Before a client's file is rewritten: what will stand there, how the client takes it up, and what trying it found. */
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { levelSentences, levelTitles, withheldTitle } from '#contract/sentences.ts';
import { Dialog } from '../../lib/components/dialog.tsx';
import { DiffView } from '../../lib/components/diff-view.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { Progress } from '../../lib/components/progress.tsx';
import { usePanel } from '../../panel-context.tsx';
import type { Change } from './change-store.ts';
import { CheckReport } from './check-report.tsx';

function Title({ change }: { change: Change }): ReactNode {
  const name = <HostileText text={change.server.name} longest={60} />;
  if (change.to === 'off') return <>Put {name} back</>;
  if (change.to === 'watch') return <>Watch {name}</>;
  return (
    <>
      Contain {name}: {levelTitles[change.to].toLowerCase()}
    </>
  );
}

function Body({ change }: { change: Change }): ReactNode {
  const { step, server, to } = change;
  switch (step.kind) {
    case 'loading':
      return <p role="status">Reading the file …</p>;
    case 'unreadable':
      return <ErrorNote error={step.error} />;
    case 'ready':
      return (
        <>
          <DiffView file={step.diff.file} unified={step.diff.unified} />
          <Note>
            <p>
              <strong>Afterwards:</strong> <HostileText text={server.uptakeSentence} />
            </p>
            {to !== 'off' &&
              server.notes.map((note) => (
                <p key={note}>
                  <HostileText text={note} />
                </p>
              ))}
            {(to === 'standard' || to === 'strict') && server.withheld.length > 0 && (
              <p>
                {withheldTitle}{' '}
                <code>
                  <HostileText text={server.withheld.join(', ')} longest={600} />
                </code>
              </p>
            )}
            <p>
              {to === 'off'
                ? 'Its grants are kept, in case you contain it again.'
                : 'It is tried first, once as it is and once contained. If it would not work, nothing is written.'}
            </p>
          </Note>
        </>
      );
    case 'working':
      return (
        <>
          <Progress
            text={
              to === 'off'
                ? 'Writing the file …'
                : step.checking
                  ? 'Trying it, once as it is and once contained …'
                  : 'Writing the file …'
            }
            startedAt={step.startedAt}
          />
          <DiffView file={step.diff.file} unified={step.diff.unified} />
        </>
      );
    case 'refused':
      return (
        <>
          <ErrorNote error={step.error} />
          {step.check !== null && <CheckReport check={step.check} />}
          {step.anyway && (
            <Note>
              You can contain it anyway: its walls then stand, and what it is refused shows in the feed, where you can
              allow it piece by piece.
            </Note>
          )}
        </>
      );
    case 'done':
      return (
        <>
          <Note tone="good">
            <p role="status">
              <strong>
                {!step.result.changed
                  ? 'Nothing had to be changed.'
                  : to === 'off'
                    ? 'Put back. The entry is what it was before.'
                    : `Written. ${levelSentences[to]}`}
              </strong>
            </p>
            <p>
              <HostileText text={server.uptakeSentence} />
            </p>
          </Note>
          {step.result.notice !== undefined && <ErrorNote error={step.result.notice} />}
          {step.result.check !== undefined && <CheckReport check={step.result.check} />}
          <DiffView
            file={step.result.diff?.file ?? step.diff.file}
            unified={step.result.diff?.unified ?? step.diff.unified}
          />
        </>
      );
  }
}

function Footer({ change }: { change: Change }): ReactNode {
  const { actions } = usePanel().change;
  const { step, to } = change;
  const cancel = (
    <button type="button" className="button" onClick={actions.close}>
      {step.kind === 'refused' ? 'Leave it as it is' : 'Cancel'}
    </button>
  );
  switch (step.kind) {
    case 'loading':
      return cancel;
    case 'unreadable':
      return (
        <>
          {cancel}
          <button type="button" className="button button-primary" onClick={() => void actions.again()}>
            Read the file again
          </button>
        </>
      );
    case 'ready':
      return (
        <>
          {cancel}
          <button type="button" className="button button-primary" onClick={() => void actions.confirm()}>
            {to === 'off' ? 'Put it back' : to === 'watch' ? 'Try it and watch' : 'Try it and contain'}
          </button>
        </>
      );
    case 'working':
      return (
        <button type="button" className="button" onClick={actions.close}>
          Close; it goes on
        </button>
      );
    case 'refused':
      return (
        <>
          {step.anyway ? (
            <button type="button" className="button" onClick={() => void actions.confirm(false)}>
              {to === 'watch' ? 'Watch it anyway' : 'Contain it anyway'}
            </button>
          ) : (
            <button type="button" className="button" onClick={() => void actions.again()}>
              Read the file again
            </button>
          )}
          <button type="button" className="button button-primary" onClick={actions.close}>
            Leave it as it is
          </button>
        </>
      );
    case 'done':
      return (
        <button type="button" className="button button-primary" onClick={actions.close}>
          Done
        </button>
      );
  }
}

export function ChangeDialog(): ReactNode {
  const panel = usePanel();
  const change = useStore(panel.change, (state) => state.change);
  if (change === null) return null;
  const description =
    change.step.kind === 'ready' || change.step.kind === 'loading'
      ? change.to === 'off'
        ? 'The original entry is written back, exactly as it stood:'
        : 'This is written to the file of its client. The original is kept, and one click puts it back:'
      : undefined;
  return (
    <Dialog
      open
      onClose={panel.change.actions.close}
      title={<Title change={change} />}
      {...(description === undefined ? {} : { description })}
      footer={<Footer change={change} />}
    >
      <Body change={change} />
    </Dialog>
  );
}
