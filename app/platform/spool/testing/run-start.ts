/** For tests: what a run's first line says. */
import type { RunStart } from '#contract/event.ts';

export const runStart: RunStart = {
  level: 'standard',
  network: 'open',
  program: '/usr/bin/node',
  supervisor: { pid: 99, startTicks: 5 },
  landlockAbi: 7,
  enforcement: { full: ['landlock.files'], partial: [], missing: [] },
  notApplied: [],
  throwAway: false,
};
