/**
 * Unix sockets that are known by what they are: where each one may be found, and which variables a program needs to find it.
 * Places are those of a plan (docs/plan-format.md): the launcher looks at every start, because most of them move with the
 * login. Only what a person grants by name gets these places and variables.
 */
import { socketOfKnown } from '#contract/sentences.ts';
import { socketNames, type SocketName } from '#contract/words.ts';
import type { Folders } from './folders.ts';
import { expandPath, isWithin } from './paths.ts';
import { knownByPattern } from './secret-places.ts';

interface NamedSocket {
  /** `~/…` is expanded. */
  places: readonly string[];
  /** Variables that are passed on with it. */
  variables: readonly string[];
  /** Files that it is of no use without. */
  reads?: readonly string[];
}

const runtimeFolder = 'XDG_RUNTIME_DIR';

const namedSockets: Record<SocketName, NamedSocket> = {
  'ssh-agent': { places: ['env:SSH_AUTH_SOCK'], variables: ['SSH_AUTH_SOCK'] },
  'gpg-agent': {
    places: ['xdg-runtime:gnupg/S.gpg-agent', '~/.gnupg/S.gpg-agent'],
    variables: ['GNUPGHOME', runtimeFolder],
  },
  keyring: {
    places: ['xdg-runtime:keyring/control', 'xdg-runtime:kwallet5.socket', 'xdg-runtime:kwallet6.socket'],
    variables: ['GNOME_KEYRING_CONTROL', runtimeFolder],
  },
  'session-bus': {
    places: ['env:DBUS_SESSION_BUS_ADDRESS', 'xdg-runtime:bus'],
    variables: ['DBUS_SESSION_BUS_ADDRESS', runtimeFolder],
  },
  'system-bus': {
    places: ['env:DBUS_SYSTEM_BUS_ADDRESS', '/run/dbus/system_bus_socket'],
    variables: ['DBUS_SYSTEM_BUS_ADDRESS'],
  },
  'service-manager': { places: ['xdg-runtime:systemd/private'], variables: [runtimeFolder] },
  x11: { places: ['display'], variables: ['DISPLAY', 'XAUTHORITY'], reads: ['env:XAUTHORITY', '~/.Xauthority'] },
  wayland: { places: ['env:WAYLAND_DISPLAY', 'xdg-runtime:wayland-0'], variables: ['WAYLAND_DISPLAY', runtimeFolder] },
  pipewire: {
    places: ['env:PIPEWIRE_REMOTE', 'xdg-runtime:pipewire-0'],
    variables: ['PIPEWIRE_REMOTE', runtimeFolder],
  },
  pulseaudio: { places: ['env:PULSE_SERVER', 'xdg-runtime:pulse/native'], variables: ['PULSE_SERVER', runtimeFolder] },
  docker: {
    places: [
      'env:DOCKER_HOST',
      '/run/docker.sock',
      'xdg-runtime:docker.sock',
      '~/.docker/run/docker.sock',
      '~/.docker/desktop/docker.sock',
    ],
    variables: ['DOCKER_HOST', 'DOCKER_CONTEXT'],
  },
  podman: {
    places: ['env:CONTAINER_HOST', 'xdg-runtime:podman/podman.sock', '/run/podman/podman.sock'],
    variables: ['CONTAINER_HOST', runtimeFolder],
  },
  containerd: {
    places: ['env:CONTAINERD_ADDRESS', '/run/containerd/containerd.sock', 'xdg-runtime:containerd/containerd.sock'],
    variables: ['CONTAINERD_ADDRESS'],
  },
  libvirt: {
    places: ['xdg-runtime:libvirt/libvirt-sock', '/run/libvirt/libvirt-sock'],
    variables: ['LIBVIRT_DEFAULT_URI', runtimeFolder],
  },
  snapd: { places: ['/run/snapd.socket', '/run/snapd-snap.socket'], variables: [] },
  tmux: { places: ['env:TMUX'], variables: ['TMUX'] },
  vscode: {
    places: ['env:VSCODE_IPC_HOOK_CLI', 'env:VSCODE_IPC_HOOK'],
    variables: ['VSCODE_IPC_HOOK_CLI', 'VSCODE_IPC_HOOK'],
  },
  emacs: { places: ['xdg-runtime:emacs/server'], variables: ['EMACS_SOCKET_NAME', runtimeFolder] },
  neovim: { places: ['env:NVIM', 'env:NVIM_LISTEN_ADDRESS'], variables: ['NVIM', 'NVIM_LISTEN_ADDRESS'] },
  mysql: { places: ['/run/mysqld/mysqld.sock', '/tmp/mysql.sock', '/var/lib/mysql/mysql.sock'], variables: [] },
  postgresql: {
    places: ['/run/postgresql/.s.PGSQL.5432', '/tmp/.s.PGSQL.5432'],
    variables: ['PGHOST', 'PGPORT', 'PGUSER', 'PGDATABASE'],
  },
  redis: { places: ['/run/redis/redis-server.sock', '/run/redis/redis.sock'], variables: [] },
};

export function socketName(what: string): SocketName | null {
  return socketNames.find((name) => name === what) ?? null;
}

/** Which one a path or abstract name is, by its form; null for all others. */
export function namedSocketAt(target: string): SocketName | null {
  return socketOfKnown[knownByPattern(target) ?? ''] ?? null;
}

/** Does a denied path mean this socket, or hold a place of it that is known before a start? */
export function deniesSocket(denied: string, name: SocketName, folders: Folders): boolean {
  const { xdgRuntime } = folders;
  const places = socketParts(name, folders).places.flatMap((place) =>
    place.startsWith('xdg-runtime:')
      ? xdgRuntime === null
        ? []
        : [`${xdgRuntime}/${place.slice('xdg-runtime:'.length)}`]
      : [place],
  );
  return namedSocketAt(denied) === name || places.some((place) => place.startsWith('/') && isWithin(place, denied));
}

/** What a rule `socket <what>` is in a plan: its places, the variables passed on, and the files it needs. */
export function socketParts(what: string, folders: Folders): Required<NamedSocket> {
  const name = socketName(what);
  if (name === null) return { places: [what], variables: [], reads: [] };
  const { places, variables, reads = [] } = namedSockets[name];
  const expand = (texts: readonly string[]): string[] =>
    texts.map((text) => (text.startsWith('~') ? (expandPath(text, folders) ?? text) : text));
  return { places: expand(places), variables, reads: expand(reads) };
}
