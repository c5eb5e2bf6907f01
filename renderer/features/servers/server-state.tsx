/** A server's state: an icon, a word, and what to do about it. */
import {
  Ban,
  CircleDashed,
  Copy,
  Eye,
  FileDiff,
  FolderInput,
  Lock,
  RotateCw,
  ShieldCheck,
  TriangleAlert,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import {
  cannotRemedies,
  cannotSentences,
  driftSentences,
  driftWords,
  failingWords,
  stateSentences,
  stateTitles,
} from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import type { ServerState } from '#contract/words.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { Note } from '../../lib/components/note.tsx';
import { visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { everything, formatFilter } from '../feed/feed-filter.ts';
import { RouteLink } from '../navigation/route-link.tsx';

const icons: Record<ServerState, typeof Ban> = {
  off: CircleDashed,
  watched: Eye,
  contained: ShieldCheck,
  'restart-needed': RotateCw,
  failing: TriangleAlert,
  drifted: FileDiff,
  moved: FolderInput,
  copied: Copy,
  cannot: Ban,
  locked: Lock,
};

export function StatePill({ state }: { state: ServerState }): ReactNode {
  const Icon = icons[state];
  return (
    <span className={`pill pill-${state}`}>
      <Icon aria-hidden="true" />
      {stateTitles[state]}
    </span>
  );
}

const lineLongest = 300;

/** What became of a contained entry: the command lines, where they differ. */
function Drift({ drift }: { drift: NonNullable<Server['drift']> }): ReactNode {
  const { how, before, now } = drift;
  return (
    <>
      <p>{driftSentences[how]}</p>
      {how !== 'unwrapped' && (
        <dl className="drift">
          {before !== null && (
            <>
              <dt>{driftWords.before}</dt>
              <dd>
                <code>
                  <HostileText text={before.join(' ')} longest={lineLongest} />
                </code>
              </dd>
            </>
          )}
          <dt>{driftWords.now}</dt>
          <dd>
            {now === null ? (
              driftWords.gone
            ) : (
              <code>
                <HostileText text={now.join(' ')} longest={lineLongest} />
              </code>
            )}
          </dd>
        </dl>
      )}
    </>
  );
}

/** What to do, where the state asks for something. */
export function StateAdvice({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const place = useStore(panel.navigation, (state) => state.route);
  const sentence = stateSentences[server.state];
  if (server.state === 'cannot') {
    const reason = server.reason ?? 'bad-entry';
    const why = server.why ?? { sentence: cannotSentences[reason], remedy: cannotRemedies[reason] };
    return (
      <Note>
        <HostileText text={`${why.sentence} ${why.remedy}`} longest={600} />
      </Note>
    );
  }
  if (server.state === 'failing') {
    return (
      <Note tone="refused">
        {sentence}
        <div className="note-actions">
          <RouteLink
            className="button button-small"
            to={{ name: 'activity', query: formatFilter({ ...everything, server: server.id, verdict: 'refused' }) }}
          >
            {failingWords.refusals}
            <span className="visually-hidden">, {visibleText(server.name)}</span>
          </RouteLink>
          {place.name !== 'server' && (
            <RouteLink className="button button-small" to={{ name: 'server', server: server.id }}>
              {failingWords.check}
              <span className="visually-hidden">, {visibleText(server.name)}</span>
            </RouteLink>
          )}
          <button
            type="button"
            className="button button-small"
            onClick={() => void panel.change.actions.choose(server, 'off')}
          >
            Put it back
            <span className="visually-hidden">, {visibleText(server.name)}</span>
          </button>
        </div>
      </Note>
    );
  }
  if (server.drift?.how === 'removed') {
    return (
      <Note tone="warn">
        <Drift drift={server.drift} />
        <div className="note-actions">
          <button
            type="button"
            className="button button-small"
            onClick={() => void panel.change.actions.forget(server)}
          >
            Forget it
          </button>
        </div>
      </Note>
    );
  }
  if (server.state === 'drifted' || server.state === 'moved' || server.state === 'copied') {
    return (
      <Note tone="warn">
        {server.drift === undefined ? sentence : <Drift drift={server.drift} />}
        <div className="note-actions">
          <button
            type="button"
            className="button button-small"
            onClick={() => void panel.change.actions.choose(server, server.level === 'off' ? 'standard' : server.level)}
          >
            Contain again
          </button>
          <button
            type="button"
            className="button button-small"
            onClick={() => void panel.change.actions.choose(server, 'off')}
          >
            Put it back
          </button>
        </div>
      </Note>
    );
  }
  if (server.state === 'locked' && sentence !== null) return <Note>{sentence}</Note>;
  return null;
}
