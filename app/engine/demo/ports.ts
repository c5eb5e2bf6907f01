/**
 * What the demo needs from the outside world: a throw-away home with decoys, a nosy MCP server in it, and a client.
 */
import type { Event } from '#contract/event.ts';

/** Techniques of the nosy server, in the order they are shown. */
export const demoTechniques = [
  'read-ssh-key',
  'read-environment',
  'write-shell-profile',
  'connect-out',
  'shell-reads-key',
  'list-home',
  'signal-process',
  'connect-unix-socket',
] as const;
export type DemoTechnique = (typeof demoTechniques)[number];

export interface DemoObservation {
  gotThrough: boolean;
  /** What the tool answered and what was seen from outside, in one short sentence. */
  detail: string;
}

export interface DemoAct {
  /** The server's honest tool, granted by its own argument, worked. */
  ownWorkDone: boolean;
  observations: Record<DemoTechnique, DemoObservation>;
}

/** A throw-away home that holds a Claude Desktop config with the nosy server in it. */
export interface DemoHome {
  readonly home: string;
  /** Starts the entry as it stands in the client's file now, as a client would, and has every tool called. */
  perform(signal?: AbortSignal): Promise<DemoAct>;
  /** What the contained run was seen to do. */
  events(): Promise<Event[]>;
  /** Ends everything the demo started and removes the home. */
  close(): Promise<void>;
}

export interface DemoStage {
  open(): Promise<DemoHome>;
}

/** Contains the demo's one server in that home with the very service the product uses. Throws where it cannot. */
export type ContainDemoServer = (home: string) => Promise<void>;
