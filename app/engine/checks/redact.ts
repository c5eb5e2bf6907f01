/**
 * Takes an entry's own secrets out of what its server wrote: a server that prints its token in an error message must not
 * carry it into a result, a log or the screen. Every value of the entry's variables counts as a secret unless it plainly
 * is none (a switch, a number, a path of this system); so does what follows a key, token or password in its arguments.
 */
export interface Redactor {
  text(value: string): string;
}

const replacement = '•••';
/** Shorter values are switches such as `1` or `on`; replacing them would garble everything. */
const shortest = 4;

const plainWords = new Set([
  'true',
  'false',
  'none',
  'null',
  'auto',
  'info',
  'debug',
  'warn',
  'error',
  'trace',
  'silent',
  'test',
  'stdio',
  'production',
  'development',
]);
const systemPath =
  /^(?:~|\/(?:home|root|usr|opt|tmp|etc|var|srv|mnt|media|run|dev|bin|lib|work|Users|Applications|Library))(?:\/|$)/;
const plainNumber = /^\d{1,6}$/;
const secretName = /(?:key|token|secret|password|passwd|pwd|credential|auth|bearer|dsn|connection)/i;
/** Credentials inside an address: `scheme://user:password@host`. */
const addressPassword = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:([^/\s@]+)@/i;

export function createRedactor(env: Readonly<Record<string, string>>, args: readonly string[]): Redactor {
  const secrets = new Set<string>();
  for (const [name, value] of Object.entries(env)) {
    if (secretName.test(name) || !isPlain(value)) {
      addSecret(secrets, value);
    }
  }
  args.forEach((argument, index) => {
    const password = addressPassword.exec(argument)?.[1];
    if (password !== undefined) {
      addSecret(secrets, password);
    }
    const option = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(argument);
    if (option === null || !secretName.test(option[1] ?? '')) {
      return;
    }
    const value = option[2] ?? args[index + 1];
    if (value !== undefined && !(option[2] === undefined && value.startsWith('-'))) {
      addSecret(secrets, value);
    }
  });
  // Longest first, so that a secret that holds another one leaves nothing of itself behind.
  const ordered = [...secrets].sort((a, b) => b.length - a.length);
  return {
    text: (value) => ordered.reduce((text, secret) => text.replaceAll(secret, replacement), value),
  };
}

function isPlain(value: string): boolean {
  return plainWords.has(value.toLowerCase()) || plainNumber.test(value) || systemPath.test(value);
}

function addSecret(secrets: Set<string>, value: string): void {
  const trimmed = value.trim();
  if (trimmed.length < shortest || plainWords.has(trimmed.toLowerCase())) {
    return;
  }
  secrets.add(trimmed);
  // The same bytes as they would stand inside JSON text or an address.
  secrets.add(JSON.stringify(trimmed).slice(1, -1));
  secrets.add(encodeURIComponent(trimmed));
}
