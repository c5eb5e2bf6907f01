/** The folders of the person who runs this program, for callers that may not look at the platform themselves. */
import type { Folders } from '#platform/paths/folders.ts';
import { findFolders } from '#platform/paths/folders.ts';

export function ownFolders(): Folders {
  return findFolders();
}
