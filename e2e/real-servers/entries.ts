/** The real servers that are tried, as entries would start them, each with what it is asked: its tools are used, not only listed. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Workplace } from './contain.ts';
import type { RealServers } from './provision.ts';
import { callTool, type Launch, type Question } from './session.ts';

const listTools: Question = { method: 'tools/list' };

export interface Kind {
  questions: (workplace: Workplace) => readonly Question[];
  args: (workplace: Workplace) => readonly string[];
  /** Makes the workplace what the server expects. */
  before?: (workplace: Workplace) => void;
}

const everything: Kind = {
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
  args: () => [],
  questions: () => [listTools],
};
const thinking: Kind = {
  args: () => [],
  questions: () => [
    listTools,
    callTool('sequentialthinking', { thought: 'one', nextThoughtNeeded: true, thoughtNumber: 1, totalThoughts: 2 }),
    callTool('sequentialthinking', { thought: 'two', nextThoughtNeeded: false, thoughtNumber: 2, totalThoughts: 2 }),
  ],
};
const filesystem: Kind = {
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
};
const time: Kind = {
  args: () => ['--local-timezone', 'Europe/Berlin'],
  questions: () => [
    listTools,
    callTool('convert_time', { source_timezone: 'Europe/Berlin', time: '12:00', target_timezone: 'Asia/Tokyo' }),
    callTool('convert_time', { source_timezone: 'Nowhere/None', time: '12:00', target_timezone: 'Asia/Tokyo' }),
  ],
};
const git: Kind = {
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

export interface Entry {
  name: string;
  kind: Kind;
  launch: () => Launch;
}

/** `servers` is asked when an entry is started: tests are named before anything is installed. */
export function realEntries(servers: () => RealServers): readonly Entry[] {
  const nodePath =
    (name: 'server-everything' | 'server-filesystem' | 'server-memory' | 'server-sequential-thinking') =>
    (): Launch => ({
      command: 'node',
      args: [servers().script(name)],
    });
  const npx =
    (name: 'server-everything' | 'server-filesystem' | 'server-memory' | 'server-sequential-thinking') =>
    (): Launch => ({
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
  ];
}
