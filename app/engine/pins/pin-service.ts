/**
 * Pins: what an entry would fetch at each start, installed once and started from there. The client's file stays as it is; what
 * changes is the plan, which the launcher reads.
 *
 * Order, so that a kill at any moment leaves something sound: a new tree beside the old one, sealed; then the record; then the
 * plan, which is what counts. What no record names any more goes when no run can use it. Resolving and installing take long
 * and are not done under the lock of changes; what was true before is asked again afterwards.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Api, Output } from '#contract/methods.ts';
import { pinFormatVersion, type PinChanges, type PinRecord } from '#contract/pin.ts';
import { cannotPinSentences, toErrorBody } from '#contract/sentences.ts';
import { readPackageStart, startsWith, type PackageStart } from '#domain/package-start.ts';
import { isNothing, pinChanges, pinnedOf } from '#domain/pin-changes.ts';
import { noActivity, type RunService } from '../runs/run-service.ts';
import type { Decide, Undoing } from '../decisions/decision-service.ts';
import type { Clock, Places } from '../ports.ts';
import type { FoundServer } from '../servers/discovery.ts';
import { createExclusive, type Exclusive } from '../servers/exclusive.ts';
import { refuseRootInUserHome } from '../servers/server-service.ts';
import { pinOf } from './pin-facts.ts';
import type { Installation, InstallRequest, PackageInstaller, PinStore, Resolution } from './ports.ts';
import { sweepTrees } from './sweep.ts';

export interface PinServiceDeps {
  places: Places;
  clock: Clock;
  pins: PinStore;
  installers: Record<PackageStart['installer'], PackageInstaller>;
  runs: Pick<RunService, 'activity'>;
  /** `ServerService.find`, `ServerService.exclusive`, `PolicyService.writePlan`. */
  find: (handle: string) => Promise<FoundServer>;
  exclusive: Exclusive;
  writePlan: (handle: string) => Promise<void>;
  decide: Decide;
}

export interface PinService {
  pin: Api['pins.pin'];
  unpin: Api['pins.unpin'];
  /** Under the lock of changes, which the caller holds. */
  unpinOne(found: FoundServer, undoes?: string): Promise<void>;
  /** `Undoing.repin`: exactly what was pinned before is installed again. */
  repin: Undoing['repin'];
  outdated: Api['pins.outdated'];
}

type PinAnswer = Output<'pins.pin'>;

/** Of a pin that comes back: the decision that is undone, and what is asked once more before it counts. */
interface Back {
  undoes?: string | undefined;
  check?: () => Promise<void>;
}

