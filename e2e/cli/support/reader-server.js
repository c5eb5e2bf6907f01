/**
 * A small MCP server over stdio, without dependencies: `read` answers a file's text or the error's code, `exit` ends it.
 * It stands for any server that reads files; what it may read is decided around it, never by it.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const text = { type: 'string' };
const tools = [
  { name: 'read', description: 'Reads a file', inputSchema: { type: 'object', properties: { path: text } } },
  { name: 'variable', description: 'Tells a variable', inputSchema: { type: 'object', properties: { name: text } } },
];

function call({ name, arguments: given }) {
  if (name === 'variable') return process.env[given.name] ?? '(not set)';
  try {
    return readFileSync(given.path, 'utf8');
  } catch (error) {
    return error.code;
  }
}

const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'reader', version: '1.0.0' },
  }),
  ping: () => ({}),
  'tools/list': () => ({ tools }),
  'tools/call': (params) => ({ content: [{ type: 'text', text: call(params) }] }),
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const answer = answers[method];
  const body =
    answer === undefined ? { error: { code: -32601, message: 'unknown method' } } : { result: answer(params ?? {}) };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...body })}\n`);
});
