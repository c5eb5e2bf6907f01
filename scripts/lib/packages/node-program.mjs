/**
 * The official Node that is shipped, from the registry's package for this system. Its version and digest stand here: what is
 * fetched is held against them, and anything else is not used.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from '../paths.mjs';
import { StepFailed, step } from '../run.mjs';

export const nodeVersion = '24.22.3';
const digests = {
  'linux-x64': 'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
  'linux-arm64': 'sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==',
};

/** Why no Node can be shipped for this system, or undefined. */
export function nodeMissing() {
  const system = `${process.platform}-${process.arch}`;
  return digests[system] === undefined ? `no Node is chosen to be shipped for ${system}` : undefined;
}

/** Folder with `bin/node` and `LICENSE`, fetched when it is not here yet. */
export async function provideNode() {
  const system = `${process.platform}-${process.arch}`;
  const digest = digests[system];
  if (digest === undefined) throw new StepFailed(`It cannot be packed: ${nodeMissing()}.`);
  const folder = join(cache, 'node', `${system}-${nodeVersion}`);
  if (existsSync(join(folder, 'bin/node'))) return folder;
  const fetching = join(cache, 'node', `.${system}-${String(process.pid)}`);
  rmSync(fetching, { recursive: true, force: true });
  mkdirSync(fetching, { recursive: true });
  try {
    await step({
      title: `fetch Node ${nodeVersion} to ship`,
      name: 'fetch-node',
      command: 'npm',
      args: ['pack', '--ignore-scripts', `node-${system}@${nodeVersion}`, `--pack-destination=${fetching}`],
      help: 'The Node to ship could not be fetched. Check the network.',
    });
    const archive = join(fetching, `node-${system}-${nodeVersion}.tgz`);
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== digest) throw new StepFailed(`The fetched Node is not the one that was chosen: ${found}`);
    await step({
      title: 'unpack it',
      name: 'unpack-node',
      command: 'tar',
      args: ['-xzf', archive, '-C', fetching, '--strip-components=1', 'package/bin/node', 'package/LICENSE'],
    });
    rmSync(archive);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fetching, folder);
    return folder;
  } finally {
    rmSync(fetching, { recursive: true, force: true });
  }
}
