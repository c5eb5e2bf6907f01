/**
 * A host without a window. Where the user has a systemd of their own it becomes a service that also starts with the next
 * session; elsewhere a detached process that lasts until it is stopped or the machine is. Thrown-away folders (tests, a
 * HOME of their own) never get a service: it would outlive them.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, closeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BelljarError } from '#contract/errors.ts';
import type { Output } from '#contract/methods.ts';
import type { Folders } from '#platform/paths/folders.ts';
import { isOwnSocket, makeFolders } from '#platform/paths/folders.ts';
import { createClient, socketKnock } from './client.ts';

const unit = 'belljar-host.service';
const commandMs = 10_000;
const startMs = 10_000;
const stopMs = 10_000;
const pollMs = 25;

type Status = Output<'host.status'>;

function systemctl(...args: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile('systemctl', ['--user', ...args], { timeout: commandMs }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      resolve({ code, text: `${stdout}${stderr}`.trim() });
    });
  });
}

/** `running` and `degraded` (some other service failed) both mean that it takes orders. */
async function hasSystemd(): Promise<boolean> {
  const { text } = await systemctl('is-system-running');
  return text === 'running' || text === 'degraded' || text === 'starting';
}

export function unitFile(environment: NodeJS.ProcessEnv, folders: Folders): string {
  const base = environment['XDG_CONFIG_HOME'];
  return join(base?.startsWith('/') === true ? base : join(folders.home, '.config'), 'systemd/user', unit);
}

/** Quotes one word for a unit file: backslash, quote, and the two characters that systemd expands. */
function quoteForUnit(word: string): string {
  const escaped = word.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return `"${escaped}"`;
}

export function unitText(node: string, program: string): string {
  return [
    '[Unit]',
    'Description=Belljar host',
    '',
    '[Service]',
    `ExecStart=${[node, program, 'host'].map(quoteForUnit).join(' ')}`,
    'Restart=on-failure',
    'RestartSec=2',
    '',
    '[Install]',
    'WantedBy=default.target',
    '',
  ].join('\n');
}

/** Asks the host that runs, without ever becoming one. Null when none does. */
export async function hostStatus(folders: Folders): Promise<Status | null> {
  if (!isOwnSocket(folders)) return null;
  try {
    return await createClient(socketKnock(folders.socket))['host.status']({});
  } catch (error) {
    if (error instanceof BelljarError && error.code === 'host-unreachable') return null;
    throw error;
  }
}

async function waitForHost(folders: Folders): Promise<Status> {
  const deadline = Date.now() + startMs;
  for (;;) {
    const status = await hostStatus(folders);
    if (status !== null) return status;
    if (Date.now() > deadline) throw new BelljarError('host-unreachable');
    await sleep(pollMs);
  }
}

export interface Background {
  /** How it is kept running. */
  kept: 'service' | 'process' | 'already';
  status: Status;
}

export async function startInBackground(folders: Folders, program: string): Promise<Background> {
  makeFolders(folders);
  const running = await hostStatus(folders);
  if (running !== null) return { kept: 'already', status: running };
  if (folders.usual && (await hasSystemd())) {
    const file = unitFile(process.env, folders);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(`${file}.new`, unitText(process.execPath, program), { mode: 0o644 });
    renameSync(`${file}.new`, file);
    const reload = await systemctl('daemon-reload');
    const enable = reload.code === 0 ? await systemctl('enable', '--now', unit) : reload;
    if (enable.code === 0) return { kept: 'service', status: await waitForHost(folders) };
    // A service that was refused must not start by surprise later.
    rmSync(file, { force: true });
    await systemctl('daemon-reload');
  }
  const logFolder = join(folders.state, 'log');
  mkdirSync(logFolder, { recursive: true, mode: 0o700 });
  const output = openSync(join(logFolder, 'host-output.log'), 'w', 0o600);
  try {
    const child = spawn(process.execPath, [program, 'host'], {
      detached: true,
      stdio: ['ignore', output, output],
      cwd: folders.home,
    });
    child.unref();
  } finally {
    closeSync(output);
  }
  return { kept: 'process', status: await waitForHost(folders) };
}

/** Stops the host that runs and waits until it is gone; false when none did. */
export async function stopHost(folders: Folders): Promise<boolean> {
  const status = await hostStatus(folders);
  if (status === null) return false;
  await createClient(socketKnock(folders.socket))['host.stop']({});
  const deadline = Date.now() + stopMs;
  while ((await hostStatus(folders))?.epoch === status.epoch) {
    if (Date.now() > deadline) throw new BelljarError('host-locked', { params: { pid: status.pid } });
    await sleep(pollMs);
  }
  return true;
}

/** Removes the service, where there is one. Answers what was removed. */
export async function removeService(folders: Folders): Promise<string[]> {
  const file = unitFile(process.env, folders);
  if (!folders.usual || !existsSync(file)) return [];
  await systemctl('disable', '--now', unit);
  rmSync(file, { force: true });
  await systemctl('daemon-reload');
  return [file];
}
