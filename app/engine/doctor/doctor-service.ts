/**
 * Doctor and selftest. Doctor asks whether Belljar's own state is sound, one examination a subject; an examination that
 * fails is itself a finding, so that one broken part never hides the others. Selftest tries what the walls promise to
 * stop, through the launcher, on this machine, and looks from outside.
 */
import type { Finding, Output } from '#contract/methods.ts';
import type { Probe } from '#contract/server.ts';
import type { Examination, Launcher, SelftestStage } from './ports.ts';
import { judgeAttempts } from './selftest.ts';

export interface DoctorServiceDependencies {
  launcher: Launcher;
  examinations: readonly Examination[];
  selftest: SelftestStage;
}

export interface DoctorService {
  doctor(input: { repair: boolean }): Promise<{ findings: Finding[] }>;
  selftest(signal?: AbortSignal): Promise<Output<'machine.selftest'>>;
  probe(): Promise<Probe>;
}

export function createDoctorService(dependencies: DoctorServiceDependencies): DoctorService {
  return {
    async doctor({ repair }) {
      const findings: Finding[] = [];
      for (const examination of dependencies.examinations) {
        try {
          findings.push(...(await examination.examine(repair)));
        } catch (error) {
          findings.push({
            code: `${examination.code}-not-examined`,
            severity: 'error',
            sentence: `This could not be examined: ${error instanceof Error ? error.message : 'unknown reason'}.`,
            repairable: false,
            repaired: false,
          });
        }
      }
      return { findings };
    },

    async selftest(signal) {
      await dependencies.launcher.install();
      const probe = await dependencies.launcher.probe();
      return {
        lines: judgeAttempts(await dependencies.selftest.run(signal), probe),
      };
    },

    probe: () => dependencies.launcher.probe(),
  };
}
