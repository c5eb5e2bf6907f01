/**
 * The views of the panel, one line each, in the order of the navigation. The first is part of the page; others are loaded
 * when they are wanted (`later`), and once the page is live.
 */
import { Activity as ActivityIcon, Cpu, ListChecks, Server as ServerIcon, SquareTerminal } from 'lucide-react';
import type { ComponentType } from 'react';
import { lazy } from 'react';
import type { Route, RouteName } from './features/navigation/routes.ts';
import { ServersCount, ServersView } from './features/servers/servers-view.tsx';

export interface PanelView {
  name: RouteName;
  title: string;
  icon: ComponentType<{ 'aria-hidden': 'true' }>;
  View: ComponentType;
  /** Where its link leads; without it the view has none. */
  to?: Route;
  /** What waits there, behind its title: a NavigationCount. */
  Count?: ComponentType;
}

const loads: (() => Promise<unknown>)[] = [];

/** A view in a file of its own: `later(async () => (await import('./x.tsx')).XView)`. */
export function later(load: () => Promise<ComponentType>): ComponentType {
  loads.push(load);
  return lazy(async () => ({ default: await load() }));
}

/** Brings what is not there yet. One that fails is told of where it is wanted. */
export async function loadViews(): Promise<void> {
  await Promise.allSettled(loads.map((load) => load()));
}

export const views: readonly PanelView[] = [
  {
    name: 'servers',
    title: 'Servers',
    icon: ServerIcon,
    to: { name: 'servers' },
    View: ServersView,
    Count: ServersCount,
  },
  {
    name: 'server',
    title: 'Server',
    icon: ServerIcon,
    View: later(async () => (await import('./features/server-page/server-page-view.tsx')).ServerPageView),
  },
  {
    name: 'welcome',
    title: 'Welcome',
    icon: ServerIcon,
    View: later(async () => (await import('./features/first-run/welcome-view.tsx')).WelcomeView),
  },
  {
    name: 'activity',
    title: 'Activity',
    icon: ActivityIcon,
    to: { name: 'activity', query: '' },
    View: later(async () => (await import('./features/activity/activity-view.tsx')).ActivityView),
  },
  {
    name: 'rollout',
    title: 'Rollout',
    icon: ListChecks,
    to: { name: 'rollout' },
    View: later(async () => (await import('./features/rollout/rollout-view.tsx')).RolloutView),
  },
  {
    name: 'machine',
    title: 'Machine',
    icon: Cpu,
    to: { name: 'machine' },
    View: later(async () => (await import('./features/machine/machine-view.tsx')).MachineView),
  },
  {
    name: 'terminal',
    title: 'Terminal',
    icon: SquareTerminal,
    View: later(async () => (await import('./features/terminal/terminal-view.tsx')).TerminalView),
  },
];
