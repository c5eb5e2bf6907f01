/**
 * Well-known places that hold what no server should get by accident: keys, tokens, browsers, keyrings, clients' settings,
 * start-up files of the shell and the desktop, and Belljar itself. They are not granted because an argument happens to
 * name them or a folder around them; a person may still grant them on purpose. Also names well-known targets for people
 * (keys of `knownTargets` in the contract's sentences), Unix sockets and addresses included.
 */
import { knownByName } from './area-defaults.ts';
import type { Folders, OwnFolders } from './folders.ts';
import { isStrictlyWithin, isWithin, normalPath } from './paths.ts';

export interface SecretPlace {
  path: string;
  /** Key of `knownTargets`, where there is a word for it. */
  known: string | null;
  kind: 'secret' | 'client-config' | 'belljar';
}

/** Below the home. A name in `.config/`, `.local/share/`, `.cache/` or `.local/state/` also counts below its XDG folder. */
const homePlaces: Record<string, readonly string[]> = {
  'ssh-keys': ['.ssh', '.config/openssh', '.putty', '.local/share/openssh'],
  'aws-credentials': ['.aws'],
  'gpg-keys': ['.gnupg'],
  'cloud-credentials': [
    '.config/gcloud',
    '.azure',
    '.config/doctl',
    '.config/hcloud',
    '.config/scw',
    '.config/linode-cli',
    '.config/oci',
    '.oci',
    '.bluemix',
    '.aliyun',
    '.tccli',
    '.boto',
    '.s3cfg',
    '.config/rclone',
    '.rclone.conf',
    '.config/configstore',
    '.config/firebase',
    '.config/vercel',
    '.local/share/com.vercel.cli',
    '.config/netlify',
    '.netlify',
    '.fly',
    '.config/heroku',
    '.config/.wrangler',
    '.wrangler',
    '.config/railway',
    '.railway',
    '.terraform.d',
    '.terraformrc',
    '.pulumi',
    '.vault-token',
    '.config/stripe',
    '.databrickscfg',
    '.snowflake',
    '.dbt',
    '.kaggle',
    '.cache/huggingface/token',
    '.cache/huggingface/stored_tokens',
    '.huggingface',
    '.config/op',
    '.config/doppler',
    '.doppler',
    '.config/infisical',
  ],
  'kube-credentials': ['.kube', '.minikube', '.config/k9s', '.config/helm', '.k3d', '.rancher'],
  'docker-credentials': ['.docker', '.config/containers', '.config/docker'],
  'git-credentials': [
    '.git-credentials',
    '.config/git/credentials',
    '.config/gh',
    '.config/glab-cli',
    '.config/hub',
    '.config/tea',
    '.config/github-copilot',
    '.gitcookies',
  ],
  'package-credentials': [
    '.npmrc',
    '.yarnrc',
    '.yarnrc.yml',
    '.pypirc',
    '.config/pip',
    '.pip/pip.conf',
    '.cargo/credentials',
    '.cargo/credentials.toml',
    '.gem/credentials',
    '.local/share/gem/credentials',
    '.bundle/config',
    '.m2/settings.xml',
    '.m2/settings-security.xml',
    '.gradle/gradle.properties',
    '.config/composer/auth.json',
    '.composer/auth.json',
    '.nuget/NuGet',
    '.config/NuGet',
    '.config/pypoetry/auth.toml',
    '.config/uv/credentials',
    '.local/share/uv/credentials',
    '.hex',
  ],
  'network-credentials': [
    '.netrc',
    '_netrc',
    '.authinfo',
    '.authinfo.gpg',
    '.pgpass',
    '.my.cnf',
    '.mylogin.cnf',
    '.config/mycli',
    '.config/pgcli',
    '.rediscli_auth',
    '.config/sshfs',
    '.smbcredentials',
    '.config/remmina',
    '.local/share/remmina',
    '.config/filezilla',
    '.filezilla',
    '.config/NetworkManager',
    '.cert',
    '.config/tailscale',
    '.local/share/tailscale',
    '.config/wireguard',
    '.config/ngrok',
    '.ngrok2',
    '.cloudflared',
  ],
  'browser-profile': [
    '.mozilla',
    '.config/mozilla',
    '.cache/mozilla',
    '.librewolf',
    '.waterfox',
    '.zen',
    '.floorp',
    '.config/google-chrome',
    '.config/google-chrome-beta',
    '.config/google-chrome-unstable',
    '.config/google-chrome-for-testing',
    '.config/chromium',
    '.cache/google-chrome',
    '.cache/chromium',
    '.config/BraveSoftware',
    '.cache/BraveSoftware',
    '.config/microsoft-edge',
    '.config/microsoft-edge-beta',
    '.config/microsoft-edge-dev',
    '.cache/microsoft-edge',
    '.config/vivaldi',
    '.config/opera',
    '.config/net.imput.helium',
    '.config/epiphany',
    '.local/share/epiphany',
    '.config/falkon',
    '.config/qutebrowser',
    '.local/share/qutebrowser',
    '.local/share/torbrowser',
    'snap/firefox',
    'snap/chromium',
    'snap/brave',
    'snap/opera',
    'snap/vivaldi',
    '.var/app/org.mozilla.firefox',
    '.var/app/io.gitlab.librewolf-community',
    '.var/app/com.google.Chrome',
    '.var/app/org.chromium.Chromium',
    '.var/app/com.brave.Browser',
    '.var/app/com.microsoft.Edge',
    '.var/app/com.vivaldi.Vivaldi',
    '.var/app/com.opera.Opera',
    '.var/app/app.zen_browser.zen',
    '.var/app/net.waterfox.waterfox',
    '.var/app/org.gnome.Epiphany',
  ],
  keyring: [
    '.local/share/keyrings',
    '.local/share/kwalletd',
    '.config/kwalletrc',
    '.gnome2/keyrings',
    '.local/share/libsecret',
    '.pki',
  ],
  'password-manager': [
    '.password-store',
    '.local/share/password-store',
    '.local/share/gopass',
    '.config/gopass',
    '.config/1Password',
    '.1password',
    '.config/Bitwarden',
    '.config/Bitwarden CLI',
    '.config/keepassxc',
    '.cache/keepassxc',
    '.keepass',
    '.config/KeePass',
    '.config/Enpass',
    '.local/share/Enpass',
    '.config/Proton Pass',
    '.config/Dashlane',
    '.lastpass',
    '.config/lpass',
    '.local/share/lpass',
    '.config/Authy Desktop',
    '.config/sops',
    '.config/age',
    '.var/app/com.bitwarden.desktop',
    '.var/app/org.keepassxc.KeePassXC',
    '.var/app/com.onepassword.OnePassword',
    'snap/bitwarden',
    'snap/keepassxc',
  ],
  mail: [
    '.thunderbird',
    '.local/share/evolution',
    '.config/evolution',
    '.cache/evolution',
    '.local/share/geary',
    '.config/geary',
    '.local/share/kmail2',
    '.local/share/akonadi',
    '.config/akonadi',
    '.claws-mail',
    '.mutt',
    '.muttrc',
    '.config/mutt',
    '.config/neomutt',
    '.config/aerc',
    '.mbsyncrc',
    '.offlineimaprc',
    '.msmtprc',
    '.config/msmtp',
    '.config/himalaya',
    'Mail',
    'Maildir',
    '.mail',
    '.maildir',
    '.var/app/org.mozilla.Thunderbird',
    '.var/app/org.mozilla.thunderbird',
    'snap/thunderbird',
  ],
  messenger: [
    '.config/Signal',
    '.config/Slack',
    '.config/discord',
    '.config/Element',
    '.config/Microsoft',
    '.config/teams-for-linux',
    '.config/WhatsApp',
    '.local/share/TelegramDesktop',
    '.config/telegram-desktop',
    '.config/zoomus.conf',
    '.zoom',
    '.config/weechat',
    '.weechat',
    '.irssi',
    '.purple',
    '.var/app/org.signal.Signal',
    '.var/app/com.slack.Slack',
    '.var/app/com.discordapp.Discord',
    '.var/app/org.telegram.desktop',
    '.var/app/im.riot.Riot',
    'snap/signal-desktop',
    'snap/slack',
    'snap/discord',
    'snap/telegram-desktop',
  ],
  wallet: [
    '.bitcoin',
    '.litecoin',
    '.dogecoin',
    '.ethereum',
    '.electrum',
    '.monero',
    '.config/Exodus',
    '.config/atomic',
    '.config/Ledger Live',
    '.config/solana',
    '.foundry/keystores',
    '.config/trezor',
  ],
  'shell-history': [
    '.bash_history',
    '.zsh_history',
    '.zhistory',
    '.histfile',
    '.sh_history',
    '.ksh_history',
    '.ash_history',
    '.history',
    '.local/share/fish/fish_history',
    '.local/state/bash',
    '.local/state/zsh',
    '.local/share/atuin',
    '.python_history',
    '.node_repl_history',
    '.psql_history',
    '.mysql_history',
    '.sqlite_history',
    '.rediscli_history',
    '.lesshst',
    '.viminfo',
    '.local/state/python_history',
  ],
  'shell-profile': [
    '.bashrc',
    '.bash_profile',
    '.bash_login',
    '.bash_logout',
    '.bash_aliases',
    '.profile',
    '.zshrc',
    '.zshenv',
    '.zprofile',
    '.zlogin',
    '.zlogout',
    '.kshrc',
    '.inputrc',
    '.config/fish/config.fish',
    '.config/fish/conf.d',
    '.config/fish/functions',
    '.config/nushell',
    '.config/environment.d',
    '.pam_environment',
    '.xprofile',
    '.xinitrc',
    '.xsession',
    '.xsessionrc',
    '.Xresources',
    '.vimrc',
    '.gitconfig',
    '.config/git/config',
  ],
  'desktop-autostart': [
    '.config/autostart',
    '.config/systemd',
    '.local/share/systemd',
    '.local/share/applications',
    '.config/plasma-workspace',
    '.config/hypr',
    '.config/sway',
    '.config/i3',
  ],
  'display-server': ['.Xauthority', '.ICEauthority'],
};

