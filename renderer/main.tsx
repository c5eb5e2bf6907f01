/**
 * Entry of the page. Takes the one-time code out of the address before anything else may see or log it, makes the
 * panel with the browser's parts, and draws it.
 */
import './lib/zod-without-eval.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { desktopScheme } from '#contract/desktop.ts';
import { App } from './app.tsx';
import { sessionDismissedRuns } from './features/breakage/breakage-store.ts';
import { browserAddress } from './features/navigation/navigation-store.ts';
import { formatRoute } from './features/navigation/routes.ts';
import { browserClock } from './lib/clock.ts';
import { codeFromHash } from './lib/code-from-hash.ts';
import { createFetchTransport, sessionTokenStore } from './lib/transport.ts';
import { createPanel } from './panel.ts';
import './lib/foundations/tokens.css';
import './lib/foundations/base.css';
import './lib/components/components.css';
import './app.css';

/** `place`: the hash that then stands there, where there is one. */
function takeCode(place = ''): string | null {
  const code = codeFromHash(window.location.hash);
  if (code !== null) window.history.replaceState(null, '', window.location.pathname + window.location.search + place);
  return code;
}

function save(name: string, parts: BlobPart[], type: string): void {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun by then; what it reads stays until it is read.
  window.setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 60_000);
}

const firstCode = takeCode();

const panel = createPanel({
  transport: createFetchTransport({
    fetch: (path, init) => window.fetch(path, init),
    tokens: window.location.protocol === `${desktopScheme}:` ? null : sessionTokenStore(window.sessionStorage),
  }),
  clock: browserClock,
  dismissedRuns: sessionDismissedRuns(window.sessionStorage),
  address: browserAddress(window),
  save,
});

// The same tab may be given a new code without being loaded again.
window.addEventListener('hashchange', () => {
  const code = takeCode(formatRoute(panel.navigation.getState().route));
  if (code !== null) void panel.start(code);
});

void panel.start(firstCode);

const root = document.querySelector('#root');
if (root === null) throw new Error('The page has no #root');
createRoot(root).render(
  <StrictMode>
    <App panel={panel} />
  </StrictMode>,
);
