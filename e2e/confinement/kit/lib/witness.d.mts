import type { Event } from '#contract/event.ts';

export interface Refusal {
  serial: number;
  maker: number | undefined;
  blockers: string[];
  paths: string[];
  pid: number;
  program: string;
}
export interface Comparison {
  compared: number;
  missed: string[];
  invented: string[];
}
export function missingForWitness(landlockAbi: number): string | undefined;
export function openWitness(file: string): Promise<{ stop(): Promise<{ lost: number; refusals: Refusal[] }> }>;
export function compareRun(events: readonly Event[], refusals: readonly Refusal[]): Comparison;
