/**
 * Reads from a command line what `npx` or `uvx` would fetch and start, exactly enough to install the same once. Whatever is
 * not understood in full (an option, a package that is no registry's) cannot be pinned: a pinned start that differs from
 * the entry would be worse than none.
 */
import type { CannotPinReason, PackageInstallerName } from '#contract/pin.ts';
import { programName } from './command-line.ts';
import { hasPlaceholder } from './containable.ts';
import type { Launch } from './entry.ts';

export interface PackageStart {
  installer: PackageInstallerName;
  /** The runner as the entry names it: `npx`, `/opt/node/bin/npx`. */
  runner: string;
  /** The first words of the entry's command line, up to the last that the runner reads itself. */
  instead: readonly string[];
  /** The package that counts, as the entry names it. */
  written: string;
  /** Name of the package that counts. */
  name: string;
  /** True where the entry names one version of it. */
  exact: boolean;
  /** What is installed, as the installer reads it; the package that counts first. */
  specifiers: readonly string[];
  /** The program to start; null: npm finds it in the package. */
  program: string | null;
  /** Options of the entry that say which registry is asked, as the installer takes them. */
  registryOptions: readonly string[];
  /** uv: the Python the entry asks for. */
  python: string | null;
}

export type PackageStartAnswer = { start: PackageStart } | { reason: CannotPinReason; word: string };

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const npmPlain = words('-y --yes -q --quiet --prefer-online --prefer-offline --offline');
const uvPlain = words('-q --quiet -n --no-cache --no-progress --offline --isolated --refresh --native-tls --no-config');
const uvRegistry = words(
  '--default-index --index --index-url -i --extra-index-url --index-strategy --prerelease --resolution --exclude-newer',
);

class CannotPin extends Error {
  readonly reason: CannotPinReason;
  readonly word: string;

  constructor(reason: CannotPinReason, word: string) {
    super(reason);
    this.reason = reason;
    this.word = word;
  }
}

interface Reading {
  args: readonly string[];
  /** The next word to read. */
  at: number;
}

/** The value of `--option value` or `--option=value`; null when the word is another one. */
function takeValue(reading: Reading, names: ReadonlySet<string>): { name: string; value: string } | null {
  const word = reading.args[reading.at] ?? '';
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  const name = equals < 0 ? word : word.slice(0, equals);
  if (!names.has(name)) return null;
  const value = equals < 0 ? reading.args[reading.at + 1] : word.slice(equals + 1);
  if (value === undefined || value === '') throw new CannotPin('unknown-option', word);
  reading.at += equals < 0 ? 2 : 1;
  return { name, value };
}

const npmName = '(?:@[A-Za-z0-9][A-Za-z0-9._~-]*/)?[A-Za-z0-9_][A-Za-z0-9._~-]*';
const npmSpecifier = new RegExp(`^(${npmName})(?:@([A-Za-z0-9 .*^~<>=|+_-]+))?$`);

function readNpmSpecifier(text: string): { name: string; exact: boolean } {
  const parts = text.length > 1024 ? null : npmSpecifier.exec(text);
  if (parts === null) throw new CannotPin('not-from-registry', text);
  return { name: parts[1] ?? '', exact: /^=?v?\d+\.\d+\.\d+(?:[-+].*)?$/.test(parts[2] ?? '') };
}

function readNpm(launch: Launch, verbs: readonly string[]): PackageStart {
  const reading: Reading = { args: launch.args, at: 0 };
  const isExec = verbs.length > 0;
  if (isExec) {
    if (!verbs.includes(reading.args[0] ?? ''))
      throw new CannotPin('other-program', `npm ${reading.args[0] ?? ''}`.trim());
    reading.at += 1;
  }
  const packages: string[] = [];
  const registryOptions: string[] = [];
  let dashes = false;
  for (;;) {
    const word = reading.args[reading.at] ?? '';
    if (word === '--') {
      dashes = true;
      reading.at += 1;
      break;
    }
    if (!word.startsWith('-')) break;
    if (npmPlain.has(word)) {
      reading.at += 1;
      continue;
    }
    const option = takeValue(reading, words('-p --package --registry'));
    if (option === null) throw new CannotPin('unknown-option', word);
    if (option.name === '--registry') registryOptions.push(`--registry=${option.value}`);
    else packages.push(option.value);
  }
  const first = reading.args[reading.at];
  if (first === undefined || first === '') throw new CannotPin('no-package', '');
  // `npm exec` goes on reading options after the package, unless two dashes came before.
  const late = isExec && !dashes ? reading.args.slice(reading.at + 1).find((word) => word.startsWith('-')) : undefined;
  if (late !== undefined) throw new CannotPin('unknown-option', late);
  const written = packages[0] ?? first;
  const specifiers = packages.length > 0 ? packages : [first];
  const read = specifiers.map(readNpmSpecifier)[0];
  if (packages.length > 0 && !/^[A-Za-z0-9@][A-Za-z0-9._@/-]*$/.test(first))
    throw new CannotPin('unknown-option', first);
  return {
    installer: 'npm',
    runner: launch.command,
    instead: [launch.command, ...launch.args.slice(0, reading.at + 1)],
    written,
    name: read?.name ?? '',
    exact: read?.exact ?? false,
    specifiers,
    program: packages.length > 0 ? first : null,
    registryOptions,
    python: null,
  };
}

