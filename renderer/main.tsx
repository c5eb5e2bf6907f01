/**
 * Entry of the page. Takes the one-time code out of the address before anything else may see or log it, makes the
 * panel with the browser's parts, and draws it.
 */
import './lib/zod-without-eval.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { sessionDismissedRuns } from './features/breakage/breakage-store.ts';
import { browserClock } from './lib/clock.ts';
import { codeFromHash } from './lib/code-from-hash.ts';
import { createFetchTransport, sessionTokenStore } from './lib/transport.ts';
import { createPanel } from './panel.ts';
import './lib/foundations/tokens.css';
import './lib/foundations/base.css';
import './lib/components/components.css';
import './app.css';

function takeCode(): string | null {
  const code = codeFromHash(window.location.hash);
  if (code !== null) window.history.replaceState(null, '', window.location.pathname + window.location.search);
  return code;
}

const panel = createPanel({
  transport: createFetchTransport({
    fetch: (path, init) => window.fetch(path, init),
    tokens: sessionTokenStore(window.sessionStorage),
  }),
  clock: browserClock,
  dismissedRuns: sessionDismissedRuns(window.sessionStorage),
});

// The same tab may be given a new code without being loaded again.
window.addEventListener('hashchange', () => {
  const code = takeCode();
  if (code !== null) void panel.start(code);
});

void panel.start(takeCode());

const root = document.querySelector('#root');
if (root === null) throw new Error('The page has no #root');
createRoot(root).render(
  <StrictMode>
    <App panel={panel} />
  </StrictMode>,
);
