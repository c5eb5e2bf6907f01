/** This machine, and Belljar on it: what is enforced, what was tried here, whether all is sound, what the host wrote down. */
import {
  Check,
  CircleSlash,
  FlaskConical,
  RotateCw,
  ShieldAlert,
  ShieldCheck,
  ShieldOff,
  Stethoscope,
  Undo2,
  Wrench,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useId, useState } from 'react';
import { useStore } from 'zustand';
import { gapsInWalls } from '#contract/event.ts';
import type { Finding, LogLine, Output } from '#contract/methods.ts';
import { desktopWords, machineWords, ownPathTitles, storageWords } from '#contract/sentences.ts';
import type { Machine } from '#contract/server.ts';
import { retentionSchema, type Retention, type Storage } from '#contract/storage.ts';
import type { Asked } from '../../lib/asked.ts';
import { CopyButton } from '../../lib/components/copy-button.tsx';
import { Dialog } from '../../lib/components/dialog.tsx';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import { Progress } from '../../lib/components/progress.tsx';
import { plural } from '../../lib/text.ts';
import { dayAndTime } from '../../lib/time.ts';
import { usePanel } from '../../panel-context.tsx';
import { ViewHeading } from '../navigation/view-heading.tsx';
import './machine.css';

function Card(props: { title: string; wide?: boolean; actions?: ReactNode; children: ReactNode }): ReactNode {
  const { title, wide = false, actions, children } = props;
  const id = useId();
  return (
    <section className={wide ? 'machine-card machine-card-wide' : 'machine-card'} aria-labelledby={id}>
      <header className="machine-card-head">
        <h3 id={id}>{title}</h3>
        {actions !== undefined && <div className="machine-card-actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** What is asked for: how it goes, what went wrong, and what was answered before. */
function Answer<Value>(props: {
  asked: Asked<Value>;
  words: string;
  children: (value: Value) => ReactNode;
}): ReactNode {
  const { asked, words, children } = props;
  return (
    <>
      {asked.askingSince !== null && <Progress text={words} startedAt={asked.askingSince} />}
      {asked.error !== null && <ErrorNote error={asked.error} />}
      {asked.value !== null && children(asked.value)}
    </>
  );
}

function Again({ asked, label, onAsk }: { asked: Asked<unknown>; label: string; onAsk: () => void }): ReactNode {
  return (
    <button type="button" className="button button-small" disabled={asked.askingSince !== null} onClick={onAsk}>
      <RotateCw aria-hidden="true" /> {label}
    </button>
  );
}

function Walls({
  title,
  list,
  tone,
}: {
  title: string;
  list: readonly string[];
  tone: 'good' | 'warn' | 'refused';
}): ReactNode {
  const Icon = tone === 'good' ? ShieldCheck : tone === 'warn' ? ShieldAlert : ShieldOff;
  if (list.length === 0) return null;
  return (
    <>
      <h4 className="machine-walls-title">
        <Icon className={`tone-${tone}`} aria-hidden="true" /> {title}
      </h4>
      <ul className="machine-walls">
        {list.map((wall) => (
          <li key={wall}>
            <HostileText text={wall} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Enforcement({ machine }: { machine: Machine }): ReactNode {
  const { probe } = machine;
  return (
    <Card title={machineWords.enforced}>
      <p>
        <HostileText text={machine.enforcementSentence} />
      </p>
      {machine.probeError !== null && (
        <Note tone="refused">
          <HostileText text={machine.probeError} />
        </Note>
      )}
      {probe !== null && (
        <>
          <dl className="facts">
            <dt>Kernel</dt>
            <dd>
              <HostileText text={`${probe.kernel} (${probe.architecture})`} />
            </dd>
            <dt>Landlock</dt>
            <dd>{probe.landlockAbi > 0 ? `ABI ${probe.landlockAbi.toString()}` : 'not there'}</dd>
          </dl>
          <Walls title={machineWords.missing} list={probe.enforcement.missing} tone="refused" />
          <Walls title={machineWords.partial} list={gapsInWalls(probe.enforcement)} tone="warn" />
          <Walls title={machineWords.whole} list={probe.enforcement.full} tone="good" />
        </>
      )}
    </Card>
  );
}

function SelftestLines({ lines }: Output<'machine.selftest'>): ReactNode {
  const wrong = lines.filter(({ asExpected }) => !asExpected).length;
  return (
    <>
      <Note tone={wrong === 0 ? 'good' : 'refused'}>
        <strong role="status">{machineWords.selftestResult(lines.length, wrong)}</strong>
      </Note>
      <ul className="machine-list">
        {lines.map(({ code, tried, outcome, asExpected, detail }) => (
          <li key={code} className={asExpected ? undefined : 'machine-wrong'}>
            {asExpected ? (
              <Check className="tone-good" aria-hidden="true" />
            ) : (
              <CircleSlash className="tone-refused" aria-hidden="true" />
            )}
            <span>
              <HostileText text={tried} longest={200} />
              <span className="machine-under">
                {machineWords.outcomes[outcome]}
                {detail !== '' && (
                  <>
                    {': '}
                    <HostileText text={detail} longest={200} />
                  </>
                )}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

const severityTones = { ok: 'good', warning: 'warn', error: 'refused' } as const;
const severityIcons = { ok: ShieldCheck, warning: ShieldAlert, error: CircleSlash } as const;

function FindingItem({ finding }: { finding: Finding }): ReactNode {
  const Icon = finding.repaired ? Wrench : severityIcons[finding.severity];
  return (
    <li>
      <Icon className={`tone-${finding.repaired ? 'good' : severityTones[finding.severity]}`} aria-hidden="true" />
      <span>
        <span className="visually-hidden">{machineWords.severities[finding.severity]}: </span>
        <HostileText text={finding.sentence} longest={600} />
        {(finding.repaired || finding.repairable) && (
          <span className="machine-under">{finding.repaired ? machineWords.repaired : machineWords.repairable}</span>
        )}
        {finding.file !== undefined && (
          <code className="machine-under">
            <HostileText text={finding.file} longest={160} />
          </code>
        )}
      </span>
    </li>
  );
}

function Findings({ findings }: Output<'machine.doctor'>): ReactNode {
  const open = findings.filter(({ severity, repaired }) => severity !== 'ok' && !repaired);
  const sound = findings.filter((finding) => !open.includes(finding));
  return (
    <>
      <Note tone={open.length === 0 ? 'good' : 'warn'}>
        <strong role="status">{machineWords.doctorResult(open.length)}</strong>
      </Note>
      <ul className="machine-list">
        {open.map((finding, index) => (
          <FindingItem key={`${finding.code} ${index.toString()}`} finding={finding} />
        ))}
      </ul>
      {sound.length > 0 && (
        <details className="machine-more">
          <summary>{machineWords.sound(sound.length)}</summary>
          <ul className="machine-list">
            {sound.map((finding, index) => (
              <FindingItem key={`${finding.code} ${index.toString()}`} finding={finding} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Doctor(): ReactNode {
  const { machineView } = usePanel();
  const doctor = useStore(machineView, (state) => state.doctor);
  const isRepairing = useStore(machineView, (state) => state.isRepairing);
  const repairable = doctor.value?.findings.filter((finding) => finding.repairable && !finding.repaired).length ?? 0;
  return (
    <Card
      title={machineWords.doctor}
      actions={
        <>
          {repairable > 0 && (
            <button
              type="button"
              className="button button-small button-primary"
              disabled={doctor.askingSince !== null}
              onClick={() => void machineView.actions.repair()}
            >
              <Wrench aria-hidden="true" /> {machineWords.repair(repairable)}
            </button>
          )}
          <Again asked={doctor} label={machineWords.lookAgain} onAsk={() => void machineView.actions.examine()} />
        </>
      }
    >
      <Answer asked={doctor} words={isRepairing ? machineWords.repairing : machineWords.examining}>
        {(value) => <Findings findings={value.findings} />}
      </Answer>
    </Card>
  );
}

function Selftest(): ReactNode {
  const { machineView } = usePanel();
  const selftest = useStore(machineView, (state) => state.selftest);
  return (
    <Card
      title={machineWords.selftest}
      actions={
        <button
          type="button"
          className="button button-small"
          disabled={selftest.askingSince !== null}
          onClick={() => void machineView.actions.selftest()}
        >
          <FlaskConical aria-hidden="true" /> {selftest.value === null ? machineWords.tryNow : machineWords.tryAgain}
        </button>
      }
    >
      {selftest.value === null && selftest.askingSince === null && <p>{machineWords.selftestWhy}</p>}
      <Answer asked={selftest} words={machineWords.trying}>
        {(value) => <SelftestLines lines={value.lines} />}
      </Answer>
    </Card>
  );
}

function Places({ machine }: { machine: Machine }): ReactNode {
  const { machineView } = usePanel();
  const paths = useStore(machineView, (state) => state.paths);
  const status = useStore(machineView, (state) => state.status);
  return (
    <Card title={machineWords.places}>
      <dl className="facts">
        <dt>Belljar</dt>
        <dd>
          <HostileText text={machine.version} />, as <HostileText text={machine.user} longest={60} />
        </dd>
        {machine.probe !== null && (
          <>
            <dt>Launcher</dt>
            <dd>
              <HostileText text={machine.probe.launcher} longest={120} />
            </dd>
          </>
        )}
        {status.value !== null && (
          <>
            <dt>Host</dt>
            <dd>{machineWords.hostFacts(status.value.pid, status.value.doors.length)}</dd>
          </>
        )}
      </dl>
      <Answer asked={paths} words={machineWords.asking}>
        {(value) => (
          <ul className="machine-paths">
            {value.paths.map(({ name, path }) => (
              <li key={name}>
                <span className="machine-path-title">{ownPathTitles[name]}</span>
                <code>
                  <HostileText text={path} />
                </code>
                <CopyButton text={path} label={machineWords.copy(ownPathTitles[name])} />
              </li>
            ))}
          </ul>
        )}
      </Answer>
    </Card>
  );
}

/** A number that the host takes, as it is typed; null while it is none. */
function numberFor(name: keyof Retention, text: string): number | null {
  const { data } = retentionSchema.shape[name].safeParse(/^\d{1,6}$/u.test(text) ? Number(text) : null);
  return data ?? null;
}

function Keeping({ retention, isBusy }: { retention: Retention; isBusy: boolean }): ReactNode {
  const { machineView } = usePanel();
  const [days, setDays] = useState(String(retention.keepDays));
  const [megabytes, setMegabytes] = useState(String(retention.keepMegabytes));
  const keepDays = numberFor('keepDays', days);
  const keepMegabytes = numberFor('keepMegabytes', megabytes);
  const isSame = keepDays === retention.keepDays && keepMegabytes === retention.keepMegabytes;
  return (
    <form
      className="machine-keep"
      onSubmit={(event) => {
        event.preventDefault();
        if (keepDays !== null && keepMegabytes !== null) void machineView.actions.keep({ keepDays, keepMegabytes });
      }}
    >
      <label>
        {machineWords.keepDays}
        <input
          inputMode="numeric"
          value={days}
          aria-invalid={keepDays === null}
          onChange={(event) => {
            setDays(event.target.value);
          }}
        />
      </label>
      <label>
        {machineWords.keepMegabytes}
        <input
          inputMode="numeric"
          value={megabytes}
          aria-invalid={keepMegabytes === null}
          onChange={(event) => {
            setMegabytes(event.target.value);
          }}
        />
      </label>
      <button
        type="submit"
        className="button button-small"
        disabled={isBusy || isSame || keepDays === null || keepMegabytes === null}
      >
        {machineWords.keep}
      </button>
    </form>
  );
}

function StorageFacts({ storage }: { storage: Storage }): ReactNode {
  const panel = usePanel();
  const now = panel.clock.now();
  const { retention, rebuilt, behind, oldestAt, newestAt } = storage;
  return (
    <>
      <div className="machine-size">
        <meter
          min={0}
          max={retention.keepMegabytes}
          high={retention.keepMegabytes * 0.9}
          value={storage.bytes / 1_048_576}
          aria-labelledby="machine-size"
        />
        <p id="machine-size">{machineWords.storageSize(storage.bytes, retention.keepMegabytes)}</p>
      </div>
      <p>
        {oldestAt === null || newestAt === null
          ? machineWords.storageEmpty
          : `${machineWords.storageEvents(storage.events)}, ${dayAndTime(oldestAt, now)} – ${dayAndTime(newestAt, now)}`}
      </p>
      {behind !== null && <Note tone="warn">{storageWords.behind[behind]}</Note>}
      {rebuilt !== null && (
        <p className="machine-under">
          {storageWords.rebuilt[rebuilt.reason]} {dayAndTime(rebuilt.at, now)}
        </p>
      )}
      <p className="machine-log-facts">
        <code>
          <HostileText text={storage.file} longest={160} />
        </code>
        <CopyButton text={storage.file} label={machineWords.copy(machineWords.storage)} />
      </p>
    </>
  );
}

/** Nothing brings back what it loses: it is said before. */
function RebuildDialog({ storage, onClose }: { storage: Storage | null; onClose: () => void }): ReactNode {
  const { machineView, clock } = usePanel();
  const oldest = storage?.oldestAt ?? null;
  return (
    <Dialog
      open
      onClose={onClose}
      title={machineWords.rebuildTitle}
      description={machineWords.rebuildHow}
      footer={
        <>
          <button type="button" className="button" onClick={onClose}>
            {machineWords.cancel}
          </button>
          <button
            type="button"
            className="button button-primary"
            onClick={() => {
              onClose();
              void machineView.actions.rebuild();
            }}
          >
            {machineWords.rebuild}
          </button>
        </>
      }
    >
      <Note tone="warn">
        <p>{machineWords.rebuildLost(oldest === null ? null : dayAndTime(oldest, clock.now()))}</p>
        <p>{machineWords.rebuildExport}</p>
      </Note>
    </Dialog>
  );
}

function History(): ReactNode {
  const { machineView } = usePanel();
  const storage = useStore(machineView, (state) => state.storage);
  const [asks, setAsks] = useState(false);
  return (
    <Card
      title={machineWords.storage}
      actions={
        <button
          type="button"
          className="button button-small"
          disabled={storage.askingSince !== null}
          onClick={() => {
            setAsks(true);
          }}
        >
          <RotateCw aria-hidden="true" /> {machineWords.rebuildButton}
        </button>
      }
    >
      {asks && (
        <RebuildDialog
          storage={storage.value}
          onClose={() => {
            setAsks(false);
          }}
        />
      )}
      <Answer asked={storage} words={machineWords.asking}>
        {(value) => (
          <>
            <StorageFacts storage={value} />
            <Keeping
              key={`${value.retention.keepDays.toString()} ${value.retention.keepMegabytes.toString()}`}
              retention={value.retention}
              isBusy={storage.askingSince !== null}
            />
          </>
        )}
      </Answer>
    </Card>
  );
}

function LogLines({ lines, file, earlier }: Output<'log.tail'>): ReactNode {
  const panel = usePanel();
  const [all, setAll] = useState(false);
  const shown: LogLine[] = lines.filter(({ level }) => all || level !== 'info').toReversed();
  const now = panel.clock.now();
  return (
    <>
      <p className="machine-log-facts">
        <label>
          <input
            type="checkbox"
            checked={all}
            onChange={() => {
              setAll(!all);
            }}
          />{' '}
          {machineWords.logAll(lines.length)}
        </label>
        <code>
          <HostileText text={file} longest={120} />
        </code>
        <CopyButton text={file} label={machineWords.copy(ownPathTitles.log)} />
      </p>
      {shown.length === 0 ? (
        <p className="machine-under">{lines.length === 0 ? machineWords.logEmpty : machineWords.logQuiet}</p>
      ) : (
        <ol className="machine-log" tabIndex={0} aria-label={machineWords.log}>
          {shown.map((line, index) => (
            <li key={`${line.at} ${index.toString()}`} className={`machine-log-${line.level}`}>
              <time dateTime={line.at}>{dayAndTime(line.at, now)}</time>
              <span className="machine-log-level">{machineWords.logLevels[line.level]}</span>
              <span>
                <HostileText text={line.code} longest={120} />
                {line.facts.map((fact) => (
                  <code key={fact} className="machine-under">
                    <HostileText text={fact} longest={600} />
                  </code>
                ))}
              </span>
            </li>
          ))}
        </ol>
      )}
      {earlier && <p className="machine-under">{machineWords.logEarlier}</p>}
    </>
  );
}

function Log(): ReactNode {
  const { machineView } = usePanel();
  const log = useStore(machineView, (state) => state.log);
  return (
    <Card
      title={machineWords.log}
      wide
      actions={<Again asked={log} label={machineWords.lookAgain} onAsk={() => void machineView.actions.readLog()} />}
    >
      <Answer asked={log} words={machineWords.asking}>
        {(value) => <LogLines {...value} />}
      </Answer>
    </Card>
  );
}

/** Every place that was looked at, so that "no servers" can be told from "not looked there". */
function LookedAt({ machine }: { machine: Machine }): ReactNode {
  const places = machine.lookedAt ?? [];
  const unseen = machine.unseen ?? [];
  if (places.length === 0 && unseen.length === 0) return null;
  const found = places.filter((place) => place.found);
  return (
    <Card title={machineWords.lookedAt} wide>
      <p>{machineWords.lookedAtFacts(found.length, places.length)}</p>
      {unseen.map(({ title, sentence, remedy }) => (
        <Note key={title} tone="warn">
          <strong>
            <HostileText text={title} longest={80} />:
          </strong>{' '}
          <HostileText text={`${sentence} ${remedy}`} longest={600} />
        </Note>
      ))}
      {places.length > 0 && (
        <details className="machine-more">
          <summary>{plural(places.length, 'place', 'places')}</summary>
          <ul className="machine-places">
            {places.map(({ clientTitle, file, found: isFound }) => (
              <li key={`${clientTitle} ${file}`}>
                {isFound ? (
                  <Check className="tone-good" aria-label="There" role="img" />
                ) : (
                  <span aria-hidden="true">–</span>
                )}
                <span>
                  <HostileText text={clientTitle} longest={60} />
                </span>
                <code>
                  <HostileText text={file} longest={160} />
                </code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}

/** What only the desktop program has to choose; in a browser there is nothing of it. */
function DesktopProgram(): ReactNode {
  const panel = usePanel();
  const openAtLogin = useStore(panel.desktop, (state) => state.status?.openAtLogin ?? null);
  if (openAtLogin === null) return null;
  return (
    <Card title={desktopWords.program}>
      <label className="machine-switch">
        <input
          type="checkbox"
          checked={openAtLogin}
          onChange={(event) => void panel.desktop.actions.openAtLogin(event.target.checked)}
        />{' '}
        {desktopWords.atLogin}
      </label>
    </Card>
  );
}

/** The way back for everything, and what then removes the rest. */
function Leaving(): ReactNode {
  const panel = usePanel();
  return (
    <Card
      title={machineWords.leaving}
      wide
      actions={
        <button type="button" className="button button-small" onClick={() => void panel.bulk.actions.openRelease()}>
          <Undo2 aria-hidden="true" /> {machineWords.release}
        </button>
      }
    >
      <p>
        {machineWords.leavingWhy} <code>belljar uninstall</code>
        <CopyButton text="belljar uninstall" label={machineWords.copyCommand('belljar uninstall')} />
      </p>
    </Card>
  );
}

export function MachineView(): ReactNode {
  const panel = usePanel();
  const machine = useStore(panel.machine, (state) => state.machine);
  const connection = useStore(panel.session, (state) => state.connection.kind);
  useEffect(() => {
    if (connection === 'live') void panel.machineView.actions.look();
  }, [panel, connection]);
  return (
    <main className="view machine-view">
      <ViewHeading title={machineWords.title} />
      {machine === null ? (
        <p role="status">
          <Stethoscope aria-hidden="true" /> {machineWords.asking}
        </p>
      ) : (
        <div className="machine-cards">
          <Enforcement machine={machine} />
          <Selftest />
          <Doctor />
          <Places machine={machine} />
          <History />
          <LookedAt machine={machine} />
          <Log />
          <DesktopProgram />
          <Leaving />
        </div>
      )}
    </main>
  );
}
