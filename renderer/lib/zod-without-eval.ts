/**
 * Must be the first import of the page: zod otherwise probes whether it may compile schemas with `new Function`, which
 * a strict Content-Security-Policy refuses and reports as a violation.
 */
import { z } from 'zod';

z.config({ jitless: true });
