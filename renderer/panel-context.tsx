/** Hands the one Panel to the components; each takes the part of a store that it shows. */
import type { ReactNode } from 'react';
import { createContext, useContext } from 'react';
import type { Panel } from './panel.ts';

const PanelContext = createContext<Panel | null>(null);

export function PanelProvider({ panel, children }: { panel: Panel; children: ReactNode }): ReactNode {
  return <PanelContext value={panel}>{children}</PanelContext>;
}

export function usePanel(): Panel {
  const panel = useContext(PanelContext);
  if (panel === null) throw new Error('usePanel outside PanelProvider');
  return panel;
}
