/**
 * Placeholders that clients fill in before they start a server. Only those whose value is the same for any client are
 * filled in here: variables of the environment (`${NAME}`, `${env:NAME}`, `${NAME:-default}`) and the home folder. All
 * others (`${workspaceFolder}`, `${input:…}`) are the client's, and are reported as unset.
 */
const placeholder = /\$\{([^{}]{1,200})\}/g;
const variable = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

export function expandPlaceholders(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): { text: string; unset: string[] } {
  const unset: string[] = [];
  const expanded = text.replaceAll(placeholder, (whole, inner: string) => {
    if (inner === 'userHome') {
      return home;
    }
    const found = variable.exec(inner);
    const value = found === null ? undefined : (environment[found[1] ?? ''] ?? found[2]);
    if (value === undefined) {
      unset.push(inner);
      return whole;
    }
    return value;
  });
  return { text: expanded, unset };
}
