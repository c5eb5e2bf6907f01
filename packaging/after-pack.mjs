/** electron-builder calls this with the folder it is about to pack: on Linux the program's name becomes that of packaging/start.sh. */
import { chmodSync, copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

export default function afterPack({ appOutDir, electronPlatformName }) {
  if (electronPlatformName !== 'linux') return;
  const program = join(appOutDir, 'belljar-desktop');
  renameSync(program, `${program}.bin`);
  copyFileSync(join(import.meta.dirname, 'start.sh'), program);
  chmodSync(program, 0o755);
}
