/** For tests: a person's folders that exist nowhere, what she decided, and a context to merge, plan and explain her policies in. */
import type { PersonRule } from '#contract/policy.ts';
import type { ExplainContext } from '../explain.ts';
import type { Folders, OwnFolders } from '../folders.ts';
import type { PolicyContext } from '../policy-merge.ts';

export function foldersOf(home: string, xdgRuntime: string | null = '/run/user/1000'): Folders {
  return {
    home,
    xdgConfig: `${home}/.config`,
    xdgData: `${home}/.local/share`,
    xdgCache: `${home}/.cache`,
    xdgState: `${home}/.local/state`,
    xdgRuntime,
  };
}

export function ownFoldersOf(home: string): OwnFolders {
  return {
    configFolder: `${home}/.config/belljar`,
    dataFolder: `${home}/.local/share/belljar`,
    stateFolder: `${home}/.local/state/belljar`,
  };
}

export const folders = foldersOf('/home/anna');
export const own = ownFoldersOf('/home/anna');

export function personRule(verb: PersonRule['verb'], what: string): PersonRule {
  return { verb, what, at: '2026-01-01T00:00:00.000Z' };
}

/** Nothing is decided, and nothing is there besides the entry's own launch. */
export function policyContext(parts: Pick<PolicyContext, 'launch'> & Partial<PolicyContext>): PolicyContext {
  return {
    server: 'cursor.files',
    level: 'standard',
    env: {},
    folders,
    own,
    clientFiles: [],
    rules: [],
    environment: {},
    ...parts,
  };
}

/** No program is found, and the runtime is nowhere. */
export function explainContext(parts: Partial<ExplainContext> = {}): ExplainContext {
  return { server: 'files', folders, own, rules: [], program: () => null, runtime: [], ...parts };
}
