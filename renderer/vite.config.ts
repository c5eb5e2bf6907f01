/**
 * The panel's pages: one HTML file, one script, one style sheet, all from the same origin. Nothing is inlined (no data:
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
    // One file on purpose: it comes from this machine, and nothing is loaded later.
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: { output: { codeSplitting: false } },
  },
});
