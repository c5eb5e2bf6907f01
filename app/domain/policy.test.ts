import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LaunchedLevel } from '#contract/words.ts';
import type { EffectivePolicy, PersonRule, Rule } from '#contract/policy.ts';
import { knownTargets, ruleReasons } from '#contract/sentences.ts';
import { addressKind } from './addresses.ts';
import { argumentPaths, entryRules, variablePaths } from './argument-paths.ts';
import type { Launch } from './entry.ts';
import { explain, readQuestion } from './explain.ts';
import { isWithin } from './paths.ts';
import { formatPlan, parsePlan } from './plan-text.ts';
import { compilePlan, mergePolicy, summarizePolicy, summarizeUndecided, type PolicyContext } from './policy-merge.ts';
import { normaliseWhat } from './rule-what.ts';
import { createKnownTargets, secretPlaces } from './secret-places.ts';
import { explainContext, folders, own, personRule as person, policyContext } from './testing/policies.ts';

const places = secretPlaces(folders, own, ['/home/anna/.cursor/mcp.json']);
const context = (change: Partial<PolicyContext> = {}): PolicyContext =>
  policyContext({
    launch: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-filesystem', '/home/anna/work'] },
    ...change,
  });
const planOf = (policy: EffectivePolicy, of: PolicyContext = context()) =>
  compilePlan(policy, { ...of, spool: `${own.stateFolder}/spool`, spoolLimit: 1_048_576, exists: () => true });
const ids = (policy: EffectivePolicy): string[] => policy.rules.map((rule) => rule.id);

describe('paths that arguments name', () => {
  const symbols = (command: string, ...args: string[]): string[] =>
    argumentPaths({ command, args }, folders).map((named) => `${named.verb} ${named.symbol ?? named.text}`);

  test.each<[string, string[], string[]]>([
    ['absolute', ['s', '/data'], ['write arg:0']],
    ['in the home', ['s', '~/notes', '~'], ['write arg:0', 'write arg:1']],
    ['relative', ['s', './a', '../b', '.'], ['write arg:0', 'write arg:1', 'write arg:2']],
    ['assigned to an option', ['s', '--root=/data', '-d=~/x'], ['write arg:0+7', 'write arg:1+3']],
    ['assigned to a name', ['s', 'ROOT=/data'], ['write arg:0+5']],
    ['counted in bytes', ['s', '--größe=/data'], ['write arg:0+10']],
    ['a file address', ['s', 'file:///data/x'], ['write arg:0+7']],
    ['a file address in an option', ['s', '--db=file:///data/x'], ['write arg:0+12']],
    ['an escaped file address', ['s', 'file:///data/a%20b'], ['write /data/a b']],
    ['a bare file name', ['s', '--db-path', 'notes.sqlite'], ['write arg:1']],
    ['a placeholder of a folder', ['s', '${workspaceFolder}/x', '${userHome}'], ['write arg:0', 'write arg:1']],
    ['none: secrets in placeholders', ['s', '${input:token}', '${env:API_KEY}', '$TOKEN'], []],
    ['none: addresses, options, words', ['s', 'https://a/b', '--port', '80', 'stdio', 'a@b', 'org/name'], []],
    ['not the script of an interpreter', ['node', '--enable-source-maps', '/srv/i.js', '/data'], ['write arg:2']],
    ['not the script of a numbered python', ['python3.12', '/srv/i.py', '/data'], ['write arg:1']],
    ['not a module, but what follows it', ['python3', '-m', 'server', '/data'], ['write arg:2']],
    [
      'code that an interpreter loads is read, not written',
      ['node', '-r', '/srv/hook.js', '/srv/i.js'],
      ['exec arg:1'],
    ],
    ['not the package of npx', ['npx', '-y', '@a/server.json', '/data'], ['write arg:2']],
    ['not an option of npx', ['npx', '-y', '-p', './local.json', 'cmd', './data'], ['write arg:4']],
    [
      'the project of uv is code',
      ['uv', '--directory', '/srv/p', 'run', 'server.py', '/data'],
      ['exec arg:1', 'write arg:4'],
    ],
    ['through env', ['env', 'A=/x', 'node', '/srv/i.js', '/data'], ['write arg:3']],
  ])('%s', (_, [command = '', ...args], expected) => {
    expect(symbols(command, ...args)).toEqual(expected);
  });

  test.each([
    ['/', 'root'],
    ['/home/anna', 'home'],
    ['~', 'home'],
    ['/home', 'contains-home'],
    ['~/.ssh', 'secret-place'],
    ['~/.ssh/id_ed25519', 'secret-place'],
    ['/home/anna/x/../.aws', 'secret-place'],
    ['~/.config', 'contains-secret-place'],
    ['~/.cursor', 'contains-secret-place'],
    ['~/.cursor/mcp.json', 'client-config'],
    ['~/.claude.json', 'client-config'],
    ['~/.local/share/belljar/journal', 'belljar'],
    ['/proc', 'secret-place'],
    ['~/.bashrc', 'secret-place'],
  ])('%s is withheld: %s', (argument, reason) => {
    const result = entryRules({ command: 's', args: [argument] }, {}, folders, places);
    expect(result.rules).toEqual([]);
    expect(result.withheld.map((item) => item.reason)).toEqual([reason]);
  });

  test.each(['~/work', '~/.sshx', '~/.config/myserver', '/srv/data', '/tmp/x'])('%s is granted', (argument) => {
    expect(entryRules({ command: 's', args: [argument] }, {}, folders, places)).toMatchObject({
      rules: [{ verb: 'write', symbol: 'arg:0', source: 'argument' }],
      withheld: [],
    });
  });

  test('a grant on purpose takes a path off the withheld ones', () => {
    const launch: Launch = { command: 's', args: ['~/.ssh'] };
    expect(mergePolicy(context({ launch })).withheld).toHaveLength(1);
    const policy = mergePolicy(context({ launch, rules: [person('read', '/home/anna/.ssh')] }));
    expect(policy.withheld).toEqual([]);
    // Its own name is one that is kept back elsewhere; here it was meant.
    expect(planOf(policy, context({ rules: [person('read', '/home/anna/.ssh')] }))).toMatchObject({
      areas: expect.arrayContaining([{ access: 'read', place: '/home/anna/.ssh' }]) as unknown,
      except: expect.arrayContaining([{ access: 'read', pattern: '/home/anna/.ssh' }]) as unknown,
    });
  });

  test('values of variables that are paths', () => {
    expect(
      variablePaths(
        {
          MEMORY_FILE_PATH: '/data/m.json',
          GOOGLE_APPLICATION_CREDENTIALS: '~/k.json',
          PATH: '/bin',
          TOKEN: 'x',
          L: '/a:/b',
        },
        folders,
      ).map((named) => `${named.verb} ${named.path ?? ''}`),
    ).toEqual(['write /data/m.json', 'read /home/anna/k.json']);
  });
});

