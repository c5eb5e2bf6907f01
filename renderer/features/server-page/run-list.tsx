/** The last runs of a server: how each went, and which of its walls stood whole, with a gap, or not at all. */
import { Square } from 'lucide-react';
import type { ReactNode } from 'react';
import { gapsInWalls } from '#contract/event.ts';
import { durationWords, runEndPhrase, serverPageWords, sightWords } from '#contract/sentences.ts';
import type { Run, Server } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { plural, visibleText } from '../../lib/text.ts';
import { dayAndTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';

const runsShown = 8;

function Walls({ title, tone, list }: { title: string; tone: string; list: readonly string[] }): ReactNode {
  if (list.length === 0) return null;
  return (
    <p className={`run-walls run-walls-${tone}`}>
      <strong>{title}:</strong> <HostileText text={list.join(', ')} longest={800} />
    </p>
  );
}

function RunItem({ server, run }: { server: Server; run: Run }): ReactNode {
  const panel = usePanel();
  const now = panel.clock.now();
  const enforcement = run.start?.enforcement;
  return (
    <li className="run-item">
      <div className="run">
        <span>{dayAndTime(run.startedAt, now)}</span>
        <span className="run-what">
          {run.live
            ? `has run for ${durationWords(Math.max(0, now - Date.parse(run.startedAt)))}`
            : run.end === null
              ? 'ended without a word'
              : runEndPhrase(run.end)}
          {run.denials > 0 && `, ${plural(run.denials, 'refusal', 'refusals')}`}
        </span>
        {run.live && (
          <button
            type="button"
            className="button button-small"
            onClick={() => void panel.about.actions.stop(server.id, run.run)}
          >
            <Square aria-hidden="true" /> Stop
            <span className="visually-hidden"> this run of {visibleText(server.name)}</span>
          </button>
        )}
      </div>
      {enforcement !== undefined && (
        <>
          <Walls title={serverPageWords.enforced} tone="full" list={enforcement.full} />
          <Walls title={serverPageWords.partial} tone="partial" list={gapsInWalls(enforcement)} />
          <Walls title={serverPageWords.missing} tone="missing" list={enforcement.missing} />
          {run.start?.unseen !== undefined && (
            <p className="run-walls run-walls-partial">{sightWords.inRun(run.start)}</p>
          )}
          <Walls title={serverPageWords.notApplied} tone="missing" list={run.start?.notApplied ?? []} />
        </>
      )}
    </li>
  );
}

export function RunList({ server, runs }: { server: Server; runs: readonly Run[] }): ReactNode {
  if (runs.length === 0) return <p className="about-faint">{serverPageWords.noRuns}</p>;
  return (
    <ul className="runs">
      {runs.slice(0, runsShown).map((run) => (
        <RunItem key={run.run} server={server} run={run} />
      ))}
    </ul>
  );
}
