/** Discovery: reads the clients' files, executing nothing, and names what stands in them. */
import type { ConfiguredEntry } from '#domain/entry.ts';

/** A server as resolved from a handle: for other services. `entry.args` and `entry.env` are the original ones, unmasked. */
export interface FoundServer {
  id: string;
  handle: string;
  entry: ConfiguredEntry;
}
