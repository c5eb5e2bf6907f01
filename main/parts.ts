/** Where the other parts lie: beside the program where it is installed, in the checkout where it is run from there. */
import { join } from 'node:path';

export interface Parts {
  /** The Node that runs the host. */
  node: string;
  /** The command line's bundle. */
  program: string;
  trayIcon: string;
  /** What starts this program again, for the autostart file. */
  startedAs: string;
}

/** `resources`: the folder of an installed program, null in a checkout. There, and only there, BELLJAR_NODE names the Node. */
export function placesOfParts(
  resources: string | null,
  appPath: string,
  platform: NodeJS.Platform,
  environment: NodeJS.ProcessEnv,
): Parts {
  const icon = platform === 'darwin' ? 'trayTemplate.png' : platform === 'win32' ? 'tray.ico' : 'tray.png';
  // An AppImage is mounted elsewhere at each start; its own file is what stays.
  // Elsewhere the program itself is behind packaging/start.sh, which has its name without the ending.
  // Inherited from a program that is another AppImage, the variable names that one.
  const image = process.execPath.startsWith(`${environment['APPDIR'] ?? ' '}/`) ? environment['APPIMAGE'] : undefined;
  const startedAs = image ?? process.execPath.replace(/\.bin$/, '');
  if (resources === null) {
    return {
      node: environment['BELLJAR_NODE'] ?? 'node',
      program: join(appPath, 'dist/cli/belljar.js'),
      trayIcon: join(appPath, 'main/icons', icon),
      startedAs,
    };
  }
  return {
    node: join(resources, platform === 'win32' ? 'node/node.exe' : 'node/bin/node'),
    program: join(resources, 'belljar/dist/cli/belljar.js'),
    trayIcon: join(resources, 'icons', icon),
    startedAs,
  };
}
