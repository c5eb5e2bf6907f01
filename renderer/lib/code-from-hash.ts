/** The one-time code in `#code=<code>`; null where there is none. */
export function codeFromHash(hash: string): string | null {
  const code = new URLSearchParams(hash.replace(/^#/u, '')).get('code');
  return code === null || code === '' || code.length > 256 ? null : code;
}
