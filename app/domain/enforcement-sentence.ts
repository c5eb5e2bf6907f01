/**
 * What this machine enforces, in one line for people: what the kernel holds by itself, what the launcher's supervisor has
 * to decide instead, and what nothing here can stop. Never more than the probe says.
 */
import type { Probe } from '#contract/server.ts';

/** The first Landlock version that brings it, and what stands in for it before. */
const truncateAbi = 3;
const tcpAbi = 4;
const signalsAbi = 6;

export function enforcementSentence(probe: Probe): string {
  const { landlockAbi: abi, seccompFilter: filter, seccompNotify: notify } = probe;
  if (abi <= 0) {
    return 'Landlock is not offered by this kernel (it needs Linux 5.13 or later, switched on): nothing can be contained here.';
  }
  if (!filter) {
    return `Landlock ${abi} without seccomp: this kernel offers no system call filter, so nothing can be contained here.`;
  }
  if (!notify) {
    return `Landlock ${abi} and seccomp, but this kernel cannot report system calls (seccomp user notification): nothing can be contained here.`;
  }
  if (!probe.notifyAddfd || !probe.pidfdGetfd) {
    return `Landlock ${abi} and seccomp, but this kernel does not let Belljar's launcher answer system calls (it needs Linux 5.14): nothing can be contained here.`;
  }
  const held = ['files', 'programs'];
  const decided = ['what is kept back inside granted folders'];
  (abi >= tcpAbi ? held : decided).push('network');
  (abi >= signalsAbi ? held : decided).push('signals');
  if (abi < truncateAbi) decided.push('the shortening of files');
  const parts = [`${join(held)} are enforced by the kernel`];
  parts.push(`${join(decided)} ${decided.length > 1 ? 'are' : 'is'} decided by Belljar's launcher`);
  const gaps = gapsOf(probe);
  if (gaps.length > 0) {
    parts.push(`missing on this kernel: ${gaps.join('; ')}`);
  }
  parts.push('what is refused is recorded');
  return `Landlock ${abi} and seccomp: ${parts.join('; ')}.`;
}

function gapsOf({ landlockAbi: abi, enforcement }: Probe): string[] {
  const gaps: string[] = [];
  if (abi < 2) {
    gaps.push('moving files between folders cannot be allowed, so it is refused everywhere');
  }
  if (abi < 5) {
    gaps.push('commands to devices that may be read are not limited');
  }
  if (enforcement.partial.some((line) => line.startsWith('exec.memory:'))) {
    gaps.push('a program made in memory may be started');
  }
  return gaps;
}

function join(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}
