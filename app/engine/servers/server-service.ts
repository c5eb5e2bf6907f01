/** Servers: what is configured on this machine, its state from facts, and putting it under the launcher and back. */
import type { Api } from '#contract/methods.ts';
import type {
  ClientAdapter,
  Clock,
  FileStore,
  Journal,
  LauncherInstaller,
  MachineFacts,
  Places,
  PlanStore,
  PolicyStore,
  Processes,
} from '../ports.ts';
import type { CheckService } from '../checks/check-service.ts';
import type { EventService } from '../events/event-service.ts';
import type { RunService } from '../runs/run-service.ts';
import type { FoundServer } from './discovery.ts';

export interface ServerServiceDeps {
  places: Places;
  clock: Clock;
  clients: readonly ClientAdapter[];
  files: FileStore;
  journal: Journal;
  policies: PolicyStore;
  plans: PlanStore;
  processes: Processes;
  launcher: LauncherInstaller;
  runs: Pick<RunService, 'activity' | 'list'>;
  events: Pick<EventService, 'list' | 'denialsLastHour'>;
  checks: Pick<CheckService, 'check'>;
  machine: MachineFacts;
}

export interface ServerService {
  list: Api['servers.list'];
  show: Api['servers.show'];
  check: Api['servers.check'];
  diff: Api['servers.diff'];
  contain: Api['servers.contain'];
  release: Api['servers.release'];
  level: Api['servers.level'];
  history: Api['history.list'];
  /** From `client/name`, a bare name where unique, or an id. Throws `not-found`, `ambiguous`. */
  find(handle: string): Promise<FoundServer>;
  /** Files whose change may change the list: for a watcher. */
  watchedFiles(): readonly string[];
}

export declare function createServerService(deps: ServerServiceDeps): ServerService;
