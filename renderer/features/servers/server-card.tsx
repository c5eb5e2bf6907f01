/** One server: what it is, how it is held, what it is doing, and what to do about it. */
import { ChevronRight, CircleSlash, Play } from 'lucide-react';
import type { ReactNode } from 'react';
import { memo } from 'react';
import { useStore } from 'zustand';
import { withheldTitle } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote } from '../../lib/components/note.tsx';
import { countWords, plural, visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { NetworkLine } from '../network/network-line.tsx';
import { AboutServer } from './about-server.tsx';
import { LevelControl } from './level-control.tsx';
import { ServerRisk } from './server-risk.tsx';
import { ServerPin } from './server-pin.tsx';
import { SecretsLine } from './server-secrets.tsx';
import { StateAdvice, StatePill } from './server-state.tsx';

const nameLongest = 48;
const commandLongest = 160;

function commandLine(server: Server): string | null {
  return server.command === null ? null : [server.command, ...server.args].join(' ');
}

function Activity({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  return (
    <div className="server-activity">
      {server.liveRuns > 0 && (
        <span className="server-live">
          <Play aria-hidden="true" />
          {plural(server.liveRuns, 'run', 'runs')}
          <span className="visually-hidden"> now</span>
        </span>
      )}
      {server.denialsLastHour > 0 && (
        <button
          type="button"
          className="server-denials"
          title="Refused in the last hour; show them in the feed"
          onClick={() => {
            panel.feed.actions.setFilter({ server: server.id, verdict: 'refused', kind: null, text: '' });
          }}
        >
          <CircleSlash aria-hidden="true" />
          {countWords(server.denialsLastHour)} refused
          <span className="visually-hidden">
            {' '}
            in the last hour by {visibleText(server.name)}, show them in the feed
          </span>
        </button>
      )}
    </div>
  );
}

function About({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const open = useStore(panel.about, (state) => state.open.has(server.id));
  const panelId = `about-${server.id}`;
  return (
    <>
      <button
        type="button"
        className="server-more"
        aria-expanded={open}
        aria-controls={open ? panelId : undefined}
        onClick={() => void panel.about.actions.toggle(server.id)}
      >
        <ChevronRight className="chevron" aria-hidden="true" />
        Rules, runs and file
        <span className="visually-hidden"> of {visibleText(server.name)}</span>
      </button>
      {open && <AboutServer id={panelId} server={server} />}
    </>
  );
}

/** Its own entry asks for these, and that is not enough: to be said where the level is, not only behind it. */
function KeptBack({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  if (server.withheld.length === 0 || server.level === 'off' || server.level === 'watch') return null;
  return (
    <div className="kept-back">
      <p>{withheldTitle}</p>
      <ul>
        {server.withheld.map((path) => (
          <li key={path}>
            <code>
              <HostileText text={path} />
            </code>
            <button
              type="button"
              className="row-allow"
              aria-label={`Allow ${visibleText(path)} for ${visibleText(server.name)}`}
              onClick={() => {
                panel.grant.actions.open([{ server: server.id, kind: 'file.read', target: path }]);
              }}
            >
              Allow …
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

export const ServerCard = memo(function ServerCard({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const asked = useStore(panel.servers, (state) => state.asked.get(server.id) ?? null);
  const failure = useStore(panel.servers, (state) => state.failures.get(server.id) ?? null);
  const line = commandLine(server);
  return (
    <li className="server" data-state={server.state} data-server={server.id}>
      <div className="server-top">
        <h4 className="server-name">
          <HostileText text={server.name} longest={nameLongest} />
        </h4>
        <StatePill state={server.state} />
        {server.scope !== 'user' && server.scope !== '' && (
          <span className="server-scope">
            <HostileText text={server.scope} longest={24} />
          </span>
        )}
        <Activity server={server} />
      </div>
      {line !== null && (
        <code className="server-command">
          <HostileText text={line} longest={commandLongest} />
        </code>
      )}
      <ServerRisk server={server} />
      {server.state !== 'cannot' && server.drift?.how !== 'removed' && (
        <LevelControl
          name={<HostileText text={server.name} longest={nameLongest} />}
          level={server.level}
          asked={asked}
          disabled={server.state === 'locked'}
          onChoose={(level) => void panel.change.actions.choose(server, level)}
        />
      )}
      <NetworkLine server={server} />
      <KeptBack server={server} />
      <ServerPin server={server} />
      <SecretsLine server={server} />
      <StateAdvice server={server} />
      {failure !== null && (
        <ErrorNote error={failure}>
          <button
            type="button"
            className="button button-small"
            onClick={() => {
              panel.servers.actions.forgetFailure(server.id);
            }}
          >
            Understood
          </button>
        </ErrorNote>
      )}
      <About server={server} />
    </li>
  );
});
