/** From a denial to a rule: which rule exactly, what it opens, for how long, and what changes; then it is asked for. */
import { Radio } from '@base-ui/react/radio';
import { RadioGroup } from '@base-ui/react/radio-group';
import type { ReactNode } from 'react';
import { useId } from 'react';
import { useStore } from 'zustand';
import type { ErrorBody } from '#contract/errors.ts';
import { areaWords, eventSentence, grantSentences, holdWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { DiffView } from '../../lib/components/diff-view.tsx';
import { Dialog } from '../../lib/components/dialog.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { elideMiddle, visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { passingOf, type Denial, type Grant, type Hold } from './grant-store.ts';

/** The phrase of a denial that may be known only by kind and target. */
export function denialSentence(denial: Denial): { phrase: string; known: string | null; reason: string | null } {
  return eventSentence({
    v: 1,
    seq: 1,
    at: '',
    firstAt: '',
    run: 'r',
    server: denial.server,
    kind: denial.kind,
    target: denial.target,
    verdict: 'refused',
    by: 'kernel',
    count: 1,
    process: { pid: 0, exe: '' },
    ...(denial.known === undefined ? {} : { known: denial.known }),
  });
}

function WhichDenial({ grant }: { grant: Grant }): ReactNode {
  const panel = usePanel();
  if (grant.denials.length < 2) return null;
  return (
    <label className="grant-which">
      <span>Refused just before</span>
      <select
        className="field"
        value={grant.denials.indexOf(grant.denial)}
        onChange={(event) => {
          const denial = grant.denials[Number(event.target.value)];
          if (denial !== undefined) panel.grant.actions.select(denial);
        }}
      >
        {grant.denials.map((denial, index) => (
          <option key={index} value={index}>
            {denial.kind}: {elideMiddle(visibleText(denial.target), 120)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Choices({ grant }: { grant: Grant }): ReactNode {
  const panel = usePanel();
  const labelId = useId();
  if (grant.proposals.kind === 'none') return <Note>{grant.proposals.why}</Note>;
  return (
    <>
      <p id={labelId} className="grant-label">
        Rule to add
      </p>
      <RadioGroup
        className="choices"
        aria-labelledby={labelId}
        value={grant.chosen}
        onValueChange={(value) => {
          panel.grant.actions.choose(Number(value));
        }}
      >
        {grant.proposals.list.map((proposal, index) => (
          <label key={`${proposal.verb} ${proposal.what}`} className="choice">
            <Radio.Root className="choice-radio" value={index}>
              <Radio.Indicator className="choice-dot" />
            </Radio.Root>
            <span className="choice-text">
              <span className="choice-title">{proposal.title}</span>
              <code className="choice-rule">
                <span className="choice-verb">{proposal.verb}</span> <HostileText text={proposal.what} />
              </code>
            </span>
          </label>
        ))}
      </RadioGroup>
    </>
  );
}

function HoldChoice({
  hold,
  title,
  hint,
  error = null,
}: {
  hold: Hold;
  title: string;
  hint: string;
  error?: ErrorBody | null;
}): ReactNode {
  const hintId = useId();
  return (
    <label className="choice" data-disabled={error !== null || undefined}>
      <Radio.Root className="choice-radio" value={hold} disabled={error !== null} aria-describedby={hintId}>
        <Radio.Indicator className="choice-dot" />
      </Radio.Root>
      <span className="choice-text">
        <span className="choice-title">{title}</span>
        <span id={hintId} className="choice-hint">
          {error === null ? hint : <HostileText text={error.message} />}
        </span>
      </span>
    </label>
  );
}

/** For how long, and what that changes by the host's own word. */
function Holds({ grant, server }: { grant: Grant; server: Server | undefined }): ReactNode {
  const panel = usePanel();
  const labelId = useId();
  const { preview, hold } = grant;
  if (preview.kind === 'loading' || hold === null) return <p role="status">{holdWords.asking}</p>;
  if (preview.kind === 'failed') return <ErrorNote error={preview.error} />;
  const { change } = preview;
  const passing = passingOf(change);
  const hindered = change.untilStop !== undefined && 'error' in change.untilStop ? change.untilStop.error : null;
  const [what, diff] =
    hold === 'stop' && passing !== null ? [holdWords.changesRun, passing.diff] : [holdWords.changesPolicy, change.diff];
  return (
    <>
      <p id={labelId} className="grant-label">
        {holdWords.title}
      </p>
      <RadioGroup
        className="choices"
        aria-labelledby={labelId}
        value={hold}
        onValueChange={(value) => {
          panel.grant.actions.keep(value);
        }}
      >
        <HoldChoice
          hold="stop"
          title={holdWords.until}
          hint={holdWords.untilHint(passing?.runs.length ?? 1)}
          error={hindered}
        />
        <HoldChoice hold="always" title={holdWords.always} hint={holdWords.alwaysHint(change.effective)} />
      </RadioGroup>
      {diff === '' ? (
        <p className="grant-small">{holdWords.nothing}</p>
      ) : (
        <DiffView file={what} unified={diff} label={what} />
      )}
      {hold === 'always' && change.areas !== undefined && (
        <Note>
          <HostileText text={change.areas.join(', ')} />: {areaWords.becomes(change.areas.length)}
        </Note>
      )}
      {hold === 'always' && change.effective === 'restart' && server !== undefined && (
        <Note>
          <HostileText text={server.uptakeSentence} />
        </Note>
      )}
    </>
  );
}

export function GrantDialog(): ReactNode {
  const panel = usePanel();
  const { actions } = panel.grant;
  const grant = useStore(panel.grant, (state) => state.grant);
  const servers = useStore(panel.servers, (state) => state.servers);
  if (grant === null) return null;
  const server = servers.get(grant.denial.server);
  const name = server?.name ?? grant.denial.server;
  const sentence = denialSentence(grant.denial);
  const { step } = grant;
  const done = step.kind === 'done';
  const grantable = grant.proposals.kind === 'proposals';
  const until = grant.hold === 'stop';
  const isReady = grant.preview.kind === 'known';
  // The same socket is as dangerous by its place as by its name.
  const named = grant.proposals.kind === 'proposals' ? grant.proposals.list[0] : undefined;
  const risk = named === undefined ? null : (grantSentences(named.verb, named.what)?.risk ?? null);
  return (
    <Dialog
      open
      onClose={actions.close}
      title={grant.retry ? 'Allow and retry' : 'Allow this'}
      description={
        <>
          <HostileText text={name} longest={60} /> {sentence.phrase}{' '}
          {sentence.known !== null && <strong>{sentence.known}: </strong>}
          <code>
            <HostileText text={grant.denial.target} />
          </code>
        </>
      }
      footer={
        done || !grantable ? (
          <button type="button" className="button button-primary" onClick={actions.close}>
            {done ? 'Done' : 'Close'}
          </button>
        ) : (
          <>
            <button type="button" className="button" onClick={actions.close}>
              Cancel
            </button>
            <button
              type="button"
              className="button button-primary"
              disabled={step.kind === 'working' || !isReady}
              onClick={() => void actions.confirm()}
            >
              {step.kind === 'working' ? 'Adding …' : holdWords.confirm[until ? 'stop' : 'always']}
            </button>
          </>
        )
      }
    >
      {done ? (
        <>
          <Note tone="good">
            <p role="status">
              <strong>
                {until
                  ? holdWords.allowed
                  : step.change.effective === 'now'
                    ? 'Added; it holds now.'
                    : 'Added; it takes effect after a restart.'}
              </strong>
            </p>
            {/* One that broke has to be started again, whatever it may now. */}
            {(step.change.effective === 'restart' || grant.retry) && server !== undefined && (
              <p>
                <HostileText text={server.uptakeSentence} />
              </p>
            )}
            {step.change.rule !== null && (
              <p>
                <code>
                  <HostileText text={step.change.rule} />
                </code>
              </p>
            )}
          </Note>
          <p className="grant-small">{until ? holdWords.allowedHint : 'You can take it back on the server’s page.'}</p>
        </>
      ) : (
        <>
          <WhichDenial grant={grant} />
          {risk !== null && <Note tone="warn">{risk}</Note>}
          {risk === null && sentence.known !== null && (
            <Note tone="warn">
              This opens {sentence.known}. Most servers work without it, and one that has it can pass it on to wherever
              it can connect.
            </Note>
          )}
          <Choices grant={grant} />
          {grantable && <Holds grant={grant} server={server} />}
          {step.kind === 'failed' && <ErrorNote error={step.error} />}
        </>
      )}
    </Dialog>
  );
}
