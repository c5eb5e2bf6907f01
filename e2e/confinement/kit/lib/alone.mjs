/**
 * Work that is done by one process at a time on this whole machine, whoever runs tests on it. The lock is an abstract Unix
 * address: it belongs to the process that took it and is free again when that process is gone, however it ended.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** An address of this kind fills all 108 bytes: shorter ones are padded by some versions of Node and not by others. */
const addressOf = (what) => `\0belljar-tests-${createHash('sha512').update(what).digest('hex')}`.slice(0, 108);

export async function alone(what, work) {
  const lock = createServer();
  for (;;) {
    try {
      lock.listen({ path: addressOf(what) });
      await once(lock, 'listening');
      break;
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
    }
    await sleep(50);
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}
