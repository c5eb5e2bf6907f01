/**
 * Reads the techniques. One file each (techniques/*.c, *.py), whose leading comment says in this form what it is:
 *
 *   What it tries, in one sentence.                 up to the first full stop: the title
 *   Family: <word>                                  the room it belongs to
 *   Facts: <text>                                   what of the kernel or a program it rests on, with the source
 *   Witness: <text>                                 what would be seen from outside
 *   Silent: <text>                                  (where a case is marked `silent`) why no event can be expected
 *   Cases: name | what it tries | attack | twin | marks
 *     <one line a case, indented>
 *
 * `attack` and `twin` are the arguments of the program, words apart; `{name}` stands for a fact of the world (placeholders
 * below). What begins with `@other` is played by the technique of that name. Marks, any number:
 *
 *   surface       what is seen is that the kernel answered; nothing outside changes, even bare
 *   event=a,b     kinds of events that show the attempt (else any refusal does)
 *   silent        no event is expected, with the reason under Silent
 *   terminal      standard input is a terminal        descriptor   7 is the outside file, open, and 8 its folder
 *   listens       somebody outside tries to reach {free} meanwhile
 *   outlives      grant/beat must not grow after the end
 *   everyone      reaches every process of the user: alone on the machine
 *   xattr         the files have an attribute to lose  program      a program stands in readonly/program
 *   slow          takes seconds                       kept         grant/project holds what is kept back in the grant
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { techniquesFolder } from './programs.mjs';

const marks = new Set([
  'surface',
  'silent',
  'terminal',
  'descriptor',
  'listens',
  'outlives',
  'everyone',
  'xattr',
  'program',
  'slow',
  'kept',
]);
const wanted = ['Family', 'Facts', 'Witness', 'Cases'];

export const placeholders = {
  secret: (world) => world.at('outside/secret.txt'),
  outside: (world) => world.at('outside'),
  home: (world) => world.at('home'),
  key: (world) => world.at('home/.ssh/id_ed25519'),
  grant: (world) => world.at('grant'),
  inside: (world) => world.at('grant/inside.txt'),
  readonly: (world) => world.at('readonly/file.txt'),
  readfolder: (world) => world.at('readonly'),
  neighbour: (world) => world.at('neighbour'),
  own: (world) => world.at('own'),
  folder: (world) => world.folder,
  allowed: (world) => String(world.allowedPort),
  env: (world) => world.at('grant/project/.env'),
  git: (world) => world.at('grant/project/.git'),
  free: (world) => String(world.freePort),
  pid: (world) => String(world.facts.pid),
  address: (world) => world.facts.secretAddress,
  held: (world) => String(world.facts.held),
  tcp: (world) => String(world.facts.tcp),
  udp: (world) => String(world.facts.udp),
  mptcp: (world) => String(world.facts.mptcp),
  shm: (world) => String(world.facts.shm),
  sem: (world) => String(world.facts.sem),
  msg: (world) => String(world.facts.msg),
  posix: (world) => world.facts.posix,
  abstract: (world) => world.facts.abstractStream,
  abstractdatagram: (world) => world.facts.abstractDatagram,
  program: (_, programs) => programs('execute'),
  library: (_, programs) => programs('library'),
  capable: () => process.env['ESCAPE_KIT_CAPABLE'] ?? '/none',
  runner: () => String(process.pid),
};

export const fill = (words, world, programs) =>
  words.map((word) => word.replace(/\{(\w+)\}/g, (_, name) => placeholders[name](world, programs)));

function commentOf(file, text) {
  const found = extname(file) === '.py' ? /^(?:#!.*\n)?"""([\s\S]*?)"""/.exec(text) : /^\/\*([\s\S]*?)\*\//.exec(text);
  if (found === null) throw new Error(`${file}: no comment at its head that says what it is`);
  return found[1].split('\n').map((line) => (extname(file) === '.py' ? line : line.replace(/^ \* ?/, '')));
}

function caseOf(file, line) {
  const fields = line.split(' | ').map((field) => field.trim());
  const [name = '', tries = '', attack = '', twin = '', said = ''] = fields;
  const wrong = (what) => new Error(`${file}: ${what}: ${line.trim()}`);
  if (fields.length < 4 || fields.length > 5) throw wrong('a case has four or five fields');
  if (!/^[a-z0-9][a-z0-9_-]*$/i.test(name) || tries === '' || attack === '' || twin === '')
    throw wrong('a field of the case is missing');
  for (const [, word] of `${attack} ${twin}`.matchAll(/\{(\w+)\}/g))
    if (!(word in placeholders)) throw wrong(`no such placeholder as ${word}`);
  const one = { name, tries, attack: attack.split(' '), twin: twin.split(' '), events: [], marks: new Set() };
  for (const mark of said.split(' ').filter(Boolean)) {
    if (mark.startsWith('event=')) one.events = mark.slice(6).split(',');
    else if (marks.has(mark)) one.marks.add(mark);
    else throw wrong(`no such mark as ${mark}`);
  }
  return one;
}

function readTechnique(file) {
  const lines = commentOf(file, readFileSync(join(techniquesFolder, file), 'utf8'));
  const parts = { Title: '' };
  let part = 'Title';
  const cases = [];
  for (const line of lines) {
    const begins = /^(Family|Facts|Witness|Silent|Cases): ?(.*)$/.exec(line);
    if (begins !== null) {
      part = begins[1];
      parts[part] = begins[2];
    } else if (part === 'Cases' && /^ {2}\S/.test(line)) cases.push(line);
    else if (line.trim() !== '') parts[part] = `${parts[part]} ${line.trim()}`.trim();
  }
  for (const name of wanted) if (parts[name] === undefined) throw new Error(`${file}: its head has no ${name}`);
  if (cases.length === 0) throw new Error(`${file}: no case`);
  const technique = {
    file,
    name: basename(file, extname(file)),
    title: /^[^.]*\./.exec(parts.Title)?.[0] ?? parts.Title,
    family: parts.Family,
    facts: parts.Facts,
    witness: parts.Witness,
    silent: parts.Silent,
  };
  return cases.map((line) => {
    const one = caseOf(file, line);
    if (one.marks.has('silent') && technique.silent === undefined)
      throw new Error(`${file}: ${one.name} is silent, and nothing says why`);
    return { ...one, id: `${technique.family}/${technique.name}/${one.name}`, technique };
  });
}

/** Every case of every technique, in the order of their families and names. */
export function readCases() {
  const cases = readdirSync(techniquesFolder)
    .filter((file) => ['.c', '.py'].includes(extname(file)))
    .flatMap(readTechnique)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const [index, one] of cases.entries())
    if (cases[index + 1]?.id === one.id) throw new Error(`Two cases of one name: ${one.id}`);
  return cases;
}
