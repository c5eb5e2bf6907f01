/**
 * Plan documents as docs/plan-format.md says: version 3 is written, versions 2 and 3 are read. The launcher refuses what is
 * not exactly of this form, so both directions are strict here too: nothing is written that the launcher would not read.
 *
 * Trust: plans are read back from the user's own data folder, which anything that runs as the user may have changed.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Limits } from '#contract/policy.ts';
import {
  launchedLevels,
  limitNames,
  networkModes,
  permissions,
  serverIdPattern,
  type LaunchedLevel,
  type LimitName,
  type NetworkMode,
  type Permission,
} from '#contract/words.ts';
import { fitsBytes, isWellFormed, normalPath } from './paths.ts';
import { isPattern, type AreaRules } from './pattern.ts';

export const planVersion = 3;
export const planOldestVersion = 2;
export const planMaxBytes = 1_048_576;
export const planMaxLines = 4096;
export const planMaxLineBytes = 8192;
export const spoolLimitMin = 65_536;
export const spoolLimitMax = 67_108_864;

/** A host that may be reached: a lower-case name, `*.` and a name, an address, or `address/length`. */
export interface HostRule {
  pattern: string;
  /** `443`, `80,443`, `8000-8010`, or `*`. */
  ports: string;
  /** The name inside the connection (TLS, HTTP) must fit too. */
  checked: boolean;
}

/** What is started in place of the first words of the entry's own command line, which must be exactly `instead`. */
export interface PinnedStart {
  program: string;
  args: readonly string[];
  instead: readonly string[];
}

export interface Plan {
  server: string;
  level: LaunchedLevel;
  network: NetworkMode;
  /** `without-files`: denials, but calls on files are the kernel's alone and no event tells them. */
  record: 'denials' | 'all' | 'without-files';
  spool: string;
  spoolLimit: number;
  home: string;
  refuse: readonly string[];
  /** Absolute paths or symbols (`arg:1`, `arg:0+7`, `cwd`; to read also `env:NAME`). */
  read: readonly string[];
  /** As `read`, and `runtime`. */
  exec: readonly string[];
  write: readonly string[];
  /** Places as in `read`, opened and changed by the launcher's supervisor: what is denied or protected in them counts. */
  areas: readonly { access: 'read' | 'write'; place: string }[];
  deny: AreaRules['deny'];
  protect: AreaRules['protect'];
  protectOld: readonly string[];
  except: AreaRules['except'];
  /** Each one: the places it may be at. Absolute paths, abstract names (`@name`), or symbols (`env:NAME`, `xdg-runtime:name`, `display`). */
  socket: readonly (readonly string[])[];
  local: readonly number[];
  listen: readonly number[];
  hosts: readonly HostRule[];
  /** Hosts whose https links are opened without a question. */
  links: readonly string[];
  permissions: readonly Permission[];
  pinned: PinnedStart | null;
  /** Folders whose content must be what it was: hex SHA-256 of their listing. */
  trees: readonly { folder: string; digest: string }[];
  /** Values kept outside of config files, given to this server alone. */
  secrets: readonly { name: string; as: 'variable' | 'file'; path: string }[];
  /** Names, `PREFIX*`, or `*`. */
  env: readonly string[];
  set: readonly { name: string; value: string }[];
  limits: Limits;
}

/** A plan's parts that most servers do without. */
export const planDefaults = {
  areas: [],
  deny: [],
  protect: [],
  protectOld: [],
  except: [],
  hosts: [],
  links: [],
  permissions: [],
  pinned: null,
  trees: [],
  secrets: [],
} as const satisfies Partial<Plan>;