describe('merging', () => {
  test('every rule has an id of its own, a source, and a reason that the catalogue knows', () => {
    for (const level of ['watch', 'standard', 'strict'] as const) {
      const { rules } = mergePolicy(context({ level, env: { API_KEY: 'x' }, rules: [person('env', 'DEBUG')] }));
      expect(new Set(rules.map((rule) => rule.id)).size).toBe(rules.length);
      for (const rule of rules) expect(Object.keys(ruleReasons)).toContain(rule.reason);
    }
  });

  test('the network and the environment of each level', () => {
    const policy = (level: PolicyContext['level']) => mergePolicy(context({ level, env: { API_KEY: 'x' } }));
    expect(policy('watch')).toMatchObject({ network: 'open' });
    expect(planOf(policy('watch'))).toMatchObject({ env: ['*'], read: [], refuse: [], record: 'all' });
    expect(policy('standard').network).toBe('open');
    expect(policy('strict').network).toBe('none');
    for (const level of ['standard', 'strict'] as const) {
      const { env } = planOf(policy(level));
      expect(env).toEqual(expect.arrayContaining(['HOME', 'PATH', 'LC_*', 'API_KEY']));
      expect(env.some((name) => /^(?:LD_|DYLD_|NODE_OPTIONS|SSH_AUTH|DBUS|GITHUB)/.test(name))).toBe(false);
    }
    expect(planOf(policy('standard')).env).toContain('https_proxy');
    expect(planOf(policy('strict')).env).not.toContain('https_proxy');
  });

  const host = person('host', 'api.github.com:443');
  test.each<[PolicyContext['level'], PolicyContext['network'], PersonRule[], string]>([
    ['watch', 'hosts', [host], 'open'],
    ['standard', undefined, [], 'open'],
    ['standard', undefined, [host], 'open'],
    ['standard', 'open', [host], 'open'],
    ['standard', 'hosts', [host], 'hosts'],
    ['standard', 'hosts', [], 'none'],
    ['standard', 'hosts', [host, person('deny', 'host:api.github.com:443')], 'none'],
    ['strict', undefined, [host], 'hosts'],
    ['strict', 'open', [host], 'hosts'],
    ['strict', 'open', [], 'none'],
  ])('%s, chosen %s, with %j: network %s', (level, network, rules, expected) => {
    const policy = mergePolicy(context({ level, network, rules }));
    expect(policy.network).toBe(expected);
    expect(planOf(policy).network).toBe(expected);
  });

  test('host rules reach the plan with their ports and whether names are checked', () => {
    const rules = [
      host,
      person('host', '*.example.org:80,443'),
      { ...person('host', '[fd00::/8]:22'), checked: false as const },
    ];
    const plan = planOf(mergePolicy(context({ level: 'strict', rules })));
    expect(plan.hosts).toEqual([
      { pattern: 'api.github.com', ports: '443', checked: true },
      { pattern: '*.example.org', ports: '80,443', checked: true },
      { pattern: 'fd00::/8', ports: '22', checked: false },
    ]);
    expect(parsePlan(formatPlan(plan))).toEqual(plan);
    expect(planOf(mergePolicy(context({ level: 'watch', rules }))).hosts).toEqual([]);
  });

  test('certificates that the environment names are readable at standard', () => {
    const environment = { NODE_EXTRA_CA_CERTS: '/opt/corp/ca.pem' };
    expect(planOf(mergePolicy(context({ environment }))).read).toContain('/opt/corp/ca.pem');
    expect(planOf(mergePolicy(context({ environment }))).env).toContain('AWS_CA_BUNDLE');
    expect(planOf(mergePolicy(context({ environment, level: 'strict' }))).read).not.toContain('/opt/corp/ca.pem');
  });

  test('a variable that steers the linker is passed on only when the entry itself names it', () => {
    expect(planOf(mergePolicy(context())).env).not.toContain('LD_PRELOAD');
    expect(planOf(mergePolicy(context({ env: { LD_PRELOAD: '/x.so' } }))).env).toContain('LD_PRELOAD');
  });

  test('package caches are read and executed, never written', () => {
    const plan = planOf(mergePolicy(context()));
    expect(plan.exec).toContain('/home/anna/.npm');
    expect(plan.write).toEqual(expect.not.arrayContaining(['/home/anna/.npm']));
    // How npx is to use what is there is the launcher's to say, for the cache that it makes for each run.
    expect(plan.set).toEqual([]);
    const uvx = context({ launch: { command: '/usr/bin/uvx', args: ['mcp-server-time'] } });
    expect(planOf(mergePolicy(uvx), uvx).exec).toContain('/home/anna/.cache/uv');
    const node = context({ launch: { command: 'node', args: ['/x.js'] } });
    expect(planOf(mergePolicy(node), node).exec).not.toContain('/home/anna/.npm');
  });

  test('every secret place is refused to symbols', () => {
    const { refuse } = planOf(mergePolicy(context()));
    expect(refuse).toEqual(expect.arrayContaining(['/home/anna/.ssh', own.dataFolder, own.configFolder, '/proc']));
  });

  test('rules of the level for what is not there are left out, those of a person are not', () => {
    const policy = mergePolicy(context({ rules: [person('read', '/nowhere')] }));
    const plan = compilePlan(policy, {
      ...context(),
      spool: '/s',
      spoolLimit: 65_536,
      exists: (path) => path === '/usr',
    });
    expect(plan.exec).toEqual(['/usr', 'runtime', '/home/anna/.npm']);
    expect(plan.read).toEqual([]);
    expect(plan.areas).toEqual([
      { access: 'read', place: '/nowhere' },
      { access: 'read', place: 'cwd' },
      { access: 'write', place: 'arg:2' },
    ]);
  });

  const rule: fc.Arbitrary<PersonRule> = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('read', 'write', 'exec', 'deny'),
        fc.constantFrom('/srv', '/srv/a', '/srv/a/b', '/etc/hosts', '/usr'),
      )
      .map(([verb, what]) => person(verb as PersonRule['verb'], what)),
    fc.constantFrom(
      person('env', 'A'),
      person('local', '80'),
      person('deny', 'env:TZ'),
      person('deny', 'exec:runtime'),
    ),
  );
  const launch = fc.constantFrom<Launch>(
    { command: 'npx', args: ['-y', 'p', '/srv/a'] },
    { command: 'uvx', args: ['p', '--db=/srv/b'] },
    { command: 'node', args: ['/srv/i.js', '.'] },
  );

  test('what a list says of a policy is what the merged policy says, where a person decided no rule', () => {
    const paths = fc.constantFrom('/srv', '/home/anna', '/', '/home/anna/.ssh', '/home/anna/.ssh', '~/x', '--a=/home');
    const network = fc.constantFrom('open' as const, 'hosts' as const, undefined);
    const env = fc.dictionary(fc.constantFrom('KEYS', 'DATA'), paths);
    fc.assert(
      fc.property(launch, fc.array(paths, { maxLength: 4 }), env, network, (chosen, more, variables, choice) => {
        for (const level of ['watch', 'standard', 'strict'] as const) {
          const started = { ...chosen, args: [...chosen.args, ...more] };
          const of = context({ level, launch: started, env: variables, network: choice });
          const { withheld } = entryRules(
            started,
            variables,
            of.folders,
            secretPlaces(of.folders, of.own, of.clientFiles),
          );
          expect(summarizeUndecided(level, choice, withheld)).toEqual(summarizePolicy(mergePolicy(of)));
        }
      }),
    );
  });

  test('strict never allows what standard refuses, unless a person said so', () => {
    fc.assert(
      fc.property(launch, fc.array(rule, { maxLength: 6 }), (chosen, rules) => {
        const make = (level: PolicyContext['level']) =>
          mergePolicy(context({ level, launch: chosen, env: { KEY: 'v' }, rules }));
        const standard = make('standard');
        const covers = (by: Rule, item: Rule): boolean =>
          by.verb === item.verb && (by.what === item.what || (by.what.startsWith('/') && isWithin(item.what, by.what)));
        for (const item of make('strict').rules) {
          if (item.source === 'person' || item.verb === 'deny') continue;
          expect(
            standard.rules.some((by) => covers(by, item)),
            item.id,
          ).toBe(true);
        }
      }),
    );
  });

  test('a denial only ever takes away, and what compiles reads back', () => {
    fc.assert(
      fc.property(launch, fc.array(rule, { maxLength: 6 }), (chosen, rules) => {
        const allows = rules.filter((item) => item.verb !== 'deny');
        const without = new Set(ids(mergePolicy(context({ launch: chosen, rules: allows }))));
        const policy = mergePolicy(context({ launch: chosen, rules }));
        for (const item of policy.rules) if (item.verb !== 'deny') expect(without).toContain(item.id);
        try {
          const plan = planOf(policy, context({ launch: chosen }));
          expect(parsePlan(formatPlan(plan))).toEqual(plan);
          // What the kernel is to hold lies nowhere around a denied place, nor in one unless it was granted later.
          for (const [index, denied] of rules.entries()) {
            if (denied.verb !== 'deny' || !denied.what.startsWith('/')) continue;
            for (const place of [...plan.read, ...plan.exec, ...plan.write].filter((text) => text.startsWith('/'))) {
              const later = rules.slice(index + 1).some((item) => item.what === place);
              expect(isWithin(denied.what, place) || (isWithin(place, denied.what) && !later), place).toBe(
                denied.what === place && later,
              );
            }
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'not-enforceable' });
        }
      }),
    );
  });

  test('denying a rule by its name or by its place takes it away', () => {
    expect(ids(mergePolicy(context({ rules: [person('deny', 'env:PATH')] })))).not.toContain('env:PATH');
    expect(ids(mergePolicy(context({ rules: [person('deny', '/etc/passwd')] })))).not.toContain('read:/etc/passwd');
    const work = ids(mergePolicy(context({ rules: [person('deny', '/home/anna')] })));
    expect(work).not.toContain('write:/home/anna/work');
    expect(work).not.toContain('exec:/home/anna/.npm');
    expect(work).toContain('read:/etc/passwd');
  });

  test('a denial inside what may be executed is not enforceable, also through a link', () => {
    const inside = mergePolicy(context({ rules: [person('deny', '/opt/tool')] }));
    expect(() => planOf(inside)).toThrow(expect.objectContaining({ code: 'not-enforceable' }));
    const linked = context({ rules: [person('deny', '/link')] });
    const realPath = (path: string): string => (path === '/link' ? '/opt/tool' : path);
    expect(() =>
      compilePlan(mergePolicy({ ...linked, realPath }), {
        ...linked,
        realPath,
        spool: '/s',
        spoolLimit: 65_536,
        exists: () => true,
      }),
    ).toThrow(expect.objectContaining({ code: 'not-enforceable' }));
    expect(() => planOf(mergePolicy(context({ rules: [person('deny', '/srv/x')] })))).not.toThrow();
  });

  test('a stored rule that nobody may give does not reach a plan', () => {
    for (const what of ['/', '/home/anna', own.dataFolder])
      expect(() => planOf(mergePolicy(context({ rules: [person('read', what)] })))).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^grant-/) as string }),
      );
    for (const what of ['*:443', '*.com:443', 'Api.github.com:443', 'api.github.com', '127.0.0.1:80'])
      expect(() => planOf(mergePolicy(context({ rules: [person('host', what)] }))), what).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(?:grant-too-wide|invalid-input)$/) as string }),
      );
    for (const what of ['*.com', 'Accounts.example.com', 'https://a.example.com/', 'localhost'])
      expect(() => planOf(mergePolicy(context({ rules: [person('link', what)] }))), what).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(?:grant-too-wide|invalid-input)$/) as string }),
      );
  });
});

