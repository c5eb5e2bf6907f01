import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PersonRule, Rule } from '#contract/policy.ts';
import { knownTargets, ruleReasons } from '#contract/sentences.ts';
import { areaDefaults, knownByName } from './area-defaults.ts';
import { areaRules, namesMeet } from './areas.ts';
import { explain } from './explain.ts';
import { isWithin } from './paths.ts';
import { areaVerdict, isPattern } from './pattern.ts';
import { formatPlan, parsePlan, type Plan } from './plan-text.ts';
import { compilePlan, mergePolicy, type PolicyContext } from './policy-merge.ts';
import { normaliseWhat } from './rule-what.ts';
import { makeRule } from './rules.ts';
import { explainContext, folders, own, personRule as given, policyContext } from './testing/policies.ts';

const context = (change: Partial<PolicyContext> = {}): PolicyContext =>
  policyContext({ launch: { command: 'node', args: ['/srv/i.js', '/work'] }, ...change });
const planOf = (change: Partial<PolicyContext> = {}): Plan => {
  const of = context(change);
  return compilePlan(mergePolicy(of), { ...of, spool: '/s', spoolLimit: 65_536, exists: () => true });
};
const explained = (access: 'read' | 'write', target: string, change: Partial<PolicyContext> = {}) =>
  explain(
    mergePolicy(context(change)),
    { subject: 'file', target, access },
    explainContext({ rules: change.rules ?? [] }),
  );
const area = (access: 'read' | 'write', place: string) => ({ access, place });
const withRules = (...rules: PersonRule[]): Partial<PolicyContext> => ({ rules });

/** What the launcher makes of a plan, the working folder left out. */
function allows(plan: Plan, access: 'read' | 'write', path: string): boolean {
  const symbols: Record<string, string> = { 'arg:1': '/work' };
  const placed = (places: readonly string[]): boolean =>
    places.some((place) => isWithin(path, symbols[place] ?? place));
  if (placed(access === 'write' ? plan.write : [...plan.read, ...plan.exec, ...plan.write])) return true;
  return plan.areas.some(({ access: held, place }) => {
    const root = symbols[place] ?? place;
    if (!isWithin(path, root) || (access === 'write' && held === 'read')) return false;
    const { verdict } = areaVerdict(plan, root, path);
    return verdict === 'free' || (verdict === 'protect' && access === 'read');
  });
}

describe('the defaults', () => {
  test('are patterns, each with a sentence, and known by their names', () => {
    for (const rule of areaDefaults) {
      expect(isPattern(rule.what), rule.what).toBe(true);
      expect(Object.keys(ruleReasons)).toContain(rule.reason);
      const known = knownByName(`/work/a/${rule.what.slice(3).replaceAll('*', 'x')}`);
      if (rule.verb === 'write') expect(known).toBeNull();
      else expect(Object.keys(knownTargets)).toContain(known);
    }
    expect(knownByName('/work/environment')).toBeNull();
  });

  test.each<[string, boolean, boolean]>([
    ['/work/.env', false, false],
    ['/work/a/.env.production', false, false],
    ['/work/.env.example', true, true],
    ['/work/.env.example.bak', false, false],
    ['/work/a/.envrc', false, false],
    ['/work/.env-local', false, false],
    ['/work/a/.env_prod', false, false],
    ['/work/.env-example', true, true],
    ['/work/a/.env_template', true, true],
    ['/work/.env-sample.bak', false, false],
    ['/work/.environment', true, true],
    ['/work/.envoy', true, true],
    ['/work/id_ed25519', false, false],
    ['/work/id_ed25519.pub', true, true],
    ['/work/ca.pem', true, true],
    ['/work/.git/config', true, false],
    ['/work/.git/hooks/pre-commit', true, false],
    ['/work/.git/index', true, true],
    ['/work/sub/.git/modules/a/config', true, false],
    ['/work/.vscode/tasks.json', true, false],
    ['/work/.mcp.json', true, false],
    ['/work/.cursor/mcp.json', true, false],
    ['/work/.cursor/rules/a.md', true, true],
    ['/work/.claude/settings.local.json', true, false],
    ['/work/.bashrc', true, false],
    ['/work/package.json', true, true],
    ['/work/node_modules/.bin/x', true, true],
  ])('%s: read %s, changed %s, at both levels', (path, read, write) => {
    for (const level of ['standard', 'strict'] as const) {
      expect(explained('read', path, { level }).verdict).toBe(read ? 'allowed' : 'refused');
      expect(explained('write', path, { level }).verdict).toBe(write ? 'allowed' : 'refused');
    }
  });

  test('there are none at the level watch', () => {
    expect(planOf({ level: 'watch' })).toMatchObject({ areas: [], deny: [], protect: [], except: [] });
  });
});

