/** For tests: a plan that grants nothing, and what a test changes about it. */
import { planDefaults, type Plan } from '../plan-text.ts';

export function plainPlan(change: Partial<Plan> = {}): Plan {
  return {
    server: 'a',
    level: 'standard',
    network: 'open',
    record: 'denials',
    spool: '/s',
    spoolLimit: 65_536,
    home: '/h',
    refuse: [],
    read: [],
    exec: [],
    write: [],
    socket: [],
    local: [],
    listen: [],
    ...planDefaults,
    env: [],
    set: [],
    limits: {},
    ...change,
  };
}
