/**
 * The one check that must also work on a Node that is too old: no syntax or module here that old versions lack.
 */

/** The floor of package.json's `engines`; app/import-rules.test.ts checks that both say the same. */
export const nodeFloor = [20, 19];

export function requireNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const enough = major > nodeFloor[0] || (major === nodeFloor[0] && minor >= nodeFloor[1]);
  if (enough) return;
  process.stderr.write(
    'Belljar needs Node ' +
      nodeFloor.join('.') +
      ' or newer; this is Node ' +
      process.versions.node +
      '.\n' +
      'Install Node 24 from https://nodejs.org or with your version manager (for example: nvm install 24).\n',
  );
  process.exit(1);
}