test('links and permissions reach the plan as the level and the person say, and a denial takes them away', () => {
  const of = (level: LaunchedLevel, ...rules: PersonRule[]) => {
    const { links, permissions } = planOf(mergePolicy(context({ level, rules })));
    return { links, permissions };
  };
  const both = ['ask-links', 'loopback-listener'];
  expect(of('standard')).toEqual({ links: [], permissions: both });
  expect(of('strict')).toEqual({ links: [], permissions: [] });
  expect(of('watch', person('link', 'a.example.com'))).toEqual({ links: [], permissions: [] });
  expect(of('strict', person('link', 'a.example.com'), person('permission', 'ask-links'))).toEqual({
    links: ['a.example.com'],
    permissions: ['ask-links'],
  });
  const denied = [person('deny', 'permission:ask-links'), person('deny', 'link:a.example.com')];
  expect(of('standard', person('link', 'a.example.com'), ...denied)).toEqual({
    links: [],
    permissions: ['loopback-listener'],
  });
  // The later word counts.
  expect(of('standard', ...denied, person('link', 'a.example.com')).links).toEqual(['a.example.com']);
});

describe('what a person types', () => {
  const what = (verb: PersonRule['verb'], text: string): string => normaliseWhat(verb, text, { folders, own });

  test.each<[PersonRule['verb'], string, string]>([
    ['read', '~/notes/', '/home/anna/notes'],
    ['write', '$XDG_DATA_HOME/x', '/home/anna/.local/share/x'],
    ['read', '/a//b/../c', '/a/c'],
    ['read', '~/.ssh', '/home/anna/.ssh'],
    ['socket', '/run/x.sock', '/run/x.sock'],
    ['socket', 'ssh-agent', 'ssh-agent'],
    ['socket', '@/tmp/.X11-unix/X0', '@/tmp/.X11-unix/X0'],
    ['permission', 'nested-sandbox', 'nested-sandbox'],
    ['local', 'localhost:5432', '5432'],
    ['local', '[::1]:80', '80'],
    ['local', '8080', '8080'],
    ['listen', '0', '0'],
    ['env', 'GITHUB_TOKEN', 'GITHUB_TOKEN'],
    ['env', 'AWS_*', 'AWS_*'],
    ['deny', '~/work', '/home/anna/work'],
    ['deny', 'env:PATH', 'env:PATH'],
    ['deny', 'host:api.github.com:443', 'host:api.github.com:443'],
    ['host', 'https://API.github.com/x', 'api.github.com:443'],
    ['link', 'Accounts.Example.com', 'accounts.example.com'],
    ['link', 'https://accounts.example.com/authorize?state=x', 'accounts.example.com'],
    ['link', '*.example.com', '*.example.com'],
    ['link', '93.184.216.34', '93.184.216.34'],
    ['permission', 'loopback-listener', 'loopback-listener'],
    ['deny', 'link:accounts.example.com', 'link:accounts.example.com'],
    ['deny', 'permission:ask-links', 'permission:ask-links'],
  ])('%s %s', (verb, text, stored) => {
    expect(what(verb, text)).toBe(stored);
  });

  test.each<[PersonRule['verb'], string, string]>([
    ['read', '/', 'grant-too-wide'],
    ['read', '~', 'grant-too-wide'],
    ['write', '/home', 'grant-too-wide'],
    ['exec', '/home/anna/x/..', 'grant-too-wide'],
    ['env', '*', 'grant-too-wide'],
    ['read', '~/.config/belljar', 'grant-own-folder'],
    ['write', '~/.local/share/belljar/bin', 'grant-own-folder'],
    ['write', '~/.config', 'grant-own-folder'],
    ['read', 'notes', 'invalid-input'],
    ['read', '$HOMER/x', 'invalid-input'],
    ['local', '0', 'invalid-input'],
    ['local', 'example.com:80', 'invalid-input'],
    ['listen', '65536', 'invalid-input'],
    ['env', 'A B', 'invalid-input'],
    ['env', '1A', 'invalid-input'],
    ['deny', '/', 'invalid-input'],
    ['host', '*.com', 'grant-too-wide'],
    ['host', 'localhost:80', 'invalid-input'],
    ['link', '*.com', 'grant-too-wide'],
    ['link', '*', 'grant-too-wide'],
    ['link', '10.0.0.0/8', 'invalid-input'],
    ['link', 'http://localhost:3000/', 'invalid-input'],
    ['link', '127.0.0.1', 'invalid-input'],
    ['permission', 'everything', 'invalid-input'],
    ['socket', '@', 'invalid-input'],
    ['socket', `@${'x'.repeat(108)}`, 'invalid-input'],
    ['socket', 'no-such-name', 'invalid-input'],
  ])('%s %s is refused: %s', (verb, text, code) => {
    expect(() => what(verb, text)).toThrow(expect.objectContaining({ code }));
  });

  test('no link leads around it', () => {
    const realPath = (path: string): string => (path === '/link' ? own.dataFolder : path);
    expect(() => normaliseWhat('read', '/link', { folders, own, realPath })).toThrow(
      expect.objectContaining({ code: 'grant-own-folder' }),
    );
  });
});

