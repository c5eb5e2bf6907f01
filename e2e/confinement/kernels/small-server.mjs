/** A server that answers `initialize`, and before that leaves a file in the folder it is given: a start that is seen from outside. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

writeFileSync(join(process.argv[2], 'started'), '');
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (method === 'initialize')
    process.stdout.write(
      `${JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'small', version: '1' } } })}\n`,
    );
});