/**
 * Settings, history and tokens of the clients themselves; whoever writes there starts what he likes outside the glass.
 * Where a client also keeps programs in its folder (extensions, plugins), only the files that matter are named, since
 * nothing in a secret place can be a server's own runtime.
 */
const clientPlaces: readonly string[] = [
  '.config/Claude',
  '.config/Claude-3p',
  '.claude.json',
  '.claude.json.backup',
  '.claude/.claude.json',
  '.claude/.config.json',
  '.claude/.credentials.json',
  '.claude/settings.json',
  '.claude/settings.local.json',
  '.claude/CLAUDE.md',
  '.claude/agents',
  '.claude/backups',
  '.claude/commands',
  '.claude/file-history',
  '.claude/history.jsonl',
  '.claude/hooks',
  '.claude/paste-cache',
  '.claude/plugins/installed_plugins.json',
  '.claude/plugins/known_marketplaces.json',
  '.claude/projects',
  '.claude/session-env',
  '.claude/shell-snapshots',
  '.claude/skills',
  '.claude/todos',
  '.cursor/mcp.json',
  '.cursor/cli-config.json',
  '.cursor/hooks.json',
  '.cursor/projects',
  '.cursor/chats',
  '.config/Cursor',
  '.config/cursor',
  '.config/Code',
  '.config/Code - Insiders',
  '.config/VSCodium',
  '.vscode/argv.json',
  '.vscode/mcp.json',
  '.vscode-server/data',
  '.config/Windsurf',
  '.config/devin',
  '.codeium',
  '.config/Kiro',
  '.kiro/settings',
  '.kiro/agents',
  '.config/Antigravity',
  '.config/Antigravity IDE',
  '.gemini/settings.json',
  '.gemini/oauth_creds.json',
  '.gemini/google_accounts.json',
  '.gemini/GEMINI.md',
  '.gemini/config',
  '.gemini/antigravity',
  '.codex/auth.json',
  '.codex/config.toml',
  '.codex/AGENTS.md',
  '.codex/history.jsonl',
  '.codex/sessions',
  '.copilot/mcp-config.json',
  '.copilot/config.json',
  '.ai/mcp',
  '.junie',
  '.config/JetBrains',
  '.cline',
  '.roo',
  '.kilocode',
  '.config/kilo',
  '.config/zed',
  '.config/opencode',
  '.local/share/opencode/auth.json',
  '.lmstudio/mcp.json',
  '.lmstudio/conversations',
  '.lmstudio-home-pointer',
  '.config/goose',
  '.local/share/goose',
  '.aws/amazonq',
  '.continue/config.yaml',
  '.continue/mcpServers',
  '.continue/sessions',
  '.warp/.mcp.json',
  '.config/warp-terminal',
  '.local/share/Jan',
  '.config/Jan',
  '.config/5ire',
  '.config/CherryStudio',
  '.config/amp',
  '.local/share/amp',
  '.config/Trae',
  '.qwen',
  '.kimi',
  '.kimi-code',
  '.vibe',
  '.factory',
  '.grok',
  '.config/crush',
  '.qoder',
  '.config/anythingllm-desktop',
  '.augment',
  '.hermes',
  '.config/muse',
  '.config/Witsy',
  '.config/aider',
  '.aider.conf.yml',
];

