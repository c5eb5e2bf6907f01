/**
 * Must run before any schema is made, wherever the bundler puts it (see vite.config.ts): zod otherwise probes whether it may compile schemas with `new Function`, which
 * a strict Content-Security-Policy refuses and reports as a violation.
 */
import { z } from 'zod';

z.config({ jitless: true });
