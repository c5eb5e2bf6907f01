/**
 * Certificates that the environment names, as on a laptop of a company whose proxy looks into connections: the variables are
 * passed on and what they name is readable, or a contained server would trust nothing any more.
 */
import type { Rule } from '#contract/policy.ts';
import { withheldReason } from './argument-paths.ts';
import type { Folders } from './folders.ts';
import { isWellFormed, normalPath } from './paths.ts';
import { makeRule } from './rules.ts';
import type { SecretPlace } from './secret-places.ts';

/** `list`: several folders, with colons between. */
export const certificateVariables: readonly { name: string; list: boolean }[] = [
  { name: 'NODE_EXTRA_CA_CERTS', list: false },
  { name: 'SSL_CERT_FILE', list: false },
  { name: 'SSL_CERT_DIR', list: true },
  { name: 'REQUESTS_CA_BUNDLE', list: false },
  { name: 'CURL_CA_BUNDLE', list: false },
  { name: 'GIT_SSL_CAINFO', list: false },
  { name: 'AWS_CA_BUNDLE', list: false },
];

/** What an entry's own variable says counts before the environment's. Nothing secret is opened, whatever a variable says. */
export function certificateRules(
  context: {
    env: Readonly<Record<string, string>>;
    environment: Readonly<Record<string, string | undefined>>;
    folders: Folders;
  },
  places: readonly SecretPlace[],
): Rule[] {
  return certificateVariables.flatMap(({ name, list }) => {
    const value = context.env[name] ?? context.environment[name] ?? '';
    const paths = (list ? value.split(':') : [value]).map((text) => (isWellFormed(text) ? normalPath(text) : null));
    return paths
      .filter((path) => path !== null)
      .filter((path) => withheldReason(path, context.folders, places) === null)
      .map((path) => makeRule('read', path, 'level', 'certificates'));
  });
}
