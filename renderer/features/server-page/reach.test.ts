import { describe, expect, it } from 'vitest';
import type { EffectivePolicy, Rule } from '#contract/policy.ts';
import { residualRiskSentences } from '#contract/sentences.ts';
import { makeEvent, makeServer } from '../../test-support/fixtures.ts';
import { reachOf } from './reach.ts';
import { residualRisks } from './residual-risks.ts';
import { timelineOf } from './timeline.ts';

const rule = (verb: Rule['verb'], what: string, source: Rule['source']): Rule => ({
  id: `${verb}:${what}`,
  verb,
  what,
  source,
});
const policy = (rules: Rule[], change: Partial<EffectivePolicy> = {}): EffectivePolicy => ({
  v: 1,
  server: 'desk.files',
  level: 'standard',
  network: 'open',
  rules,
  withheld: [],
  limits: {},
  ...change,
});

describe('what a server can reach', () => {
  it('stands in its lane, the person’s first, the level’s apart, patterns elsewhere', () => {
    const [files, network, processes, environment] = reachOf(
      policy([
        rule('read', '/usr', 'level'),
        rule('write', '/home/mara/Documents', 'argument'),
        rule('read', '/home/mara/Music', 'person'),
        rule('deny', '**/.env', 'level'),
        rule('write', '**/.git/hooks', 'person'),
        rule('host', 'api.github.com:443', 'person'),
        rule('exec', '/usr/bin/git', 'runtime'),
        rule('env', 'HOME', 'level'),
      ]),
    );
    expect(files?.own.map(({ rule: { what }, how }) => [what, how])).toEqual([
      ['/home/mara/Music', 'read'],
      ['**/.git/hooks', 'change'],
      ['/home/mara/Documents', 'change'],
    ]);
    expect(files?.ofLevel.map((one) => one.rule.what)).toEqual(['/usr']);
    expect(network?.own).toHaveLength(1);
    expect(processes?.own).toHaveLength(1);
    expect(environment).toMatchObject({ own: [], ofLevel: [{ rule: { what: 'HOME' } }] });
  });
});

describe('what no sandbox removes', () => {
  const codes = (...given: Parameters<typeof residualRisks>) => residualRisks(...given).map(({ code }) => code);

  it('follows from what this server has, and is never empty', () => {
    const server = makeServer({ level: 'standard', state: 'contained' });
    const rules = [rule('write', '/home/mara/Documents', 'argument'), rule('read', '/usr', 'level')];
    expect(codes({ server, policy: policy(rules), runs: [] })).toEqual([
      'sends-what-it-reads',
      'changes-folders',
      'words-to-the-model',
      'kernel',
    ]);
    const limited = policy([rule('host', 'api.github.com:443', 'person')], { network: 'hosts' });
    expect(codes({ server, policy: limited, runs: [] })).toEqual([
      'through-named-hosts',
      'words-to-the-model',
      'kernel',
    ]);
    expect(codes({ server, policy: policy([], { network: 'none' }), runs: [] })).toEqual([
      'words-to-the-model',
      'kernel',
    ]);
    expect(codes({ server, policy: null, runs: [] })).toEqual(['off']);
    expect(codes({ server, policy: policy([], { level: 'watch' }), runs: [] })[0]).toBe('watch');
  });

  it('no sentence says that anything is safe', () => {
    for (const sentence of Object.values(residualRiskSentences)) expect(sentence('x')).not.toMatch(/\bsafe|secure\b/iu);
  });
});

describe('the timeline', () => {
  it('is one line of time, newest first, and bounded', () => {
    const entry = {
      id: '0123456789abcdef',
      at: '2026-03-01T12:00:01.000Z',
      door: 'panel' as const,
      action: 'level' as const,
      server: 'desk.files',
      file: null,
      summary: 'level strict',
      changes: [],
      undoes: null,
      undone: false,
    };
    const events = [makeEvent(1), makeEvent(2, { at: '2026-03-01T12:00:02.000Z' })];
    expect(timelineOf(events, [entry], 10).map(({ kind, at }) => [kind, at.slice(17, 19)])).toEqual([
      ['event', '02'],
      ['decision', '01'],
      ['event', '00'],
    ]);
    expect(timelineOf(events, [entry], 2)).toHaveLength(2);
  });
});
