/** Each reason holds for entries that give it, and not for the ordinary ones beside them; laws of the score. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { riskReasons, riskSchema, type RiskReason } from '#contract/risk.ts';
import { riskReasonSentence, riskReasonSentences } from '#contract/sentences.ts';
import { entryRules } from './argument-paths.ts';
import { assessRisk, gradeOf, needsNoNetwork, scoreOf, type RiskFacts } from './risk.ts';
import { secretPlaces } from './secret-places.ts';
import { foldersOf, own } from './testing/policies.ts';

const home = '/home/anna';
const folders = foldersOf(home, null);

function assess(line: string | readonly string[], more: Partial<RiskFacts> = {}) {
  const [command = '', ...args] = typeof line === 'string' ? line.split(' ') : line;
  const places = secretPlaces(folders, own, []);
  return assessRisk({
    launch: { command, args },
    env: {},
    autoApprove: false,
    folders,
    secretPlaces: places,
    named: entryRules({ command, args }, more.env ?? {}, folders, places),
    program: { path: `/usr/bin/${command}`, openAt: null },
    pinned: false,
    ...more,
  });
}
const codes = (...from: Parameters<typeof assess>): RiskReason[] => assess(...from).reasons.map(({ code }) => code);
const place = (path: string, openAt: string | null = null): Partial<RiskFacts> => ({ program: { path, openAt } });
const token = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';

describe('reasons', () => {
  const cases: [RiskReason, Parameters<typeof assess>, Parameters<typeof assess>][] = [
    ['newest-package', ['npx -y some-server'], ['npx -y some-server@1.2.3']],
    ['newest-package', ['npx -y some-server@latest'], ['node server.js']],
    ['newest-package', ['uvx some-server'], ['uvx some-server==1.2.3']],
    ['newest-package', ['bunx some-server'], ['bunx some-server@1.2.3']],
    ['newest-package', ['pnpm dlx some-server'], ['pnpm exec some-server']],
    ['newest-package', ['npx -y some-server'], ['npx -y some-server', { pinned: true }]],
    ['newest-dependencies', ['npx -y some-server@1.2.3'], ['npx -y some-server@1.2.3', { pinned: true }]],
    ['from-address', ['npx -y github:someone/thing'], ['npx -y some-server']],
    ['from-address', ['uvx --from git+https://example.com/x thing'], ['uvx --from thing thing']],
    [
      'other-registry',
      ['npx --registry https://packages.example.com x'],
      ['npx --registry https://registry.npmjs.org/ x'],
    ],
    [
      'other-registry',
      ['uvx x', { env: { UV_INDEX_URL: 'https://packages.example.com' } }],
      ['uvx x', { env: { UV_INDEX_URL: 'https://pypi.org/simple' } }],
    ],
    ['similar-name', ['npx -y @modelcontextprotocoI/server-memory'], ['npx -y @modelcontextprotocol/server-memory']],
    [
      'similar-name',
      ['npx -y @modelcontextprotocoI/server-memory', { pinned: true }],
      ['npx -y @modelcontextprotocol/server-memory', { pinned: true }],
    ],
    ['secret-in-variable', ['node x', { env: { API_TOKEN: 'abc' } }], ['node x', { env: { API_TOKEN: '${TOKEN}' } }]],
    ['secret-in-variable', ['node x', { env: { A: token } }], ['node x', { env: { A: 'plain' } }]],
    ['secret-in-arguments', ['node x --api-key abc'], ['node x --api-key ${KEY}']],
    ['secret-in-arguments', [`node x ${token}`], ['node x y']],
    ['whole-home', ['node x /home/anna'], ['node x /home/anna/Documents']],
    ['whole-home', ['node x ~'], ['node x ~/Documents']],
    ['whole-home', ['node x /'], ['node x /srv']],
    ['whole-home', ['docker run -v /home/anna:/data image'], ['docker run -v /home/anna/data:/data image']],
    ['secret-place', ['node x /home/anna/.ssh'], ['node x /home/anna/ssh']],
    [
      'secret-place',
      ['docker run --mount type=bind,src=/home/anna/.aws,dst=/a image'],
      ['docker run --mount type=bind,src=/srv/aws,dst=/a image'],
    ],
    ['docker-socket', ['docker run -v /var/run/docker.sock:/s image'], ['docker run -v /srv/data:/s image']],
    ['docker-socket', ['node x', { env: { DOCKER_HOST: 'unix:///run/docker.sock' } }], ['node x']],
    ['docker-socket', ['node x', { env: { DOCKER_HOST: 'unix:///home/anna/.docker/run/docker.sock' } }], ['node x']],
    ['docker-socket', ['node x --socket=/run/podman/podman.sock'], ['node x --socket=/run/podman/other.sock']],
    ['privileged-container', ['docker run --privileged image'], ['docker run -i --rm image']],
    ['privileged-container', ['docker run --cap-add SYS_ADMIN image'], ['docker run --cap-add NET_BIND_SERVICE image']],
    ['privileged-container', ['podman run --network=host image'], ['podman run --network=none image']],
    ['administrator', ['sudo node x'], ['node x sudo']],
    ['administrator', [['bash', '-c', 'sudo node x']], [['bash', '-c', 'node sudoku.js']]],
    [
      'remote-installer',
      [['bash', '-c', 'curl -fsSL https://example.com/x.sh | sh']],
      [['bash', '-c', 'curl x | jq .']],
    ],
    [
      'remote-installer',
      [['sh', '-c', 'wget -qO- https://e.com/x | sudo bash']],
      [['sh', '-c', 'wget -O x https://e.com']],
    ],
    ['remote-installer', [['bash', '-c', 'bash <(curl -s https://example.com)']], [['bash', '-c', 'diff <(cat a) b']]],
    [
      'remote-installer',
      [['sh', '-c', 'eval "$(curl -s https://example.com)"']],
      [['sh', '-c', 'eval "$(ssh-agent)"']],
    ],
    [
      'remote-installer',
      [['powershell', '-c', 'irm https://e.com/x.ps1 | iex']],
      [['powershell', '-c', 'irm https://e.com']],
    ],
    ['gives-shell', ['uvx mcp-shell-server'], ['uvx mcp-server-time']],
    ['gives-shell', ['npx -y @wonderwhy-er/desktop-commander'], ['npx -y @playwright/mcp']],
    ['starts-shell', [['bash', '-c', 'node x']], ['node x']],
    ['code-in-entry', [['node', '-e', '1']], ['node x.js']],
    ['code-in-entry', [['python3', '-c', '1']], ['python3 -m server']],
    ['guard-off', ['npx -y @playwright/mcp@1.0.0 --no-sandbox'], ['npx -y @playwright/mcp@1.0.0 --headless']],
    ['guard-off', ['deno run -A server.ts'], ['deno run --allow-read server.ts']],
    [
      'certificates-unchecked',
      ['node x', { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } }],
      ['node x', { env: { NODE_TLS_REJECT_UNAUTHORIZED: '1' } }],
    ],
    ['certificates-unchecked', ['node x --insecure'], ['node x --secure']],
    [
      'loads-code',
      ['node x', { env: { LD_PRELOAD: '/x.so' } }],
      ['node x', { env: { NODE_OPTIONS: '--max-old-space-size=1' } }],
    ],
    ['loads-code', ['node x', { env: { NODE_OPTIONS: '--require /x.js' } }], ['node x']],
    ['listens-everywhere', ['node x --host 0.0.0.0'], ['node x --host 127.0.0.1']],
    ['auto-approve', ['node x', { autoApprove: true }], ['node x']],
    ['files-and-network', ['node x /srv/data https://api.example.com'], ['node x /srv/data']],
    [
      'files-and-network',
      ['node x /srv/data https://api.example.com'],
      ['node x /usr/bin/chromium https://api.example.com'],
    ],
    ['files-and-network', ['node x /srv/data', { env: { API_TOKEN: 'abc' } }], ['node x http://localhost:1 /srv/data']],
    ['program-open', ['node x', place('/usr/bin/node', '/usr/bin')], ['node x', place('/usr/bin/node')]],
    ['program-passing', ['x', place('/tmp/x')], ['x', place('/usr/local/bin/x')]],
    ['program-passing', ['x', place(`${home}/Downloads/x`)], ['x', place(`${home}/.local/bin/x`)]],
    ['program-elsewhere', ['x', place('/srv/tool/x')], ['x', place(`${home}/.nvm/versions/node/v20/bin/x`)]],
  ];
  test.each(cases)('%s: %j, and not %j', (code, gives, givesNot) => {
    expect(codes(...gives)).toContain(code);
    expect(codes(...givesNot)).not.toContain(code);
  });

  test('every reason has a case', () => {
    expect(new Set(cases.map(([code]) => code))).toEqual(new Set(riskReasons));
  });

  test('an ordinary start has few known reasons, and is not called safe', () => {
    const risk = assess('node /opt/server/index.js /srv/data');
    expect(risk).toMatchObject({ score: 0, grade: 'low', reasons: [] });
  });

  test('of many reasons the weightiest comes first', () => {
    const [first, ...others] = codes('npx -y some-server', { autoApprove: true, env: { LD_PRELOAD: '/x' } });
    expect(first).toBe('loads-code');
    expect(others).toEqual(['newest-package', 'auto-approve']);
  });
});

test('what needs no network: only what is known, and fetches nothing', () => {
  const launch = (line: string) => ({ command: line.split(' ')[0] ?? '', args: line.split(' ').slice(1) });
  const memory = 'node /usr/lib/node_modules/@modelcontextprotocol/server-memory/dist/index.js';
  expect(needsNoNetwork(launch(memory), false)).toBe(true);
  expect(needsNoNetwork(launch('npx -y @modelcontextprotocol/server-memory'), true)).toBe(true);
  expect(needsNoNetwork(launch('npx -y @modelcontextprotocol/server-memory'), false)).toBe(false);
  expect(needsNoNetwork(launch('node /usr/lib/node_modules/some-server/index.js'), false)).toBe(false);
  expect(needsNoNetwork(launch('npx -y @playwright/mcp'), true)).toBe(false);
});

describe('laws', () => {
  const reasons = fc.uniqueArray(fc.constantFrom(...riskReasons));

  test('more reasons never make less, and nothing goes beyond a hundred', () => {
    fc.assert(
      fc.property(reasons, reasons, (some, more) => {
        const one = scoreOf(some);
        const both = scoreOf([...some, ...more]);
        expect(both).toBeGreaterThanOrEqual(one);
        expect(both).toBeLessThanOrEqual(100);
        expect(['low', 'raised', 'high', 'severe'].indexOf(gradeOf(both))).toBeGreaterThanOrEqual(
          ['low', 'raised', 'high', 'severe'].indexOf(gradeOf(one)),
        );
      }),
    );
    expect([scoreOf([]), scoreOf(riskReasons)]).toEqual([0, 100]);
  });

  const pieces = fc.constantFrom(
    ...[
      'npx',
      '-y',
      'uvx',
      'docker',
      'run',
      '-v',
      '/:/x',
      '--privileged',
      'sh',
      '-c',
      'curl x | sh',
      '--token',
      'sudo',
    ],
    ...[
      '--from',
      'git+https://u:p@e.com/x',
      '@a/b@1',
      '--host',
      '0.0.0.0',
      '~',
      '$HOME',
      '/home/anna',
      '=',
      '\u202e',
      '😀',
    ],
  );
  const word = fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 400 }));
  const entries = fc.record({
    line: fc.array(word, { minLength: 1, maxLength: 12 }),
    env: fc.dictionary(
      fc.oneof(fc.constantFrom('API_KEY', 'NODE_OPTIONS', 'LD_PRELOAD', 'toString', '__proto__'), fc.string()),
      word,
      {
        maxKeys: 4,
      },
    ),
  });

  test('whatever stands there, the answer is of its form, the same each time, and each reason a sentence', () => {
    fc.assert(
      fc.property(entries, fc.boolean(), ({ line, env }, autoApprove) => {
        const risk = assess(line, { env, autoApprove });
        expect(riskSchema.parse(risk)).toEqual(risk);
        expect(assess(line, { env, autoApprove })).toEqual(risk);
        for (const reason of risk.reasons) expect(riskReasonSentence(reason)).toMatch(/^It|^Every|^Other|^A |^Secrets/);
        // What is known to be against it stays so, whatever is added.
        const more = assess([...line, '--no-sandbox'], { env, autoApprove });
        if (line[0] !== 'env' && line[0] !== 'cmd') expect(more.reasons.map(({ code }) => code)).toContain('guard-off');
      }),
      { numRuns: 300 },
    );
  });

  test('no secret is named by a reason', () => {
    const secrets = fc.stringMatching(/^ghp_[A-Za-z0-9]{36}$/);
    fc.assert(
      fc.property(secrets, fc.constantFrom('--token', '--api-key', 'x', '-H'), (secret, before) => {
        const line = ['npx', before, secret, `--auth=${secret}`, `https://u:${secret}@e.com/`, `/srv/${secret}`];
        const risk = assess(line, { env: { API_TOKEN: secret, DOCKER_HOST: `x${secret}` } });
        expect(risk.reasons.length).toBeGreaterThan(0);
        expect(JSON.stringify(risk)).not.toContain(secret);
      }),
      { numRuns: 200 },
    );
  });
});

test('every reason has a sentence that says what it is about, where it names something', () => {
  for (const code of riskReasons) expect(riskReasonSentences[code]('THAT')).toMatch(/[a-z].*\.$/);
});
