/** A link to a view: an address that can be copied, and a step inside the page when it is pressed. */
import type { AnchorHTMLAttributes, ReactNode } from 'react';
import { usePanel } from '../../panel-context.tsx';
import type { Route } from './routes.ts';
import { formatRoute } from './routes.ts';

type Props = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href' | 'onClick'> & { to: Route; children: ReactNode };

export function RouteLink({ to, children, ...rest }: Props): ReactNode {
  const { navigation } = usePanel();
  return (
    <a
      {...rest}
      href={formatRoute(to)}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigation.actions.go(to);
      }}
    >
      {children}
    </a>
  );
}

/** Past what stands before: the address stays as it is. */
export function SkipLink({ to, children }: { to: string; children: ReactNode }): ReactNode {
  return (
    <a
      className="skip-link"
      href={`#${to}`}
      onClick={(event) => {
        event.preventDefault();
        document.getElementById(to)?.focus();
      }}
    >
      {children}
    </a>
  );
}
