/**
 * Real servers from the registries, pinned: contained, without registry and with an empty cache, they answer as the original
 * line does bare with a warm cache.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { clientEnvironment, makeWorkplace } from './contain.ts';
import { pinServer } from './pinned.ts';
import { provision, type RealServers } from './provision.ts';
import { callTool, talk, type Launch, type Question } from './session.ts';

let servers: RealServers;

beforeAll(async () => {
  servers = await provision();
}, 600_000);

const kinds: readonly { name: string; launch: () => Launch; questions: readonly Question[] }[] = [
  {
    name: 'memory by npx',
    launch: () => ({ command: 'npx', args: ['-y', servers.spec('server-memory')] }),
    questions: [{ method: 'tools/list' }],
  },
  {
    name: 'time by uvx',
    launch: () => ({
      command: servers.uvx,
      args: [servers.spec('mcp-server-time'), '--local-timezone', 'Europe/Berlin'],
    }),
    questions: [
      { method: 'tools/list' },
      callTool('convert_time', { source_timezone: 'Europe/Berlin', time: '12:00', target_timezone: 'Asia/Tokyo' }),
    ],
  },
];

test.each(kinds)(
  '$name',
  async ({ launch, questions }) => {
    const workplace = makeWorkplace();
    const bare = await talk(launch(), questions, {
      env: clientEnvironment(servers.home, servers.node),
      cwd: workplace.project,
    });
    workplace.remove();
    const { world, entry, pin, env } = await pinServer(launch());
    try {
      expect(launch().args.join(' ')).toContain(`${pin.package}@${pin.version}`);
      expect(pin.problem).toBeNull();
      for (const cache of ['.npm', '.cache', '.local/share/uv'])
        expect(existsSync(join(world.home, cache))).toBe(false);
      const pinned = await talk(entry, questions, { env, cwd: world.home });
      expect(pinned.answers, pinned.stderr).toEqual(bare.answers);
      expect(pinned.answers.length).toBe(questions.length + 1);
      expect(pinned.answers.every((answer) => answer.error === undefined)).toBe(true);
      const { runs, events } = await world.api['servers.show']({ server: 'claude-desktop/pinned' });
      expect(runs[0]?.start?.level).toBe('standard');
      // Neither is looked for any more.
      expect(events.filter((event) => event.kind === 'net.connect' || event.kind === 'net.dns')).toEqual([]);
    } finally {
      await world.close();
    }
  },
  180_000,
);
