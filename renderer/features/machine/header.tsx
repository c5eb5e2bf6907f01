/** The top of the page: what this machine enforces, and the way back for everything. */
import { Popover } from '@base-ui/react/popover';
import { FlaskConical, ShieldAlert, ShieldCheck, ShieldOff, Undo2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { gapsInWalls } from '#contract/event.ts';
import type { Machine } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { usePanel } from '../../panel-context.tsx';

function Walls({ title, list }: { title: string; list: readonly string[] }): ReactNode {
  if (list.length === 0) return null;
  return (
    <>
      <dt>{title}</dt>
      <dd>
        <ul>
          {list.map((wall) => (
            <li key={wall}>
              <HostileText text={wall} />
            </li>
          ))}
        </ul>
      </dd>
    </>
  );
}

function EnforcementLine({ machine }: { machine: Machine }): ReactNode {
  const { probe } = machine;
  const missing = probe === null ? 1 : probe.enforcement.missing.length;
  const partial = probe === null ? 0 : gapsInWalls(probe.enforcement).length;
  const tone = probe === null ? 'refused' : missing + partial > 0 ? 'warn' : 'good';
  const Icon = tone === 'good' ? ShieldCheck : tone === 'warn' ? ShieldAlert : ShieldOff;
  return (
    <div className={`enforcement enforcement-${tone}`}>
      <Icon aria-hidden="true" />
      <p className="enforcement-text">
        <HostileText text={machine.enforcementSentence} />
        {machine.probeError !== null && (
          <>
            {' '}
            <HostileText text={machine.probeError} />
          </>
        )}
      </p>
      {probe !== null && (
        <Popover.Root>
          <Popover.Trigger className="link-button enforcement-more" aria-label="Details of what this machine enforces">
            Details
          </Popover.Trigger>
          <Popover.Portal>
            <Popover.Positioner sideOffset={8} align="start">
              <Popover.Popup className="popover">
                <Popover.Title className="popover-title">What this machine enforces</Popover.Title>
                <dl className="facts">
                  <dt>Kernel</dt>
                  <dd>
                    <HostileText text={`${probe.kernel} (${probe.architecture})`} />
                  </dd>
                  <dt>Landlock</dt>
                  <dd>{probe.landlockAbi > 0 ? `ABI ${probe.landlockAbi.toString()}` : 'not there'}</dd>
                  <Walls title="Whole" list={probe.enforcement.full} />
                  <Walls title="With a gap" list={probe.enforcement.partial} />
                  <Walls title="Missing" list={probe.enforcement.missing} />
                  <dt>Belljar</dt>
                  <dd>
                    <HostileText text={machine.version} />, as {machine.user}
                  </dd>
                </dl>
              </Popover.Popup>
            </Popover.Positioner>
          </Popover.Portal>
        </Popover.Root>
      )}
    </div>
  );
}

export function Header(): ReactNode {
  const panel = usePanel();
  const machine = useStore(panel.machine, (state) => state.machine);
  return (
    <section className="header" aria-label="This machine">
      {machine === null ? (
        <div className="enforcement" aria-hidden="true">
          <span className="skeleton skeleton-line" />
        </div>
      ) : (
        <EnforcementLine machine={machine} />
      )}
      <div className="header-actions">
        <button type="button" className="button" onClick={() => void panel.demo.actions.open()}>
          <FlaskConical aria-hidden="true" /> Demo
        </button>
        <button type="button" className="button" onClick={() => void panel.bulk.actions.openRelease()}>
          <Undo2 aria-hidden="true" /> Put everything back
        </button>
      </div>
    </section>
  );
}
