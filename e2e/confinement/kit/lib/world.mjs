/**
 * A world: a throw-away place with everything an attack may be after and nothing real, made fresh for every single start.
 *
 *   grant/      may be read and written                 readonly/   may be read
 *   outside/    nothing is allowed here                 neighbour/  another program's folder, nothing is allowed here
 *   home/       the user's home: keys, a client's settings, a shell's start-up file; nothing is allowed here
 *   own/        what the sandbox itself keeps: plans, journal, launcher, events
 *   grant/project/  (where a case asks) what is kept back although its folder is granted: an environment file, Git's hooks
 *
 * `look` is the outside witness of every case: what files, the neighbour and the machine are like. Any difference between
 * the look before and the look after is something that got out.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { neighbourSecrets, startNeighbour } from './neighbour.mjs';

export const decoys = {
  outside: 'decoy-outside-content',
  name: 'decoy-file-name',
  key: 'decoy-private-key',
  client: 'decoy-client-settings',
  plan: 'decoy-plan-of-another-server',
  token: 'decoy-client-token',
  kept: 'decoy-kept-back',
};

/** Nothing of these may be in what an attack said. */
export const leaks = [...Object.values(decoys), ...Object.values(neighbourSecrets)];

const folders = [
  'home',
  'home/.ssh',
  'home/.config',
  'home/.config/Claude',
  'grant',
  'grant/sub',
  'readonly',
  'outside',
  'outside/empty',
  'neighbour',
  'own',
  'own/data',
  'own/data/plans',
  'own/data/journal',
  'own/data/bin',
  'own/state',
  'own/state/runtime',
  'own/state/spool',
];

/** Socket addresses hold 107 bytes, so worlds stand right below the system's temporary folder. */
export function makePlace(prefix = '/tmp/ek-') {
  const folder = mkdtempSync(prefix);
  const at = (name) => join(folder, name);
  for (const name of folders) mkdirSync(at(name), { mode: 0o700 });
  const write = (name, text, mode = 0o600) => writeFileSync(at(name), `${text}\n`, { mode });
  write('outside/secret.txt', decoys.outside);
  write('outside/other.txt', 'other');
  write(`outside/${decoys.name}`, '');
  write('home/.ssh/id_ed25519', decoys.key);
  write('home/.profile', '# start of a session');
  write('home/.config/Claude/claude_desktop_config.json', `{ "mcpServers": {}, "note": "${decoys.client}" }`);
  write('own/data/plans/other.plan', `# ${decoys.plan}`);
  write('own/data/journal/entry.json', '{}');
  write('own/data/bin/launcher', '#!/bin/false', 0o700);
  write('readonly/file.txt', 'readonly-content');
  write('grant/inside.txt', 'inside-content');
  return { folder, at };
}

/** What is kept back inside the grant, by what each sandbox has for that: not to be opened, and not to be changed. */
export const keptBack = {
  closed: ['grant/project/.env', 'grant/movable/.env'],
  unchanged: ['grant/project/.git/hooks', 'grant/project/.git/config'],
  unmade: ['grant/sub/.env', 'grant/sub/.envrc', 'grant/sub/.mcp.json', 'grant/sub/.bashrc'],
};

function makeKeptBack(at) {
  for (const name of ['grant/project', 'grant/movable', 'grant/project/.git', 'grant/project/.git/hooks'])
    mkdirSync(at(name), { mode: 0o700 });
  for (const name of keptBack.closed) writeFileSync(at(name), `TOKEN=${decoys.kept}\n`, { mode: 0o600 });
  writeFileSync(at('grant/project/.git/HEAD'), 'ref: refs/heads/main\n', { mode: 0o600 });
  writeFileSync(at('grant/project/.git/config'), '[core]\n\tbare = false\n', { mode: 0o600 });
  writeFileSync(at('grant/project/.git/hooks/pre-commit'), '#!/bin/sh\n', { mode: 0o700 });
}

function statusOf(path) {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined; // It is gone, or a file stands where its folder was.
  }
}

