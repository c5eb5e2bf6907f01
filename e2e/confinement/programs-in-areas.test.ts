/**
 * Programs that people use, in an area with what the level keeps back: each does what it does elsewhere, or fails with a message and
 * an event that says what was refused. Every script also runs bare, and must print the same.
 */
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeArena, removeArena, type Arena } from './support/arena.ts';
import { startInArea, takenBack } from './support/areas.ts';
import { ordinaryPath, run, type Result } from './support/start.ts';
import type { Plan } from '#domain/plan-text.ts';

const nodeFolder = dirname(process.execPath);
const path = `${nodeFolder}${delimiter}${ordinaryPath}`;
const isThere = (program: string): boolean => path.split(delimiter).some((folder) => existsSync(join(folder, program)));
const timeoutMs = 60_000;

const environment = (arena: Arena): Record<string, string> => ({
  PATH: path,
  HOME: join(arena.grant, 'home'),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
  LC_ALL: 'C',
  npm_config_update_notifier: 'false',
});

/** Runs a script of the shell in a fresh project, bare or in an area; `prepare` runs bare before it. */
async function shell(
  contained: boolean,
  script: string,
  prepare = '',
  plan: Partial<Plan> = {},
  look?: (work: string) => void,
): Promise<Result> {
  const arena = makeArena();
  try {
    const work = join(arena.grant, 'work');
    mkdirSync(join(work, 'src'), { recursive: true });
    mkdirSync(join(arena.grant, 'home'));
    writeFileSync(join(work, 'src', 'a.txt'), 'first needle\nsecond\n');
    writeFileSync(join(work, 'b.txt'), 'needle\n');
    const options = { cwd: work, env: environment(arena), timeoutMs };
    if (prepare !== '') {
      const prepared = await run('/bin/sh', ['-ec', prepare], options);
      expect(prepared).toMatchObject({ code: 0 });
    }
    const args = ['-ec', script];
    const env = Object.keys(options.env);
    const result = contained
      ? await startInArea(
          arena,
          '/bin/sh',
          args,
          {
            env,
            exec: ['/usr', '/bin', '/lib', '/lib64', '/opt', '/sbin', nodeFolder, dirname(nodeFolder)].filter((place) =>
              existsSync(place),
            ),
            ...plan,
          },
          options,
        )
      : { ...(await run('/bin/sh', args, options)), outcome: { kind: 'other' as const, said: '' }, events: [] };
    look?.(work);
    return {
      ...result,
      stdout: result.stdout.replaceAll(arena.folder, 'ARENA'),
      stderr: result.stderr.replaceAll(arena.folder, 'ARENA'),
    };
  } finally {
    removeArena(arena);
  }
}

const refusals = (result: Result): string[] =>
  result.events
    .filter(({ verdict, kind }) => verdict === 'refused' && kind.startsWith('file.'))
    .map(({ kind, target }) => `${kind} ${target.replace(/^.*?\/grant\//, '')}`);

