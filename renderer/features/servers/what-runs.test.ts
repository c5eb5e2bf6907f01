import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeServer } from '../../test-support/fixtures.ts';
import { whatRuns } from './what-runs.ts';

const of = (command: string | null, ...args: string[]) => whatRuns(makeServer({ command, args }));

describe('what an entry runs', () => {
  it.each([
    [['npx', '-y', '@scope/server@1.2.3', '/home/x'], 'npm', '@scope/server', '1.2.3'],
    [['npx', '-y', '@scope/server'], 'npm', '@scope/server', null],
    [['npx', 'thing@latest'], 'npm', 'thing', null],
    [['C:\\Program Files\\nodejs\\npx.cmd', '-y', 'thing@2'], 'npm', 'thing', '2'],
    [['uvx', 'mcp-server-git==0.6.2'], 'python', 'mcp-server-git', '0.6.2'],
    [['pipx', 'run', 'mcp-x'], 'python', 'mcp-x', null],
    [['/usr/bin/node', '/srv/app/index.js'], 'program', 'node index.js', null],
    [['docker', 'run', '-i', 'x'], 'container', 'docker', null],
    [['/opt/tool'], 'program', 'tool', null],
    [['npx'], 'npm', 'npx', null],
  ] as const)('%j', ([command, ...args], kind, name, version) => {
    expect(of(command, ...args)).toEqual({ kind, name, version });
  });

  it('says what is pinned, and what runs elsewhere', () => {
    const pin = { package: 'thing', version: '2.0.0', at: 'x', publisher: null, problem: null };
    expect(whatRuns(makeServer({ command: 'npx', args: ['thing'], pin }))).toMatchObject({ version: '2.0.0' });
    expect(of(null)).toEqual({ kind: 'elsewhere', name: '', version: null });
  });

  it('never fails, whatever the words', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (command, args) => {
        expect(typeof of(command, ...args).name).toBe('string');
      }),
    );
  });
});
