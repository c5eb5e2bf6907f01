/** One server in the list: what it is, how it is held, what it is refused, and what it asks of a person. */
import { CircleSlash, EyeOff, KeyRound, Globe, Package, PackageX, Play, ShieldQuestion } from 'lucide-react';
import type { ReactNode } from 'react';
import { memo } from 'react';
import { useStore } from 'zustand';
import { listWords, networkSentence, pinProblemSentences, secretWords, sightWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote } from '../../lib/components/note.tsx';
import { countWords, plural, visibleText } from '../../lib/text.ts';
import { usePanel } from '../../panel-context.tsx';
import { RouteLink } from '../navigation/route-link.tsx';
import { knownPin } from '../server-page/pin-store.ts';
import { movableOf } from '../server-page/secret-store.ts';
import { LevelControl } from './level-control.tsx';
import { ServerRisk } from './server-risk.tsx';
import { StateAdvice, StatePill } from './server-state.tsx';
import { Sparkline } from './sparkline.tsx';
import { UptakeChecklist } from './uptake-checklist.tsx';
import { whatRuns } from './what-runs.ts';

export const nameLongest = 48;
const packageLongest = 72;
const commandLongest = 160;

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
      <Sparkline server={server.id} />
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

/** What it starts: the package and its version, else the command. */
export function WhatRunsLine({ server }: { server: Server }): ReactNode {
  if (server.command === null) return null;
  const { kind, name, version } = whatRuns(server);
  if (kind !== 'npm' && kind !== 'python') {
    return (
      <code className="server-command">
        <HostileText text={[server.command, ...server.args].join(' ')} longest={commandLongest} />
      </code>
    );
  }
  return (
    <p className="server-package">
      <Package aria-hidden="true" />
      <code>
        <HostileText text={name} longest={packageLongest} />
      </code>
      <span>{version === null ? listWords.newest : <HostileText text={version} longest={32} />}</span>
    </p>
  );
}

/** Facts that ask for a look, said in short; what can be done about each stands on the server's page. */
function Hints({ server }: { server: Server }): ReactNode {
  const { pins } = usePanel();
  const examined = useStore(pins, (state) => state.examined.get(server.id));
  if (server.level === 'off') return null;
  const movable = movableOf(server).length;
  const isHeld = server.level !== 'watch';
  const { network, withheld } = server;
  const pin = knownPin(server.pin, examined);
  return (
    <ul className="server-hints">
      {network !== null && (
        <li>
          <Globe aria-hidden="true" />
          {networkSentence(server.level, network)}
        </li>
      )}
      {server.filesUnseen === true && (
        <li>
          <EyeOff aria-hidden="true" />
          {sightWords.unseen}
        </li>
      )}
      {isHeld && withheld.length > 0 && (
        <li>
          <ShieldQuestion aria-hidden="true" />
          {listWords.keptBack(withheld.length)}
        </li>
      )}
      {movable > 0 && (
        <li>
          <KeyRound aria-hidden="true" />
          {secretWords.found(movable)}
        </li>
      )}
      {pin?.problem !== null && pin?.problem !== undefined && (
        <li className="server-hint-refused">
          <PackageX aria-hidden="true" />
          {pinProblemSentences[pin.problem]}
        </li>
      )}
    </ul>
  );
}

/** The level, what it asks for, and what went wrong: the same in the list and on the server's page. */
export function ServerLevel({ server }: { server: Server }): ReactNode {
  const panel = usePanel();
  const asked = useStore(panel.servers, (state) => state.asked.get(server.id) ?? null);
  const failure = useStore(panel.servers, (state) => state.failures.get(server.id) ?? null);
  return (
    <>
      {server.state !== 'cannot' && server.drift?.how !== 'removed' && (
        <LevelControl
          name={<HostileText text={server.name} longest={nameLongest} />}
          level={server.level}
          asked={asked}
          disabled={server.state === 'locked'}
          onChoose={(level) => void panel.change.actions.choose(server, level)}
        />
      )}
      <StateAdvice server={server} />
      <UptakeChecklist server={server} />
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
    </>
  );
}

export const ServerRow = memo(function ServerRow({
  server,
  titleId,
  chosen,
}: {
  server: Server;
  titleId: string;
  chosen: boolean;
}): ReactNode {
  const panel = usePanel();
  return (
    <>
      <input
        type="checkbox"
        className="server-choose"
        aria-label={listWords.choose(visibleText(server.name).slice(0, 200))}
        checked={chosen}
        onChange={() => {
          panel.list.actions.toggle(server.id);
        }}
      />
      <div className="server-body">
        <div className="server-top">
          <h4 className="server-name" id={titleId}>
            <RouteLink to={{ name: 'server', server: server.id }}>
              <HostileText text={server.name} longest={nameLongest} />
            </RouteLink>
          </h4>
          <StatePill state={server.state} />
          {server.scope !== 'user' && server.scope !== '' && (
            <span className="server-scope">
              <HostileText text={server.scope} longest={24} />
            </span>
          )}
          <Activity server={server} />
        </div>
        <WhatRunsLine server={server} />
        <ServerRisk server={server} />
        <ServerLevel server={server} />
        <Hints server={server} />
      </div>
    </>
  );
});
