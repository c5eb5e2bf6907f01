/**
 * What doctor, probe and selftest need from the outside world.
 */
import type { Api, Finding } from '#contract/methods.ts';
import type { Probe } from '#contract/server.ts';
import type { SpoolPruned } from '../events/ports.ts';
import type { LauncherInstaller } from '../ports.ts';

export type LauncherComparison = 'equal' | 'missing' | 'differs' | 'wrong-mode' | 'source-missing';

/** The native launcher at its fixed place. */
export interface Launcher extends LauncherInstaller {
  /** Where entries name it: in the data folder, whether it is there or not, or where a package put it. */
  readonly path: string;
  /** How the installed one compares with the one that came with this build. */
  compare(): Promise<LauncherComparison>;
  /** Asks what this kernel can enforce, installing nothing. Throws `launcher-missing`. */
  probe(): Promise<Probe>;
}

/** What examinations see of the engine. */
export interface DoctorView {
  api: Pick<Api, 'servers.list' | 'servers.release' | 'servers.contain'>;
  /** Writes a server's plan again from its stored policy. */
  writePlan(server: string): Promise<void>;
  pruneSpool(): Promise<SpoolPruned>;
}

/** One thing the doctor looks at. It repairs only what is safely repairable, and says so in its findings. */
export interface Examination {
  readonly code: string;
  examine(repair: boolean): Promise<Finding[]>;
}

export type SelftestOutcome = 'refused' | 'allowed' | 'not-tried';

/** One attempt made inside a contained run, and what was seen from outside. */
export interface Attempt {
  code: string;
  /** Not tried: why. Else the error the attempt got, or what it got. */
  detail: string;
  outcome: SelftestOutcome;
  /** What the outside look says: did anything get through. Null where there is nothing to look at. */
  seenOutside: boolean | null;
}

export interface SelftestStage {
  /** Plants decoys, runs the attempts through the launcher with a throw-away plan, looks from outside, cleans up. */
  run(signal?: AbortSignal): Promise<Attempt[]>;
}
