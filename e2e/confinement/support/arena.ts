/**
 * An arena: a throw-away place with everything an attack may be after and nothing real. Made fresh for every single start,
 * so that no attempt sees what another one left.
 *
 *   home/            the user's home; home/.ssh/id_ed25519 is a decoy that stands for a secret
 *   grant/           may be read and written       readonly/   may be read
 *   outside/         nothing is allowed here       neighbour/  another program's folder, nothing is allowed here either
 *   spool/ plan      the launcher's
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { baseRules } from '#domain/base-rules.ts';
import { formatPlan, planDefaults, type Plan } from '#domain/plan-text.ts';
import { eventSchema, type Event } from '#contract/event.ts';
import type { RuleVerb } from '#contract/words.ts';
import { programsFolder } from './compile.ts';

export const decoys = {
  outside: 'decoy-outside-content',
  key: 'decoy-private-key',
  readonly: 'readonly-content',
  inside: 'inside-content',
} as const;

export interface Arena {
  folder: string;
  home: string;
  grant: string;
  readonly: string;
  outside: string;
  neighbour: string;
  spool: string;
  planFile: string;
  /** outside/secret.txt, the file most attacks are after. */
  secret: string;
  /** grant/inside.txt and readonly/file.txt */
  inside: string;
  readOnlyFile: string;
}

/** Unix socket addresses hold 107 bytes, so arenas stand right below the system's temporary folder. */
export function makeArena(): Arena {
  const folder = mkdtempSync('/tmp/bj-');
  const at = (name: string): string => join(folder, name);
  for (const name of ['home', 'home/.ssh', 'grant', 'grant/sub', 'readonly', 'outside', 'neighbour', 'spool']) {
    mkdirSync(at(name), { mode: 0o700 });
  }
  writeFileSync(at('outside/secret.txt'), `${decoys.outside}\n`, { mode: 0o600 });
  writeFileSync(at('outside/other.txt'), 'other\n', { mode: 0o600 });
  mkdirSync(at('outside/empty'));
  writeFileSync(at('home/.ssh/id_ed25519'), `${decoys.key}\n`, { mode: 0o600 });
  writeFileSync(at('readonly/file.txt'), `${decoys.readonly}\n`, { mode: 0o600 });
  writeFileSync(at('grant/inside.txt'), `${decoys.inside}\n`, { mode: 0o600 });
  return {
    folder,
    home: at('home'),
    grant: at('grant'),
    readonly: at('readonly'),
    outside: at('outside'),
    neighbour: at('neighbour'),
    spool: at('spool'),
    planFile: at('plan'),
    secret: at('outside/secret.txt'),
    inside: at('grant/inside.txt'),
    readOnlyFile: at('readonly/file.txt'),
  };
}

export function removeArena(arena: Arena): void {
  rmSync(arena.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
}

/** Plays in an arena of its own, which is gone afterwards. */
export async function inArena<T>(play: (arena: Arena) => Promise<T>): Promise<T> {
  const arena = makeArena();
  try {
    return await play(arena);
  } finally {
    removeArena(arena);
  }
}

/** What every server gets at this level: the product's own list. */
const base = baseRules('standard');
const baseOf = (verb: RuleVerb): string[] => base.filter((rule) => rule.verb === verb).map((rule) => rule.what);

export const basePlaces = { read: baseOf('read'), exec: baseOf('exec'), write: baseOf('write'), env: baseOf('env') };

export function planOf(arena: Arena, changes: Partial<Plan> = {}): Plan {
  return {
    server: 'attack.server',
    level: 'standard',
    network: 'open',
    record: 'denials',
    spool: arena.spool,
    spoolLimit: 1_048_576,
    home: arena.home,
    refuse: [join(arena.home, '.ssh')],
    socket: [],
    local: [],
    listen: [],
    ...planDefaults,
    set: [],
    limits: {},
    ...changes,
    read: [...basePlaces.read.filter((place) => existsSync(place)), arena.readonly, ...(changes.read ?? [])],
    exec: [...basePlaces.exec.filter((place) => existsSync(place)), programsFolder(), ...(changes.exec ?? [])],
    write: [...basePlaces.write, arena.grant, ...(changes.write ?? [])],
    env: [...basePlaces.env, ...(changes.env ?? [])],
  };
}

export function writePlan(arena: Arena, changes: Partial<Plan> = {}): string {
  writeFileSync(arena.planFile, formatPlan(planOf(arena, changes)), { mode: 0o600 });
  chmodSync(arena.planFile, 0o600);
  return arena.planFile;
}

/** Every event of every run of this arena, each checked against the contract. */
export function readEvents(spool: string): Event[] {
  const events: Event[] = [];
  for (const name of readdirSync(spool).sort()) {
    if (!name.endsWith('.jsonl')) continue;
    for (const line of readFileSync(join(spool, name), 'utf8').split('\n')) {
      if (line !== '') events.push(eventSchema.parse(JSON.parse(line)));
    }
  }
  return events;
}

/**
 * What a file or folder looks like from outside. The change time moves with every change of mode, owner, times, extended
 * attributes, links or content, and no call can set it back.
 */
export function looks(...paths: readonly string[]): string {
  return paths
    .map((path) => {
      const status = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      if (status === undefined) return `${path}: not there`;
      const kind = status.isDirectory()
        ? readdirSync(path).sort().join(',')
        : status.isFile()
          ? readFileSync(path, 'hex')
          : '';
      return `${path}: ${status.mode.toString(8)} ${status.nlink.toString()} ${status.ctimeNs.toString()} ${kind}`;
    })
    .join('\n');
}