describe('which grants are areas', () => {
  test('what the entry, its working folder or a person grants; not the system, the runtime, devices, programs', () => {
    const plan = planOf({
      launch: { command: 'npx', args: ['-y', 'p', '/work'] },
      env: { DATA_DIR: '/data' },
      ...withRules(given('read', '/notes'), given('write', '/dev/ttyUSB0'), given('exec', '/tools')),
    });
    expect(plan.areas).toEqual([
      area('read', '/notes'),
      area('read', 'cwd'),
      area('write', 'arg:2'),
      area('write', '/data'),
    ]);
    expect(plan.write).toContain('/dev/ttyUSB0');
    expect(plan.exec).toEqual(expect.arrayContaining(['/usr', 'runtime', '/tools', '/home/anna/.npm']));
    expect(plan.read).toContain('/etc/hosts');
    expect(parsePlan(formatPlan(plan))).toEqual(plan);
  });

  test('a protection alone makes none of what is only read', () => {
    const denies = areaDefaults.filter(({ verb }) => verb === 'deny').map(({ what }) => given('write', what));
    const plan = planOf(withRules(...denies, given('read', '/notes')));
    expect(plan.read).toEqual(expect.arrayContaining(['/notes', 'cwd']));
    expect(plan.areas).toEqual([area('write', 'arg:1')]);
  });

  test('a person who takes everything back has the speed of the kernel', () => {
    const plan = planOf(withRules(given('write', '**/*')));
    expect(plan).toMatchObject({ areas: [], deny: [], protect: [], except: [] });
    expect(plan.write).toContain('arg:1');
  });

  test('a whole path also makes an area of a folder of the system that is read', () => {
    const plan = planOf(withRules(given('write', '**/*'), given('deny', '/etc/ssl/certs/x')));
    expect(plan.areas).toEqual([area('read', '/etc/ssl/certs')]);
    expect(plan.read).not.toContain('/etc/ssl/certs');
    expect(() => planOf(withRules(given('deny', '/proc/sys/fs/inotify/x')))).toThrow(
      expect.objectContaining({ code: 'not-enforceable' }),
    );
  });

  test('an argument that is itself named so was meant', () => {
    const launch = { command: 'node', args: ['/srv/i.js', '.env', '/work/.env', '/work'] };
    const plan = planOf({ launch });
    expect(plan.write).toContain('arg:1');
    expect(plan.except).toContainEqual({ access: 'write', pattern: '/work/.env' });
    expect(explained('write', '/work/.env', { launch })).toMatchObject({ verdict: 'allowed' });
    expect(explained('read', '/work/a/.env', { launch })).toMatchObject({ verdict: 'refused' });
  });
});

