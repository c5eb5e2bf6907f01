/** The demo's outcome: the same nosy server, free and contained, side by side. */
import { LockOpen, RotateCw, ShieldCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { DemoResult } from '#contract/methods.ts';
import { Dialog } from '../../lib/components/dialog.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { Progress } from '../../lib/components/progress.tsx';
import { usePanel } from '../../panel-context.tsx';

function Cell({ outcome }: { outcome: DemoResult['rows'][number]['free'] }): ReactNode {
  return (
    <td className={outcome.gotThrough ? 'demo-through' : 'demo-stopped'}>
      <p className="demo-outcome">
        {outcome.gotThrough ? <LockOpen aria-hidden="true" /> : <ShieldCheck aria-hidden="true" />}
        {outcome.gotThrough ? 'got through' : 'stopped'}
      </p>
      <p className="demo-detail">
        <HostileText text={outcome.detail} longest={160} />
      </p>
    </td>
  );
}

function Table({ result }: { result: DemoResult }): ReactNode {
  return (
    <table className="demo-table">
      <caption className="visually-hidden">What got through, free and contained</caption>
      <thead>
        <tr>
          <th scope="col">What it tried</th>
          <th scope="col">Free</th>
          <th scope="col">Contained</th>
        </tr>
      </thead>
      <tbody>
        {result.rows.map((row) => (
          <tr key={row.code}>
            <th scope="row">
              <HostileText text={row.tried} />
            </th>
            <Cell outcome={row.free} />
            <Cell outcome={row.contained} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function DemoDialog(): ReactNode {
  const panel = usePanel();
  const { actions } = panel.demo;
  const open = useStore(panel.demo, (state) => state.open);
  const demo = useStore(panel.demo, (state) => state.demo);
  if (!open) return null;
  return (
    <Dialog
      open
      wide
      onClose={actions.close}
      title="The same server, free and under glass"
      description="A small server of ours with nosy tools runs in a throw-away home with made-up secrets, driven by a real MCP client: once as clients start it, once contained. Nothing of yours is touched."
      footer={
        <>
          {(demo.kind === 'done' || demo.kind === 'failed') && (
            <button type="button" className="button" onClick={() => void actions.again()}>
              <RotateCw aria-hidden="true" /> Run it again
            </button>
          )}
          <button type="button" className="button button-primary" onClick={actions.close}>
            {demo.kind === 'running' ? 'Close; it goes on' : 'Close'}
          </button>
        </>
      }
    >
      {demo.kind === 'running' && <Progress text="Running it, free and contained …" startedAt={demo.startedAt} />}
      {demo.kind === 'failed' && <ErrorNote error={demo.error} />}
      {demo.kind === 'done' && (
        <>
          <Note tone={demo.result.rows.some((row) => row.contained.gotThrough) ? 'warn' : 'good'}>
            <strong role="status">
              <HostileText text={demo.result.sentence} />
            </strong>
          </Note>
          <Table result={demo.result} />
        </>
      )}
    </Dialog>
  );
}