const systemPlaces: Record<string, readonly string[]> = {
  'system-accounts': ['/etc/shadow', '/etc/gshadow', '/etc/sudoers', '/etc/sudoers.d', '/etc/security/opasswd'],
  'ssh-keys': ['/etc/ssh', '/root/.ssh'],
  'network-credentials': ['/etc/NetworkManager/system-connections', '/etc/wireguard', '/etc/openvpn', '/etc/ppp'],
  'certificate-keys': ['/etc/ssl/private', '/etc/pki/tls/private', '/etc/letsencrypt'],
  'kube-credentials': ['/etc/kubernetes', '/etc/rancher', '/var/run/secrets', '/run/secrets'],
  'docker-credentials': ['/var/lib/docker', '/var/lib/containers'],
};

/** Views of every process and device: naming them in an argument must not open them to the server. */
const internals: readonly string[] = ['/proc', '/sys', '/dev', '/boot'];

const xdgOf: readonly [string, (folders: Folders) => string][] = [
  ['.config/', (folders) => folders.xdgConfig],
  ['.local/share/', (folders) => folders.xdgData],
  ['.cache/', (folders) => folders.xdgCache],
  ['.local/state/', (folders) => folders.xdgState],
];

/** The usual place, and the one below a moved XDG folder where that differs. */
function placesOf(relative: string, folders: Folders): string[] {
  const usual = normalPath(`${folders.home}/${relative}`) ?? '/';
  const moved = xdgOf.find(([prefix]) => relative.startsWith(prefix));
  if (moved === undefined) return [usual];
  const [prefix, folderOf] = moved;
  const other = normalPath(`${folderOf(folders)}/${relative.slice(prefix.length)}`) ?? usual;
  return other === usual ? [usual] : [usual, other];
}