export function createPinService(deps: PinServiceDeps): PinService {
  const { places, pins } = deps;
  /** One pin at a time: they share the machine, and a server must not be pinned twice at once. */
  const inTurn = createExclusive();

  function startOf(found: FoundServer): PackageStart {
    const answer = found.launch === null ? null : readPackageStart(found.launch);
    if (answer !== null && 'start' in answer) return answer.start;
    const sentence = answer === null ? (found.cannot?.sentence ?? '') : cannotPinSentences[answer.reason](answer.word);
    throw new BelljarError('cannot-pin', { params: { server: found.handle, sentence } });
  }

  function refuseUncontained(found: FoundServer): void {
    if (found.wrapping?.id !== found.id) throw new BelljarError('not-contained', { params: { server: found.handle } });
  }

  /** A record that cannot be read is no reason not to pin anew. */
  async function recordOf(server: string): Promise<PinRecord | null> {
    try {
      return await pins.get(server);
    } catch (error) {
      if (error instanceof BelljarError && error.code === 'pin-invalid') return null;
      throw error;
    }
  }

  async function effectiveOf(server: string): Promise<'now' | 'restart'> {
    return ((await deps.runs.activity()).get(server) ?? noActivity).liveRuns > 0 ? 'restart' : 'now';
  }

  const sweep = (server: string): Promise<void> => sweepTrees(pins, deps.runs, server);

  function requestOf(
    found: FoundServer,
    start: PackageStart,
    hosts: readonly string[],
    signal: AbortSignal | undefined,
  ): InstallRequest {
    return {
      server: found.handle,
      start,
      env: found.entry.env,
      hosts,
      ...(signal === undefined ? {} : { signal }),
    };
  }

  /** Installs, seals, and only then lets the plan name it. */
  async function install(
    found: FoundServer,
    start: PackageStart,
    installation: Installation,
    wanted: Resolution,
    back: Back = {},
  ): Promise<PinRecord> {
    const scripts = wanted.scripts.length > 0;
    const tree = await pins.makeTree(found.id, wanted.version);
    try {
      const installed = await installation.install(wanted, tree, scripts);
      const sealed = await pins.seal(tree);
      const record: PinRecord = {
        v: pinFormatVersion,
        server: found.id,
        at: deps.clock.now().toISOString(),
        installer: start.installer,
        instead: [...start.instead],
        package: wanted.package,
        version: wanted.version,
        publisher: wanted.publisher,
        program: installed.program,
        args: [...installed.args],
        runtime: installed.runtime,
        tree,
        ...sealed,
        packages: [...wanted.packages],
        lock: wanted.lock,
        scripts: [...wanted.scripts],
        hosts: [...wanted.hosts],
      };
      await deps.exclusive(() => settle(found, record, back));
      return record;
    } catch (error) {
      const kept = await recordOf(found.id);
      if (kept?.tree !== tree) await pins.removeTree(tree);
      throw error;
    }
  }

  async function settle(listed: FoundServer, record: PinRecord, { undoes, check }: Back): Promise<void> {
    await check?.();
    const found = await deps.find(listed.id);
    refuseUncontained(found);
    if (found.launch === null || !startsWith(found.launch, record.instead))
      throw new BelljarError('config-changed', { file: found.entry.file });
    const before = await recordOf(found.id);
    const was = before === null || before.version === record.version ? '' : `, was ${before.version}`;
    const change = { of: 'pin' as const, before: pinnedOf(before), after: pinnedOf(record) };
    const summary = `pinned ${record.package} ${record.version}${was}`;
    await deps.decide({ action: 'pin', server: found.id, summary, changes: [change], undoes }, async () => {
      await pins.put(record);
      try {
        await deps.writePlan(found.id);
      } catch (error) {
        await (before === null ? pins.remove(found.id) : pins.put(before));
        throw error;
      }
    });
  }

  function refuseScripts(found: FoundServer, wanted: Resolution, allowed: boolean): void {
    if (wanted.scripts.length > 0 && !allowed)
      throw new BelljarError('pin-needs-scripts', {
        params: { server: found.handle, package: wanted.package, scripts: wanted.scripts.join(', ') },
      });
  }

  /** The same versions again, from the record alone. */
  function resolutionOf(record: PinRecord): Resolution {
    const { package: name, version, publisher, packages, lock, scripts, hosts } = record;
    return { package: name, version, publisher, packages, lock, scripts, hosts };
  }

  const pin: PinService['pin'] = (input, signal) =>
    inTurn(async () => {
      refuseRootInUserHome(places);
      const found = await deps.find(input.server);
      const start = startOf(found);
      refuseUncontained(found);
      const record = await recordOf(found.id);
      const isSame = record !== null && found.launch !== null && startsWith(found.launch, record.instead);
      const isSound = record !== null && isSame && (await pins.isSound(record));
      const answer = async (changed: boolean, now: PinRecord | null, changes: PinChanges): Promise<PinAnswer> => ({
        id: found.id,
        changed,
        pin: now === null ? null : pinOf(now, found.launch),
        changes,
        effective: await effectiveOf(found.id),
      });
      if (isSound && !input.update) return answer(false, record, pinChanges(record, resolutionOf(record)));
      const request = requestOf(found, start, [...input.hosts, ...(isSame ? record.hosts : [])], signal);
      const isRepair = isSame && !input.update;
      return deps.installers[start.installer].use(request, async (installation) => {
        const wanted = isRepair ? resolutionOf(record) : await installation.resolve();
        const changes = pinChanges(record, wanted);
        if (isSound && isNothing(changes)) return answer(false, record, changes);
        if (input.dryRun) return answer(true, record, changes);
        // What a person allowed once is allowed for the same packages again.
        refuseScripts(found, wanted, input.withScripts || isRepair);
        const fresh = await install(found, start, installation, wanted);
        await sweep(found.id);
        return answer(true, fresh, changes);
      });
    });

  const unpinOne: PinService['unpinOne'] = async (found, undoes) => {
    const record = await recordOf(found.id);
    const summary = record === null ? 'unpinned' : `unpinned ${record.package} ${record.version}`;
    const change = { of: 'pin' as const, before: pinnedOf(record), after: null };
    await deps.decide({ action: 'unpin', server: found.id, summary, changes: [change], undoes }, async () => {
      await pins.remove(found.id);
      try {
        await deps.writePlan(found.id);
      } catch (error) {
        if (record !== null) await pins.put(record);
        throw error;
      }
    });
    await sweep(found.id);
  };

  const repin: PinService['repin'] = (server, pinned, { undoes, check, signal }) =>
    inTurn(async () => {
      refuseRootInUserHome(places);
      const found = await deps.find(server);
      const params = { server: found.handle, package: `${pinned.package} ${pinned.version}` };
      const record = await pins.former(found.id, pinned);
      if (record === null) throw new BelljarError('cannot-undo', { params });
      if (found.launch === null || !startsWith(found.launch, record.instead))
        throw new BelljarError('cannot-undo', { params: { ...params, reason: 'entry' } });
      const request = requestOf(found, startOf(found), record.hosts, signal);
      await deps.installers[record.installer].use(request, (installation) =>
        install(found, startOf(found), installation, resolutionOf(record), { undoes, check }),
      );
      await sweep(found.id);
    });

  const unpin: PinService['unpin'] = (input) =>
    deps.exclusive(async () => {
      refuseRootInUserHome(places);
      const found = await deps.find(input.server);
      if (!(await pins.list()).includes(found.id))
        throw new BelljarError('not-pinned', { params: { server: found.handle } });
      const effective = await effectiveOf(found.id);
      await unpinOne(found);
      return { id: found.id, changed: true, effective };
    });

  const outdated: PinService['outdated'] = async (input, signal) => {
    const asked = input.server === undefined ? await pins.list() : [(await deps.find(input.server)).id];
    const servers: Output<'pins.outdated'>['servers'] = [];
    for (const id of asked) {
      let handle = id;
      try {
        const found = await deps.find(id);
        handle = found.handle;
        const record = await pins.get(id);
        if (record === null) {
          if (input.server === undefined) continue;
          throw new BelljarError('not-pinned', { params: { server: handle } });
        }
        const start = startOf(found);
        const request = requestOf(found, start, record.hosts, signal);
        const changes = pinChanges(
          record,
          await inTurn(() => deps.installers[start.installer].use(request, (installation) => installation.resolve())),
        );
        servers.push({ id, handle, outdated: !isNothing(changes), changes });
      } catch (error) {
        // One server whose registry does not answer hides nothing of the others.
        if (input.server !== undefined || !(error instanceof BelljarError)) throw error;
        servers.push({ id, handle, outdated: false, changes: null, error: toErrorBody(error) });
      }
    }
    return { servers };
  };

  return { pin, unpin, unpinOne, repin, outdated };
}
