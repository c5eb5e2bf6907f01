/**
 * Base rules on Linux: what nearly every program needs before it does anything of its own. System folders, single files of
 * /etc, /proc and /sys, harmless devices, and the variables that are passed on. Nothing here holds a person's data, and
 * nothing is a folder of /etc as a whole: it also holds keys that a server started by root could read.
 *
 * The launcher itself adds what depends on the run: /proc/<its own processes>, /dev/fd, /dev/shm, a private TMPDIR, and for
 * npx and uvx a cache of the run's own in there, with the settings that make them use it.
 */
import type { Rule } from '#contract/policy.ts';
import type { LaunchedLevel, RuleVerb } from '#contract/words.ts';
import { certificateVariables } from './certificates.ts';
import type { PackageRunner } from './command-line.ts';
import type { Folders } from './folders.ts';
import { expandPath } from './paths.ts';
import { makeRule } from './rules.ts';

interface Group {
  verb: RuleVerb;
  reason: string;
  /** Tightest level that has the group: those of `strict` are in both. */
  level: 'standard' | 'strict';
  what: readonly string[];
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const linuxGroups: readonly Group[] = [
  {
    verb: 'exec',
    reason: 'system-programs',
    level: 'strict',
    what: words('/usr /bin /sbin /lib /lib32 /lib64 /libx32 /nix/store /gnu/store'),
  },
  { verb: 'exec', reason: 'third-party-programs', level: 'standard', what: ['/opt'] },
  {
    verb: 'read',
    reason: 'name-lookup',
    level: 'strict',
    what: words(`/etc/resolv.conf /etc/hosts /etc/nsswitch.conf /etc/host.conf /etc/gai.conf /etc/protocols /etc/services
      /etc/networks /etc/netconfig /etc/hostname /run/systemd/resolve /run/resolvconf /run/NetworkManager/resolv.conf
      /run/NetworkManager/no-stub-resolv.conf /run/connman/resolv.conf /run/netconfig`),
  },
  {
    verb: 'read',
    reason: 'certificates',
    level: 'strict',
    what: words(`/etc/ssl/certs /etc/ssl/cert.pem /etc/ssl/ca-bundle.pem /etc/ssl/openssl.cnf /etc/ssl/openssl.cnf.d
      /etc/ca-certificates /etc/ca-certificates.conf /etc/pki/tls/certs /etc/pki/tls/cert.pem /etc/pki/tls/openssl.cnf
      /etc/pki/tls/openssl.d /etc/pki/ca-trust /etc/pki/java /etc/pki/nssdb /etc/crypto-policies /etc/gnutls
      /var/lib/ca-certificates /etc/java-11-openjdk /etc/java-17-openjdk /etc/java-21-openjdk`),
  },
  { verb: 'read', reason: 'time-zone', level: 'strict', what: words('/etc/localtime /etc/timezone /etc/zoneinfo') },
  { verb: 'read', reason: 'user-names', level: 'strict', what: words('/etc/passwd /etc/group') },
  {
    verb: 'read',
    reason: 'dynamic-linker',
    level: 'strict',
    what: words('/etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d /etc/ld.so.preload /etc/ld-musl-x86_64.path'),
  },
  {
    verb: 'read',
    reason: 'language',
    level: 'strict',
    what: words('/etc/locale.alias /etc/locale.conf /etc/default/locale /etc/inputrc /etc/terminfo /etc/vconsole.conf'),
  },
  {
    verb: 'read',
    reason: 'fonts',
    level: 'strict',
    what: words('/etc/fonts /var/cache/fontconfig'),
  },
  {
    verb: 'read',
    reason: 'program-settings',
    level: 'strict',
    what: words(`/etc/os-release /etc/lsb-release /etc/debian_version /etc/redhat-release /etc/alpine-release
      /etc/alternatives /etc/mime.types /etc/magic /etc/magic.mime /etc/gitconfig /etc/gitattributes /etc/shells
      /etc/login.defs /etc/chromium /etc/chromium.d /etc/opt/chrome/policies /etc/python3 /etc/python3.9 /etc/python3.10 /etc/python3.11 /etc/python3.12 /etc/python3.13
      /etc/python3.14 /etc/perl /etc/papersize /etc/sysconfig/clock`),
  },
  {
    verb: 'write',
    reason: 'standard-devices',
    level: 'strict',
    // A run has no controlling terminal: with the rule, programs that look for one get the ENXIO they know what to do with.
    what: words('/dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty'),
  },
  {
    verb: 'read',
    reason: 'machine-facts',
    level: 'strict',
    what: words(`/sys/devices/system/cpu /sys/devices/system/node /sys/fs/cgroup /sys/kernel/mm/transparent_hugepage
      /proc/meminfo /proc/cpuinfo /proc/stat /proc/version /proc/filesystems /proc/loadavg /proc/uptime /proc/vmstat
      /proc/cgroups /proc/swaps /proc/devices
      /proc/sys/kernel/osrelease /proc/sys/kernel/ostype /proc/sys/kernel/version /proc/sys/kernel/hostname
      /proc/sys/kernel/domainname /proc/sys/kernel/arch /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max
      /proc/sys/kernel/ngroups_max /proc/sys/kernel/cap_last_cap /proc/sys/kernel/overflowuid
      /proc/sys/kernel/overflowgid /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id
      /proc/sys/kernel/random/entropy_avail /proc/sys/kernel/randomize_va_space /proc/sys/kernel/seccomp/actions_avail
      /proc/sys/vm/overcommit_memory /proc/sys/vm/max_map_count /proc/sys/vm/mmap_min_addr /proc/sys/vm/nr_hugepages
      /proc/sys/fs/nr_open /proc/sys/fs/file-max /proc/sys/fs/pipe-max-size /proc/sys/fs/inotify
      /proc/sys/net/core/somaxconn /proc/sys/net/ipv4/ip_local_port_range /proc/sys/net/ipv4/tcp_fastopen
      /proc/sys/net/ipv6/conf/all/disable_ipv6 /proc/sys/net/ipv6/conf/default/disable_ipv6 /proc/sys/crypto/fips_enabled`),
  },
  { verb: 'permission', reason: 'ask-links', level: 'standard', what: ['ask-links'] },
  { verb: 'permission', reason: 'loopback-listener', level: 'standard', what: ['loopback-listener'] },
  {
    verb: 'env',
    reason: 'environment-base',
    level: 'strict',
    what: words('HOME LOGNAME USER PATH SHELL TERM LANG LANGUAGE LC_* TZ'),
  },
  {
    verb: 'env',
    reason: 'environment-base',
    level: 'standard',
    what: words('XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_STATE_HOME COLORTERM NO_COLOR FORCE_COLOR'),
  },
  {
    verb: 'env',
    reason: 'environment-proxy',
    level: 'standard',
    what: words('HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy'),
  },
  {
    verb: 'env',
    reason: 'environment-certificates',
    level: 'standard',
    what: certificateVariables.map(({ name }) => name),
  },
  {
    verb: 'env',
    reason: 'environment-runtime',
    level: 'standard',
    what: words(`NODE_ENV NODE_NO_WARNINGS PYTHONUNBUFFERED PYTHONIOENCODING PYTHONUTF8 PYTHONDONTWRITEBYTECODE
      PYTHONHASHSEED PYTHONWARNINGS VIRTUAL_ENV JAVA_HOME
      NVM_DIR FNM_DIR FNM_MULTISHELL_PATH VOLTA_HOME ASDF_DIR ASDF_DATA_DIR MISE_DATA_DIR PYENV_ROOT`),
  },
];

/** Folders that package runners keep what they fetched in: never writable, or one server could change what others run. */
const caches: Record<PackageRunner, readonly string[]> = {
  npm: ['~/.npm'],
  uv: ['$XDG_CACHE_HOME/uv', '$XDG_DATA_HOME/uv'],
  pipx: ['$XDG_CACHE_HOME/pipx', '$XDG_DATA_HOME/pipx', '~/.local/pipx'],
  pnpm: ['$XDG_CACHE_HOME/pnpm', '$XDG_DATA_HOME/pnpm'],
  bun: ['~/.bun'],
  deno: ['$XDG_CACHE_HOME/deno', '~/.deno'],
  yarn: ['$XDG_CACHE_HOME/yarn', '~/.yarn/berry'],
};

/** Settings of the runners themselves that decide where packages lie. */
const runnerVariables: Record<PackageRunner, readonly string[]> = {
  npm: words('npm_config_cache npm_config_registry npm_config_prefer_offline npm_config_offline NPM_CONFIG_REGISTRY'),
  uv: words('UV_CACHE_DIR UV_TOOL_DIR UV_PYTHON UV_PYTHON_INSTALL_DIR UV_OFFLINE UV_DEFAULT_INDEX UV_INDEX_URL'),
  pipx: words('PIPX_HOME PIPX_BIN_DIR'),
  pnpm: words('PNPM_HOME'),
  bun: words('BUN_INSTALL'),
  deno: words('DENO_DIR'),
  yarn: [],
};

/** The rules of a level. */
export function baseRules(level: LaunchedLevel): readonly Rule[] {
  if (level === 'watch') return [makeRule('env', '*', 'level', 'watch')];
  return linuxGroups
    .filter((group) => group.level === 'strict' || level === 'standard')
    .flatMap((group) => group.what.map((what) => makeRule(group.verb, what, 'level', group.reason)));
}

/** What the package runner in a command line adds. */
export function runnerRules(runner: PackageRunner | null, folders: Folders): readonly Rule[] {
  if (runner === null) return [];
  const folderRules = caches[runner].flatMap((text) => {
    const path = expandPath(text, folders);
    return path === null ? [] : [makeRule('exec', path, 'catalogue', 'package-cache')];
  });
  const names = runnerVariables[runner].map((name) => makeRule('env', name, 'catalogue', 'package-cache'));
  return [...folderRules, ...names];
}
