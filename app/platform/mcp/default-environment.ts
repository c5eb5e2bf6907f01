/**
 * What clients pass on to a server besides the entry's own variables: the list of the MCP SDK, which most of them use.
 * Values that start with `()` are exported shell functions and are left out, as the SDK does.
 */
const namesByPlatform: Record<'unix' | 'windows', readonly string[]> = {
  unix: ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER'],
  windows: [
    'APPDATA',
    'HOMEDRIVE',
    'HOMEPATH',
    'LOCALAPPDATA',
    'PATH',
    'PROCESSOR_ARCHITECTURE',
    'SYSTEMDRIVE',
    'SYSTEMROOT',
    'TEMP',
    'USERNAME',
    'USERPROFILE',
    'PROGRAMFILES',
  ],
};

export function defaultEnvironment(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of namesByPlatform[process.platform === 'win32' ? 'windows' : 'unix']) {
    const value = environment[name];
    if (value !== undefined && !value.startsWith('()')) {
      passed[name] = value;
    }
  }
  return passed;
}
