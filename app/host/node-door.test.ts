import { Agent, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { closeServer, createNodeServer } from './node-door.ts';

it('tells a handler that its caller went away, also long after the request itself is garbage', async () => {
  let gone = 0;
  const server = createNodeServer({
    origin: 'http://here',
    handle: async (request) => {
      request.signal.addEventListener('abort', () => (gone += 1));
      if (request.url.endsWith('/short')) return new Response('all');
      return new Response(
        new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(new TextEncoder().encode('first\n')),
        }),
      );
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  // What has run often is compiled to keep nothing that it does not need any more.
  const agent = new Agent({ keepAlive: true });
  const ask = async (): Promise<void> =>
    await new Promise<void>((resolve, reject) => {
      const outgoing = httpRequest({ host: '127.0.0.1', port, path: '/short', agent }, (incoming) => {
        incoming.resume().once('end', resolve);
      });
      outgoing.once('error', reject).end();
    });
  for (let round = 0; round < 1500; round += 1) await Promise.all(Array.from({ length: 8 }, ask));
  agent.destroy();
  await expect.poll(() => gone).toBe(12_000);
  gone = 0;
  const callers = await Promise.all(
    Array.from(
      { length: 20 },
      () =>
        new Promise<() => void>((resolve, reject) => {
          const outgoing = httpRequest({ host: '127.0.0.1', port, path: '/', agent: false });
          outgoing.once('error', reject);
          outgoing.once('response', (incoming) => {
            incoming.once('data', () => resolve(() => incoming.destroy()));
            incoming.on('error', () => undefined);
          });
          outgoing.end();
        }),
    ),
  );
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 5; round += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (const leave of callers) leave();
  await expect.poll(() => gone, { timeout: 5_000 }).toBe(20);
  await closeServer(server, 100);
});
