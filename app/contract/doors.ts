/**
 * What the host's doors and those who knock agree on.
 *
 * Loopback: a page starts with `#code=<one-time code>` in its address. It posts `{code}` to `/session` once and gets
 * `{token}`, keeps the token in sessionStorage and sends it as `Authorization: Bearer <token>` with every RPC and with
 * the feed and the output of terminals. Static files need no token. More than `loopbackStreamsMax` feeds and terminals at once are answered
 * `too-many-streams`: browsers open six connections to one origin, and these must not take them all.
 *
 * Private socket: a caller names its version in the header `belljar-version`; one that differs from the host's is
 * answered `host-version` (except for `host.status` and `host.stop`, which must work across versions).
 */
import { z } from 'zod';

export const sessionInputSchema = z.strictObject({
  code: z.string().min(1).max(256),
});
export const sessionOutputSchema = z.strictObject({ token: z.string() });

export const loopbackStreamsMax = 4;
export const versionHeader = 'belljar-version';
