/** Tests that are left out say why: npm test names the reason, and fails where there is none. */
declare module 'vitest' {
  interface TaskMeta {
    note?: string;
  }
}

/** Options of a test or a group of them, left out for this reason; run where it is null. */
export function leftOut(reason: string | null): { skip: boolean; meta: { note?: string } } {
  return { skip: reason !== null, meta: reason === null ? {} : { note: reason } };
}
