/**
 * The desktop program as the others know it: its scheme, what only it can do, and what it is told.
 *
 * The page asks `desktop.status` once; behind any other door that is refused with `only-desktop`, and the page offers none of it.
 * The program itself follows `GET /desktop` on the private socket: NDJSON, `state` first and after each change, `notice` for
 * what deserves a notification, `ping` in between. Whoever follows it shows questions, so accesses may wait meanwhile.
 */
import { z } from 'zod';

/** The scheme and origin of the panel's page inside the desktop program. Not the one of links: a page cannot be linked to. */
export const desktopScheme = 'belljar-app';
export const desktopHost = 'panel';
export const desktopOrigin = `${desktopScheme}://${desktopHost}`;

export const desktopStatusSchema = z.strictObject({
  /** Whether the program starts, without a window, with the person's session; null where this system cannot say. */
  openAtLogin: z.boolean().nullable(),
});
export type DesktopStatus = z.infer<typeof desktopStatusSchema>;

/** Null where the person closed the dialog. */
export const chosenPathSchema = z.strictObject({ path: z.string().max(4096).nullable() });
export type ChosenPath = z.infer<typeof chosenPathSchema>;

export const desktopNewsSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ping') }),
  /** The state of all servers, a sentence a line. */
  z.strictObject({ type: z.literal('state'), lines: z.array(z.string().max(200)).max(8) }),
  z.strictObject({
    type: z.literal('notice'),
    title: z.string().max(200),
    body: z.string().max(300),
    /** Where a click leads, in the page's address behind the number sign. */
    route: z.string().max(100),
  }),
]);
export type DesktopNews = z.infer<typeof desktopNewsSchema>;
