/** What stands on the page when there is no host to show: no key, too many tabs, nobody answers yet. */
import { KeyRound, LayersPlus, PlugZap, RotateCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { ConnectionState } from '../../lib/feed-connection.ts';
import { errorSentences, sessionWords } from '#contract/sentences.ts';
import { BellJar } from '../../lib/components/bell-jar.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { useNow } from '../../lib/use-now.ts';
import { usePanel } from '../../panel-context.tsx';

function Page({ icon, title, children }: { icon: ReactNode; title: string; children: ReactNode }): ReactNode {
  return (
    <main className="page">
      <div className="page-card">
        <p className="page-brand">
          <BellJar /> Belljar
        </p>
        <div className="page-icon" aria-hidden="true">
          {icon}
        </div>
        <h1 className="page-title">{title}</h1>
        {children}
      </div>
    </main>
  );
}

export function UnauthorizedPage(): ReactNode {
  return (
    <Page icon={<KeyRound />} title={errorSentences.unauthorized.message({})}>
      <p className="page-text">
        The address of the panel works once, in one tab. To open it again, run this in a terminal:
      </p>
      <pre className="page-command" tabIndex={0} aria-label="Command">
        belljar panel
      </pre>
      <p className="page-small">Servers that are contained stay contained, whether a panel is open or not.</p>
    </Page>
  );
}

export function TooManyPage(): ReactNode {
  const panel = usePanel();
  return (
    <Page icon={<LayersPlus />} title={errorSentences['too-many-streams'].message({})}>
      <p className="page-text">Close the panel in another tab or window; this one then goes on by itself.</p>
      <button type="button" className="button button-primary" onClick={panel.retryNow}>
        <RotateCw aria-hidden="true" /> Try now
      </button>
    </Page>
  );
}

type Gone = Extract<ConnectionState, { kind: 'gone' }>;

function RetryText({ gone }: { gone: Gone }): ReactNode {
  const now = useNow(500);
  const seconds = Math.ceil((gone.retryAt - now) / 1000);
  return <span aria-hidden="true">{seconds > 0 ? `Trying again in ${seconds.toString()} s.` : 'Trying again …'}</span>;
}

/**
 * The same host may only have been out of breath, so the page goes on asking. One that was stopped does not come back here:
 * the next one listens elsewhere and knows no key of this page. The desktop program finds it again by itself.
 */
function WayBack({ gone }: { gone: Gone }): ReactNode {
  const { isDesktop } = usePanel();
  if (!isDesktop && gone.error.code === 'host-unreachable')
    return (
      <>
        {sessionWords.stopped} <code>belljar panel</code>
      </>
    );
  return (
    <>
      {gone.error.remedy !== undefined && (
        <>
          <HostileText text={gone.error.remedy} />.{' '}
        </>
      )}
      <RetryText gone={gone} />
    </>
  );
}

export function GonePage({ gone }: { gone: Gone }): ReactNode {
  const panel = usePanel();
  return (
    <Page icon={<PlugZap />} title={gone.error.message}>
      <p className="page-text">
        <WayBack gone={gone} />
      </p>
      <button type="button" className="button button-primary" onClick={panel.retryNow}>
        <RotateCw aria-hidden="true" /> Try now
      </button>
      <p className="page-small">Servers that are contained stay contained, with or without the host.</p>
    </Page>
  );
}

/** Over a page that was live before: what is shown stays, and says how old it may be. */
export function GoneBanner(): ReactNode {
  const panel = usePanel();
  const connection = useStore(panel.session, (state) => state.connection);
  if (connection.kind === 'unauthorized') {
    return (
      <section className="banner banner-refused" aria-label="Connection">
        <KeyRound aria-hidden="true" />
        <div>
          <p role="alert">
            <strong>The Belljar host was stopped or started anew, so this page's key is no longer valid.</strong> What
            you see is from before. Contained servers stay contained.
          </p>
          <p className="banner-small">
            Open the panel again: <code>belljar panel</code>
          </p>
        </div>
      </section>
    );
  }
  if (connection.kind !== 'gone') return null;
  return (
    <section className="banner banner-refused" aria-label="Connection">
      <PlugZap aria-hidden="true" />
      <div>
        <p role="alert">
          <strong>
            <HostileText text={connection.error.message} />
          </strong>{' '}
          What you see is from before. Contained servers stay contained.
        </p>
        <p className="banner-small">
          <WayBack gone={connection} />
        </p>
      </div>
      <button type="button" className="button" onClick={panel.retryNow}>
        <RotateCw aria-hidden="true" /> Try now
      </button>
    </section>
  );
}
