/**
 * Real Node programs in one file, none of which knows of a proxy: `node ask.mjs '<way> <what>'…`, one line of answer a task,
 * `<number> ok <text>` or `<number> error <text>`. Ways: fetch, https (blocking look-up), cares (a look-up of its own),
 * undici (the package; its folder is UNDICI), lookup, resolve, socket (happy eyeballs), talk (who speaks first), many
 * (at once), hold (a connection that lives on), tls (with any server name and Host), raw (any bytes). `--together` before the
 * tasks begins all of them at once.
 */
import { lookup } from 'node:dns/promises';
import { Resolver } from 'node:dns';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';

const limitMs = 8000;

const told = (error) => {
  const parts = [error, error?.cause, ...(error?.errors ?? []), ...(error?.cause?.errors ?? [])].filter(Boolean);
  return [...new Set(parts.map((part) => part.code ?? part.message))].join(' ').replaceAll(/\s+/g, ' ');
};

function get(address, options = {}) {
  return new Promise((resolve, reject) => {
    const request = (address.startsWith('https:') ? requestSecure : requestPlain)(
      address,
      { timeout: limitMs, ...options },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part) => (body += part));
        response.once('end', () => {
          const next = response.headers.location;
          if (next === undefined && response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
          else if (next === undefined) resolve(body);
          else get(next, options).then(resolve, reject);
        });
        response.once('error', reject);
      },
    );
    request.once('timeout', () => request.destroy(new Error('timeout')));
    request.once('error', reject);
    request.end();
  });
}

/** As c-ares does it: no getaddrinfo, no /etc/hosts. */
function withResolver(host, options, done) {
  const resolver = new Resolver({ timeout: 3000, tries: 1 });
  resolver.resolve4(host, (error, addresses) => {
    if (error !== null) done(error);
    else if (options.all === true)
      done(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    else done(null, addresses[0], 4);
  });
}

function socket(host, port, options = {}) {
  return new Promise((resolve, reject) => {
    const made = connect({ host, port: Number(port), timeout: limitMs, ...options });
    made.once('connect', () => resolve(made));
    made.once('timeout', () => made.destroy(new Error('timeout')));
    made.once('error', reject);
  });
}

const reply = (made) =>
  new Promise((resolve, reject) => {
    made.once('data', (data) => resolve(String(data).trim()));
    made.once('error', reject);
    made.once('close', () => reject(new Error('closed')));
  });

const ways = {
  fetch: async (address) => {
    const response = await fetch(address, { signal: AbortSignal.timeout(limitMs) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.text();
  },
  https: (address) => get(address, { agent: false }),
  cares: (address) => get(address, { agent: false, lookup: withResolver }),
  undici: async (address) => {
    const undici = createRequire(import.meta.url)(process.env.UNDICI);
    const { statusCode, headers, body } = await undici.request(address, { signal: AbortSignal.timeout(limitMs) });
    if (headers.location !== undefined) return ways.undici(headers.location);
    if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    return body.text();
  },
  lookup: async (host) => (await lookup(host, { all: true })).map((one) => one.address).join(' '),
  resolve: (host) =>
    new Promise((resolve, reject) => {
      new Resolver({ timeout: 4000, tries: 1 }).resolve4(host, (error, addresses) =>
        error === null ? resolve(addresses.join(' ')) : reject(error),
      );
    }),
  kind: (what) => {
    const [kind, host] = what.split(' ');
    return new Promise((resolve, reject) => {
      new Resolver({ timeout: 4000, tries: 1 }).resolve(host, kind, (error, found) =>
        error === null ? resolve(JSON.stringify(found)) : reject(error),
      );
    });
  },
  socket: async (what) => {
    const [host, port, timeout = limitMs] = what.split(' ');
    const made = await socket(host, port, { timeout: Number(timeout) });
    const text = `connected ${made.remoteAddress}`;
    made.destroy();
    return text;
  },
  echo: async (what) => {
    const made = await socket(...what.split(' '));
    made.write('words\n');
    const text = await reply(made);
    made.destroy();
    return text;
  },
  talk: async (what) => {
    const made = await socket(...what.split(' '));
    const first = await reply(made);
    made.end('hello\n');
    return `${first} ${await reply(made)}`;
  },
  size: async (address) => String((await get(address, { agent: false })).length),
  /** Connect, be silent past the end of the answer's life, and go on. */
  hold: async (what) => {
    const [host, port, ms] = what.split(' ');
    const made = await socket(host, port);
    made.setTimeout(0);
    made.write('before\n');
    const before = await reply(made);
    await sleep(Number(ms));
    made.write('after\n');
    const after = await reply(made);
    made.destroy();
    return `${before} ${after}`;
  },
  many: async (what) => {
    const [count, address] = what.split(' ');
    const texts = await Promise.allSettled(Array.from({ length: Number(count) }, () => get(address, { agent: false })));
    const failed = texts.filter(({ status }) => status === 'rejected').map(({ reason }) => told(reason));
    if (failed.length > 0) throw new Error(`${failed.length} failed: ${[...new Set(failed)].join(' ')}`);
    return `${texts.length} answers`;
  },
  /** Through a proxy of one's own choice: CONNECT and what it answers. */
  connect: async (what) => {
    const [host, port, target] = what.split(' ');
    const made = await socket(host, port);
    made.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
    const text = await reply(made);
    made.destroy();
    return text;
  },
  /** A server name and a Host that are not the address's own; `-` is none. */
  tls: (what) =>
    new Promise((resolve, reject) => {
      const [host, port, name, header] = what.split(' ');
      const made = connectSecure({
        host,
        port: Number(port),
        timeout: limitMs,
        rejectUnauthorized: false,
        ...(name === '-' ? { servername: '' } : { servername: name }),
      });
      made.once('secureConnect', () => {
        made.write(`GET / HTTP/1.1\r\nHost: ${header}\r\nConnection: close\r\n\r\n`);
        reply(made).then((text) => resolve(text.split('\r\n\r\n')[1] ?? text), reject);
      });
      made.once('timeout', () => made.destroy(new Error('timeout')));
      made.once('error', reject);
      made.once('close', () => reject(new Error('closed')));
    }),
  /** Bytes as they are, `\r` and `\n` written out; parts between `|` are sent one after the other. */
  raw: async (what) => {
    const [host, port, ...rest] = what.split(' ');
    const made = await socket(host, port);
    made.setNoDelay(true);
    const answer = reply(made);
    answer.catch(() => undefined);
    for (const part of rest.join(' ').split('|')) {
      made.write(Buffer.from(part.replaceAll('\\r', '\r').replaceAll('\\n', '\n').replaceAll('\\0', '\0'), 'latin1'));
      await sleep(30);
    }
    const timer = setTimeout(() => made.destroy(new Error('timeout')), limitMs);
    try {
      const text = await answer;
      return text.split('\r\n\r\n')[1] ?? text;
    } finally {
      clearTimeout(timer);
      made.destroy();
    }
  },
  sleep: async (ms) => {
    await sleep(Number(ms));
    return 'slept';
  },
};

const answer = async (task) => {
  const [way, ...rest] = task.split(' ');
  try {
    return `ok ${(await ways[way](rest.join(' '))).trim().replaceAll('\n', ' ')}`;
  } catch (error) {
    return `error ${told(error)}`;
  }
};

const together = process.argv[2] === '--together';
const tasks = process.argv.slice(together ? 3 : 2);
const begun = together ? tasks.map(answer) : [];
for (const [index, task] of tasks.entries()) console.log(`${index} ${await (begun[index] ?? answer(task))}`);
process.exit(0);
