/** Muting noise: what exactly a rule leaves out, and the list of them with the way back. */
import { Radio } from '@base-ui/react/radio';
import { RadioGroup } from '@base-ui/react/radio-group';
import type { ReactNode } from 'react';
import { useEffect, useId, useState } from 'react';
import { useStore } from 'zustand';
import { activityWords, eventSentence, muteWords } from '#contract/sentences.ts';
import { Dialog } from '../../lib/components/dialog.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { Note } from '../../lib/components/note.tsx';
import { countWords } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import type { FeedRow } from '../feed/feed-rows.ts';
import { muteChoices } from './mute-rules.ts';

function MuteRow({ row }: { row: FeedRow }): ReactNode {
  const panel = usePanel();
  const { actions } = panel.activity;
  const servers = useStore(panel.servers, (state) => state.servers);
  const labelId = useId();
  const [chosen, setChosen] = useState(0);
  const choices = muteChoices(row.event);
  const name = servers.get(row.event.server)?.name ?? row.event.server;
  const { phrase } = eventSentence(row.event);
  const close = (): void => {
    actions.askToMute(null);
  };
  return (
    <Dialog
      open
      onClose={close}
      title={activityWords.muteTitle}
      description={
        <>
          <HostileText text={name} longest={60} /> {phrase}{' '}
          <code>
            <HostileText text={row.event.target} longest={400} />
          </code>
        </>
      }
      footer={
        <>
          <button type="button" className="button" onClick={close}>
            {activityWords.cancel}
          </button>
          <button
            type="button"
            className="button button-primary"
            onClick={() => {
              const choice = choices[chosen];
              if (choice !== undefined) void actions.mute(choice.rule, activityWords.mutedDone);
            }}
          >
            {activityWords.mute}
          </button>
        </>
      }
    >
      <p id={labelId} className="grant-label">
        {activityWords.muteWhat}
      </p>
      <RadioGroup
        className="choices"
        aria-labelledby={labelId}
        value={chosen}
        onValueChange={(value) => {
          setChosen(Number(value));
        }}
      >
        {choices.map(({ scope, rule }, index) => (
          <label key={scope} className="choice">
            <Radio.Root className="choice-radio" value={index}>
              <Radio.Indicator className="choice-dot" />
            </Radio.Root>
            <span className="choice-text">
              <span className="choice-title">{activityWords.muteScopes[scope]}</span>
              <code className="choice-rule">
                <span className="choice-verb">{rule.kind}</span> <HostileText text={rule.target} longest={200} />
              </code>
            </span>
          </label>
        ))}
      </RadioGroup>
      <Note>{muteWords.done}</Note>
    </Dialog>
  );
}

export function MuteDialog(): ReactNode {
  const panel = usePanel();
  const row = useStore(panel.activity, (state) => state.muting);
  return row === null ? null : <MuteRow key={row.key} row={row} />;
}

/** `onOpener` is handed what opens it. */
export function MutedDialog({ onOpener }: { onOpener: (open: () => void) => void }): ReactNode {
  const panel = usePanel();
  const [open, setOpen] = useState(false);
  const mutes = useStore(panel.feed, (state) => state.mutes);
  const muted = useStore(panel.feed, (state) => state.muted);
  const shown = useStore(panel.feed, (state) => state.showMuted);
  const servers = useStore(panel.servers, (state) => state.servers);
  useEffect(() => {
    onOpener(() => {
      setOpen(true);
    });
  }, [onOpener]);
  if (!open) return null;
  const close = (): void => {
    setOpen(false);
  };
  return (
    <Dialog
      open
      onClose={close}
      title={activityWords.mutedTitle}
      description={muteWords.done}
      footer={
        <button type="button" className="button button-primary" onClick={close}>
          {activityWords.close}
        </button>
      }
    >
      {mutes.length === 0 ? (
        <p>{muteWords.nothing}</p>
      ) : (
        <>
          <label className="mute-shown">
            <input
              type="checkbox"
              checked={shown}
              onChange={(event) => {
                panel.feed.actions.showMuted(event.target.checked);
              }}
            />{' '}
            {activityWords.showMuted(countWords(muted))}
          </label>
          <ul className="mutes">
            {mutes.map((mute) => (
              <li key={mute.id}>
                <span>
                  <code>
                    <HostileText text={mute.target} longest={200} />
                  </code>
                  <span className="mute-of">
                    {mute.kind ?? muteWords.everyKind},{' '}
                    {mute.server === null ? (
                      muteWords.everyServer
                    ) : (
                      <HostileText text={servers.get(mute.server)?.name ?? mute.server} longest={60} />
                    )}
                  </span>
                </span>
                <button
                  type="button"
                  className="button button-small"
                  onClick={() => void panel.activity.actions.unmute(mute.id, muteWords.undone)}
                >
                  {activityWords.unmute}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  );
}