const allScripts: [name: string, program: string, script: string, prepare?: string][] = [
  [
    'git in a repository: status, add, commit, branch, log, stash, gc',
    'git',
    `git status --short; git add -A; git commit -qm one; git checkout -qb other; echo more >> b.txt; git commit -qam two
     git stash list; git branch; git log --oneline; git diff HEAD~1 --stat; git tag v1; git gc -q; git fsck; git status; ls -A .git`,
    'git init -q -b main',
  ],
  [
    'git merge, rebase, worktree',
    'git',
    `git checkout -qb b; echo x > x; git add x; git commit -qm x; git checkout -q main; echo y > y; git add y; git commit -qm y
     git merge -q -m m b; git log --oneline | wc -l; git checkout -q b; git rebase -q main; git worktree add -q ../tree main; ls ../tree; git worktree list | wc -l`,
    'git init -q -b main; git add -A; git commit -qm one',
  ],
  ['grep -r', 'grep', 'grep -rn needle . | sort'],
  ['ripgrep', 'rg', 'rg -n --sort path needle .'],
  [
    'tar, and out again',
    'tar',
    'tar -cf ../all.tar .; mkdir ../out; tar -xpf ../all.tar -C ../out; cd ../out; find . | sort; cat src/a.txt',
  ],
  [
    'cp -a',
    'cp',
    'ln -s b.txt link; ln b.txt hard; touch -d 2020-01-01 b.txt; chmod 640 b.txt; cp -a . ../copy; cd ../copy; stat -c "%n %a %Y %s" b.txt hard; readlink link; diff -r . ../work',
  ],
  [
    'rsync',
    'rsync',
    'rsync -a ./ ../copy/; echo more >> b.txt; rsync -ai --delete --no-t ./ ../copy/ | wc -l; diff -r . ../copy',
  ],
  [
    'sed -i, sort, mv, install',
    'sed',
    'sed -i s/needle/pin/ b.txt; sort -o b.txt b.txt; mv b.txt src/c.txt; install -m 750 src/c.txt d; stat -c "%n %a" d src/c.txt; cat d',
  ],
  [
    'sqlite with a write-ahead log and two that lock each other out',
    'python3',
    `python3 - <<'END'
import sqlite3
a = sqlite3.connect('x.db'); print(a.execute('pragma journal_mode=wal').fetchone())
a.execute('create table t(i)'); a.executemany('insert into t values(?)', [(i,) for i in range(1000)]); a.commit()
b = sqlite3.connect('x.db', timeout=0.1); print(b.execute('select sum(i) from t').fetchone())
a.execute('begin immediate')
try: b.execute('begin immediate')
except sqlite3.OperationalError as e: print(e)
a.rollback(); b.execute('begin immediate'); b.execute('delete from t'); b.commit()
print(a.execute('select count(*) from t').fetchone()); a.execute('vacuum'); a.close(); b.close()
import os; print(sorted(os.listdir('.')))
END`,
  ],
  [
    'temporary files, atomic replacement, locks and walks of Python',
    'python3',
    `python3 - <<'END'
import tempfile, os, fcntl, shutil, pathlib
with tempfile.TemporaryDirectory(dir='.') as d:
    with tempfile.NamedTemporaryFile(dir=d) as f: f.write(b'x'); f.flush(); print(os.path.getsize(f.name), oct(os.stat(f.name).st_mode))
    with tempfile.TemporaryFile(dir=d) as f: f.write(b'y'); print(f.tell())
p = pathlib.Path('r'); p.with_suffix('.tmp').write_text('new'); os.replace('r.tmp', 'r'); print(p.read_text())
with open('lock', 'w') as f: fcntl.flock(f, fcntl.LOCK_EX); print('locked')
shutil.copytree('src', 'tree'); print(sorted(os.listdir('tree'))); shutil.rmtree('tree'); print(os.path.exists('tree'))
os.makedirs('a/b/c'); os.removedirs('a/b/c'); print([sorted(f) for _, _, f in os.walk('.')])
END`,
  ],
  [
    'watching of Node, streams and recursive removal',
    'node',
    `node --input-type=module - <<'END'
import fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
const seen = new Promise((resolve) => { const w = fs.watch('src', (kind, name) => { if (name === 'new.txt') { w.close(); resolve(name); } }); });
fs.writeFileSync('src/new.txt', 'x'); console.log(await seen);
await pipeline(fs.createReadStream('b.txt'), fs.createWriteStream('c.txt')); console.log(fs.readFileSync('c.txt', 'utf8'));
fs.mkdirSync('d/e/f', { recursive: true }); fs.cpSync('src', 'd/src', { recursive: true }); console.log(fs.readdirSync('d', { recursive: true }).sort());
fs.rmSync('d', { recursive: true }); console.log(fs.existsSync('d'), fs.mkdtempSync('t-').length, fs.realpathSync('src') === process.cwd() + '/src');
const h = await fs.promises.open('c.txt', 'a+'); await h.truncate(2); await h.chmod(0o600); await h.sync(); console.log((await h.stat()).size); await h.close();
END`,
  ],
  [
    'npm install of a package from a file',
    'npm',
    `npm install --offline --no-audit --no-fund --loglevel=error --cache "$HOME/cache" ./pack.tgz > /dev/null; node -e "console.log(require('pack'))"; ls node_modules/.bin; node_modules/.bin/pack`,
    `mkdir package; echo '{"name":"pack","version":"1.0.0","main":"i.js","bin":"./bin.js"}' > package/package.json; echo 'module.exports="installed"' > package/i.js
     printf '#!/usr/bin/env node\\nconsole.log("started")\\n' > package/bin.js; chmod +x package/bin.js; tar -czf pack.tgz package; rm -r package; echo '{"private":true}' > package.json`,
  ],
];

