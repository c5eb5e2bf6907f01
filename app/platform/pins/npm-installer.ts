/**
 * Installs what an `npx` entry would fetch: npm resolves it into a lock file, `npm ci` installs exactly that and checks every
 * hash, scripts off. The npm is the one that the entry's npx belongs to, and the node its own. Settings (`.npmrc`) are the
 * person's, since they name the registry and hold its token; what npm prints is parsed strictly.
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { BelljarError } from '#contract/errors.ts';
import { hostOf, npmProgram, readNpmLock, type NpmLock } from '#domain/npm-lock.ts';
import type { Installation, Installed, InstallRequest, PackageInstaller, Resolution } from '#engine/pins/ports.ts';
import type { Places } from '#engine/ports.ts';
import { makeWorkshop, runInstaller, type RunOptions, type RunResult, type Workshop } from './install-run.ts';
import { openRegistryRelay, upstreamOf, type RegistryRelay } from './registry-relay.ts';

export interface InstallerOptions {
  places: Places;
  installLauncher: () => Promise<string>;
}

const settingNames = ['registry', 'userconfig', 'globalconfig', 'cafile', 'strict_ssl'].flatMap((name) => [
  `npm_config_${name}`,
  `NPM_CONFIG_${name.toUpperCase()}`,
]);

/** Only the keys that decide where packages come from; npm itself leaves tokens out of this list. */
const settingsSchema = z.record(z.string(), z.unknown());
const viewSchema = z.looseObject({
  version: z.string().max(256).optional(),
  _npmUser: z
    .union([z.string(), z.looseObject({ name: z.string().optional(), trustedPublisher: z.unknown() })])
    .optional(),
});

/** Everything that is refused to be asked of a person's settings while a pin is made. */
const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error', '--logs-max=0', '--color=false'];

interface Job {
  run: (args: readonly string[], more?: Partial<RunOptions>) => Promise<RunResult>;
  workshop: Workshop;
  relay: RegistryRelay;
  node: { path: string; version: string };
}

