/** What completing paths needs from the file system. */
export interface FolderNames {
  /** The real path, links resolved; null where there is none. */
  real(path: string): Promise<string | null>;
  /**
   * Entries of a folder whose names begin with `prefix`, in any case: at most `most` of them, folders first, and whether there are more.
   * Null where it cannot be listed. Names that are not valid text are left out: nobody could type them.
   */
  list(
    folder: string,
    prefix: string,
    most: number,
  ): Promise<{ entries: { name: string; folder: boolean }[]; more: boolean } | null>;
}
