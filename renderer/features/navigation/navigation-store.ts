/**
 * Which view is shown. The address and this store say the same: `go` writes the address, back and forward write the store.
 *
 * Somebody who goes elsewhere is taken along: the heading of the view asks once (`takeFocus`) whether the focus is its own.
 * Nothing takes the focus when the page is opened, or when only a view's query changes.
 */
import { createStore } from 'zustand/vanilla';
import { codeFromHash } from '../../lib/code-from-hash.ts';
import type { Route } from './routes.ts';
import { formatRoute, home, parseRoute, placeOf } from './routes.ts';

/** The part of the browser that holds the address. */
export interface Address {
  hash: () => string;
  /** A step that "back" undoes. */
  push: (hash: string) => void;
  replace: (hash: string) => void;
  /** Back, forward, or an address that somebody typed. */
  onChange: (run: () => void) => void;
}

export interface NavigationState {
  route: Route;
}

export type NavigationStore = ReturnType<typeof createNavigationStore>;

export function createNavigationStore(address: Address) {
  const store = createStore<NavigationState>(() => ({ route: parseRoute(address.hash()) ?? home }));
  let focusWanted = false;
  /** Nobody chose a view: the address named none when the page came. */
  let isUnchosen = parseRoute(address.hash()) === null;

  function show(route: Route): void {
    const before = store.getState().route;
    if (formatRoute(before) === formatRoute(route)) return;
    isUnchosen = false;
    focusWanted = placeOf(before) !== placeOf(route);
    store.setState({ route });
  }

  address.onChange(() => {
    const hash = address.hash();
    // A code for this page, which main.tsx takes out at once.
    if (codeFromHash(hash) !== null) return;
    const route = parseRoute(hash);
    if (route === null && hash !== '') address.replace(formatRoute(home));
    show(route ?? home);
  });

  return Object.assign(store, {
    actions: {
      /** `replace`: without a step for "back", as for filters that are typed. */
      go: (route: Route, options: { replace?: boolean } = {}): void => {
        const hash = formatRoute(route);
        if (hash !== address.hash()) {
          if (options.replace === true) address.replace(hash);
          else address.push(hash);
        }
        isUnchosen = false;
        show(route);
      },
      /** Where the page opens by itself; a view that somebody chose stays. */
      suggest: (route: Route): void => {
        if (!isUnchosen) return;
        isUnchosen = false;
        address.replace(formatRoute(route));
        show(route);
        focusWanted = false;
      },
    },
    /** True once after the place changed. */
    takeFocus: (): boolean => {
      const wanted = focusWanted;
      focusWanted = false;
      return wanted;
    },
  });
}

/** The browser's own address. */
export function browserAddress(window: Window): Address {
  return {
    hash: () => window.location.hash,
    push: (hash) => {
      window.history.pushState(null, '', hash);
    },
    replace: (hash) => {
      window.history.replaceState(null, '', hash);
    },
    onChange: (run) => {
      window.addEventListener('popstate', run);
    },
  };
}