function looks(path, skip, out) {
  const status = statusOf(path);
  if (status === undefined) {
    out.set(path, 'not there');
    return;
  }
  const common = `${status.mode.toString(8)} ${status.nlink} ${status.ctimeNs}`;
  if (status.isDirectory()) {
    const names = readdirSync(path).sort();
    out.set(path, `${common} ${names.filter((name) => !skip(join(path, name))).join(',')}`);
    for (const name of names) if (!skip(join(path, name))) looks(join(path, name), skip, out);
  } else if (status.isSymbolicLink()) out.set(path, `${common} ${readlinkSync(path)}`);
  else if (status.isFile()) {
    try {
      out.set(path, `${common} ${readFileSync(path, 'hex')}`);
    } catch {
      out.set(path, `${common} unreadable`);
    }
  } else out.set(path, common);
}

export const freePort = () =>
  new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '0.0.0.0', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

/** `programs`: path of a built support program by its name; `keeps`: folders that the sandbox itself writes. */
export async function makeWorld(programs, { everyone = false, keeps = [], kept = false } = {}) {
  const { folder, at } = makePlace();
  if (kept) makeKeptBack(at);
  const neighbour = await startNeighbour(programs('neighbour'), {
    folder: at('neighbour'),
    secret: at('outside/secret.txt'),
    cwd: at('outside'),
  });
  const allowed = createServer((socket) => socket.destroy());
  await new Promise((done) => allowed.listen(0, '127.0.0.1', done));
  allowed.unref();
  let inherited;
  const { facts } = neighbour;
  const watched = [
    'outside',
    'home',
    'readonly',
    'neighbour',
    'own/data',
    'own/state/runtime',
    'own/state/spool/forged.jsonl',
    'own/config',
    // The second `.env` is to be moved with its folder, which may be moved.
    ...(kept ? [keptBack.closed[0], ...keptBack.unchanged, ...keptBack.unmade] : []),
  ].map(at);
  // The neighbour's log grows with what reaches it, and is looked at by itself.
  const keptPlaces = keeps.map(at);
  for (const path of keptPlaces) mkdirSync(path, { recursive: true });
  const skip = (path) => path === at('neighbour/contacts.log') || keptPlaces.includes(path);
  return {
    folder,
    at,
    facts,
    everyone,
    kept,
    allowedPort: allowed.address().port,
    freePort: await freePort(),
    /** Descriptors on the outside file and its folder, as a careless client would leave them open. */
    inherit: () => (inherited ??= [openSync(at('outside/secret.txt'), 'r+'), openSync(at('outside'), 'r')]),
    async look() {
      const files = new Map();
      for (const path of watched) looks(path, skip, files);
      const { alive, state, contacts } = await neighbour.look(everyone);
      files.set('the neighbour is alive', String(alive));
      files.set('the neighbour', state);
      files.set('contacts of the neighbour', contacts.join(', '));
      files.set('name of the machine', hostname());
      return files;
    },
    async remove() {
      for (const descriptor of inherited ?? []) closeSync(descriptor);
      allowed.close();
      await neighbour.stop();
      try {
        rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
      } catch {
        // An attack took rights away from its own folders.
        for (const name of folders) if (existsSync(at(name))) chmodSync(at(name), 0o700);
        rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
      }
    },
  };
}

/** What differs between two looks, in words. */
export function differences(before, after, folder) {
  const found = [];
  const short = (text) => text.replaceAll(`${folder}/`, '');
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(key), after.get(key)];
    if (was === is) continue;
    if (was === undefined) found.push(`new: ${short(key)}`);
    else if (is === undefined || is === 'not there') found.push(`gone: ${short(key)}`);
    else if (was === 'not there') found.push(`new: ${short(key)}`);
    else if (key.startsWith('contacts')) found.push(`reached the neighbour: ${is.slice(was.length)}`);
    else if (key.startsWith('the ') || key.startsWith('name ')) {
      const words = [was.split(' '), is.split(' ')];
      const changed = words[1].filter((word, index) => word !== words[0][index]).join(' ');
      found.push(`${key}: ${changed.slice(0, 120)}`);
    } else found.push(`changed: ${short(key)}`);
  }
  return found;
}
