/** The real servers that are tried, as entries would start them, each with what it is asked: its tools are used, not only listed. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Workplace } from './contain.ts';
import type { RuleVerb } from '#contract/words.ts';
import { chromiumRules, findChromium } from './chromium.ts';
import type { NpxPackage, RealServers } from './provision.ts';
import { callTool, type Launch, type Question } from './session.ts';

const listTools: Question = { method: 'tools/list' };

export interface Kind {
  /** The server as its registry calls it: entries of one kind are one server, started differently. */
  server: string;
  questions: (workplace: Workplace) => readonly Question[];
  args: (workplace: Workplace) => readonly string[];
  /** What its environment must hold, beside a client's own. No real account stands behind it. */
  env?: Record<string, string>;
  /** What it is granted beyond the level, besides those variables. */
  rules?: () => readonly { verb: RuleVerb; what: string }[];
  /**
   * Beyond what is compared with a bare start: what the policy does not allow, so that there is something to see. On this machine
   * alone, should the walls not hold.
   */
  beyond?: (workplace: Workplace) => readonly Question[];
  /** Makes the workplace what the server expects. */
  before?: (workplace: Workplace) => void;
}

const everything: Kind = {
  server: '@modelcontextprotocol/server-everything',
  args: () => [],
  questions: () => [
    listTools,
    { method: 'resources/list' },
    { method: 'prompts/list' },
    callTool('echo', { message: 'hello' }),
    callTool('get-sum', { a: 2, b: 3 }),
    callTool('get-tiny-image', {}),
    callTool('get-structured-content', { location: 'Chicago' }),
  ],
};
const memory: Kind = {
  server: '@modelcontextprotocol/server-memory',
  args: () => [],
  questions: () => [listTools],
  beyond: () => [
    callTool('create_entities', { entities: [{ name: 'one', entityType: 'thing', observations: ['seen'] }] }),
    callTool('read_graph', {}),
  ],
};
const thinking: Kind = {
  server: '@modelcontextprotocol/server-sequential-thinking',
  args: () => [],
  questions: () => [
    listTools,
    callTool('sequentialthinking', { thought: 'one', nextThoughtNeeded: true, thoughtNumber: 1, totalThoughts: 2 }),
    callTool('sequentialthinking', { thought: 'two', nextThoughtNeeded: false, thoughtNumber: 2, totalThoughts: 2 }),
  ],
};
const filesystem: Kind = {
  server: '@modelcontextprotocol/server-filesystem',
  args: ({ project }) => [project],
  questions: ({ project, outside }) => [
    listTools,
    callTool('list_allowed_directories', {}),
    callTool('read_text_file', { path: join(project, 'note.txt') }),
    callTool('write_file', { path: join(project, 'new.txt'), content: 'new' }),
    callTool('edit_file', { path: join(project, 'new.txt'), edits: [{ oldText: 'new', newText: 'newer' }] }),
    callTool('read_text_file', { path: join(project, 'new.txt') }),
    callTool('create_directory', { path: join(project, 'a/b') }),
    callTool('move_file', { source: join(project, 'new.txt'), destination: join(project, 'a/b/moved.txt') }),
    callTool('list_directory', { path: join(project, 'a/b') }),
    callTool('directory_tree', { path: project }),
    callTool('search_files', { path: project, pattern: '**/*.txt' }),
    callTool('read_text_file', { path: join(outside, 'secret.txt') }),
  ],
  beyond: ({ outside }) => [
    callTool('read_text_file', { path: join(outside, 'secret.txt') }),
    callTool('write_file', { path: join(outside, 'new.txt'), content: 'new' }),
    callTool('list_directory', { path: outside }),
  ],
};
const time: Kind = {
  server: 'mcp-server-time',
  args: () => ['--local-timezone', 'Europe/Berlin'],
  questions: () => [
    listTools,
    callTool('convert_time', { source_timezone: 'Europe/Berlin', time: '12:00', target_timezone: 'Asia/Tokyo' }),
    callTool('convert_time', { source_timezone: 'Nowhere/None', time: '12:00', target_timezone: 'Asia/Tokyo' }),
  ],
};
const git: Kind = {
  server: 'mcp-server-git',
  args: ({ project }) => ['--repository', project],
  before: ({ project }) => {
    const made = spawnSync(
      'sh',
      [
        '-c',
        'git init -q . && git add . && git -c user.name=t -c user.email=t@example.invalid commit -q -m first && echo more >> note.txt',
      ],
      {
        cwd: project,
        env: {
          PATH: process.env['PATH'],
          HOME: project,
          GIT_CONFIG_NOSYSTEM: '1',
          GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
          GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
        },
      },
    );
    if (made.status !== 0) throw new Error(`git: ${made.stderr.toString()}`);
  },
  questions: ({ project }) => [
    listTools,
    callTool('git_status', { repo_path: project }),
    callTool('git_diff_unstaged', { repo_path: project }),
    callTool('git_log', { repo_path: project }),
    callTool('git_add', { repo_path: project, files: ['note.txt'] }),
    callTool('git_status', { repo_path: project }),
  ],
};