describe('explaining', () => {
  const ask = (text: string, change: Partial<PolicyContext> = {}, access?: 'read' | 'write' | 'connect' | 'exec') =>
    explain(
      mergePolicy(context(change)),
      readQuestion(text, access, folders),
      explainContext({
        rules: change.rules ?? [],
        program: (name) => (name === 'sh' ? '/usr/bin/sh' : null),
        runtime: ['/opt2/node'],
      }),
    );

  test.each([
    ['~/work/a', 'allowed', 'write:/home/anna/work'],
    ['/etc/hosts', 'allowed', 'read:/etc/hosts'],
    ['/opt2/node/x', 'allowed', 'exec:runtime'],
    ['~/.ssh/id', 'refused', undefined],
    ['/etc/shadow', 'refused', undefined],
    ['sh', 'allowed', 'exec:/usr'],
    ['nosuch', 'refused', undefined],
    ['api.github.com:443', 'allowed', undefined],
    ['https://example.com/x', 'allowed', undefined],
    ['127.0.0.1:80', 'refused', undefined],
    ['localhost', 'refused', undefined],
    ['192.168.1.1:80', 'refused', undefined],
    ['169.254.169.254', 'refused', undefined],
    ['[::ffff:10.0.0.1]:80', 'refused', undefined],
  ])('%s is %s', (text, verdict, id) => {
    const answer = ask(text);
    expect(answer).toMatchObject({ verdict });
    expect(answer.rule?.id).toBe(id);
  });

  test('writing needs more than reading', () => {
    expect(ask('/etc/hosts', {}, 'write')).toMatchObject({
      verdict: 'refused',
      change: 'belljar grant files write /etc/hosts',
    });
  });

  test('a socket by its name, by its place, and an abstract one', () => {
    expect(ask('ssh-agent')).toMatchObject({
      verdict: 'refused',
      access: 'connect',
      change: 'belljar grant files socket ssh-agent',
    });
    const rules = [person('socket', 'docker'), person('socket', '@x')];
    expect(ask('docker', { rules })).toMatchObject({ verdict: 'allowed', rule: { id: 'socket:docker' } });
    expect(ask('/var/run/docker.sock', { rules })).toMatchObject({ verdict: 'allowed', access: 'connect' });
    expect(ask('/run/user/1000/bus', { rules })).toMatchObject({
      verdict: 'refused',
      change: 'belljar grant files socket session-bus',
    });
    expect(ask('@x', { rules })).toMatchObject({ verdict: 'allowed', change: 'belljar revoke files socket @x' });
    expect(ask('@y', { rules }).verdict).toBe('refused');
    const denied = [...rules, person('deny', '/run/docker.sock')];
    expect(ask('docker', { rules: denied }).verdict).toBe('refused');
  });

  test('a permission', () => {
    const rules = [person('permission', 'nested-sandbox')];
    expect(ask('nested-sandbox')).toMatchObject({
      verdict: 'refused',
      access: 'use',
      change: 'belljar grant files permission nested-sandbox',
    });
    expect(ask('nested-sandbox', { rules })).toMatchObject({
      verdict: 'allowed',
      change: 'belljar revoke files permission nested-sandbox',
    });
  });

  test('the command that would change the answer', () => {
    expect(ask('~/my notes').change).toBe("belljar grant files read '/home/anna/my notes'");
    expect(ask('~/x', { rules: [person('read', '/home/anna/x')] }).change).toBe(
      'belljar revoke files read /home/anna/x',
    );
    expect(ask('~/x', { rules: [person('deny', '/home/anna/x')] }).change).toBe(
      'belljar revoke files deny /home/anna/x',
    );
    expect(ask('~/.local/share/belljar/x').change).toBeNull();
    expect(ask('~').change).toBeNull();
    expect(ask('127.0.0.1:80').change).toBe('belljar grant files local 80');
    expect(ask('127.0.0.1:80', { rules: [person('local', '80')] })).toMatchObject({ verdict: 'allowed' });
  });

  const strict = { level: 'strict' } as const;
  const hosts = [
    person('host', '*.example.com:443'),
    person('host', 'api.example.com:80,443'),
    person('host', '10.0.0.0/8:*'),
  ];
  test.each<[string, Partial<PolicyContext>, string, string | undefined, string | null]>([
    // Open: what is not named is allowed on the internet, and only there.
    ['example.com:443', {}, 'allowed', undefined, 'belljar limit files'],
    ['93.184.216.34:443', {}, 'allowed', undefined, 'belljar limit files'],
    ['10.1.1.1:80', {}, 'refused', undefined, 'belljar grant files host 10.1.1.1:80'],
    ['[fd00::1]:80', {}, 'refused', undefined, "belljar grant files host '[fd00::1]:80'"],
    ['224.0.0.1:80', {}, 'refused', undefined, null],
    ['10.1.1.1:80', { rules: hosts }, 'allowed', 'host:10.0.0.0/8:*', "belljar revoke files host '10.0.0.0/8:*'"],
    // None.
    ['example.com:443', strict, 'refused', undefined, 'belljar grant files host example.com:443'],
    ['example.com', strict, 'refused', undefined, 'belljar grant files host example.com:443'],
    // Hosts: the rule that names it most exactly.
    [
      'api.example.com:443',
      { ...strict, rules: hosts },
      'allowed',
      'host:api.example.com:80,443',
      'belljar revoke files host api.example.com:80,443',
    ],
    [
      'www.example.com',
      { ...strict, rules: hosts },
      'allowed',
      'host:*.example.com:443',
      "belljar revoke files host '*.example.com:443'",
    ],
    [
      'www.example.com:80',
      { ...strict, rules: hosts },
      'refused',
      undefined,
      'belljar grant files host www.example.com:80',
    ],
    ['example.com:443', { ...strict, rules: hosts }, 'refused', undefined, 'belljar grant files host example.com:443'],
    [
      'https://api.example.com/x',
      { network: 'hosts', rules: hosts },
      'allowed',
      'host:api.example.com:80,443',
      'belljar revoke files host api.example.com:80,443',
    ],
    [
      'other.org:443',
      { network: 'hosts', rules: hosts },
      'refused',
      undefined,
      'belljar grant files host other.org:443',
    ],
    [
      '93.184.216.34:443',
      { network: 'hosts', rules: hosts },
      'refused',
      undefined,
      'belljar grant files host 93.184.216.34:443',
    ],
    // This machine, in every mode.
    ['127.0.0.1:80', { network: 'hosts', rules: hosts }, 'refused', undefined, 'belljar grant files local 80'],
  ])('%s under %j is %s by %s', (text, change, verdict, id, command) => {
    const answer = ask(text, change);
    expect(answer).toMatchObject({ verdict, enforcedBy: 'supervisor', change: command });
    expect(answer.rule?.id).toBe(id);
  });

  test('the later grant inside a denied place counts, the rest of it stays denied', () => {
    const rules = [person('deny', '/srv'), person('read', '/srv/a')];
    expect(ask('/srv/a/x', { rules })).toMatchObject({ verdict: 'allowed', rule: { id: 'read:/srv/a' } });
    expect(ask('/srv/b', { rules })).toMatchObject({ verdict: 'refused', rule: { id: 'deny:/srv' } });
  });

  test('sockets by their exact path', () => {
    const rules = [person('socket', '/run/x.sock')];
    expect(ask('/run/x.sock', { rules }, 'connect').verdict).toBe('allowed');
    expect(ask('/run/y.sock', { rules }, 'connect')).toMatchObject({ verdict: 'refused', enforcedBy: 'supervisor' });
  });

  test('without a launcher everything is allowed and nothing enforced', () => {
    expect(explain(null, readQuestion('/x', undefined, folders), explainContext({ server: 's' }))).toMatchObject({
      verdict: 'allowed',
      enforcedBy: 'none',
      change: 'belljar contain s',
    });
    expect(ask('~/.ssh', { level: 'watch' })).toMatchObject({ verdict: 'allowed', enforcedBy: 'none' });
  });

  test.each(['', 'a b', 'no/such'])('"%s" is no question', (text) => {
    expect(() => readQuestion(text, undefined, folders)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });

  test('kinds of addresses', () => {
    expect(['0.0.0.0', '127.9.9.9', '::1', 'localhost', 'x.localhost'].map(addressKind)).toEqual(
      Array(5).fill('loopback'),
    );
    expect(['10.1.1.1', '172.16.0.1', '100.64.0.1', 'fd00::1'].map(addressKind)).toEqual(Array(4).fill('private'));
    expect(['169.254.1.1', 'fe80::1'].map(addressKind)).toEqual(Array(2).fill('link-local'));
    expect(['8.8.8.8', '172.32.0.1', '2606:4700::1'].map(addressKind)).toEqual(Array(3).fill('internet'));
  });
});

describe('well-known targets', () => {
  const known = createKnownTargets(folders, own);

  test.each([
    ['/home/anna/.ssh/id_rsa', 'ssh-keys'],
    ['/home/other/.ssh/id_rsa', 'ssh-keys'],
    ['/root/.aws/credentials', 'aws-credentials'],
    ['/home/anna/.config/google-chrome/Default/Cookies', 'browser-profile'],
    ['/home/anna/.claude.json', 'client-config'],
    ['/home/anna/.bashrc', 'shell-profile'],
    ['/home/anna/.local/share/belljar/plans/x.plan', 'belljar'],
    ['/var/run/docker.sock', 'docker-socket'],
    ['/run/user/1000/podman/podman.sock', 'podman'],
    ['/run/user/1000/bus', 'session-bus'],
    ['/run/user/1000/keyring/ssh', 'ssh-agent'],
    ['/tmp/ssh-abc/agent.123', 'ssh-agent'],
    ['/run/user/1000/gnupg/S.gpg-agent', 'gpg-agent'],
    ['/run/user/1000/keyring/control', 'keyring'],
    ['/tmp/.X11-unix/X0', 'x11'],
    ['@/tmp/.X11-unix/X0', 'x11'],
    ['/run/user/1000/wayland-0', 'wayland'],
    ['/run/user/1000/gdm/Xauthority', 'display-server'],
    ['/run/user/1000/pipewire-0', 'pipewire'],
    ['/run/user/1000/pulse/native', 'pulseaudio'],
    ['/run/user/1000/systemd/private', 'service-manager'],
    ['/run/systemd/private', 'service-manager'],
    ['/run/systemd/notify', 'service-manager'],
    ['/run/systemd/resolve/io.systemd.Resolve', 'resolver'],
    ['/var/run/nscd/socket', 'name-service'],
    ['/run/polkit/agent-helper.socket', 'polkit'],
    ['/run/snapd.socket', 'snapd'],
    ['/var/run/libvirt/libvirt-sock', 'libvirt'],
    ['/run/containerd/containerd.sock', 'containerd'],
    ['/var/run/crio/crio.sock', 'container-socket'],
    ['/run/user/1000/kwallet5.socket', 'keyring'],
    ['/tmp/tmux-1000/default', 'tmux'],
    ['/run/screen/S-anna/1.tty', 'terminal-session'],
    ['/run/user/1000/vscode-ipc-0a.sock', 'vscode'],
    ['/run/user/1000/emacs/server', 'emacs'],
    ['/run/user/1000/nvim.77.0', 'neovim'],
    ['/run/mysqld/mysqld.sock', 'mysql'],
    ['/tmp/.s.PGSQL.5432', 'postgresql'],
    ['/run/redis/redis-server.sock', 'redis'],
    ['@/tmp/dbus-AbC123', 'session-bus'],
    ['/home/anna/work/my.sock', null],
    ['169.254.169.254:80', 'metadata-service'],
    ['/home/anna/work', null],
    ['/proc/1/environ', null],
    ['93.184.216.34:443', null],
  ])('%s: %s', (target, key) => {
    expect(known(target)).toBe(key);
    if (key !== null) expect(Object.keys(knownTargets)).toContain(key);
  });

  test('every place has words, and a moved XDG folder moves its places along', () => {
    for (const place of places) if (place.known !== null) expect(Object.keys(knownTargets)).toContain(place.known);
    const moved = secretPlaces({ ...folders, xdgConfig: '/cfg' }, own).map((place) => place.path);
    expect(moved).toEqual(expect.arrayContaining(['/cfg/Claude', '/home/anna/.config/Claude', '/cfg/google-chrome']));
  });
});
