/** What runs past Belljar: each way with what to do about it, and what cannot be seen from here. */
import { RotateCw, ShieldOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { AuditFinding } from '#contract/rollout.ts';
import { auditWords } from '#contract/sentences.ts';
import { Dialog } from '../../lib/components/dialog.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { usePanel } from '../../panel-context.tsx';

function Finding({ finding }: { finding: AuditFinding }): ReactNode {
  return (
    <li className="result">
      <p className="result-head">
        <ShieldOff className="tone-refused" aria-hidden="true" />
        <strong>
          <HostileText text={finding.subject} longest={80} />
        </strong>
        {finding.file !== undefined && (
          <code>
            <HostileText text={finding.file} longest={90} />
          </code>
        )}
      </p>
      <p className="audit-text">
        <HostileText text={finding.sentence} longest={600} />
      </p>
      {finding.remedy !== '' && (
        <p className="audit-text audit-remedy">
          {finding.remedy.startsWith('belljar ') ? (
            <code>
              <HostileText text={finding.remedy} longest={300} />
            </code>
          ) : (
            <HostileText text={finding.remedy} longest={600} />
          )}
        </p>
      )}
    </li>
  );
}

export function AuditDialog(): ReactNode {
  const panel = usePanel();
  const { actions } = panel.audit;
  const state = useStore(panel.audit, (store) => store.state);
  if (state.kind === 'closed') return null;
  return (
    <Dialog
      open
      onClose={actions.close}
      title={auditWords.title}
      footer={
        <>
          {(state.kind === 'done' || state.kind === 'failed') && (
            <button type="button" className="button" onClick={() => void actions.open()}>
              <RotateCw aria-hidden="true" /> Look again
            </button>
          )}
          <button type="button" className="button button-primary" onClick={actions.close}>
            Done
          </button>
        </>
      }
    >
      {state.kind === 'loading' && <p role="status">Looking …</p>}
      {state.kind === 'failed' && <ErrorNote error={state.error} />}
      {state.kind === 'done' && (
        <>
          <Note tone={state.audit.clean ? 'good' : 'warn'}>
            <strong role="status">
              {state.audit.clean ? auditWords.clean : auditWords.found(state.audit.findings.length)}
            </strong>
          </Note>
          <ul className="results">
            {state.audit.findings.map((finding, index) => (
              <Finding key={`${finding.code} ${finding.subject} ${index.toString()}`} finding={finding} />
            ))}
          </ul>
          <section className="audit-limits" aria-label={auditWords.limitsTitle}>
            <h3>{auditWords.limitsTitle}</h3>
            <ul>
              {state.audit.limits.map((limit) => (
                <li key={limit}>{limit}</li>
              ))}
            </ul>
          </section>
        </>
      )}
    </Dialog>
  );
}
