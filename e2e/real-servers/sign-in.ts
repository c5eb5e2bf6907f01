/**
 * An MCP server over HTTP that wants a sign-in: resource and authorization server in one, on loopback, as the MCP
 * specification's authorization chapter describes them (protected resource metadata, registration, PKCE). Whoever comes to the
 * authorization page is signed in at once.
 */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SignInServer {
  port: number;
  /** What was done here, in order: `register`, `authorize`, `token`, `initialize`, a tool's name. */
  steps: string[];
  close(): Promise<void>;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}

export async function startSignInServer(): Promise<SignInServer> {
  const steps: string[] = [];
  const challenges = new Map<string, string>();
  const tokens = new Set<string>();
  let origin = '';

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', origin);
    const json = (value: unknown, status = 200, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(value));
    };

    async function mcp(): Promise<void> {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      if (!tokens.has(token)) {
        const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
        json({ error: 'invalid_token' }, 401, { 'www-authenticate': `Bearer resource_metadata="${metadata}"` });
        return;
      }
      if (request.method !== 'POST') {
        response.writeHead(405).end();
        return;
      }
      const message = JSON.parse(await textOf(request)) as { id?: unknown; method: string; params?: { name?: string } };
      if (message.id === undefined) {
        response.writeHead(202).end();
        return;
      }
      steps.push(message.params?.name ?? message.method);
      const results: Record<string, unknown> = {
        initialize: {
          protocolVersion: '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'sign-in', version: '1' },
        },
        'tools/list': { tools: [{ name: 'who', description: 'Who is signed in', inputSchema: { type: 'object' } }] },
        'tools/call': { content: [{ type: 'text', text: 'signed in' }] },
      };
      const result = results[message.method];
      json(
        result === undefined
          ? { jsonrpc: '2.0', id: message.id, error: { code: -32_601, message: 'not offered' } }
          : { jsonrpc: '2.0', id: message.id, result },
      );
    }

    async function answer(): Promise<void> {
      const path = url.pathname;
      if (path === '/mcp') return await mcp();
      if (path.startsWith('/.well-known/oauth-protected-resource')) {
        return json({ resource: `${origin}/mcp`, authorization_servers: [origin] });
      }
      if (path.startsWith('/.well-known/')) {
        return json({
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          registration_endpoint: `${origin}/register`,
          response_types_supported: ['code'],
          grant_types_supported: ['authorization_code', 'refresh_token'],
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['none'],
        });
      }
      if (path === '/register') {
        steps.push('register');
        return json({ ...(JSON.parse(await textOf(request)) as object), client_id: randomUUID() }, 201);
      }
      if (path === '/authorize') {
        const back = new URL(url.searchParams.get('redirect_uri') ?? '');
        // Some clients look whether the page is there before they send a person to it.
        if (request.method === 'GET' && url.searchParams.get('code_challenge') !== null) {
          const code = randomUUID();
          challenges.set(code, url.searchParams.get('code_challenge') ?? '');
          back.searchParams.set('code', code);
          back.searchParams.set('state', url.searchParams.get('state') ?? '');
        }
        if (request.headers['user-agent'] === 'browser') steps.push('authorize');
        response.writeHead(302, { location: back.href }).end();
        return;
      }
      if (path === '/token') {
        const form = new URLSearchParams(await textOf(request));
        const challenge = challenges.get(form.get('code') ?? '');
        const verifier = createHash('sha256')
          .update(form.get('code_verifier') ?? '')
          .digest('base64url');
        if (challenge === undefined || challenge !== verifier) return json({ error: 'invalid_grant' }, 400);
        steps.push('token');
        const token = randomUUID();
        tokens.add(token);
        return json({ access_token: token, token_type: 'Bearer', expires_in: 3600 });
      }
      response.writeHead(404).end();
    }
    answer().catch(() => response.writeHead(500).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  origin = `http://127.0.0.1:${port.toString()}`;
  return {
    port,
    steps,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
