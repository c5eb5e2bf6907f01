import { describe, expect, it, vi } from 'vitest';
import { codeFromHash } from './code-from-hash.ts';
import { Failure } from './failure.ts';
import type { TokenStore } from './transport.ts';
import { createFetchTransport, linesOf } from './transport.ts';

function memoryTokens(token: string | null = null): TokenStore & { token: string | null } {
  const store = {
    token,
    read: () => store.token,
    write: (next: string | null) => {
      store.token = next;
    },
  };
  return store;
}

function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof Failure ? error.body.code : `not a Failure: ${String(error)}`;
}

describe('the code in the address', () => {
  it('is taken from #code= only', () => {
    expect(codeFromHash('#code=abc-_1')).toBe('abc-_1');
    expect(codeFromHash('#feed-title')).toBeNull();
    expect(codeFromHash('#code=')).toBeNull();
    expect(codeFromHash(`#code=${'a'.repeat(300)}`)).toBeNull();
    expect(codeFromHash('')).toBeNull();
  });
});

describe('signing in', () => {
  it('exchanges the code and sends the token with each call, and only there', async () => {
    const tokens = memoryTokens();
    const fetch = vi.fn<(path: string, init: RequestInit) => Promise<Response>>();
    fetch.mockResolvedValueOnce(json({ token: 'tok' })).mockResolvedValueOnce(json({ runs: [] }));
    const transport = createFetchTransport({ fetch, tokens });
    await transport.signIn('one-time');
    expect(await transport.call('runs.list', {})).toEqual({ runs: [] });
    const [session, call] = fetch.mock.calls;
    expect(session?.[0]).toBe('/session');
    expect(session?.[1].body).toBe('{"code":"one-time"}');
    expect(new Headers(session?.[1].headers).has('authorization')).toBe(false);
    expect(call?.[0]).toBe('/rpc/runs.list');
    expect(new Headers(call?.[1].headers).get('authorization')).toBe('Bearer tok');
    expect(call?.[1]).toMatchObject({ credentials: 'omit', cache: 'no-store', redirect: 'error' });
  });

  it('keeps the token of a tab whose code was used already', async () => {
    const tokens = memoryTokens('old');
    const write = vi.spyOn(tokens, 'write');
    const transport = createFetchTransport({ fetch: async () => json({ error: {} }, 401), tokens });
    expect(await codeOf(transport.signIn('used'))).toBe('unauthorized');
    expect(tokens.token).toBe('old');
    // Not even for a moment: a page that is reloaded in it would be signed out.
    expect(write).not.toHaveBeenCalled();
  });

  it('forgets a token that the host does not know', async () => {
    const tokens = memoryTokens('stale');
    const transport = createFetchTransport({ fetch: async () => json({}, 401), tokens });
    expect(await codeOf(transport.call('runs.list', {}))).toBe('unauthorized');
    expect(transport.isSignedIn()).toBe(false);
  });
});

describe('answers', () => {
  const tokens = memoryTokens('tok');

  it('that do not fit the contract are failures', async () => {
    for (const answer of [json({ runs: [], more: 1 }), json({ runs: [{}] }), json(null), new Response('not json')]) {
      const transport = createFetchTransport({ fetch: async () => answer, tokens });
      expect(await codeOf(transport.call('runs.list', {}))).toBe('internal');
    }
  });

  it('that are errors keep what the host said', async () => {
    const error = { code: 'not-found', params: { server: 'x' }, message: 'There is no server "x".', remedy: 'See.' };
    const transport = createFetchTransport({ fetch: async () => json({ error }, 404), tokens });
    await expect(transport.call('servers.show', { server: 'x' })).rejects.toMatchObject({ body: error });
  });

  it('that never come are an unreachable host', async () => {
    const transport = createFetchTransport({ fetch: () => Promise.reject(new TypeError('failed')), tokens });
    expect(await codeOf(transport.call('runs.list', {}))).toBe('host-unreachable');
    expect(await codeOf(transport.openFeed(null, new AbortController().signal))).toBe('host-unreachable');
  });

  it('of too many feeds say so', async () => {
    const body = { code: 'too-many-streams', params: {}, message: 'Too many panel tabs are open.' };
    const transport = createFetchTransport({ fetch: async () => json({ error: body }, 429), tokens });
    expect(await codeOf(transport.openFeed(null, new AbortController().signal))).toBe('too-many-streams');
  });
});

describe('the feed', () => {
  it('resumes after the last message of its epoch', async () => {
    const paths: string[] = [];
    const transport = createFetchTransport({
      fetch: async (path) => {
        paths.push(path);
        return new Response(new Blob(['']).stream());
      },
      tokens: memoryTokens('tok'),
    });
    await transport.openFeed(null, new AbortController().signal);
    await transport.openFeed({ epoch: 'e 1', seq: 42 }, new AbortController().signal);
    expect(paths).toEqual(['/events?questions=shown', '/events?questions=shown&after=42&epoch=e%201']);
  });

  it('comes line by line, however it was cut', async () => {
    const bytes = new TextEncoder().encode('{"a":"é🔔"}\n{"b":1}\n{"c":');
    for (const size of [1, 2, 3, 7, 100]) {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
          controller.close();
        },
      });
      const lines: string[] = [];
      for await (const some of linesOf(body)) lines.push(...some);
      expect(lines).toEqual(['{"a":"é🔔"}', '{"b":1}']);
    }
  });

  it('with an endless line is given up', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(1024 * 1024).fill(120));
      },
      cancel() {
        cancelled = true;
      },
    });
    const read = async (): Promise<void> => {
      for await (const some of linesOf(body)) void some;
    };
    expect(await codeOf(read())).toBe('too-large');
    expect(cancelled).toBe(true);
  });
});
