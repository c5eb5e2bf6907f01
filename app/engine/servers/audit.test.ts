/** Each way past Belljar is found where it is, and nothing where all is held. */
import { expect, test } from 'vitest';
import { bypasses, type Bypass } from '#contract/rollout.ts';
import type { Server, ServerList } from '#contract/server.ts';
import { cannotReasons } from '#contract/words.ts';
import { planRollout } from '#domain/rollout.ts';
import { auditServers } from './audit.ts';

const server = (more: Partial<Server>): Server => ({
  id: 'x.a',
  handle: 'x/a',
  client: 'x',
  clientTitle: 'X',
  scope: 'user',
  name: 'a',
  file: '/x',
  project: null,
  sharedWith: [],
  sameAs: [],
  command: 'node',
  args: [],
  secrets: [],
  env: [],
  level: 'standard',
  state: 'contained',
  uptake: 'automatic',
  uptakeSentence: 'By itself.',
  liveRuns: 0,
  lastRun: null,
  denialsLastHour: 0,
  withheld: [],
  notes: [],
  autoApprove: false,
  headers: [],
  risk: null,
  network: null,
  fetches: null,
  pin: null,
  ...more,
});
const machine: ServerList['machine'] = {
  system: 'linux',
  user: 'u',
  home: '/home/u',
  version: '0',
  probe: null,
  probeError: null,
  enforcementSentence: '',
  problems: [],
};
const audit = (servers: Server[], more: Partial<Parameters<typeof auditServers>[0]> = {}) =>
  auditServers({ list: { v: 1, machine, servers }, exposed: new Map(), rules: new Map(), bare: new Map(), ...more });
const held = server({ id: 'y.a', handle: 'y/a', clientTitle: 'Y', sameAs: ['x.a'] });
const problem = { client: 'X', file: '/x', code: 'config-invalid', message: 'The file is not valid.' };
const unseen = { title: 'X', sign: '/x', sentence: 'It keeps servers.', remedy: 'Look there.' };

const cases: [Bypass, () => ReturnType<typeof audit>][] = [
  ['server-off', () => audit([server({ state: 'off' })])],
  ['server-watched', () => audit([server({ state: 'watched' })])],
  ['server-drifted', () => audit([server({ state: 'drifted', drift: { how: 'changed', before: null, now: null } })])],
  ['server-copied', () => audit([server({ state: 'copied' })])],
  ['other-launcher', () => audit([server({ state: 'moved' })])],
  ['old-process', () => audit([server({ state: 'restart-needed', oldProcesses: [{ pid: 7, since: '' }] })])],
  [
    'runs-bare',
    () =>
      audit([server({ state: 'drifted', drift: { how: 'removed', before: ['x'], now: null } })], {
        bare: new Map([['x.a', [7, 8]]]),
      }),
  ],
  ['same-elsewhere', () => audit([held, server({ state: 'off', sameAs: ['y.a'] })])],
  ['cannot-contain', () => audit([server({ state: 'cannot', reason: 'docker' })])],
  ['client-starts-outside', () => audit([server({ state: 'cannot', scope: 'extension:x', reason: 'client-managed' })])],
  ['cannot-contain', () => audit([server({ state: 'cannot', reason: 'no-command', command: null })])],
  // Zed's extensions and Goose's own, of which no file holds a command.
  ['client-starts-outside', () => audit([server({ state: 'cannot', reason: 'client-managed', command: null })])],
  [
    'client-starts-outside',
    () => audit([], { list: { v: 1, machine: { ...machine, unseen: [unseen] }, servers: [] } }),
  ],
  [
    'remote-secret',
    () => audit([server({ state: 'cannot', reason: 'remote' })], { exposed: new Map([['x.a', ['K']]]) }),
  ],
  ['file-unread', () => audit([], { list: { v: 1, machine: { ...machine, problems: [problem] }, servers: [] } })],
  ['open-socket', () => audit([server({})], { rules: new Map([['x.a', [{ verb: 'socket', what: 'docker' }]]]) })],
];

test.each(cases)('%s', (code, look) => {
  const { clean, findings } = look();
  expect([clean, findings.map((finding) => finding.code)]).toEqual([false, [code]]);
  for (const { sentence } of findings) expect(sentence).not.toContain('undefined');
});

test.each(cannotReasons.filter((reason) => reason !== 'remote'))(
  'what cannot be contained is named with its reason, also where its file holds no command: %s',
  (reason) => {
    const why = { sentence: `It is ${reason}.`, remedy: 'Do something else.' };
    for (const command of ['node', null])
      for (const scope of ['user', 'extension:x', 'managed:/m'])
        expect(audit([server({ state: 'cannot', reason, why, command, scope })])).toMatchObject({
          clean: false,
          findings: [{ subject: 'x/a', sentence: why.sentence, remedy: why.remedy }],
        });
  },
);

test.each(['docker', 'podman', 'containerd', 'libvirt', 'service-manager', 'tmux', 'vscode', 'emacs', 'neovim'])(
  'the socket %s is a way out of a server that is held, failing or to be started anew',
  (what) => {
    const rules = new Map([['x.a', [{ verb: 'socket' as const, what }]]]);
    for (const state of ['contained', 'failing', 'restart-needed'] as const) {
      const codes = audit([server({ state })], { rules }).findings.map(({ code }) => code);
      expect(codes, state).toContain('open-socket');
    }
    expect(audit([server({ state: 'off' })], { rules }).findings.map(({ code }) => code)).toEqual(['server-off']);
  },
);

test('every way has a case', () => {
  expect(new Set(cases.map(([code]) => code))).toEqual(new Set(bypasses));
});

test('clean: contained, failing, remote without a secret, removed by its client, a socket that is no way out', () => {
  const servers = [
    server({}),
    server({ state: 'failing' }),
    server({ state: 'cannot', reason: 'remote', command: null }),
    server({ state: 'drifted', drift: { how: 'removed', before: ['x'], now: null } }),
  ];
  const rules = new Map([['x.a', [{ verb: 'socket' as const, what: 'postgresql' }]]]);
  expect(audit(servers, { rules })).toMatchObject({ clean: true, findings: [] });
});

test('a rollout: riskiest first, each with its level and reason; what cannot be done is told apart', () => {
  const risk = (score: number): Server['risk'] => ({ score, grade: 'low', reasons: [] });
  const plan = planRollout(
    [
      server({ id: 'a', state: 'off', level: 'off', risk: risk(10) }),
      server({ id: 'b', state: 'off', level: 'off', risk: risk(50) }),
      server({ id: 'c', state: 'watched', level: 'watch', risk: risk(30) }),
      server({ id: 'd', state: 'moved', level: 'strict' }),
      server({ id: 'e', state: 'restart-needed', risk: risk(5) }),
      server({ id: 'f', state: 'contained', risk: risk(90) }),
      server({ id: 'g', state: 'cannot', reason: 'docker', risk: risk(99) }),
      server({ id: 'h', state: 'cannot', reason: 'remote' }),
      server({ id: 'i', state: 'drifted', drift: { how: 'removed', before: null, now: null } }),
    ],
    new Set(['a']),
  );
  expect(plan.steps.map(({ id, level, reason, applies }) => [id, level, reason, applies])).toEqual([
    ['b', 'standard', 'usual', true],
    ['c', 'standard', 'blocks-nothing', true],
    ['a', 'strict', 'needs-no-network', true],
    ['e', 'standard', 'restart', false],
    ['d', 'strict', 'again', true],
  ]);
  expect([plan.contained, plan.cannot.map(({ id }) => id)]).toEqual([1, ['g']]);
});
