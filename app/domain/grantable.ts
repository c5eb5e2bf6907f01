/** What may be granted at all, and the errors for what this machine cannot keep. */
import { BelljarError } from '#contract/errors.ts';
import type { Rule } from '#contract/policy.ts';
import type { Folders, OwnFolders } from './folders.ts';
import { isStrictlyWithin, isWithin, shortPath } from './paths.ts';

export interface WhatContext {
  folders: Folders;
  own: OwnFolders;
  /** What a path resolves to through symbolic links; the same path by default. */
  realPath?: (path: string) => string;
}

/** Throws `grant-too-wide` and `grant-own-folder`; links are followed, so that none leads around it. */
export function assertGrantable(what: string, context: WhatContext): void {
  const { folders, own } = context;
  const home = context.realPath?.(folders.home) ?? folders.home;
  for (const place of new Set([what, context.realPath?.(what) ?? what])) {
    if (place === '/' || [folders.home, home].some((root) => isWithin(root, place)))
      throw new BelljarError('grant-too-wide', { params: { what: shortPath(what, folders) } });
    for (const folder of [own.dataFolder, own.configFolder, own.stateFolder]) {
      const real = context.realPath?.(folder) ?? folder;
      if (isWithin(place, folder) || isWithin(place, real))
        throw new BelljarError('grant-own-folder', { params: { what: shortPath(what, folders) } });
      if (isStrictlyWithin(folder, place) || isStrictlyWithin(real, place))
        throw new BelljarError('grant-own-folder', {
          params: { what: shortPath(what, folders), holds: shortPath(folder, folders) },
        });
    }
  }
}

export function denialNotEnforceable(what: string, around: Rule): BelljarError {
  return new BelljarError('not-enforceable', {
    params: {
      what,
      rule: around.id,
      sentence: `${what} lies inside ${around.what}, which is allowed (${around.id}), and this machine cannot take one part out of an allowed folder. Deny ${around.what} and grant what is needed of it.`,
    },
  });
}
