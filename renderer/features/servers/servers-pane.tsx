/** Every server of this machine. Loading, empty, failed and nothing found are states of it, not accidents. */
import { FlaskConical, ListChecks, RotateCw, Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { useDeferredValue, useMemo } from 'react';
import { useStore } from 'zustand';
import { listWords, rolloutWords, welcomeWords } from '#contract/sentences.ts';
import { BellJar } from '../../lib/components/bell-jar.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote } from '../../lib/components/note.tsx';
import { usePanel } from '../../panel-context.tsx';
import { RouteLink } from '../navigation/route-link.tsx';
import { ViewHeading, viewTitleId } from '../navigation/view-heading.tsx';
import { arrange } from './arrange.ts';
import { ChosenBar, ListTools } from './list-tools.tsx';
import { ServerList } from './server-list.tsx';
import { isContained } from './servers-store.ts';
import './servers.css';

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

/** No server at all: what will be here, and what can be seen until then. */
export function Empty(): ReactNode {
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

/** Something is there, and the search hides all of it. */
function NothingMatches({ count }: { count: number }): ReactNode {
  const panel = usePanel();
  return (
    <div className="feed-nothing">
      <Search aria-hidden="true" />
      <h3>{listWords.nothing}</h3>
      <p>{listWords.hidden(count)}</p>
      <button
        type="button"
        className="button"
        onClick={() => {
          panel.list.actions.set({ search: '' });
        }}
      >
        {listWords.everything}
      </button>
    </div>
  );
}

export function ServersPane(): ReactNode {
  const panel = usePanel();
  const servers = useStore(panel.servers, (state) => state.servers);
  const loaded = useStore(panel.servers, (state) => state.loaded);
  const error = useStore(panel.servers, (state) => state.error);
  const search = useStore(panel.list, (state) => state.search);
  const grouping = useStore(panel.list, (state) => state.grouping);
  const order = useStore(panel.list, (state) => state.order);
  // Drawn behind what is typed: the field answers first.
  const wanted = useDeferredValue(search);
  const items = useMemo(
    () => arrange(servers.values(), { search: wanted, grouping, order }),
    [servers, wanted, grouping, order],
  );
  const contained = [...servers.values()].filter(isContained).length;
  return (
    <section className="pane pane-servers" aria-labelledby={viewTitleId}>
      <header className="pane-head">
        <ViewHeading title="Servers" />
        {loaded && servers.size > 0 && (
          <>
            <p className="pane-facts">{listWords.contained(contained, servers.size)}</p>
            <div className="pane-actions">
              <RouteLink to={{ name: 'rollout' }} className="button button-small">
                <ListChecks aria-hidden="true" /> {rolloutWords.button}
              </RouteLink>
            </div>
          </>
        )}
      </header>
      {loaded && servers.size > 0 && <ListTools />}
      {loaded && servers.size > 0 && <ChosenBar />}
      {loaded && contained === 0 && [...servers.values()].some(({ state }) => state === 'off') && (
        <p className="start-line">
          {welcomeWords.start} <RouteLink to={{ name: 'welcome' }}>{welcomeWords.startLink}</RouteLink>
        </p>
      )}
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
      {loaded && servers.size === 0 && (
        <div className="pane-scroll" tabIndex={0} role="group" aria-label={listWords.list}>
          <Empty />
        </div>
      )}
      {loaded && servers.size > 0 && items.length === 0 && <NothingMatches count={servers.size} />}
      {items.length > 0 && <ServerList items={items} />}
    </section>
  );
}
