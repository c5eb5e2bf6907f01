/**
 * Real servers under `standard`, with the policy that the engine makes for their entries: they answer exactly as they do
 * bare, however they are started, and what they have not been given is refused by the kernel and seen.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { clientEnvironment, contain, makeWorkplace, refusals, type Workplace } from './contain.ts';
import { grantsOf, realEntries, type Entry } from './entries.ts';
import { provision, type RealServers } from './provision.ts';
import { callTool, talk, type Answer, type Launch } from './session.ts';
import { run } from '../confinement/support/start.ts';
import { brief } from '../confinement/support/technique.ts';
import { readEvents } from '../confinement/support/arena.ts';

let servers: RealServers;

beforeAll(async () => {
  servers = await provision();
}, 600_000);

const entries = realEntries(() => servers);

/** Answers name the throw-away folders they were given in. */
function neutral(answers: readonly Answer[], workplace: Workplace): unknown {
  return JSON.parse(JSON.stringify(answers).replaceAll(workplace.folder, '<workplace>')) as unknown;
}

async function session(entry: Entry, contained: boolean) {
  const workplace = makeWorkplace();
  try {
    entry.kind.before?.(workplace);
    const bare = entry.launch();
    const full: Launch = { command: bare.command, args: [...bare.args, ...entry.kind.args(workplace)] };
    const rules = grantsOf(entry.kind);
    const launch = contained ? contain(workplace, full, { home: servers.home, rules }) : full;
    const environment = { ...clientEnvironment(servers.home, servers.node), ...entry.kind.env };
    const said = await talk(launch, entry.kind.questions(workplace), {
      env: environment,
      cwd: workplace.project,
      timeoutMs: 50_000,
    });
    return {
      ...said,
      answers: neutral(said.answers, workplace) as Answer[],
      asked: entry.kind.questions(workplace).length + 1,
      refused: contained ? refusals(workplace) : [],
      notApplied: contained ? (readEvents(workplace.spool)[0]?.start?.notApplied ?? []) : [],
    };
  } finally {
    workplace.remove();
  }
}

describe('answers contained are the answers bare', () => {
  test.for(entries)('$name', { timeout: 120_000 }, async (entry) => {
    const bare = await session(entry, false);
    expect(bare.answers.length, `bare: ${bare.stderr}`).toBe(bare.asked);
    const contained = await session(entry, true);
    expect(contained.answers, `${contained.stderr}\n${brief(contained.refused).join('\n')}`).toEqual(bare.answers);
    expect(contained.code).toBe(bare.code);
    // Nobody asks a registry first, which would be tried again for more than a minute.
    expect(brief(contained.refused.filter(({ kind }) => kind.startsWith('net.')))).toEqual([]);
  });
});

