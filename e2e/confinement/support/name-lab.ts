/** Runs a program in a small internet with names (techniques/name-lab.py), and says what its far side saw. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEvents, type Arena } from './arena.ts';
import { techniquesFolder } from './places.ts';
import { containedCommand, run, understand, type Result, type StartOptions } from './start.ts';
import type { HostRule, Plan } from '#domain/plan-text.ts';

export interface Name {
  A?: string[];
  AAAA?: string[];
  CNAME?: string;
  HTTPS?: string;
  TXT?: string[];
  ttl?: number;
  rcode?: number;
  do?: 'silent' | 'truncate' | 'wrong-id' | 'wrong-name' | 'wrong-port' | 'loop';
}

export type Listener = 'echo' | 'greet' | 'reset' | 'hold' | 'sink' | 'proxy' | 'closed';

export interface NameScene {
  zone?: Record<string, Name>;
  resolv?: string;
  hosts?: string;
  ports?: Record<number, Listener>;
  near?: Record<number, Listener>;
  rate?: string;
}

interface SeenBySide {
  questions: [string, string, string][];
  connections: [string, number, string][];
  datagrams: [string, number, string][];
}

export interface NameResult extends Result {
  seen: SeenBySide & { near: SeenBySide };
  /** Set when this machine lets us make no namespaces. */
  skipped?: string;
}

const noNamespace = 77;
const nothing: SeenBySide = { questions: [], connections: [], datagrams: [] };

export const far = { one: '93.184.216.34', two: '93.184.216.35', three: '93.184.216.36', six: '2606:2800:220:1::1' };

export function host(pattern: string, ports: string, checked = false): HostRule {
  return { pattern, ports, checked };
}

export const NameLab = {
  async run(
    arena: Arena,
    scene: NameScene,
    program: string,
    args: readonly string[],
    plan: Partial<Plan> | 'bare',
    options?: StartOptions,
  ): Promise<NameResult> {
    const [command, rest] = plan === 'bare' ? [program, [...args]] : containedCommand(arena, program, args, plan);
    const sceneFile = join(arena.folder, 'scene.json');
    const report = join(arena.folder, 'names.json');
    writeFileSync(sceneFile, JSON.stringify(scene));
    const finished = await run(
      'python3',
      [join(techniquesFolder, 'name-lab.py'), sceneFile, report, '--', command, ...rest],
      { timeoutMs: 60_000, ...options },
    );
    const result: Result = { ...finished, outcome: understand(finished), events: readEvents(arena.spool) };
    if (finished.code === noNamespace)
      return {
        ...result,
        seen: { ...nothing, near: nothing },
        skipped: `no namespaces here: ${finished.stderr.trim()}`,
      };
    return { ...result, seen: JSON.parse(readFileSync(report, 'utf8')) as NameResult['seen'] };
  },
};

/** The first message of a TLS client, as hex: with a server name, without one (null), with padding, cut into records. */
export function clientHello(name: string | null, options: { padding?: number; recordSize?: number } = {}): string {
  const two = (value: number): number[] => [value >> 8, value & 255];
  const extensions: number[] = [];
  if (options.padding !== undefined)
    extensions.push(...two(21), ...two(options.padding), ...Array<number>(options.padding).fill(0));
  if (name !== null) {
    const bytes = [...Buffer.from(name)];
    extensions.push(...two(0), ...two(bytes.length + 5), ...two(bytes.length + 3), 0, ...two(bytes.length), ...bytes);
  }
  const body = [
    3,
    3,
    ...Array<number>(32).fill(7),
    0,
    ...two(2),
    0x13,
    0x01,
    1,
    0,
    ...two(extensions.length),
    ...extensions,
  ];
  const message = [1, body.length >> 16, ...two(body.length & 0xffff), ...body];
  const size = options.recordSize ?? message.length;
  const records: number[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.slice(at, at + size);
    records.push(22, 3, 1, ...two(part.length), ...part);
  }
  return Buffer.from(records).toString('hex');
}

export function hexOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}