/** The last answer for the same files: many servers are asked about one after the other. */
const known = new WeakMap<readonly string[], { folders: Folders; own: OwnFolders; places: readonly SecretPlace[] }>();

/** Every secret place as an absolute path; `clientFiles` are the files in which the clients were really found. */
export function secretPlaces(
  folders: Folders,
  own: OwnFolders,
  clientFiles: readonly string[] = [],
): readonly SecretPlace[] {
  const before = known.get(clientFiles);
  if (before !== undefined && before.folders === folders && before.own === own) return before.places;
  const found = findSecretPlaces(folders, own, clientFiles);
  known.set(clientFiles, { folders, own, places: found });
  return found;
}

function findSecretPlaces(folders: Folders, own: OwnFolders, clientFiles: readonly string[]): readonly SecretPlace[] {
  const places = new Map<string, SecretPlace>();
  const add = (path: string, known: string | null, kind: SecretPlace['kind']): void => {
    if (!places.has(path)) places.set(path, { path, known, kind });
  };
  for (const path of [own.configFolder, own.dataFolder, own.stateFolder]) add(path, 'belljar', 'belljar');
  for (const path of clientFiles) add(path, 'client-config', 'client-config');
  for (const relative of clientPlaces) {
    for (const path of placesOf(relative, folders)) add(path, 'client-config', 'client-config');
  }
  for (const [known, relatives] of Object.entries(homePlaces)) {
    for (const path of relatives.flatMap((relative) => placesOf(relative, folders))) add(path, known, 'secret');
  }
  for (const [known, paths] of Object.entries(systemPlaces)) {
    for (const path of paths) add(path, known, 'secret');
  }
  for (const path of internals) add(path, null, 'secret');
  return [...places.values()];
}