const uvSpecifier =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(\[[A-Za-z0-9._,\s-]+\])?(?:@([A-Za-z0-9][A-Za-z0-9.+!_-]*)|(\s*(?:===?|~=|!=|<=?|>=?)[A-Za-z0-9 .,*+!<>=~_-]+))?$/;

function readUvSpecifier(text: string): { name: string; exact: boolean; requirement: string } {
  const parts = text.length > 1024 ? null : uvSpecifier.exec(text);
  if (parts === null) throw new CannotPin('not-from-registry', text);
  const [, name = '', extras = '', version, range = ''] = parts;
  const bound = version === undefined ? range.trim() : version === 'latest' ? '' : `==${version}`;
  return { name, exact: /^===?[^,*<>~]+$/.test(bound), requirement: `${name}${extras}${bound}` };
}

function readUv(launch: Launch, isUv: boolean): PackageStart {
  const reading: Reading = { args: launch.args, at: 0 };
  if (isUv) {
    if (reading.args[0] !== 'tool' || reading.args[1] !== 'run')
      throw new CannotPin('other-program', `uv ${reading.args[0] ?? ''}`.trim());
    reading.at = 2;
  }
  let from: string | null = null;
  let python: string | null = null;
  const others: string[] = [];
  const registryOptions: string[] = [];
  for (;;) {
    const word = reading.args[reading.at] ?? '';
    if (word === '--') {
      reading.at += 1;
      break;
    }
    if (!word.startsWith('-')) break;
    if (uvPlain.has(word)) {
      if (word === '--native-tls' || word === '--no-config') registryOptions.push(word);
      reading.at += 1;
      continue;
    }
    const option = takeValue(reading, new Set([...uvRegistry, '--from', '--with', '-p', '--python']));
    if (option === null) throw new CannotPin('unknown-option', word);
    if (option.name === '--from') from = option.value;
    else if (option.name === '--with') others.push(...option.value.split(',').map((part) => part.trim()));
    else if (option.name === '-p' || option.name === '--python') python = option.value;
    else registryOptions.push(option.name === '-i' ? '--index-url' : option.name, option.value);
  }
  const first = reading.args[reading.at];
  if (first === undefined || first === '') throw new CannotPin('no-package', '');
  const written = from ?? first;
  const main = readUvSpecifier(written);
  if (from !== null && !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(first)) throw new CannotPin('not-from-registry', first);
  return {
    installer: 'uv',
    runner: launch.command,
    instead: [launch.command, ...launch.args.slice(0, reading.at + 1)],
    written,
    name: main.name,
    exact: main.exact,
    specifiers: [main.requirement, ...others.map((other) => readUvSpecifier(other).requirement)],
    program: from === null ? main.name : first,
    registryOptions,
    python,
  };
}

const addressWithPassword = /[a-z][a-z0-9+.-]*:\/\/[^/\s@]+@/i;

function read(launch: Launch): PackageStart {
  switch (programName(launch.command)) {
    case 'npx':
      return readNpm(launch, []);
    case 'npm':
      return readNpm(launch, ['exec', 'x']);
    case 'uvx':
      return readUv(launch, false);
    case 'uv':
      return readUv(launch, true);
    default:
      throw new CannotPin('other-program', programName(launch.command));
  }
}

export function readPackageStart(launch: Launch): PackageStartAnswer {
  try {
    const start = read(launch);
    const odd = start.instead.find((word) => hasPlaceholder(word));
    if (odd !== undefined) return { reason: 'placeholder', word: odd };
    // A pin is written down in plan and record, where no secret may be.
    if (start.instead.some((word) => addressWithPassword.test(word))) return { reason: 'secret', word: '' };
    // A plan has no way to write an empty word.
    if (start.instead.includes('')) return { reason: 'unknown-option', word: '""' };
    return { start };
  } catch (error) {
    if (!(error instanceof CannotPin)) throw error;
    return { reason: error.reason, word: error.word };
  }
}

/** True while the entry's command line begins with the words that a pinned start takes the place of. */
export function startsWith(launch: Launch, instead: readonly string[]): boolean {
  const line = [launch.command, ...launch.args];
  return instead.length <= line.length && instead.every((word, index) => word === line[index]);
}