export function createNpmInstaller({ places, installLauncher }: InstallerOptions): PackageInstaller {
  function sibling(runner: string): string {
    const beside = join(dirname(runner), 'npm');
    return runner.includes('/') && existsSync(beside) ? beside : 'npm';
  }

  /** `${NAME}` in the settings names a variable that npm reads for them. */
  function settings(request: InstallRequest): { files: string[]; variables: Record<string, string | undefined> } {
    const all = { ...places.environment, ...request.env };
    const user = all['npm_config_userconfig'] ?? all['NPM_CONFIG_USERCONFIG'] ?? join(places.home, '.npmrc');
    const text = existsSync(user) ? readFileSync(user, 'utf8').slice(0, 262_144) : '';
    const named = [...text.matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\??\}/g)].map((found) => found[1] ?? '');
    const names = [...new Set([...settingNames, ...named])];
    return {
      files: [user],
      variables: {
        ...Object.fromEntries(names.map((name) => [name, all[name]])),
        ...(all['PATH'] === undefined ? {} : { PATH: all['PATH'] }),
        npm_config_userconfig: user,
      },
    };
  }

  async function withJob<T>(request: InstallRequest, work: (job: Job) => Promise<T>): Promise<T> {
    const launcher = await installLauncher();
    const workshop = makeWorkshop(places.dataFolder);
    const { files, variables } = settings(request);
    const command = sibling(request.start.runner);
    const base: Omit<RunOptions, 'args' | 'relay' | 'command'> = {
      places,
      launcher,
      workshop,
      cwd: workshop.folder,
      read: files,
      variables,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    };
    const must = (result: RunResult): string => {
      if (result.failure !== null) throw failed(request, result.failure, null);
      return result.out;
    };
    try {
      // Which node, which registry: asked of the programs themselves, without any network.
      const nodeCommand =
        command.includes('/') && existsSync(join(dirname(command), 'node')) ? join(dirname(command), 'node') : 'node';
      const facts = must(
        await runInstaller({
          ...base,
          relay: null,
          command: nodeCommand,
          args: ['-p', 'JSON.stringify([process.execPath, process.versions.node])'],
        }),
      );
      const [path, version] = z.tuple([z.string().startsWith('/'), z.string()]).parse(JSON.parse(facts));
      const listed = must(
        await runInstaller({
          ...base,
          relay: null,
          command,
          args: ['config', 'list', '--json', ...quiet, ...request.start.registryOptions],
        }),
      );
      const config = settingsSchema.parse(JSON.parse(listed));
      const text = (key: string): string | undefined => (typeof config[key] === 'string' ? config[key] : undefined);
      const registries = Object.entries(config)
        .filter(([key]) => key === 'registry' || key.endsWith(':registry'))
        .map(([, value]) => (typeof value === 'string' ? hostOf(value) : null))
        .filter((host) => host !== null);
      const more = [text('cafile'), text('globalconfig')].filter((one) => one?.startsWith('/') === true) as string[];
      const relay = await openRegistryRelay({
        hosts: [...registries, ...request.hosts],
        followsRegistry: false,
        upstream: upstreamOf({
          ...places.environment,
          ...request.env,
          ...(text('https-proxy') === undefined ? {} : { https_proxy: text('https-proxy') }),
          ...(text('proxy') === undefined ? {} : { http_proxy: text('proxy') }),
          ...(text('noproxy') === undefined ? {} : { no_proxy: text('noproxy') }),
        }),
      });
      try {
        const set = {
          npm_config_https_proxy: relay.address,
          npm_config_proxy: relay.address,
          // Nothing in particular: a plan cannot set an empty value, and the settings may name exceptions.
          npm_config_noproxy: 'nothing.invalid',
          npm_config_ignore_scripts: 'true',
          npm_config_fetch_retries: '2',
          npm_config_fetch_retry_mintimeout: '500',
          npm_config_fetch_retry_maxtimeout: '2000',
          npm_config_fetch_retry_factor: '2',
          npm_config_offline: 'false',
          npm_config_prefer_offline: 'false',
        };
        return await work({
          workshop,
          relay,
          node: { path: realpathSync(path), version },
          run: (args, other) =>
            runInstaller({
              ...base,
              relay,
              command,
              read: [...files, ...more],
              set,
              args: [...args, `--cache=${join(workshop.home, '.npm')}`, ...quiet, ...request.start.registryOptions],
              ...other,
            }),
        });
      } finally {
        await relay.close();
      }
    } catch (error) {
      if (error instanceof BelljarError) throw named(error, request);
      throw failed(request, error instanceof Error ? error.message : 'unknown reason', null, error);
    } finally {
      workshop.close();
    }
  }

  /** Who published a version, from what the registry says of all that fit the entry. */
  async function publisherOf(view: Promise<RunResult>, version: string): Promise<string | null> {
    const { out, failure } = await view;
    if (failure !== null) return null;
    try {
      const all = z.union([viewSchema.transform((one) => [one]), z.array(viewSchema)]).parse(JSON.parse(out));
      const user = all.find((one) => one.version === version)?._npmUser;
      const who = typeof user === 'string' ? user.replace(/\s*<[^>]*>\s*$/, '') : user?.name;
      return who === undefined || who === '' ? null : who.slice(0, 512);
    } catch {
      return null;
    }
  }

  function readLock(text: string, request: InstallRequest): NpmLock {
    return readNpmLock(text, request.start.name, { os: process.platform, cpu: process.arch });
  }

  const manifest = (dependencies?: Record<string, string>): string =>
    `${JSON.stringify({ name: 'pinned', private: true, ...(dependencies === undefined ? {} : { dependencies }) })}\n`;

  function installation(request: InstallRequest, job: Job): Installation {
    return {
      async resolve(): Promise<Resolution> {
        const { folder } = job.workshop;
        writeFileSync(join(folder, 'package.json'), manifest());
        const view = job.run(['view', request.start.specifiers[0] ?? '', '--json']);
        const { failure } = await job.run([
          'install',
          '--package-lock-only',
          '--package-lock=true',
          '--save',
          '--omit-lockfile-registry-resolved=false',
          '--global=false',
          `--prefix=${folder}`,
          // None begins with a dash: the command line was read that strictly.
          ...request.start.specifiers,
        ]);
        if (failure !== null) {
          await view;
          throw failed(request, failure, job.relay);
        }
        const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
        const read = readLock(lock, request);
        return {
          package: request.start.name,
          version: read.main.version,
          publisher: await publisherOf(view, read.main.version),
          packages: read.packages,
          scripts: read.scripts,
          lock,
          hosts: read.hosts,
        };
      },

      async install(wanted, tree, scripts): Promise<Installed> {
        const lock = readLock(wanted.lock, request);
        const top = z
          .looseObject({
            packages: z.looseObject({ '': z.looseObject({ dependencies: z.record(z.string(), z.string()) }) }),
          })
          .parse(JSON.parse(wanted.lock)).packages[''].dependencies;
        writeFileSync(join(tree, 'package.json'), manifest(top));
        writeFileSync(join(tree, 'package-lock.json'), wanted.lock);
        const into = { cwd: tree, write: [tree] };
        const { failure } = await job.run(['ci', '--global=false', `--prefix=${tree}`], into);
        if (failure !== null) throw failed(request, failure, job.relay);
        if (scripts) {
          // Programs of packages: no network, no settings, no home, only the tree itself.
          const built = await job.run(['rebuild', '--ignore-scripts=false', `--prefix=${tree}`], {
            ...into,
            relay: null,
            read: [],
            exec: [tree],
            variables: { PATH: places.environment['PATH'] },
            set: { npm_config_ignore_scripts: 'false', npm_config_offline: 'true' },
          });
          if (built.failure !== null)
            throw failed(request, `its install scripts failed contained: ${built.failure}`, null);
        }
        const program = request.start.program ?? npmProgram(request.start.name, lock.main.programs);
        const file = program === null ? null : join(tree, 'node_modules/.bin', program);
        if (file === null || !existsSync(file)) throw failed(request, 'it holds no program that npx would start', null);
        return { ...entryPoint(file, job.node.path), runtime: job.node };
      },
    };
  }

  return { use: (request, work) => withJob(request, (job) => work(installation(request, job))) };
}