export type SecretRelation = { place: SecretPlace; how: 'is' | 'inside' | 'holds' };

/** How a normal path meets a secret place: it is one, lies in one, or holds one. */
export function secretRelation(path: string, places: readonly SecretPlace[]): SecretRelation | null {
  let holds: SecretPlace | undefined;
  for (const place of places) {
    if (place.path === path) return { place, how: 'is' };
    if (isStrictlyWithin(path, place.path)) return { place, how: 'inside' };
    if (isStrictlyWithin(place.path, path)) holds ??= place;
  }
  return holds === undefined ? null : { place: holds, how: 'holds' };
}

/** Unix sockets (and the like) by pattern, most telling first. `@` starts the name of an abstract one. */
const patterns: readonly [RegExp, string][] = [
  [/^(?:\/var)?\/run\/(?:user\/\d+\/)?docker(?:\.sock$|\/)/, 'docker-socket'],
  [/^(?:\/var)?\/run\/(?:user\/\d+\/)?podman(?:\.sock$|\/)/, 'podman'],
  [/^(?:\/var)?\/run\/(?:user\/\d+\/)?containerd(?:\.sock$|\/)/, 'containerd'],
  [/^(?:\/var)?\/run\/(?:user\/\d+\/)?libvirt\//, 'libvirt'],
  [/^(?:\/var)?\/run\/(?:user\/\d+\/)?(?:balena-engine|crio|k3s|buildkit)(?:\.sock$|\/)/, 'container-socket'],
  [/^\/var\/lib\/(?:lxd|incus)\/unix\.socket$/, 'container-socket'],
  [/\/\.docker\/(?:run|desktop)\/.*\.sock$/, 'docker-socket'],
  [/^(?:\/var)?\/run\/user\/\d+\/keyring\/ssh$/, 'ssh-agent'],
  [/^(?:\/var)?\/run\/user\/\d+\/(?:openssh_agent|ssh-agent.*|gcr\/ssh)$/, 'ssh-agent'],
  [/^\/tmp\/ssh-[^/]+\/agent\.\d+$/, 'ssh-agent'],
  [/\/\.ssh\/(?:agent(?:\/|\.sock|$)|.*\.sock$)/, 'ssh-agent'],
  [/\/\.1password\/agent\.sock$/, 'ssh-agent'],
  [/^(?:\/var)?\/run\/user\/\d+\/gnupg\//, 'gpg-agent'],
  [/\/\.gnupg\/S\./, 'gpg-agent'],
  [/^(?:\/var)?\/run\/user\/\d+\/(?:keyring(?:\/|$)|kwallet\d?\.socket$|gcr\/)/, 'keyring'],
  [/^\/tmp\/keyring-[^/]+\//, 'keyring'],
  [/^(?:\/var)?\/run\/user\/\d+\/(?:bus|dbus-1|at-spi)(?:\/|$)/, 'session-bus'],
  [/^@?\/tmp\/dbus-[A-Za-z0-9]+/, 'session-bus'],
  [/^(?:\/var)?\/run\/dbus\/system_bus_socket$/, 'system-bus'],
  [/^(?:\/var)?\/run\/systemd\/resolve\//, 'resolver'],
  [/^(?:\/var)?\/run\/systemd\/journal\//, 'journal'],
  [/^(?:\/var)?\/run\/(?:user\/\d+\/)?systemd\/(?:private|notify|units|io\.systemd\..*)$/, 'service-manager'],
  [/^(?:\/var)?\/run\/polkit\//, 'polkit'],
  [/^(?:\/var)?\/run\/snapd(?:-snap)?\.socket$/, 'snapd'],
  [/^@?\/tmp\/\.X11-unix\//, 'x11'],
  [/^(?:\/var)?\/run\/user\/\d+\/wayland-\d+$/, 'wayland'],
  [/^@?\/tmp\/\.ICE-unix\//, 'display-server'],
  [/^(?:\/var)?\/run\/user\/\d+\/(?:gdm\/|\.mutter-X|X11-display|xauth_)/, 'display-server'],
  [/^(?:\/var)?\/run\/user\/\d+\/pipewire-/, 'pipewire'],
  [/^(?:(?:\/var)?\/run\/user\/\d+\/pulse\/|\/tmp\/pulse-)/, 'pulseaudio'],
  [/^\/tmp\/tmux-\d+\//, 'tmux'],
  [/^(?:(?:\/var)?\/run\/screens?\/|\/tmp\/screens\/)/, 'terminal-session'],
  [/^(?:(?:\/var)?\/run\/user\/\d+|\/tmp)\/vscode-[^/]+\.sock$/, 'vscode'],
  [/^(?:(?:\/var)?\/run\/user\/\d+\/emacs|\/tmp\/emacs\d+)\//, 'emacs'],
  [/^(?:(?:\/var)?\/run\/user\/\d+\/nvim\.[^/]+|\/tmp\/nvim(?:\.[^/]+)?\/.*)$/, 'neovim'],
  [/^(?:(?:\/var)?\/run\/mysqld\/|\/tmp\/mysql\.sock$|\/var\/lib\/mysql\/mysql\.sock$)/, 'mysql'],
  [/^(?:(?:\/var)?\/run\/postgresql|\/tmp)\/\.s\.PGSQL\.\d+$/, 'postgresql'],
  [/^(?:\/var)?\/run\/redis\//, 'redis'],
  [/^(?:\/var)?\/run\/nscd\/socket$/, 'name-service'],
  [/^(?:\/var)?\/run\/user\/\d+\/belljar(?:\/|$)/, 'belljar'],
  [/^(?:169\.254\.169\.254|169\.254\.170\.2|100\.100\.100\.200|\[fd00:ec2::254\])(?::\d+)?$/, 'metadata-service'],
];

/** What is known of a target by its form alone, wherever a home or a folder of Belljar is. */
export function knownByPattern(target: string): string | null {
  return patterns.find(([pattern]) => pattern.test(target))?.[1] ?? null;
}

/** A runtime folder that is not where it usually is holds the same sockets. */
function inRuntimeFolder(target: string, { xdgRuntime }: Folders): string | null {
  const inside = xdgRuntime !== null && isStrictlyWithin(target, xdgRuntime);
  return inside ? knownByPattern(`/run/user/0${target.slice(xdgRuntime.length)}`) : null;
}

/** A lookup of what a target is in words, for many targets: the key of `knownTargets`, or null. */
export function createKnownTargets(folders: Folders, own: OwnFolders): (target: string) => string | null {
  const places = secretPlaces(folders, own);
  const byPath = new Map(places.map((place) => [place.path, place.known]));
  const find = (path: string): string | null => {
    for (let at = path; at !== '' && at !== '/'; at = at.slice(0, at.lastIndexOf('/'))) {
      const known = byPath.get(at);
      if (known !== undefined && known !== null) return known;
    }
    return null;
  };
  return (target) => {
    const known = knownByPattern(target) ?? inRuntimeFolder(target, folders);
    if (known !== null) return known;
    if (!target.startsWith('/')) return null;
    const found = find(target);
    if (found !== null || isWithin(target, folders.home)) return found ?? knownByName(target);
    // Another user's home has the same places in it.
    const other = /^(?:\/root|\/home\/[^/]+)(?=\/)/.exec(target)?.[0];
    return (other === undefined ? null : find(folders.home + target.slice(other.length))) ?? knownByName(target);
  };
}
