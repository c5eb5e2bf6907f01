/**
 * The program that the selftest runs contained: plain JavaScript that travels as an argument (`node -e`), so that nothing
 * of Belljar's has to be readable to it. It tries one thing after another and prints a JSON line for each: `done` with
 * what it got, or the error. It judges nothing; what an attempt means is decided outside.
 */
export const selftestProgram = `
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const { execFileSync, spawn } = require('node:child_process');
const at = JSON.parse(process.argv[1]);

const connect = (to) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(to);
    socket.setTimeout(2000, () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    socket.on('connect', () => { socket.destroy(); resolve('connected'); });
    socket.on('error', reject);
  });

const ownChild = () =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    child.on('error', reject);
    child.on('spawn', () => {
      try { process.kill(child.pid, 'SIGKILL'); } catch (error) { reject(error); }
    });
    child.on('exit', (code, signal) => resolve(String(signal ?? code)));
  });

const variable = (name) => {
  if (process.env[name] === undefined) throw Object.assign(new Error('not set'), { code: 'NOTSET' });
  return process.env[name];
};

const attempts = {
  'read-granted': () => fs.readFileSync(at.granted + '/twin', 'utf8'),
  'read-outside': () => fs.readFileSync(at.outside + '/key', 'utf8'),
  'read-through-link': () => fs.readFileSync(at.granted + '/link', 'utf8'),
  'write-granted': () => fs.writeFileSync(at.granted + '/made', 'made'),
  'write-outside': () => fs.appendFileSync(at.outside + '/profile', 'changed'),
  'change-mode-outside': () => fs.chmodSync(at.outside + '/mode', 0o777),
  'exec-granted': () => execFileSync(at.programs + '/program', ['--version'], { encoding: 'utf8' }),
  'exec-outside': () => execFileSync(at.outside + '/program', ['--version'], { encoding: 'utf8' }),
  'connect-granted-port': () => connect({ host: '127.0.0.1', port: at.grantedPort }),
  'connect-other-port': () => connect({ host: '127.0.0.1', port: at.otherPort }),
  'connect-granted-socket': () => connect({ path: at.grantedSocket }),
  'connect-other-socket': () => connect({ path: at.otherSocket }),
  'read-memory-outside': () => fs.closeSync(fs.openSync('/proc/' + at.process + '/mem', 'r')),
  'read-environment-outside': () => fs.readFileSync('/proc/' + at.process + '/environ', 'utf8'),
  'environment-granted': () => variable('BELLJAR_SELFTEST_GRANTED'),
  'environment-outside': () => variable('BELLJAR_SELFTEST_OTHER'),
  'signal-own-child': ownChild,
  // Last: without a wall it ends the process that others look at.
  'signal-outside': () => process.kill(at.process, 'SIGTERM'),
};

(async () => {
  for (const [code, attempt] of Object.entries(attempts)) {
    let line;
    try {
      line = { code, done: String(await attempt()).slice(0, 2000) };
    } catch (error) {
      line = { code, error: String(error.code ?? error.message).slice(0, 200) };
    }
    fs.writeSync(1, JSON.stringify(line) + '\\n');
  }
})();
`;
