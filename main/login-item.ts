/**
 * Opening with the person's session, without a window. macOS and Windows have a call for it; on Linux it is a file in the
 * autostart folder (freedesktop.org, Desktop Application Autostart Specification), which is ours by its first lines.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The argument of a start without a window. */
export const hiddenArgument = '--hidden';

export interface LoginItem {
  read: () => boolean | null;
  write: (on: boolean) => void;
}

/** Quotes a program for `Exec`: the specification's escapes, then `%` doubled, which would be a field code. */
function execWord(word: string): string {
  return `"${word
    .replace(/[\\"`$]/g, '\\$&')
    .replaceAll('\\', '\\\\')
    .replaceAll('%', '%%')}"`;
}

export function autostartText(program: string): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Belljar',
    `Exec=${execWord(program)} ${hiddenArgument}`,
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}

export function linuxLoginItem(environment: NodeJS.ProcessEnv, home: string, program: string): LoginItem {
  const base = environment['XDG_CONFIG_HOME'];
  const file = join(base?.startsWith('/') === true ? base : join(home, '.config'), 'autostart/belljar.desktop');
  const text = autostartText(program);
  return {
    read() {
      try {
        // A file that a person switched off or changed is not what this switch would write.
        return readFileSync(file, 'utf8') === text;
      } catch {
        return false;
      }
    },
    write(on) {
      if (!on) {
        rmSync(file, { force: true });
        return;
      }
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, text, { mode: 0o644 });
      renameSync(`${file}.new`, file);
    },
  };
}
