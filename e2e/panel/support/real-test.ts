/** `test` for the panel over the built product: on top of the panel's own, a desk that is real. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test as base } from './panel-test.ts';
import { makeRealDesk, program, type RealDesk } from './real-desk.ts';

if (!existsSync(program) || !existsSync(join(program, '../../launcher/belljar-launcher'))) {
  throw new Error('The product is not built: npm run build');
}

export const test = base.extend<{ real: RealDesk }>({
  real: async ({ page }, use) => {
    const desk = makeRealDesk();
    await use(desk);
    // The page goes first: what the end of its host would do to it is no part of the spec.
    await page.close();
    await desk.close();
  },
});