/** How the program's first line wants to be run: by node, with the options it names; anything else is started itself. */
function entryPoint(file: string, node: string): { program: string; args: string[] } {
  const first = readFileSync(file).subarray(0, 512).toString('utf8').split('\n')[0]?.trimEnd() ?? '';
  const [interpreter = '', ...words] = first.startsWith('#!') ? first.slice(2).trim().split(/\s+/) : [];
  const isEnv = basename(interpreter) === 'env';
  const line = isEnv ? (words[0] === '-S' ? words.slice(1) : words.slice(0, 1)) : [interpreter, ...words];
  return line[0] !== undefined && ['node', 'nodejs'].includes(basename(line[0]))
    ? { program: node, args: [...line.slice(1), file] }
    : { program: file, args: [] };
}

function named(error: BelljarError, request: InstallRequest): BelljarError {
  if (error.code !== 'install-failed' || error.params['package'] !== undefined) return error;
  return new BelljarError('install-failed', {
    params: { ...error.params, package: request.start.written, server: request.server },
    cause: error,
  });
}

export function failed(
  request: InstallRequest,
  detail: string,
  relay: RegistryRelay | null,
  cause?: unknown,
): BelljarError {
  const host = relay?.refused[0];
  return new BelljarError('install-failed', {
    params: {
      package: request.start.written,
      server: request.server,
      detail,
      ...(host === undefined ? {} : { host }),
    },
    ...(cause === undefined ? {} : { cause }),
  });
}
