/**
 * `npm run kernels`: the product on Debian's older and newer kernels, each in a machine of its own (e2e/confinement/kernels). Built first;
 * what stands after `--` is that program's own.
 */
import { requireNodeVersion } from './lib/node-version.mjs';

requireNodeVersion();
const { playBuilt } = await import('./lib/play-built.mjs');
await playBuilt('e2e/confinement/kernels/run.mjs');