const context7: Kind = {
  server: '@upstash/context7-mcp',
  args: () => [],
  // It checks what it is asked before it asks its service, which is not reached.
  questions: () => [listTools, callTool('resolve-library-id', {}), callTool('query-docs', { libraryId: 1 })],
};
const notion: Kind = {
  server: '@notionhq/notion-mcp-server',
  env: { NOTION_TOKEN: 'decoy' },
  args: () => [],
  questions: () => [listTools, callTool('API-no-such-tool', {})],
};
const github: Kind = {
  server: '@modelcontextprotocol/server-github',
  env: { GITHUB_PERSONAL_ACCESS_TOKEN: 'decoy' },
  args: () => [],
  questions: () => [listTools, callTool('get_issue', { owner: 1 }), callTool('search_code', {})],
};
const postgres: Kind = {
  server: '@modelcontextprotocol/server-postgres',
  args: () => ['postgresql://127.0.0.1:9/none'],
  questions: () => [listTools],
  beyond: () => [callTool('query', { sql: 'SELECT 1' }), { method: 'resources/list' }],
};
// Chromium without its own sandbox, which needs a permission and which it refuses to root: browsers.test.ts has it.
const devtools: Kind = {
  server: 'chrome-devtools-mcp',
  args: () => [
    '--headless',
    '--isolated',
    '--no-usage-statistics',
    '--chromeArg=--no-sandbox',
    '--executablePath',
    findChromium(),
  ],
  rules: () => chromiumRules(findChromium()),
  questions: () => [listTools],
  // What a browser here answers depends on who runs it; browsers.test.ts compares it, with the permission that it needs.
  beyond: ({ project, outside }) => [
    callTool('list_pages', {}),
    callTool('evaluate_script', { pageId: 1, function: '() => 6 * 7' }),
    callTool('take_screenshot', { pageId: 1, filePath: join(project, 'shot.png') }),
    callTool('take_screenshot', { pageId: 1, filePath: join(outside, 'shot.png') }),
  ],
};
const playwright: Kind = {
  server: '@playwright/mcp',
  args: () => [
    '--headless',
    '--isolated',
    '--no-sandbox',
    '--snapshot-mode',
    'none',
    '--executable-path',
    findChromium(),
  ],
  rules: () => chromiumRules(findChromium()),
  questions: () => [listTools],
  // It notes each browser in ~/.cache/ms-playwright, and gives up where it may not write there.
  beyond: () => [
    callTool('browser_navigate', { url: 'about:blank' }),
    callTool('browser_evaluate', { function: '() => 6 * 7' }),
    callTool('browser_close', {}),
  ],
};

/** The grants of an entry of this kind, of which its own variables are a part. */
export const grantsOf = ({ env = {}, rules }: Kind): readonly { verb: RuleVerb; what: string }[] => [
  ...Object.keys(env).map((what) => ({ verb: 'env' as const, what })),
  ...(rules?.() ?? []),
];

export interface Entry {
  name: string;
  kind: Kind;
  launch: () => Launch;
}

/** `servers` is asked when an entry is started: tests are named before anything is installed. */
export function realEntries(servers: () => RealServers): readonly Entry[] {
  const nodePath = (name: NpxPackage) => (): Launch => ({
    command: 'node',
    args: [servers().script(name)],
  });
  const nodeFile =
    ({ server }: Kind, file: string) =>
    (): Launch => ({
      command: 'node',
      args: [join(servers().folder, 'node_modules', server, file)],
    });
  const npx = (name: NpxPackage) => (): Launch => ({
    command: 'npx',
    args: ['-y', servers().spec(name)],
  });

  return [
    { name: 'everything, node path', kind: everything, launch: nodePath('server-everything') },
    { name: 'filesystem, node path', kind: filesystem, launch: nodePath('server-filesystem') },
    { name: 'memory, node path', kind: memory, launch: nodePath('server-memory') },
    { name: 'sequential-thinking, node path', kind: thinking, launch: nodePath('server-sequential-thinking') },
    { name: 'everything, npx', kind: everything, launch: npx('server-everything') },
    { name: 'filesystem, npx', kind: filesystem, launch: npx('server-filesystem') },
    { name: 'memory, npx', kind: memory, launch: npx('server-memory') },
    { name: 'sequential-thinking, npx', kind: thinking, launch: npx('server-sequential-thinking') },
    {
      name: 'time, python -m',
      kind: time,
      launch: () => ({ command: servers().python, args: ['-m', 'mcp_server_time'] }),
    },
    {
      name: 'git, python -m',
      kind: git,
      launch: () => ({ command: servers().python, args: ['-m', 'mcp_server_git'] }),
    },
    {
      name: 'time, script of a venv',
      kind: time,
      launch: () => ({ command: join(servers().folder, 'venv/bin/mcp-server-time'), args: [] }),
    },
    {
      name: 'time, uvx',
      kind: time,
      launch: () => ({ command: servers().uvx, args: [servers().spec('mcp-server-time')] }),
    },
    {
      name: 'git, uvx',
      kind: git,
      launch: () => ({ command: servers().uvx, args: [servers().spec('mcp-server-git')] }),
    },
    { name: 'context7, node path', kind: context7, launch: nodeFile(context7, 'dist/index.js') },
    { name: 'notion, node path', kind: notion, launch: nodeFile(notion, 'bin/cli.mjs') },
    { name: 'github, node path', kind: github, launch: nodeFile(github, 'dist/index.js') },
    { name: 'postgres, node path', kind: postgres, launch: nodeFile(postgres, 'dist/index.js') },
    {
      name: 'chrome-devtools, node path',
      kind: devtools,
      launch: nodeFile(devtools, 'build/src/bin/chrome-devtools-mcp.js'),
    },
    { name: 'playwright, node path', kind: playwright, launch: nodeFile(playwright, 'cli.js') },
  ];
}
