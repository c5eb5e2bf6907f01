/** Whether accesses to files of a server are seen, what that means, and the choice. Giving it up is asked for twice. */
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { ErrorBody } from '#contract/errors.ts';
import { leavesFilesUnseen, type EffectivePolicy } from '#contract/policy.ts';
import { sightHindranceWords, sightSentences, sightTitles, sightWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import type { Sight } from '#contract/words.ts';
import { ErrorNote } from '../../lib/components/note.tsx';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';

export function ServerSight({ server, policy }: { server: Server; policy: EffectivePolicy }): ReactNode {
  const panel = usePanel();
  const [asking, setAsking] = useState(false);
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<ErrorBody | null>(null);
  const chosen: Sight = policy.sight?.chosen ?? 'full';
  const holds: Sight = leavesFilesUnseen(policy) ? 'without-files' : 'full';
  const hindrances = policy.sight?.hindrances ?? [];

  async function choose(sight: Sight): Promise<void> {
    setSaving(true);
    const failure = await panel.about.actions.setSight(server.id, sight);
    setSaving(false);
    setAsking(false);
    setError(failure);
  }

  const name = <span className="visually-hidden">, {visibleText(server.name)}</span>;
  return (
    <>
      <p className="about-faint">
        <strong>{sightTitles[holds]}</strong>. {sightSentences[holds]}
        {hindrances.length > 0 && ` ${sightWords.hindered} ${sightHindranceWords(hindrances)}.`}
      </p>
      {error !== null && <ErrorNote error={error} />}
      {asking ? (
        <div role="group" aria-label={sightWords.title}>
          <p>{sightSentences['without-files']}</p>
          <div className="note-actions">
            <button
              type="button"
              className="button button-small button-primary"
              disabled={saving}
              onClick={() => void choose('without-files')}
            >
              {sightWords.confirm}
              {name}
            </button>
            <button
              type="button"
              className="button button-small"
              autoFocus
              onClick={() => {
                setAsking(false);
              }}
            >
              {sightWords.cancel}
              {name}
            </button>
          </div>
        </div>
      ) : (
        <div>
          <button
            type="button"
            className="button button-small"
            disabled={saving}
            onClick={() => {
              setError(null);
              if (chosen === 'full') setAsking(true);
              else void choose('full');
            }}
          >
            {chosen === 'full' ? sightWords.leave : sightWords.see}
            {name}
          </button>
        </div>
      )}
    </>
  );
}
