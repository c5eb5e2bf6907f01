import { describe, expect, it } from 'vitest';
import type { Probe } from '#contract/server.ts';
import { enforcementSentence } from './enforcement-sentence.ts';

const probe = (landlockAbi: number, changes: Partial<Probe> = {}): Probe => ({
  v: 1,
  launcher: '0.1.0',
  system: 'linux',
  kernel: '6.15.0',
  architecture: 'x86_64',
  landlockAbi,
  seccompFilter: true,
  seccompNotify: true,
  notifyAddfd: true,
  notifySyncWake: true,
  pidfdGetfd: true,
  userNamespaces: true,
  groupMemory: true,
  groupProcesses: true,
  enforcement: { full: [], partial: [], missing: [] },
  ...changes,
});

describe('the enforcement line', () => {
  it.each([
    [0, 'nothing can be contained here', ['enforced']],
    [1, 'moving files between folders cannot be allowed', ['network and signals are enforced']],
    [2, 'network, signals and the shortening of files are decided by', ['moving files']],
    [3, 'commands to devices', ['shortening']],
    [
      4,
      'files, programs and network are enforced by the kernel; what is kept back inside granted folders and signals are decided',
      ['shortening'],
    ],
    [5, 'signals are decided by', ['missing on this kernel']],
    [6, 'files, programs, network and signals are enforced by the kernel', ['signals are decided', 'missing']],
    [7, 'folders is decided by', ['are decided', 'missing']],
  ])('ABI %i says "%s" and claims no more', (abi, expected, never) => {
    const sentence = enforcementSentence(probe(abi));
    expect(sentence).toContain(expected);
    for (const claim of never) {
      expect(sentence).not.toContain(claim);
    }
    expect(sentence).toMatch(/^Landlock .*\.$/);
  });

  it('promises nothing where seccomp is missing', () => {
    expect(enforcementSentence(probe(7, { seccompFilter: false }))).toContain('nothing can be contained here');
    expect(enforcementSentence(probe(7, { seccompNotify: false }))).toContain('nothing can be contained here');
    expect(enforcementSentence(probe(7, { notifyAddfd: false }))).toContain('nothing can be contained here');
    expect(enforcementSentence(probe(7, { pidfdGetfd: false }))).toContain('nothing can be contained here');
  });

  it('says what only the release of the kernel tells', () => {
    const partial = ['exec.memory: programs made in memory may outrun the supervisor before Linux 6.3'];
    const older = probe(7, { enforcement: { full: [], partial, missing: [] } });
    expect(enforcementSentence(older)).toContain('missing on this kernel: a program made in memory may be started;');
  });

  it('reads as a sentence', () => {
    expect(enforcementSentence(probe(7))).toBe(
      "Landlock 7 and seccomp: files, programs, network and signals are enforced by the kernel; what is kept back inside granted folders is decided by Belljar's launcher; what is refused is recorded.",
    );
    expect(enforcementSentence(probe(2))).toBe(
      "Landlock 2 and seccomp: files and programs are enforced by the kernel; what is kept back inside granted folders, network, signals and the shortening of files are decided by Belljar's launcher; missing on this kernel: commands to devices that may be read are not limited; what is refused is recorded.",
    );
  });
});
