/**
 * Builds the C programs of the kit with the system's compiler, once for each content: the folder's name holds a hash of the
 * source, the shared header and the flags. Nothing is downloaded, and nothing but the C library is needed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

/** The bundled measurements run from elsewhere and are told where the project is. */
const project = process.env['BELLJAR_ROOT'];
export const kitFolder =
  project === undefined ? resolve(import.meta.dirname, '..') : join(project, 'e2e/confinement/kit');
export const supportFolder = join(kitFolder, 'support');
export const techniquesFolder = join(kitFolder, 'techniques');

const flags = ['-std=gnu17', '-O1', '-Wall', '-Wextra', '-pthread', `-I${supportFolder}`];
const libraries = ['-lrt', '-lutil', '-lresolv'];
const compiler = () => process.env['CC'] ?? 'cc';
const built = new Map();

/** The program's place below `folder`, and whether it is there already. */
function placeOf(source, folder) {
  const hash = createHash('sha256')
    .update(readFileSync(source))
    .update(readFileSync(join(supportFolder, 'attack.h')))
    .update(flags.slice(0, -1).join(' '))
    .digest('hex')
    .slice(0, 16);
  return join(folder, hash, basename(source, '.c'));
}

function failed(source, result) {
  if (result.error !== undefined)
    return new Error(`The C compiler does not run: ${compiler()}`, { cause: result.error });
  return new Error(`${source} does not compile:\n${result.stderr}`);
}

const draftOf = (program) => `${program}.${process.pid}`;
const argumentsFor = (source, draft, extra) => [
  ...flags,
  ...(basename(source) === 'library.c' ? ['-shared', '-fPIC'] : []),
  ...extra,
  source,
  '-o',
  draft,
  ...libraries,
];

/** Builds `source` to exactly `program`, anew each time. */
export function buildTo(source, program, extra = []) {
  const result = spawnSync(compiler(), argumentsFor(source, program, extra), { encoding: 'utf8' });
  if (result.error !== undefined || result.status !== 0) throw failed(source, result);
}

/** Builds `source` below `folder` unless its content was built there before; the program's path. */
export function buildOnce(source, folder) {
  const known = built.get(source);
  if (known !== undefined) return known;
  const program = placeOf(source, folder);
  if (!existsSync(program)) {
    mkdirSync(resolve(program, '..'), { recursive: true });
    const draft = draftOf(program);
    try {
      buildTo(source, draft);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
    renameSync(draft, program);
  }
  built.set(source, program);
  return program;
}

/** Builds what is missing, `lanes` at a time. */
export async function buildAll(sources, folder, lanes) {
  const waiting = sources.filter((source) => !existsSync(placeOf(source, folder)));
  const lane = async () => {
    for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
      const program = placeOf(source, folder);
      mkdirSync(resolve(program, '..'), { recursive: true });
      const draft = draftOf(program);
      const result = await new Promise((done) => {
        const child = spawn(compiler(), argumentsFor(source, draft, []), { stdio: ['ignore', 'ignore', 'pipe'] });
        let stderr = '';
        child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
        child.once('error', (error) => done({ error }));
        child.once('close', (status) => done({ status, stderr }));
      });
      if (result.error !== undefined || result.status !== 0) throw failed(source, result);
      renameSync(draft, program);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
