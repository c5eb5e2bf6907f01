/** The views of the panel, always at the same place: which one is shown, and what waits in each. */
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { BellJar } from '../../lib/components/bell-jar.tsx';
import { usePanel } from '../../panel-context.tsx';
import { views } from '../../views.tsx';
import { Connection } from './connection.tsx';
import { RouteLink } from './route-link.tsx';
import type { Route } from './routes.ts';
import { Shortcuts } from './shortcuts-dialog.tsx';
import './navigation.css';

/** A page of a server belongs to the servers. */
function placeInNavigation(route: Route): string {
  return route.name === 'server' ? 'servers' : route.name;
}

export function SideNavigation(): ReactNode {
  const panel = usePanel();
  const route = useStore(panel.navigation, (state) => state.route);
  return (
    <header className="side">
      <h1 className="brand">
        <BellJar className="brand-mark" />
        <span>Belljar</span>
      </h1>
      <nav className="navigation" aria-label="Views">
        <ul>
          {views.flatMap(({ name, to, title, icon: Icon, Count }) =>
            to === undefined
              ? []
              : [
                  <li key={name}>
                    <RouteLink
                      to={to}
                      className="navigation-link"
                      aria-current={placeInNavigation(route) === name ? 'page' : undefined}
                    >
                      <Icon aria-hidden="true" />
                      <span className="navigation-title">{title}</span>
                      {Count !== undefined && <Count />}
                    </RouteLink>
                  </li>,
                ],
          )}
        </ul>
      </nav>
      <Shortcuts />
      <Connection />
    </header>
  );
}
