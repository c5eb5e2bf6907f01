/** What looks like a secret in a server's entry, what was moved out of the client's file, and how to go from one to the other. */
import { KeyRound } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { secretSentence, secretWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { Progress } from '../../lib/components/progress.tsx';
import { usePanel } from '../../panel-context.tsx';
import type { SecretStep } from './secret-store.ts';
import { movableOf } from './secret-store.ts';
import { FailedStep, StepButton, StepPlace } from './server-step.tsx';

const shown = 100;

function Step({ server, step }: { server: Server; step: SecretStep }): ReactNode {
  const { actions } = usePanel().secrets;
  switch (step.kind) {
    case 'moving':
      return <Progress text="Moving them out of the client’s file …" startedAt={step.startedAt} />;
    case 'returning':
      return <Progress text="Putting them back into the client’s file …" startedAt={step.startedAt} />;
    case 'failed':
      return (
        <FailedStep
          server={server}
          error={step.error}
          onUnderstood={() => {
            actions.dismiss(server.id);
          }}
        />
      );
  }
}

/** Beside the level, while something can be done: what the file holds, and the button that moves it out. */
export function SecretsLine({ server }: { server: Server }): ReactNode {
  const { secrets } = usePanel();
  const step = useStore(secrets, (state) => state.steps.get(server.id) ?? null);
  const movable = movableOf(server);
  if (server.level === 'off' || (movable.length === 0 && step === null)) return null;
  return (
    <StepPlace>
      {(step === null || step.kind === 'failed') && movable.length > 0 && (
        <div className="server-pin">
          <p>
            <KeyRound aria-hidden="true" />
            {secretWords.found(movable.length)}
          </p>
          <span>
            <StepButton
              server={server}
              text="Move to Belljar’s store"
              onClick={() => void secrets.actions.move(server)}
            />
          </span>
        </div>
      )}
      {step !== null && <Step server={server} step={step} />}
    </StepPlace>
  );
}

/** Each of them, with what it is and where it is. */
export function ServerSecrets({ server }: { server: Server }): ReactNode {
  const { secrets } = usePanel();
  const busy = useStore(secrets, (state) => {
    const kind = state.steps.get(server.id)?.kind;
    return kind === 'moving' || kind === 'returning';
  });
  const movable = movableOf(server);
  const moved = server.secrets.filter(({ state }) => state === 'moved');
  if (server.secrets.length === 0) return <p className="about-faint">{secretWords.none}</p>;
  return (
    <>
      {moved.length > 0 && <p className="about-faint">{secretWords.moved(moved.length)}</p>}
      {movable.length > 0 && (
        <p className="about-faint">{server.level === 'off' ? secretWords.containFirst : secretWords.offer}</p>
      )}
      <ul className="secrets">
        {server.secrets.slice(0, shown).map((secret) => (
          <li key={`${secret.place} ${secret.name} ${secret.where}`} data-secret={secret.state}>
            <code>
              <HostileText text={secret.where} longest={120} />
            </code>
            <span>
              <HostileText text={secretSentence(secret)} longest={600} />
            </span>
          </li>
        ))}
      </ul>
      {moved.length > 0 && !busy && (
        <div className="secrets-actions">
          <StepButton
            server={server}
            text="Put back into the client’s file"
            onClick={() => void secrets.actions.putBack(server)}
          />
        </div>
      )}
    </>
  );
}