describe('the filesystem server', () => {
  const isError = (answer: Answer | undefined): boolean =>
    (answer?.result as { isError?: boolean } | undefined)?.isError === true;

  test('is refused by the kernel what its own check would let through', async () => {
    // Told on its command line to serve a folder that the policy was not made for: its own check agrees, the kernel does not.
    const workplace = makeWorkplace();
    try {
      const entry: Launch = { command: 'node', args: [servers.script('server-filesystem'), workplace.project] };
      const launch = contain(workplace, entry, { home: servers.home });
      const wider: Launch = { ...launch, args: [...launch.args, workplace.outside] };
      const questions = [
        callTool('read_text_file', { path: join(workplace.project, 'note.txt') }),
        callTool('write_file', { path: join(workplace.project, 'new.txt'), content: 'new' }),
        callTool('read_text_file', { path: join(workplace.outside, 'secret.txt') }),
        callTool('write_file', { path: join(workplace.outside, 'new.txt'), content: 'new' }),
        callTool('list_directory', { path: workplace.outside }),
        callTool('move_file', {
          source: join(workplace.outside, 'secret.txt'),
          destination: join(workplace.project, 'taken.txt'),
        }),
      ];
      const bare = await talk({ command: 'node', args: [...entry.args, workplace.outside] }, questions.slice(2, 3), {
        env: clientEnvironment(servers.home, servers.node),
        cwd: workplace.project,
      });
      expect(JSON.stringify(bare.answers.at(-1))).toContain('decoy of the outside');

      const said = await talk(wider, questions, {
        env: clientEnvironment(servers.home, servers.node),
        cwd: workplace.project,
      });
      expect(said.answers.length, said.stderr).toBe(questions.length + 1);
      const [, read, write, readOutside, writeOutside, listOutside, moveOutside] = said.answers;
      expect([read, write].map(isError)).toEqual([false, false]);
      expect([readOutside, writeOutside, listOutside, moveOutside].map(isError)).toEqual([true, true, true, true]);
      expect(JSON.stringify(said.answers)).not.toContain('decoy of the outside');
      expect(readFileSync(join(workplace.project, 'new.txt'), 'utf8')).toBe('new');
      expect(existsSync(join(workplace.outside, 'new.txt'))).toBe(false);
      expect(existsSync(join(workplace.outside, 'secret.txt'))).toBe(true);
      const refused = refusals(workplace);
      expect(brief(refused).join('\n')).toContain(join(workplace.outside, 'secret.txt'));
    } finally {
      workplace.remove();
    }
  });

  test('a symbolic link out of its folder leads nowhere', async () => {
    const workplace = makeWorkplace();
    try {
      const made = spawnSync('ln', ['-s', join(workplace.outside, 'secret.txt'), join(workplace.project, 'link.txt')]);
      expect(made.status).toBe(0);
      const launch = contain(
        workplace,
        { command: 'node', args: [servers.script('server-filesystem'), workplace.project] },
        { home: servers.home },
      );
      const said = await talk(launch, [callTool('read_text_file', { path: join(workplace.project, 'link.txt') })], {
        env: clientEnvironment(servers.home, servers.node),
        cwd: workplace.project,
      });
      expect(isError(said.answers[1])).toBe(true);
      expect(JSON.stringify(said.answers)).not.toContain('decoy of the outside');
    } finally {
      workplace.remove();
    }
  });
});

describe("a real client, MCP Inspector's command line", () => {
  test('lists and calls the tools of a contained entry as of a bare one', async ({ skip }) => {
    const workplace = makeWorkplace();
    try {
      const bare: Launch = { command: 'node', args: [servers.script('server-filesystem'), workplace.project] };
      // The client starts the entry from a file, as it stands after containing: the launcher, then the original words.
      const contained = contain(workplace, bare, { home: servers.home });
      const config = join(workplace.folder, 'mcp.json');
      writeFileSync(
        config,
        JSON.stringify({
          mcpServers: {
            bare: { command: servers.node, args: bare.args },
            contained: { command: contained.command, args: contained.args },
          },
        }),
      );
      const ask = async (server: string, args: readonly string[]) => {
        const node = servers.newNode;
        if (node === null) return null;
        return run(node, [servers.inspector, '--cli', '--config', config, '--server', server, ...args], {
          env: { ...clientEnvironment(servers.home, servers.node), HOME: workplace.folder },
          cwd: workplace.project,
          timeoutMs: 50_000,
        });
      };
      const list = ['--method', 'tools/list'];
      const read = [
        '--method',
        'tools/call',
        '--tool-name',
        'read_text_file',
        '--tool-arg',
        `path=${join(workplace.project, 'note.txt')}`,
      ];
      for (const args of [list, read]) {
        const before = await ask('bare', args);
        if (before === null) skip('the registry has no newer Node for this machine');
        const after = await ask('contained', args);
        expect(before?.code, before?.stderr).toBe(0);
        expect(after?.code, after?.stderr).toBe(0);
        expect(JSON.parse(after?.stdout ?? '')).toEqual(JSON.parse(before?.stdout ?? ''));
      }
    } finally {
      workplace.remove();
    }
  }, 120_000);
});
