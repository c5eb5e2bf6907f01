/** Limiting the network: hosts by who owns their names, how often and when they were used, and what the policy becomes. */
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { HostGroup } from '#contract/network.ts';
import { limitWords } from '#contract/sentences.ts';
import { Dialog } from '../../lib/components/dialog.tsx';
import { DiffView } from '../../lib/components/diff-view.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { dayAndTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';
import type { Limit, LimitStep } from './limit-store.ts';
import { isBelow } from './limit-store.ts';

type Choice = HostGroup['choices'][number];
type Choosing = Extract<LimitStep, { kind: 'choose' }>;

/** How it was used: `used 12 times, last 14:03:22`. */
function useWords(choice: Choice, now: number): string {
  const sum = (key: 'allowed' | 'refused'): number => choice.hosts.reduce((total, host) => total + host[key], 0);
  const [allowed, refused] = [sum('allowed'), sum('refused')];
  const last = choice.hosts
    .map(({ lastAt }) => lastAt)
    .toSorted()
    .at(-1);
  const isLookedUp = choice.hosts.length > 0 && choice.hosts.every(({ port }) => port === null);
  return [
    ...(choice.granted ? [limitWords.granted] : []),
    ...(isLookedUp ? [limitWords.lookedUp] : []),
    ...(!isLookedUp && allowed > 0 ? [limitWords.used(allowed)] : []),
    ...(refused > 0 ? [limitWords.refused(refused)] : []),
    ...(last === undefined ? [] : [limitWords.last(dayAndTime(last, now))]),
  ].join(', ');
}

function ChoiceItem({ group, choice, step }: { group: HostGroup; choice: Choice; step: Choosing }): ReactNode {
  const panel = usePanel();
  const isWide = choice.what.startsWith('*.');
  const isCovered = group.choices.some(({ what }) => step.chosen.has(what) && isBelow(choice.what, what));
  return (
    <label className="host-choice">
      <input
        type="checkbox"
        checked={isCovered || step.chosen.has(choice.what)}
        disabled={isCovered}
        onChange={() => void panel.limit.actions.toggle(choice.what)}
      />
      <span className="host-choice-text">
        <code>
          <HostileText text={choice.what} longest={120} />
        </code>
        <span className="host-choice-use">
          {isWide ? limitWords.below(group.name) : useWords(choice, panel.clock.now())}
        </span>
      </span>
    </label>
  );
}

function Choices({ step }: { step: Choosing }): ReactNode {
  if (step.groups.length === 0) return <Note>{limitWords.nothingSeen}</Note>;
  return (
    <>
      <p className="grant-label">{limitWords.chosen}</p>
      <div className="host-groups">
        {step.groups.map((group) => (
          <fieldset key={group.name} className="host-group">
            <legend>
              <HostileText text={group.name} longest={80} />
            </legend>
            {group.choices.map((choice) => (
              <ChoiceItem key={choice.what} group={group} choice={choice} step={step} />
            ))}
          </fieldset>
        ))}
      </div>
      {step.shown.unlisted > 0 && <Note tone="warn">{limitWords.unlisted(step.shown.unlisted)}</Note>}
    </>
  );
}

function Body({ limit }: { limit: Limit }): ReactNode {
  const { step, server } = limit;
  switch (step.kind) {
    case 'loading':
      return <span className="skeleton skeleton-line" role="status" aria-label="Loading" />;
    case 'unreadable':
      return <ErrorNote error={step.error} />;
    case 'working':
      return <p role="status">{limitWords.working}</p>;
    case 'choose':
      return (
        <>
          <Choices step={step} />
          <div className="limit-diff" aria-busy={!step.isFresh}>
            {step.shown.diff === '' ? (
              <Note>{limitWords.same}</Note>
            ) : (
              <DiffView file={server.handle} unified={step.shown.diff} label={limitWords.policy} />
            )}
          </div>
          {step.error !== null && <ErrorNote error={step.error} />}
        </>
      );
    case 'done':
      return (
        <Note tone="good">
          <p role="status">
            <strong>{limitWords.done[step.result.after]}</strong>
          </p>
          <p>
            {step.result.effective === 'restart' ? limitWords.restart : limitWords.now}{' '}
            <HostileText text={server.uptakeSentence} />
          </p>
        </Note>
      );
  }
}

function Footer({ limit }: { limit: Limit }): ReactNode {
  const panel = usePanel();
  const { actions } = panel.limit;
  const { step } = limit;
  if (step.kind !== 'choose')
    return (
      <button type="button" className="button button-primary" onClick={actions.close}>
        {step.kind === 'done' ? 'Done' : 'Close'}
      </button>
    );
  const canOpen = limit.server.level === 'standard' && step.shown.before !== 'open';
  return (
    <>
      {canOpen && (
        <button type="button" className="button footer-first" onClick={() => void actions.openAgain()}>
          {limitWords.open}
        </button>
      )}
      <button type="button" className="button" onClick={actions.close}>
        Cancel
      </button>
      <button
        type="button"
        className="button button-primary"
        disabled={!step.isFresh || step.shown.diff === ''}
        onClick={() => void actions.confirm()}
      >
        {limitWords.confirm(step.chosen.size)}
      </button>
    </>
  );
}

export function LimitDialog(): ReactNode {
  const panel = usePanel();
  const limit = useStore(panel.limit, (state) => state.limit);
  if (limit === null) return null;
  return (
    <Dialog
      open
      onClose={panel.limit.actions.close}
      title={
        <>
          {limitWords.title} <HostileText text={limit.server.name} longest={60} />
        </>
      }
      {...(limit.step.kind === 'done' ? {} : { description: limitWords.intro })}
      footer={<Footer limit={limit} />}
    >
      <Body limit={limit} />
    </Dialog>
  );
}
