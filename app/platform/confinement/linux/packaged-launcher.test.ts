import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFolders } from '#platform/paths/folders.ts';
import { makePlaces, ownLauncher } from '#platform/paths/places.ts';
import { findPackagedLauncher, packagedLauncher } from './packaged-launcher.ts';

const owner = process.geteuid?.() ?? -1;
const version = '1.2.3';

let top: string;
let file: string;

function program(said: string): void {
  writeFileSync(file, `#!/bin/sh\n[ "$*" = --version ] && printf '%s\\n' '${said}'\n`);
  chmodSync(file, 0o755);
}

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'belljar-packaged-'));
  chmodSync(top, 0o755);
  file = join(top, 'usr/lib/belljar/bin/belljar-launcher');
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  program(`belljar-launcher ${version}`);
  writeFileSync(join(top, 'passwd'), passwdOf('/home/mara'));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const passwdOf = (home: string, uid = owner): string =>
  `sync:x:4:4:sync:/bin:/bin/sync\nmara:x:${uid.toString()}:1::${home}:/bin/sh\n`;

/** Of a person whose home is the usual one. */
const usual = (environment: NodeJS.ProcessEnv = {}): ReturnType<typeof findFolders> =>
  findFolders({ HOME: '/home/mara', ...environment }, { uid: owner, homedir: '/home/mara' });
const find = (change: { owner?: number; environment?: NodeJS.ProcessEnv; version?: string } = {}): string | undefined =>
  findPackagedLauncher(usual(change.environment), change.version ?? version, {
    file,
    owner: change.owner ?? owner,
    top,
    passwd: join(top, 'passwd'),
  })?.path;

describe('the launcher of a package', () => {
  it('is the one that entries name where it is its owner’s alone and of this version', () => {
    expect(find()).toBe(file);
    const places = makePlaces(usual(), {}, file);
    expect([places.launcher, places.launchers]).toEqual([file, [file]]);
    const without = makePlaces(usual(), {});
    expect([without.launcher, without.launchers]).toEqual([ownLauncher(usual()), [ownLauncher(usual())]]);
  });

  it.each([
    ['nobody', ''],
    ['somebody else', passwdOf('/home/mara', owner + 1)],
    ['another home', passwdOf('/home/other')],
    ['a home in another spelling', passwdOf('/home/mara/')],
    ['another home first', passwdOf('/home/other') + passwdOf('/home/mara')],
    ['a line too short', `mara:x:${owner.toString()}:1:/home/mara\n`],
  ])('is none where /etc/passwd, in which it looks for its plans, knows %s', (_name, text) => {
    writeFileSync(join(top, 'passwd'), text);
    expect(find()).toBeUndefined();
    rmSync(join(top, 'passwd'));
    expect(find()).toBeUndefined();
    writeFileSync(join(top, 'passwd'), passwdOf('/home/mara'));
    expect(find()).toBe(file);
  });

  it('leaves an own copy right that is there', () => {
    const folders = { ...usual(), data: join(top, 'data') };
    mkdirSync(join(folders.data, 'bin'), { recursive: true });
    writeFileSync(ownLauncher(folders), '');
    expect(makePlaces(folders, {}, file).launchers).toEqual([file, ownLauncher(folders)]);
  });

  const folders = ['', 'usr', 'usr/lib', 'usr/lib/belljar', 'usr/lib/belljar/bin'];

  it.each(folders.flatMap((name) => [0o775, 0o757, 0o1777].map((mode): [string, number] => [name, mode])))(
    'is none below a folder that others may write to: /%s, mode %o',
    (name, mode) => {
      chmodSync(join(top, name), mode);
      expect(find()).toBeUndefined();
      chmodSync(join(top, name), 0o755);
      expect(find()).toBe(file);
    },
  );

  it.each([0o775, 0o757, 0o4755, 0o2755, 0o644, 0o700])('is none with mode %o', (mode) => {
    chmodSync(file, mode);
    expect(find()).toBeUndefined();
    chmodSync(file, 0o755);
    expect(find()).toBe(file);
  });

  it('is none where all of it is somebody else’s', () => {
    expect(find({ owner: owner + 1 })).toBeUndefined();
    expect(find()).toBe(file);
  });

  it.for([...folders, 'usr/lib/belljar/bin/belljar-launcher'])(
    'is none where /%s is somebody else’s',
    (name, { skip }) => {
      if (owner !== 0) skip('only root can give something away');
      chownSync(join(top, name), 65_534, 65_534);
      expect(find()).toBeUndefined();
      chownSync(join(top, name), owner, owner);
      expect(find()).toBe(file);
    },
  );

  it.each(['usr', 'usr/lib/belljar', 'usr/lib/belljar/bin', 'usr/lib/belljar/bin/belljar-launcher'])(
    'is none behind a link at /%s',
    (name) => {
      renameSync(join(top, name), join(top, 'elsewhere'));
      symlinkSync(join(top, 'elsewhere'), join(top, name));
      expect(find()).toBeUndefined();
      rmSync(join(top, name));
      renameSync(join(top, 'elsewhere'), join(top, name));
      expect(find()).toBe(file);
    },
  );

  it.each([
    ['an older one', 'belljar-launcher 1.2.2'],
    ['a longer version', 'belljar-launcher 1.2.34'],
    ['another program', '1.2.3'],
    ['nothing', ''],
  ])('is none when it says it is %s', (_name, said) => {
    program(said);
    expect(find()).toBeUndefined();
    program(`belljar-launcher ${version}`);
    expect(find()).toBe(file);
  });

  it('is none when it is no program, is missing, or there is a folder in its place', () => {
    writeFileSync(file, '\u007fELF and nothing');
    expect(find()).toBeUndefined();
    rmSync(file);
    expect(find()).toBeUndefined();
    mkdirSync(file, { mode: 0o755 });
    expect(find()).toBeUndefined();
  });

  it('is none for folders where it would not look for plans', () => {
    for (const environment of [
      { HOME: '/tmp/other' },
      { XDG_DATA_HOME: '/data' },
      { BELLJAR_DATA_DIR: '/data' },
      { BELLJAR_STATE_DIR: '/state' },
    ]) {
      expect(find({ environment })).toBeUndefined();
    }
    expect(find({ environment: { XDG_DATA_HOME: '/home/mara/.local/share' } })).toBe(file);
  });

  it('is asked again, since a package may go', () => {
    const found = findPackagedLauncher(usual(), version, { file, owner, top, passwd: join(top, 'passwd') });
    expect(found?.isFit()).toBe(true);
    chmodSync(dirname(file), 0o777);
    expect(found?.isFit()).toBe(false);
  });

  it('lies where the launcher itself takes it to be', () => {
    const source = resolve(import.meta.dirname, '../../../../native-helpers/launcher/linux/own-places.hpp');
    expect(readFileSync(source, 'utf8')).toContain(`packaged_launcher = "${packagedLauncher}"`);
  });
});
