/**
 * Bundles for Node: `cli` (command line and host together), `main` (the desktop program) and `bench` (the measurements of bench/).
 *
 * The command line has two programs: itself, and the thread that keeps the history; SQLite, which is WebAssembly, lies beside
 * them as a file of its own.
 *
 * Self-contained: nothing of node_modules is needed at run time, but node-pty for terminals; Electron brings its own module. Chunks lie
 * flat beside the entry, so that `import.meta.url` means the same folder whichever chunk a module ends up in.
 */
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

const here = import.meta.dirname;

function measurements(): Record<string, string> {
  const folder = `${here}/bench`;
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.bench.ts')) : [];
  return Object.fromEntries(files.map((file) => [file.slice(0, -'.ts'.length), `${folder}/${file}`]));
}

const entries: Record<string, Record<string, string>> = {
  cli: {
    belljar: `${here}/app/cli/belljar.ts`,
    'history-worker': `${here}/app/platform/history/worker.ts`,
  },
  main: { main: `${here}/main/main.ts` },
  bench: measurements(),
};

/** Its loader looks for the WebAssembly in its own folder, by a name that modules do not have. */
function sqliteBeside(): Plugin {
  const name = 'node-sqlite3-wasm.wasm';
  const holdsLoader = (chunk: { moduleIds: string[] }): boolean =>
    chunk.moduleIds.some((id) => id.includes('/node-sqlite3-wasm/'));
  return {
    name: 'sqlite-beside',
    renderChunk: (code, chunk) =>
      holdsLoader(chunk) ? { code: `const __dirname = import.meta.dirname;\n${code}`, map: null } : null,
    writeBundle({ dir }, bundle) {
      const chunks = Object.values(bundle).filter((output) => output.type === 'chunk');
      if (dir === undefined || !chunks.some(holdsLoader)) return;
      copyFileSync(`${here}/node_modules/node-sqlite3-wasm/dist/${name}`, `${dir}/${name}`);
    },
  };
}

export default defineConfig(({ mode }) => {
  const input = entries[mode];
  if (input === undefined) throw new Error(`Unknown bundle: ${mode}`);
  return {
    root: here,
    publicDir: false,
    plugins: [sqliteBeside()],
    // Measurements are not shipped: the browser's driver stays in node_modules.
    ssr: {
      noExternal: true,
      external: { bench: ['@playwright/test'], main: ['electron'] }[mode] ?? [],
      target: 'node',
    },
    build: {
      ssr: true,
      target: 'node20.19',
      minify: false,
      sourcemap: false,
      rollupOptions: {
        input,
        // Native, and for this machine alone: loaded from the package's own dependencies when a terminal is opened.
        external: [/^@lydell\/node-pty/],
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  };
});
