/**
 * The native part of node-pty, whose own entry has no types. Only its pair of descriptors is used: the program is started by
 * Node itself, so that its end is known exactly and the terminal becomes nobody's controlling terminal before the launcher makes
 * it the run's.
 */
declare module '@lydell/node-pty/requireBinary.js' {
  export interface PtyBinary {
    /** Descriptors of both ends, neither closed at an execution; the master does not block. */
    open(columns: number, rows: number): { master: number; slave: number; pty: string };
    resize(descriptor: number, columns: number, rows: number): void;
  }
  export function requireBinary(name: 'pty.node'): PtyBinary;
}
