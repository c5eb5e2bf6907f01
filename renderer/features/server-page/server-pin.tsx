/** What a server starts: what its entry fetches each time, or what was installed once; and how to go from one to the other. */
import { Pin as PinIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { PinChanges } from '#contract/pin.ts';
import { fetchSentence, pinProblemSentences } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { Note } from '../../lib/components/note.tsx';
import { Progress } from '../../lib/components/progress.tsx';
import { plural } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import type { PinStep } from './pin-store.ts';
import { knownPin } from './pin-store.ts';
import { FailedStep, StepButton, StepPlace } from './server-step.tsx';

const namesShown = 6;

function nameList(items: readonly string[]): string {
  const more = items.length - namesShown;
  return items.slice(0, namesShown).join(', ') + (more > 0 ? ` and ${more.toString()} more` : '');
}

function Changes({ changes }: { changes: PinChanges }): ReactNode {
  const { publisher, publisherBefore } = changes;
  const lines: string[] = [
    ...(publisher === null
      ? ['The registry does not tell who published it.']
      : [
          publisherBefore === null || publisherBefore === publisher
            ? `Published by ${publisher}.`
            : `Published by ${publisher}; the one you have was by ${publisherBefore}.`,
        ]),
    ...(changes.added.length === 0
      ? []
      : [`New: ${nameList(changes.added.map(({ name, version }) => `${name} ${version}`))}.`]),
    ...(changes.removed.length === 0 ? [] : [`Gone: ${nameList(changes.removed.map(({ name }) => name))}.`]),
    ...(changes.changed.length === 0
      ? []
      : [`${plural(changes.changed.length, 'package', 'packages')} in another version.`]),
    ...(changes.replaced.length === 0
      ? []
      : [`Other content under the same version: ${nameList(changes.replaced.map(({ name }) => name))}.`]),
    ...(changes.scripts.length === 0 ? [] : [`Runs programs while it is installed: ${nameList(changes.scripts)}.`]),
    'Its rules stay as they are.',
  ];
  return (
    <>
      <p>
        <strong>
          <HostileText text={`${changes.package} ${changes.from ?? ''} → ${changes.to}`} longest={160} />
        </strong>
      </p>
      <p>
        <HostileText text={lines.join(' ')} longest={1200} />
      </p>
    </>
  );
}

function Step({ server, step }: { server: Server; step: PinStep }): ReactNode {
  const { actions } = usePanel().pins;
  switch (step.kind) {
    case 'installing':
      return <Progress text="Installing it, contained, from its registry …" startedAt={step.startedAt} />;
    case 'looking':
      return <Progress text="Asking the registry …" startedAt={step.startedAt} />;
    case 'removing':
      return <Progress text="Removing what was installed …" startedAt={step.startedAt} />;
    case 'failed':
      return (
        <FailedStep
          server={server}
          error={step.error}
          onUnderstood={() => {
            actions.dismiss(server.id);
          }}
        >
          {step.error.code === 'pin-needs-scripts' && (
            <StepButton
              server={server}
              text="Let them run, contained"
              onClick={() => void actions.pin(server, step.update, true)}
            />
          )}
        </FailedStep>
      );
    case 'found':
      return (
        <Note>
          <div role="status">
            <Changes changes={step.changes} />
          </div>
          <div className="note-actions">
            <StepButton server={server} text="Update" onClick={() => void actions.pin(server, true)} />
            <StepButton
              server={server}
              text="Keep what it is"
              onClick={() => {
                actions.dismiss(server.id);
              }}
            />
          </div>
        </Note>
      );
  }
}

function Line({ server }: { server: Server }): ReactNode {
  const { pins } = usePanel();
  const { actions } = pins;
  const { fetches } = server;
  const examined = useStore(pins, (state) => state.examined.get(server.id));
  const pin = knownPin(server.pin, examined);
  if (pin !== null && pin.problem !== null) {
    return (
      <Note tone="refused">
        {pinProblemSentences[pin.problem]}
        <div className="note-actions">
          <StepButton server={server} text="Pin again" onClick={() => void actions.pin(server)} />
          <StepButton server={server} text="Unpin" onClick={() => void actions.unpin(server)} />
        </div>
      </Note>
    );
  }
  if (pin !== null) {
    const by = pin.publisher === null ? '' : `, published by ${pin.publisher}`;
    return (
      <div className="server-pin">
        <p>
          <PinIcon aria-hidden="true" />
          <HostileText text={`Pinned: ${pin.package} ${pin.version}${by}`} longest={200} />
        </p>
        <span>
          <StepButton server={server} text="Check for updates" onClick={() => void actions.look(server)} />
          <StepButton server={server} text="Unpin" onClick={() => void actions.unpin(server)} />
        </span>
      </div>
    );
  }
  if (fetches === null) return null;
  return (
    <div className="server-pin">
      <p>
        <HostileText text={fetchSentence(fetches)} longest={200} />
      </p>
      <span>
        <StepButton server={server} text="Pin this version" onClick={() => void actions.pin(server)} />
      </span>
    </div>
  );
}

export function ServerPin({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const step = useStore(panel.pins, (state) => state.steps.get(server.id) ?? null);
  if (server.level === 'off' || (server.pin === null && server.fetches === null)) return null;
  return (
    <StepPlace>
      {(step === null || step.kind === 'found' || step.kind === 'failed') && <Line server={server} />}
      {step !== null && <Step server={server} step={step} />}
    </StepPlace>
  );
}