const pathMaxBytes = 4095;
const encoder = new TextEncoder();
const symbolPattern = /^(?:cwd|arg:(?:0|[1-9]\d{0,3})(?:\+[1-9]\d{0,3})?)$/;
const variablePlacePattern = /^env:[A-Za-z_][A-Za-z0-9_]{0,254}$/;
const runtimePlacePattern = /^xdg-runtime:(?!(?:.*\/)?\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
/** Bytes of an abstract socket's name: one less than an address holds. */
const abstractNameMax = 107;
const socketPlacesMax = 8;
const envPattern = /^(?:\*|[A-Za-z_][A-Za-z0-9_]{0,254}\*?)$/;
const setNamePattern = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
const records = ['denials', 'all', 'without-files'] as const satisfies readonly Plan['record'][];
const numberPattern = /^(?:0|[1-9]\d{0,15})$/;
const hostPattern = /^(?:\*\.)?(?![.])(?!.*\.\.)[a-z0-9._:/-]{1,253}(?<![.])$/;
const digestPattern = /^[0-9a-f]{64}$/;
const portRangesMax = 64;
export const areasMax = 64;
export const patternsMax = 256;

/** Bytes that would end a field or a line, and the escape character itself, as `%XX`. */
function encodeField(value: string): string {
  return value.replace(
    /[\u0000-\u0020\u007f%]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** Null when an escape is broken, or stands for a byte that is not escaped: each value has one spelling. */
function decodeField(text: string): string | null {
  let broken = false;
  const value = text.replace(/%(.{0,2})/gs, (_, hex: string) => {
    const byte = /^[0-9A-F]{2}$/.test(hex) ? Number.parseInt(hex, 16) : -1;
    if (byte < 0 || (byte > 0x20 && byte !== 0x7f && byte !== 0x25)) broken = true;
    return String.fromCharCode(Math.max(byte, 0));
  });
  return broken ? null : value;
}

/** Only normal paths, so that comparing them means something. */
function isPath(value: string): boolean {
  return isWellFormed(value) && fitsBytes(value, pathMaxBytes) && normalPath(value) === value;
}

/** A path, `@name`, `env:NAME`, `xdg-runtime:name` or `display`. */
function isSocketPlace(value: string): boolean {
  if (value.startsWith('@')) {
    const bytes = encoder.encode(value).length - 1;
    return isWellFormed(value) && !value.includes('\0') && bytes >= 1 && bytes <= abstractNameMax;
  }
  const below = runtimePlacePattern.test(value) && value.length - 'xdg-runtime:'.length <= abstractNameMax;
  return value === 'display' || variablePlacePattern.test(value) || below || isPath(value);
}

function isPort(value: number, least: number): boolean {
  return Number.isInteger(value) && value >= least && value <= 65_535;
}

export function isPorts(text: string): boolean {
  if (text === '*') return true;
  const parts = text.split(',');
  return (
    parts.length <= portRangesMax &&
    parts.every((part) => {
      const [first = '', last = first, more] = part.split('-');
      return (
        more === undefined &&
        numberPattern.test(first) &&
        numberPattern.test(last) &&
        isPort(Number(first), 1) &&
        isPort(Number(last), Number(first))
      );
    })
  );
}

function invalid(detail: string, line?: number): BelljarError {
  return new BelljarError('policy-invalid', {
    params: { detail },
    ...(line === undefined ? {} : { at: { line, column: 1 } }),
  });
}

/** Throws `policy-invalid` for a plan that the format cannot hold. */
export function formatPlan(plan: Plan): string {
  const lines: string[] = [];
  const add = (...fields: (string | number)[]): void => {
    lines.push(fields.map((field) => encodeField(String(field))).join(' '));
  };
  const each = (key: string, values: readonly (string | number)[]): void => {
    for (const value of values) add(key, value);
  };
  lines.push(`belljar-plan ${planVersion.toString()}`);
  add('server', plan.server);
  add('level', plan.level);
  add('network', plan.network);
  add('record', plan.record);
  add('spool', plan.spool);
  add('spool-limit', plan.spoolLimit);
  add('home', plan.home);
  each('refuse', plan.refuse);
  each('read', plan.read);
  each('exec', plan.exec);
  each('write', plan.write);
  for (const { access, place } of plan.areas) add('area', access, place);
  each('deny', plan.deny);
  each('protect', plan.protect);
  each('protect-old', plan.protectOld);
  for (const { access, pattern } of plan.except) add('except', access, pattern);
  for (const places of plan.socket) add('socket', ...places);
  each('local', plan.local);
  each('listen', plan.listen);
  for (const { pattern, ports, checked } of plan.hosts) add('host', pattern, ports, checked ? 'checked' : 'unchecked');
  each('link', plan.links);
  each('permission', plan.permissions);
  if (plan.pinned !== null) {
    add('start', plan.pinned.program);
    each('start-arg', plan.pinned.args);
    each('start-for', plan.pinned.instead);
  }
  for (const { folder, digest } of plan.trees) add('tree', folder, digest);
  for (const { name, as, path } of plan.secrets) add('secret', name, as, path);
  each('env', plan.env);
  for (const { name, value } of plan.set) add('set', name, value);
  for (const name of limitNames) {
    const value = plan.limits[name];
    if (value !== undefined) add('limit', name, value);
  }
  lines.push('end');
  const text = `${lines.join('\n')}\n`;
  // Reading it back finds every value out of bounds with the reader's own rules, so the two can never disagree.
  parsePlan(text);
  return text;
}

interface Draft {
  single: Map<string, string>;
  lists: Record<
    | 'refuse'
    | 'read'
    | 'exec'
    | 'write'
    | 'deny'
    | 'protect'
    | 'protect-old'
    | 'env'
    | 'links'
    | 'start-arg'
    | 'start-for',
    string[]
  >;
  areas: { access: 'read' | 'write'; place: string }[];
  except: { access: 'read' | 'write'; pattern: string }[];
  sockets: string[][];
  hosts: HostRule[];
  permissions: Permission[];
  trees: { folder: string; digest: string }[];
  secrets: { name: string; as: 'variable' | 'file'; path: string }[];
  ports: Record<'local' | 'listen', number[]>;
  set: { name: string; value: string }[];
  limits: Limits;
}

const singleKeys = new Set(['server', 'level', 'network', 'record', 'spool', 'spool-limit', 'home', 'start']);
const onlyVersion3 = new Set([
  ...['area', 'deny', 'protect', 'protect-old', 'except'],
  ...['host', 'link', 'permission', 'start', 'start-arg', 'start-for', 'tree', 'secret'],
]);
/** Version 2 has the kernel's own words. */
const limitWordsBefore: Readonly<Record<LimitName, string>> = {
  memory: 'memory',
  processes: 'nproc',
  'open-files': 'nofile',
  'file-size': 'fsize',
  'cpu-time': 'cpu',
};
const fieldCounts: Readonly<Record<string, number>> = {
  area: 2,
  except: 2,
  set: 2,
  limit: 2,
  tree: 2,
  host: 3,
  secret: 3,
};

/** Throws `policy-invalid` (with the line as `at`) or `newer-format`. */
export function parsePlan(text: string): Plan {
  if (!isWellFormed(text)) throw invalid('it is not UTF-8');
  if (!fitsBytes(text, planMaxBytes)) throw invalid('it is too large');
  if (!text.endsWith('\n')) throw invalid('its last line is not ended');
  const lines = text.slice(0, -1).split('\n');
  if (lines.length > planMaxLines) throw invalid('it has too many lines');
  const version = /^belljar-plan ([1-9]\d{0,8})$/.exec(lines[0] ?? '')?.[1];
  if (version === undefined) throw invalid('its first line names no version', 1);
  if (Number(version) > planVersion) throw new BelljarError('newer-format');
  if (Number(version) < planOldestVersion) throw invalid('it is of a version that is no longer read', 1);
  if (lines.length < 2 || lines.at(-1) !== 'end') throw invalid('its last line is not "end"', lines.length);

  const draft: Draft = {
    single: new Map(),
    lists: {
      refuse: [],
      read: [],
      exec: [],
      write: [],
      deny: [],
      protect: [],
      'protect-old': [],
      env: [],
      links: [],
      'start-arg': [],
      'start-for': [],
    },
    areas: [],
    except: [],
    sockets: [],
    hosts: [],
    permissions: [],
    trees: [],
    secrets: [],
    ports: { local: [], listen: [] },
    set: [],
    limits: {},
  };
  lines.slice(1, -1).forEach((line, index) => {
    const number = index + 2;
    if (!fitsBytes(line, planMaxLineBytes)) throw invalid('the line is too long', number);
    const [key = '', ...rest] = line.split(' ');
    if (Number(version) < planVersion && onlyVersion3.has(key))
      throw invalid(`version ${version} has no "${key}"`, number);
    const fields = rest.map((field) => {
      const value = field === '' || hasBareControl(field) ? null : decodeField(field);
      if (value === null) throw invalid('a field is not well formed', number);
      return value;
    });
    const problem = readLine(draft, key, fields, Number(version) === planVersion);
    if (problem !== null) throw invalid(problem, number);
  });
  return finish(draft, Number(version));
}

function hasBareControl(field: string): boolean {
  return /[\u0000-\u0020\u007f]/.test(field);
}

/** How many there are of a kind; both kinds of protection are one to the launcher. */
function patternsLike({ lists }: Draft, key: 'deny' | 'protect' | 'protect-old'): number {
  return key === 'deny' ? lists.deny.length : lists.protect.length + lists['protect-old'].length;
}

/** Null when the line was taken up, else what is wrong with it. */
function readLine(draft: Draft, key: string, fields: readonly string[], isNewest: boolean): string | null {
  const [first = '', second = '', third = ''] = fields;
  const needed = fieldCounts[key] ?? 1;
  const several = key === 'socket' && isNewest && fields.length >= 1 && fields.length <= socketPlacesMax;
  if (!several && fields.length !== needed) return `"${key}" takes ${needed.toString()} fields`;
  if (singleKeys.has(key)) {
    if (draft.single.has(key)) return `"${key}" stands twice`;
    draft.single.set(key, first);
    return null;
  }
  switch (key) {
    case 'refuse':
      if (!isPath(first)) return 'the path is not absolute';
      draft.lists.refuse.push(first);
      return null;
    case 'socket':
      if (!fields.every((place) => (isNewest ? isSocketPlace(place) : isPath(place)))) return 'not a socket';
      draft.sockets.push([...fields]);
      return null;
    case 'read':
    case 'exec':
    case 'write':
      if (
        !isPath(first) &&
        !symbolPattern.test(first) &&
        !(key === 'exec' && first === 'runtime') &&
        !(key === 'read' && isNewest && variablePlacePattern.test(first))
      )
        return 'neither an absolute path nor a symbol';
      draft.lists[key].push(first);
      return null;
    case 'area':
      if (first !== 'read' && first !== 'write') return 'neither read nor write';
      if (!isPath(second) && !symbolPattern.test(second)) return 'neither an absolute path nor a symbol';
      if (draft.areas.length === areasMax) return `more than ${areasMax.toString()} areas`;
      draft.areas.push({ access: first, place: second });
      return null;
    case 'deny':
    case 'protect':
    case 'protect-old':
      if (!isPattern(first)) return 'neither an absolute path nor a pattern';
      if (key === 'protect-old' && !/^\*\*\/.*\//.test(first)) return 'not a pattern of several names';
      if (patternsLike(draft, key) === patternsMax) return `more than ${patternsMax.toString()} patterns`;
      draft.lists[key].push(first);
      return null;
    case 'except':
      if (first !== 'read' && first !== 'write') return 'neither read nor write';
      if (!isPattern(second)) return 'neither an absolute path nor a pattern';
      if (draft.except.length === patternsMax) return `more than ${patternsMax.toString()} patterns`;
      draft.except.push({ access: first, pattern: second });
      return null;
    case 'env':
      if (!envPattern.test(first)) return 'not the name of a variable';
      draft.lists.env.push(first);
      return null;
    case 'local':
    case 'listen':
      if (!numberPattern.test(first) || !isPort(Number(first), key === 'local' ? 1 : 0)) return 'not a port';
      draft.ports[key].push(Number(first));
      return null;
    case 'host':
      if (!hostPattern.test(first)) return 'not a host';
      if (!isPorts(second)) return 'not ports';
      if (third !== 'checked' && third !== 'unchecked') return 'neither checked nor unchecked';
      draft.hosts.push({ pattern: first, ports: second, checked: third === 'checked' });
      return null;
    case 'link':
      if (!hostPattern.test(first)) return 'not a host';
      draft.lists.links.push(first);
      return null;
    case 'permission': {
      const permission = permissions.find((candidate) => candidate === first);
      if (permission === undefined) return 'not a permission';
      if (draft.permissions.includes(permission)) return `the permission "${permission}" stands twice`;
      draft.permissions.push(permission);
      return null;
    }
    case 'start-arg':
    case 'start-for':
      if (first.includes('\0')) return 'an argument cannot hold a zero byte';
      draft.lists[key].push(first);
      return null;
    case 'tree':
      if (!isPath(first)) return 'the path is not absolute';
      if (!digestPattern.test(second)) return 'not a digest';
      draft.trees.push({ folder: first, digest: second });
      return null;
    case 'secret':
      if (!setNamePattern.test(first)) return 'not the name of a variable';
      if (second !== 'variable' && second !== 'file') return 'neither variable nor file';
      if (!isPath(third)) return 'the path is not absolute';
      draft.secrets.push({ name: first, as: second, path: third });
      return null;
    case 'set':
      if (!setNamePattern.test(first)) return 'not the name of a variable';
      if (second.includes('\0')) return 'a value cannot hold a zero byte';
      draft.set.push({ name: first, value: second });
      return null;
    case 'limit': {
      const name = limitNames.find((candidate) => (isNewest ? candidate : limitWordsBefore[candidate]) === first);
      if (name === undefined) return 'not a limit';
      if (draft.limits[name] !== undefined) return `the limit "${name}" stands twice`;
      if (!numberPattern.test(second) || Number(second) < 1 || !Number.isSafeInteger(Number(second)))
        return 'not a number within bounds';
      draft.limits[name] = Number(second);
      return null;
    }
    default:
      return `"${key}" is not known`;
  }
}

function finish(draft: Draft, version: number): Plan {
  const take = (key: string): string => {
    const value = draft.single.get(key);
    if (value === undefined) throw invalid(`"${key}" is missing`);
    return value;
  };
  const oneOf = <T extends string>(key: string, values: readonly T[]): T => {
    const found = values.find((value) => value === take(key));
    if (found === undefined) throw invalid(`"${key}" is none of ${values.join(', ')}`);
    return found;
  };
  const folder = (key: string): string => {
    if (!isPath(take(key))) throw invalid(`"${key}" is not an absolute path`);
    return take(key);
  };
  const server = take('server');
  if (!serverIdPattern.test(server)) throw invalid('"server" is not an id');
  const limit = take('spool-limit');
  const spoolLimit = Number(limit);
  if (!numberPattern.test(limit) || spoolLimit < spoolLimitMin || spoolLimit > spoolLimitMax)
    throw invalid('"spool-limit" is out of bounds');
  const network = oneOf('network', networkModes);
  if (network === 'hosts' && version < planVersion)
    throw invalid(`version ${version.toString()} has no network "hosts"`);
  const level = oneOf('level', launchedLevels);
  const record = oneOf('record', records);
  if (record === 'without-files') {
    if (version < planVersion) throw invalid(`version ${version.toString()} has no record "without-files"`);
    const needsSight = ['ask-access', 'nested-sandbox'] as const satisfies readonly Permission[];
    if (
      level === 'watch' ||
      network !== 'none' ||
      draft.areas.length > 0 ||
      needsSight.some((one) => draft.permissions.includes(one))
    )
      throw invalid('record "without-files" cannot stand with watch, a network, areas, ask-access or nested-sandbox');
  }
  const { links, 'start-arg': args, 'start-for': instead, 'protect-old': protectOld, ...lists } = draft.lists;
  const program = draft.single.get('start');
  if ((program === undefined) !== (instead.length === 0) || (program === undefined && args.length > 0))
    throw invalid('"start" and "start-for" stand together');
  if (program !== undefined && !isPath(program)) throw invalid('"start" is not an absolute path');
  return {
    server,
    level,
    network,
    record,
    spool: folder('spool'),
    spoolLimit,
    home: folder('home'),
    ...lists,
    protectOld,
    areas: draft.areas,
    except: draft.except,
    socket: draft.sockets,
    ...draft.ports,
    hosts: draft.hosts,
    links,
    permissions: draft.permissions,
    pinned: program === undefined ? null : { program, args, instead },
    trees: draft.trees,
    secrets: draft.secrets,
    set: draft.set,
    limits: draft.limits,
  };
}
