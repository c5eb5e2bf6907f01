/** The store of secrets: what was moved out of clients' files, for one server each. Outside of every grant. */
import type { SecretWay } from '#contract/secret.ts';

export interface KeptSecret {
  name: string;
  as: SecretWay;
  value: string;
  /** The string's own text in the client's file (quotes, escapes), to put it back to the byte; null when that is not known. */
  source: string | null;
}

export interface SecretStore {
  /** What the launcher reads. */
  file(server: string, name: string, as: SecretWay): string;
  /** Names alone; values are read only where they are needed. */
  list(server: string): Promise<{ name: string; as: SecretWay }[]>;
  get(server: string, name: string): Promise<KeptSecret | null>;
  /** On disk (file and folder synced) when it resolves. */
  put(server: string, secret: KeptSecret): Promise<void>;
  /** Only after the client's file was seen to hold the value again. */
  remove(server: string, name: string): Promise<void>;
}