describe('who decides last', () => {
  test.each<[string, PersonRule[], string, boolean, boolean]>([
    ['a file granted to read stays unchanged', [given('read', '/work/.env')], '/work/.env', true, false],
    ['a file granted to write', [given('write', '/work/.env')], '/work/.env', true, true],
    ['only that file', [given('write', '/work/.env')], '/work/a/.env', false, false],
    ['a pattern taken back to read', [given('read', '**/.env')], '/work/a/.env', true, false],
    ['a pattern taken back', [given('write', '**/.git/config')], '/work/.git/config', true, true],
    ['only that pattern', [given('write', '**/.git/config')], '/work/.git/hooks/x', true, false],
    ['a folder denied', [given('deny', '/work/a')], '/work/a/b', false, false],
    ['not beside it', [given('deny', '/work/a')], '/work/ab', true, true],
    ['a later, narrower grant', [given('deny', '/work/a'), given('read', '/work/a/b')], '/work/a/b/c', true, false],
    ['and not around it', [given('deny', '/work/a'), given('read', '/work/a/b')], '/work/a/c', false, false],
    ['an earlier one is gone', [given('read', '/work/a/b'), given('deny', '/work/a')], '/work/a/b/c', false, false],
    ['a granted folder still has no .env', [given('write', '/work/a')], '/work/a/.env', false, false],
    ['a folder protected', [given('protect', '/work/a')], '/work/a/b', true, false],
    ['the whole argument protected', [given('protect', '/work')], '/work/b', true, false],
    ['protected, then granted', [given('protect', '/work'), given('write', '/work/b')], '/work/b', true, true],
    ['granted, then protected', [given('write', '/work/b'), given('protect', '/work/b')], '/work/b/c', true, false],
    ['a pattern of one’s own', [given('deny', '**/*.pem')], '/work/ca.pem', false, false],
    [
      'taken back, then one file denied',
      [given('write', '**/.env'), given('deny', '/work/.env')],
      '/work/.env',
      false,
      false,
    ],
    ['the examples denied too', [given('deny', '**/.env*')], '/work/.env.example', false, false],
  ])('%s', (_, rules, path, read, write) => {
    const plan = planOf({ rules });
    expect([allows(plan, 'read', path), allows(plan, 'write', path)]).toEqual([read, write]);
    expect(explained('read', path, { rules }).verdict).toBe(read ? 'allowed' : 'refused');
    expect(explained('write', path, { rules }).verdict).toBe(write ? 'allowed' : 'refused');
  });

  test('an earlier exception that a later pattern would meet is named', () => {
    expect(() => planOf(withRules(given('write', '**/.env'), given('deny', '**/.env*')))).toThrow(
      expect.objectContaining({ code: 'not-enforceable' }),
    );
    expect(() => planOf(withRules(given('write', '**/.env'), given('deny', '**/secret')))).not.toThrow();
    expect(() => planOf(withRules(given('deny', '**/.env*'), given('write', '**/.env')))).not.toThrow();
  });

  const name = fc.constantFrom('a', '.env', 'b', '.git');
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/work/${names.join('/')}`);
  const pattern = fc.constantFrom('**/.env', '**/a', '**/.git/a', '**/*', '**/b*');
  const rule = fc
    .tuple(fc.constantFrom('read', 'write', 'deny', 'protect'), fc.oneof(path, path, pattern))
    .map(([verb, what]) => given(verb as PersonRule['verb'], what));
  const rules = fc.array(rule, { maxLength: 5 });
  const tryPlan = (change: Partial<PolicyContext>): Plan | null => {
    try {
      return planOf(change);
    } catch (error) {
      expect(error).toMatchObject({ code: 'not-enforceable' });
      return null;
    }
  };

  test('explain says what the plan does', () => {
    fc.assert(
      fc.property(rules, path, fc.constantFrom('read', 'write'), (all, at, access) => {
        const plan = tryPlan({ rules: all });
        if (plan === null) return;
        expect(explained(access, at, { rules: all }).verdict).toBe(allows(plan, access, at) ? 'allowed' : 'refused');
      }),
    );
  });

  test('the last word counts where it names a place, and a refusal below it too', () => {
    fc.assert(
      fc.property(rules, fc.constantFrom('read', 'write', 'deny', 'protect'), path, name, (all, verb, at, below) => {
        const plan = tryPlan({ rules: [...all.filter(({ what }) => what !== at), given(verb, at)] });
        if (plan === null) return;
        const inside = `${at}/${below}`;
        const found = {
          read: allows(plan, 'read', at),
          write: allows(plan, 'write', at),
          readBelow: allows(plan, 'read', inside),
          writeBelow: allows(plan, 'write', inside),
        };
        expect(found).toMatchObject(
          {
            read: { read: true },
            write: { read: true, write: true },
            deny: { read: false, write: false, readBelow: false, writeBelow: false },
            protect: { write: false, writeBelow: false },
          }[verb],
        );
      }),
    );
  });

  test('a last refusal for a pattern leaves nothing that it names, where it can be kept', () => {
    fc.assert(
      fc.property(rules, fc.constantFrom('deny', 'protect'), pattern, path, (all, verb, what, at) => {
        const plan = tryPlan({ rules: [...all.filter((one) => one.what !== what), given(verb, what)] });
        const names = areaVerdict({ deny: [what], protect: [], except: [] }, '/work', at).verdict === 'deny';
        // A place that was granted by its own name keeps what was said of it, except from what names it itself.
        const meant = all.some((one) => (one.verb === 'write' || one.verb === 'read') && isWithin(at, one.what));
        if (plan === null || !names || meant) return;
        expect(allows(plan, verb === 'deny' ? 'read' : 'write', at)).toBe(false);
      }),
    );
  });
});

test('what would change the answer', () => {
  expect(explained('read', '/work/.env')).toMatchObject({
    enforcedBy: 'supervisor',
    rule: { id: 'deny:**/.env', source: 'level' },
    change: 'belljar grant files read /work/.env',
  });
  expect(explained('write', '/work/.git/config')).toMatchObject({
    rule: { id: 'protect:**/.git/config', source: 'level' },
    change: 'belljar grant files write /work/.git/config',
  });
  expect(explained('read', '/work/a', withRules(given('deny', '/work/a')))).toMatchObject({
    rule: { id: 'deny:/work/a', source: 'person' },
    change: 'belljar revoke files deny /work/a',
  });
  expect(explained('write', '/work/a')).toMatchObject({
    enforcedBy: 'supervisor',
    change: 'belljar grant files deny /work/a',
  });
  expect(explained('read', '/etc/hosts')).toMatchObject({ enforcedBy: 'landlock' });
});

describe('what a person types', () => {
  const what = (verb: PersonRule['verb'], text: string): string => normaliseWhat(verb, text, { folders, own });

  test.each<[PersonRule['verb'], string, string]>([
    ['deny', '**/.env.*', '**/.env.*'],
    ['protect', '**/.git/hooks', '**/.git/hooks'],
    ['protect', '~/work', '/home/anna/work'],
    ['read', '**/.env', '**/.env'],
    ['write', '**/*', '**/*'],
  ])('%s %s', (verb, text, stored) => {
    expect(what(verb, text)).toBe(stored);
  });

  test.each<[PersonRule['verb'], string]>([
    ['deny', '*.pem'],
    ['deny', '/work/*.pem'],
    ['deny', '~/work/**/.env'],
    ['protect', '**/a/'],
    ['protect', '**/../a'],
    ['protect', '/'],
    ['protect', 'env:PATH'],
    ['exec', '**/bin'],
  ])('%s %s is refused', (verb, text) => {
    expect(() => what(verb, text)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });
});

test.each<[string, string, boolean]>([
  ['a', 'a', true],
  ['a', 'b', false],
  ['*', '', true],
  ['.env', '.env*', true],
  ['.env.local', '.env*', true],
  ['*.pem', 'a*', true],
  ['*.pem', '*.key', false],
  ['a*b', 'ba*', false],
])('%s and %s can be one name: %s', (a, b, meet) => {
  expect(namesMeet(a, b)).toBe(meet);
  expect(namesMeet(b, a)).toBe(meet);
});

test('rules of the level stand beside the person’s own', () => {
  const of = (rules: PersonRule[]): Rule[] => mergePolicy(context({ rules })).rules;
  expect(of([]).find(({ id }) => id === 'deny:**/.env')).toMatchObject({
    source: 'level',
    reason: 'environment-files',
  });
  expect(of([given('write', '**/.env')]).find(({ id }) => id === 'deny:**/.env')).toBeUndefined();
  expect(of([given('write', '**/.env')]).find(({ id }) => id === 'write:**/.env')).toMatchObject({ source: 'person' });
});

test('what git runs is kept back where it was there before, and by a person’s word everywhere', () => {
  const protect = (source: Rule['source'], what: string, reason: string): Rule =>
    makeRule('protect', what, source, reason);
  const level = protect('level', '**/.git/config', 'git-code');
  const editor = protect('level', '**/.vscode', 'editor-files');
  expect(areaRules([level, editor], [])).toMatchObject({ protect: ['**/.vscode'], protectOld: ['**/.git/config'] });
  const own = protect('person', '**/.git/config', 'protected');
  expect(areaRules([own, level, editor], [{ verb: 'protect', what: '**/.git/config' }])).toMatchObject({
    protect: ['**/.git/config', '**/.vscode'],
    protectOld: [],
  });
});