const scripts = allScripts.filter(([, program]) => isThere(program));
const missing = allScripts.filter(([, program]) => !isThere(program));

describe('does the same in an area as elsewhere', () => {
  test.each(scripts)(
    '%s (%s)',
    async (_, program, script, prepare) => {
      const bare = await shell(false, script, prepare);
      expect(bare, program).toMatchObject({ code: 0 });
      // What npm installed is started by its interpreter: programs in an area are not executed.
      const contained = await shell(
        true,
        script.replace('; node_modules/.bin/pack', '; node node_modules/.bin/pack'),
        prepare,
      );
      expect({ code: contained.code, stdout: contained.stdout, stderr: contained.stderr }).toEqual({
        code: 0,
        stdout: bare.stdout,
        stderr: bare.stderr,
      });
      expect(refusals(contained)).toEqual([]);
    },
    timeoutMs * 2,
  );

  test.skipIf(missing.length === 0)('nothing is missing here but what is listed', () => {
    // Printed, so that who reads the list of tests knows what this machine did not try.
    console.log(`not installed, not tried: ${missing.map(([, program]) => program).join(', ')}`);
    expect(missing.length).toBeLessThan(scripts.length);
  });
});

describe('git, where something is kept back', () => {
  const prepare =
    'git init -q -b main; git add -A; git commit -qm one; git clone -q --bare . ../remote.git; git remote add origin ../remote.git; mkdir -p .git/hooks; git worktree add -q -b side ../tree';
  const lifted = takenBack('**/.git/config', '**/.git/hooks', '**/.git/commondir');

  test.each([
    ['git config', 'git config core.fsmonitor ./evil', '.git/config'],
    ['git remote add', 'git remote add other ../x', '.git/config'],
    ['a hook', 'echo exit > .git/hooks/pre-commit', '.git/hooks/pre-commit'],
    ['a hook, made elsewhere and moved there', 'echo exit > h; mv h .git/hooks/pre-commit', '.git/hooks/pre-commit'],
    [
      'a folder of hooks in its place',
      'mkdir h; echo exit > h/pre-commit; rm -r .git/hooks && mv h .git/hooks',
      '.git/hooks',
    ],
    ['the repository moved away, changed, and back', 'mv .git g; echo "[core]" >> g/config; mv g .git', '.git'],
    [
      'another repository in its place',
      'git init -q ../new; mv .git old; mv ../new/.git .git; mv .git ../new/; mv old .git',
      '.git',
    ],
    [
      'a file of another repository in its place',
      'git init -q ../new; cp .git/config c; mv ../new/.git/config .git/config; mv c .git/config',
      '.git/config',
    ],
    [
      'a working tree led elsewhere',
      'cp ../tree/.git t; echo "gitdir: ../new" > ../tree/.git; cat t > ../tree/.git',
      'tree/.git',
    ],
    [
      'a working tree made anew',
      'mv ../tree/.git t; mkdir ../tree/.git; rmdir ../tree/.git; mv t ../tree/.git',
      'tree/.git',
    ],
  ])('%s is refused with a message and an event, and done where it was allowed', async (_, script, target) => {
    let config = '';
    const refused = await shell(true, script, prepare, {}, (work) => {
      config = readFileSync(join(work, '.git', 'config'), 'utf8');
      expect(existsSync(join(work, '.git', 'hooks', 'pre-commit'))).toBe(false);
      expect(lstatSync(join(work, '.git')).isDirectory()).toBe(true);
      expect(readFileSync(join(work, '../tree/.git'), 'utf8')).toMatch(/^gitdir: .*work\/.git\/worktrees\/tree\n$/);
    });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/[Pp]ermission denied|could not|cannot/);
    expect(refusals(refused).some((line) => line.includes(target))).toBe(true);
    expect(config).toMatch(/remote "origin"/);
    expect(config).not.toMatch(/fsmonitor|other/);
    const allowed = await shell(true, script, prepare, lifted);
    expect(allowed).toMatchObject({ code: 0, stderr: '' });
    expect(refusals(allowed)).toEqual([]);
  });

  test('what does not change the configuration works: fetch, pull, push, commit with hooks there', async () => {
    const script =
      'git fetch -q origin; git push -q origin main; git pull -q origin main; echo z >> b.txt; git commit -qam z; git log --oneline | wc -l';
    const contained = await shell(true, script, prepare);
    expect(contained).toMatchObject({ code: 0, stdout: '2\n' });
    expect(refusals(contained)).toEqual([]);
  });

  test.each([
    [
      'git init, and everything in it',
      'git init -q -b main ../new; cd ../new; git config user.name b; git remote add origin ../remote.git; echo exit 0 > .git/hooks/pre-commit; echo x > x; git add x; git commit -qm x; git fetch -q origin; git branch -q -u origin/main; git config --list --local | sort; ls .git/hooks',
    ],
    [
      'git init here, where no repository was',
      'mkdir ../here; echo x > ../here/file; cd ../here; git init -q -b main; git config core.fsmonitor false; git config --get core.fsmonitor; stat -c %a .git/config',
    ],
    [
      'git clone, with hooks of a template',
      'mkdir -p t/hooks; echo exit 0 > t/hooks/post-checkout; git clone -q --template t . ../clone; cd ../clone; git log --oneline | wc -l; ls .git/hooks; git remote get-url origin | grep -c work; git config --get core.filemode',
    ],
    ['a clone that fails, and goes', 'git clone -q ./none ../none 2>/dev/null || ls ..'],
    [
      'a new repository moved, exchanged and removed',
      'git init -q ../new; mv ../new ../newer; mv ../newer/.git ../newer/g; mv ../newer/g ../newer/.git; git -C ../newer config a.b c; rm -rf ../newer; git init -q ../newer; git -C ../newer config --get a.b || ls ..',
    ],
    [
      'a working tree of its own, and without it again',
      'git worktree add -q -b mine ../mine; ls ../mine; git worktree remove ../mine; git worktree list | wc -l',
    ],
  ])('in a repository of its own it does everything: %s', async (_, script) => {
    const bare = await shell(false, script, prepare);
    const contained = await shell(true, script, prepare);
    expect({ code: contained.code, stdout: contained.stdout, stderr: contained.stderr }).toEqual({
      code: 0,
      stdout: bare.stdout,
      stderr: bare.stderr,
    });
    expect(bare.code).toBe(0);
    expect(refusals(contained)).toEqual([]);
  });

  test('what one run made is not the next one’s', async () => {
    const made = 'git init -q ../new; git -C ../new config a.b c';
    const config = 'git -C ../new config core.fsmonitor ./evil';
    const next = await shell(true, config, `${prepare}; ${made}`);
    expect(next.code).not.toBe(0);
    expect(refusals(next)).toContainEqual(expect.stringContaining('new/.git/config'));
    expect(await shell(true, `${made}; ${config}`, prepare)).toMatchObject({ code: 0, stderr: '' });
  });
});

test('files with secrets are refused to every program, and their examples are not', async () => {
  const prepare =
    'echo SECRET=decoy-value > .env; echo decoy-value > .env.local; echo KEY= > .env.example; mkdir keys; echo decoy-value > keys/id_ed25519';
  const script =
    'cat .env.example; for f in .env .env.local keys/id_ed25519; do cat $f || true; cp $f copy || true; ln $f hard || true; mv $f moved || true; done; grep -r decoy-value . || true; ln -s .env link; cat link || true; tar -c . 2>&1 | grep -c decoy-value || true';
  const result = await shell(true, script, prepare);
  expect(result.stdout).toBe('KEY=\n0\n');
  expect(refusals(result)).toEqual(
    expect.arrayContaining(['file.read work/.env', 'file.read work/.env.local', 'file.read work/keys/id_ed25519']),
  );
  const bare = await shell(false, script, prepare);
  expect(bare.stdout).toContain('decoy-value');
});
