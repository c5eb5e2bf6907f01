/**
 * The panel's pages: one HTML file, one style sheet, a script and the views that it loads, all from the same origin. Nothing is inlined (no data:
 * addresses, no inline script or style), so that `default-src 'none'; script-src 'self'; style-src 'self'` is enough.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react()],
  test: { setupFiles: ['./test-support/setup.ts'] },
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: false,
    sourcemap: false,
    // One sheet on purpose: a view that is loaded later needs no second request before it can be drawn.
    cssCodeSplit: false,
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      output: {
        // Views are chunks, and what they share with the page is another, which runs before the page's first line: zod comes with
        // what it must be told first, so that it is told before any schema is made.
        codeSplitting: { groups: [{ name: 'zod', test: /[\\/]node_modules[\\/]zod[\\/]|[\\/]zod-without-eval\.ts$/ }] },
      },
    },
  },
});
