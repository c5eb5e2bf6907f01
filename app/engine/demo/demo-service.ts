/**
 * Demo: the thirty-second proof. A small MCP server with nosy tools is run twice by a real MCP client in a throw-away
 * home, free and contained; each row says what got through, and was looked at from outside. Nothing of the user's is
 * touched: keys, profile, sockets and processes are decoys that the demo plants and removes.
 */
import type { DemoResult } from '#contract/methods.ts';
import { isDenial } from '#contract/event.ts';
import type { ContainDemoServer, DemoAct, DemoStage, DemoTechnique } from './ports.ts';
import { demoTechniques } from './ports.ts';

export const techniqueSentences: Record<DemoTechnique, string> = {
  'read-ssh-key': 'Read an SSH key (~/.ssh/id_ed25519)',
  'read-environment': 'Read tokens from the environment its client passes on',
  'write-shell-profile': 'Append a command to the shell profile (~/.bashrc)',
  'connect-out': 'Send data to another program that listens on this machine',
  'shell-reads-key': 'Start a shell and have it read the SSH key',
  'list-home': 'List the files of the home folder',
  'signal-process': 'Stop a process of the user',
  'connect-unix-socket': "Connect to another program's Unix socket",
};

export interface DemoServiceDependencies {
  stage: DemoStage;
  contain: ContainDemoServer;
}

export interface DemoService {
  run(signal?: AbortSignal): Promise<DemoResult>;
}

export function createDemoService(dependencies: DemoServiceDependencies): DemoService {
  let running: Promise<DemoResult> | null = null;

  async function run(signal?: AbortSignal): Promise<DemoResult> {
    const home = await dependencies.stage.open();
    try {
      const free = await home.perform(signal);
      await dependencies.contain(home.home);
      const contained = await home.perform(signal);
      return {
        rows: demoTechniques.map((code) => ({
          code,
          tried: techniqueSentences[code],
          free: free.observations[code],
          contained: contained.observations[code],
        })),
        events: (await home.events()).filter(isDenial),
        sentence: summary(free, contained),
      };
    } finally {
      await home.close();
    }
  }

  return {
    // One at a time: a second caller gets the result of the one under way.
    run(signal) {
      running ??= run(signal).finally(() => {
        running = null;
      });
      return running;
    },
  };
}

export function summary(free: DemoAct, contained: DemoAct): string {
  const all = demoTechniques.length;
  const count = (act: DemoAct): number => demoTechniques.filter((code) => act.observations[code].gotThrough).length;
  const work = contained.ownWorkDone
    ? 'Its own work was done both times.'
    : free.ownWorkDone
      ? 'But its own work failed contained.'
      : 'But its own work failed both times.';
  return `Free, ${count(free)} of ${all} got through; contained, ${count(contained)} of ${all}. ${work}`;
}
