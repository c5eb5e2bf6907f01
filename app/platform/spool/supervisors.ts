/**
 * The launchers' supervisors, by process id and start time: an id alone may belong to another process by now.
 *
 * Linux: field 22 of /proc/<pid>/stat. The second field is the program's name in brackets, chosen by the program, so the
 * fields are counted from the last bracket. Between the look and the signal a process could still be replaced, but only
 * if the whole range of process ids is used up within those microseconds.
 */
import { readFileSync } from 'node:fs';
import type { Supervisors } from '#engine/events/ports.ts';

/** Null when there is no such process (any more). */
export function startTicksOf(pid: number, procFolder = '/proc'): number | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) {
    return null;
  }
  let text: string;
  try {
    text = readFileSync(`${procFolder}/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // State is field 3: a process that ended and waits to be collected runs no more.
  if (fields[0] === 'Z' || fields[0] === 'X') {
    return null;
  }
  const ticks = Number(fields[22 - 3]);
  return Number.isSafeInteger(ticks) ? ticks : null;
}

export function createSupervisors(): Supervisors {
  return {
    isAlive: (pid, startTicks) => startTicksOf(pid) === startTicks,
    signal(pid, startTicks, signal) {
      if (startTicksOf(pid) !== startTicks) {
        return false;
      }
      try {
        return process.kill(pid, signal);
      } catch {
        return false;
      }
    },
  };
}
