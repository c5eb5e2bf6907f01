/** The left half: every server of this machine, by client. Loading, empty and failed are states of it, not accidents. */
import { FlaskConical, ListChecks, Radar, RotateCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { useStore } from 'zustand';
import { auditWords, rolloutWords } from '#contract/sentences.ts';
import { BellJar } from '../../lib/components/bell-jar.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote } from '../../lib/components/note.tsx';
import { usePanel } from '../../panel-context.tsx';
import { ServerCard } from './server-card.tsx';
import { groupByClient, isContained } from './servers-store.ts';

function Loading(): ReactNode {
  return (
    <div className="loading" role="status" aria-label="Looking for servers">
      {[0, 1, 2].map((index) => (
        <div key={index} className="loading-card" aria-hidden="true">
          <span className="skeleton skeleton-title" />
          <span className="skeleton skeleton-line" />
          <span className="skeleton skeleton-control" />
        </div>
      ))}
    </div>
  );
}

function Empty(): ReactNode {
  const panel = usePanel();
  const machine = useStore(panel.machine, (state) => state.machine);
  const lookedAt = machine?.lookedAt ?? [];
  return (
    <div className="empty">
      <BellJar className="empty-mark" />
      <h3 className="empty-title">No MCP servers found</h3>
      <p className="empty-text">
        When one is added to a client on this machine, it appears here by itself. Until then, see in half a minute what
        a server can do to you, and what it can do under glass.
      </p>
      <button type="button" className="button button-primary" onClick={() => void panel.demo.actions.open()}>
        <FlaskConical aria-hidden="true" /> Show me
      </button>
      {lookedAt.length > 0 && (
        <div className="looked">
          <h4 className="looked-title">Files that were looked at</h4>
          <ul>
            {lookedAt.map((place) => (
              <li key={place.file} className="looked-place">
                <span className="looked-client">
                  <HostileText text={place.clientTitle} />
                </span>
                <code>
                  <HostileText text={place.file} />
                </code>
                <span className="looked-found">{place.found ? 'no servers in it' : 'not there'}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

export function ServersPane(): ReactNode {
  const panel = usePanel();
  const servers = useStore(panel.servers, (state) => state.servers);
  const loaded = useStore(panel.servers, (state) => state.loaded);
  const error = useStore(panel.servers, (state) => state.error);
  const groups = useMemo(() => groupByClient(servers), [servers]);
  const contained = [...servers.values()].filter(isContained).length;
  return (
    <section className="pane pane-servers" aria-labelledby="servers-title">
      <header className="pane-head">
        <h2 id="servers-title" className="pane-title" tabIndex={-1}>
          Servers
        </h2>
        {loaded && servers.size > 0 && (
          <>
            <p className="pane-facts">
              {contained} of {servers.size} contained
            </p>
            <div className="pane-actions">
              <button type="button" className="button button-small" onClick={() => void panel.audit.actions.open()}>
                <Radar aria-hidden="true" /> {auditWords.button}
              </button>
              <button type="button" className="button button-small" onClick={() => void panel.rollout.actions.open()}>
                <ListChecks aria-hidden="true" /> {rolloutWords.button}
              </button>
            </div>
          </>
        )}
      </header>
      <div className="pane-scroll" tabIndex={0} role="group" aria-label="List of servers">
        {error !== null && !loaded && (
          <div className="pane-error">
            <ErrorNote error={error}>
              <button type="button" className="button button-small" onClick={panel.retryNow}>
                <RotateCw aria-hidden="true" /> Try now
              </button>
            </ErrorNote>
          </div>
        )}
        {!loaded && error === null && <Loading />}
        {loaded && servers.size === 0 && <Empty />}
        {groups.map((group) => (
          <section key={group.client} className="client" aria-labelledby={`client-${group.client}`}>
            <h3 className="client-title" id={`client-${group.client}`}>
              <HostileText text={group.title} longest={60} />
              <span className="client-count">{group.servers.length}</span>
            </h3>
            <ul>
              {group.servers.map((server) => (
                <ServerCard key={server.id} server={server} />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </section>
  );
}
