/**
 * Bundles for Node: `cli` (command line and host together) and `bench` (the measurements of bench/).
 *
 * Self-contained: nothing of node_modules is needed at run time. Chunks lie flat beside the entry, so that
 * `import.meta.url` means the same folder whichever chunk a module ends up in.
 */
import { existsSync, readdirSync } from 'node:fs';
import { defineConfig } from 'vite';

const here = import.meta.dirname;

function measurements(): Record<string, string> {
  const folder = `${here}/bench`;
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.bench.ts')) : [];
  return Object.fromEntries(files.map((file) => [file.slice(0, -'.ts'.length), `${folder}/${file}`]));
}

const entries: Record<string, Record<string, string>> = {
  cli: { belljar: `${here}/app/cli/belljar.ts` },
  bench: measurements(),
};

export default defineConfig(({ mode }) => {
  const input = entries[mode];
  if (input === undefined) throw new Error(`Unknown bundle: ${mode}`);
  return {
    root: here,
    publicDir: false,
    // Measurements are not shipped: the browser's driver stays in node_modules.
    ssr: { noExternal: true, external: mode === 'bench' ? ['@playwright/test'] : [], target: 'node' },
    build: {
      ssr: true,
      target: 'node20.19',
      minify: false,
      sourcemap: false,
      rollupOptions: {
        input,
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  };
});
