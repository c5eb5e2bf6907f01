/**
 * Installs what a `uvx` entry would fetch: uv resolves it into a list of versions with the hashes of their files, and installs
 * exactly that into an environment of its own. Only wheels: a package that is there as source alone would run its build
 * program, and is not taken. The uv is the one that the entry's uvx belongs to; it is asked which index it uses, and that
 * index says where its files are.
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BelljarError } from '#contract/errors.ts';
import { hostOf } from '#domain/npm-lock.ts';
import { readUvRequirements, samePythonName } from '#domain/uv-requirements.ts';
import type { Installation, Installed, InstallRequest, PackageInstaller, Resolution } from '#engine/pins/ports.ts';
import { makeWorkshop, runInstaller, type RunOptions, type RunResult, type Workshop } from './install-run.ts';
import { failed, type InstallerOptions } from './npm-installer.ts';
import { openRegistryRelay, upstreamOf, type RegistryRelay } from './registry-relay.ts';

const settingNames = `UV_DEFAULT_INDEX UV_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL UV_INDEX_STRATEGY UV_KEYRING_PROVIDER
  UV_PYTHON UV_PYTHON_INSTALL_DIR UV_PYTHON_PREFERENCE UV_CONFIG_FILE UV_NO_CONFIG UV_NATIVE_TLS UV_SYSTEM_CERTS
  UV_PRERELEASE UV_RESOLUTION UV_EXCLUDE_NEWER UV_CONSTRAINT UV_OVERRIDE`.split(/\s+/);

const quiet = ['--quiet', '--no-progress', '--color', 'never', '--no-cache', '--no-python-downloads'];

interface Job {
  run: (args: readonly string[], more?: Partial<RunOptions>) => Promise<RunResult>;
  workshop: Workshop;
  relay: RegistryRelay;
}

export function createUvInstaller({ places, installLauncher }: InstallerOptions): PackageInstaller {
  function sibling(runner: string): string {
    const beside = join(dirname(runner), 'uv');
    return runner.includes('/') && existsSync(beside) ? beside : 'uv';
  }

  function variables(request: InstallRequest): Record<string, string | undefined> {
    const all = { ...places.environment, ...request.env };
    const names = [
      ...settingNames,
      ...Object.keys(all).filter((name) => /^UV_INDEX_[A-Z0-9_]+_(?:USERNAME|PASSWORD)$/.test(name)),
    ];
    return {
      ...Object.fromEntries(names.map((name) => [name, all[name]])),
      ...(all['PATH'] === undefined ? {} : { PATH: all['PATH'] }),
      // Its own settings are looked for below these, while its home is a throw-away one.
      XDG_CONFIG_HOME: places.xdgConfig,
      NETRC: all['NETRC'] ?? join(places.home, '.netrc'),
    };
  }

  async function withJob<T>(request: InstallRequest, work: (job: Job) => Promise<T>): Promise<T> {
    const launcher = await installLauncher();
    const workshop = makeWorkshop(places.dataFolder);
    const values = variables(request);
    const pythons = values['UV_PYTHON_INSTALL_DIR'] ?? join(places.xdgData, 'uv', 'python');
    const base: Omit<RunOptions, 'args' | 'relay'> = {
      places,
      launcher,
      workshop,
      command: sibling(request.start.runner),
      cwd: workshop.folder,
      read: [
        join(places.xdgConfig, 'uv'),
        '/etc/uv',
        join(places.xdgData, 'uv', 'credentials'),
        values['UV_CONFIG_FILE'] ?? '',
        values['NETRC'] ?? '',
      ].filter((path) => path.startsWith('/')),
      exec: [
        pythons,
        ...(request.start.python?.startsWith('/') === true ? [dirname(dirname(realpathOr(request.start.python)))] : []),
      ],
      variables: { ...values, UV_PYTHON_INSTALL_DIR: pythons },
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    };
    const python = request.start.python === null ? [] : ['--python', request.start.python];
    try {
      writeFileSync(join(workshop.folder, 'nothing.in'), '');
      const asked = await runInstaller({
        ...base,
        relay: null,
        args: [
          'pip',
          'compile',
          '--offline',
          '--emit-index-url',
          ...quiet,
          ...python,
          ...request.start.registryOptions,
          'nothing.in',
        ],
      });
      if (asked.failure !== null) throw failed(request, asked.failure, null);
      const indexes = [...asked.out.matchAll(/^--(?:extra-)?index-url (\S+)$/gm)]
        .map((found) => hostOf(found[1] ?? ''))
        .filter((host) => host !== null);
      const relay = await openRegistryRelay({
        hosts: [...indexes, ...request.hosts],
        // Nothing but uv itself runs: what it asks for is what the index's own pages name.
        followsRegistry: true,
        upstream: upstreamOf({ ...places.environment, ...request.env }),
      });
      try {
        return await work({
          workshop,
          relay,
          run: (args, more) =>
            runInstaller({ ...base, relay, args: [...args, ...quiet, ...request.start.registryOptions], ...more }),
        });
      } finally {
        await relay.close();
      }
    } catch (error) {
      if (error instanceof BelljarError) {
        if (error.code !== 'install-failed' || error.params['package'] !== undefined) throw error;
        throw failed(request, String(error.params['detail']), null, error);
      }
      throw failed(request, error instanceof Error ? error.message : 'unknown reason', null, error);
    } finally {
      workshop.close();
    }
  }

  function installation(request: InstallRequest, { run, workshop, relay }: Job): Installation {
    return {
      async resolve(): Promise<Resolution> {
        const input = join(workshop.folder, 'requirements.in');
        const output = join(workshop.folder, 'requirements.txt');
        writeFileSync(input, `${request.start.specifiers.join('\n')}\n`);
        const python = request.start.python === null ? [] : ['--python', request.start.python];
        const { failure } = await run([
          'pip',
          'compile',
          '--no-build',
          '--generate-hashes',
          '--no-header',
          '--no-annotate',
          ...python,
          '--output-file',
          output,
          input,
        ]);
        if (failure !== null) throw failed(request, failure, relay);
        const lock = readFileSync(output, 'utf8');
        const packages = readUvRequirements(lock);
        const main = packages.find((one) => samePythonName(one.name, request.start.name));
        if (main === undefined)
          throw failed(request, `${request.start.name} is not among what would be installed`, null);
        return {
          package: main.name,
          version: main.version,
          // Indexes of Python packages do not tell who uploaded a version.
          publisher: null,
          packages,
          scripts: [],
          lock,
          hosts: relay.led,
        };
      },

      async install(wanted, tree): Promise<Installed> {
        const venv = join(tree, 'venv');
        const lock = join(workshop.folder, 'requirements.txt');
        writeFileSync(lock, wanted.lock);
        const python = request.start.python === null ? [] : ['--python', request.start.python];
        const made = await run(['venv', '--no-project', ...python, venv], { write: [tree] });
        if (made.failure !== null) throw failed(request, made.failure, relay);
        const { failure } = await run(
          [
            'pip',
            'install',
            '--no-build',
            '--require-hashes',
            '--no-deps',
            '--link-mode',
            'copy',
            // Compiled here once: the server cannot write beside its files, and would compile at each start.
            '--compile-bytecode',
            '--python',
            join(venv, 'bin/python'),
            '--requirement',
            lock,
          ],
          { write: [tree] },
        );
        if (failure !== null) throw failed(request, failure, relay);
        const program = join(venv, 'bin', request.start.program ?? request.start.name);
        if (!existsSync(program)) throw failed(request, `it holds no program ${request.start.program ?? ''}`, null);
        const settings = readFileSync(join(venv, 'pyvenv.cfg'), 'utf8');
        const version = /^version(?:_info)?\s*=\s*(\S+)/m.exec(settings)?.[1] ?? 'unknown';
        const interpreter = join(venv, 'bin/python');
        const head = readFileSync(program).subarray(0, 256).toString('utf8');
        const isScript = head.startsWith('#!') && /python/.test(head);
        return {
          ...(isScript ? { program: interpreter, args: [program] } : { program, args: [] }),
          runtime: { path: realpathSync(interpreter), version },
        };
      },
    };
  }

  return { use: (request, work) => withJob(request, (job) => work(installation(request, job))) };
}

function realpathOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
