/**
 * What is kept back inside granted folders at the levels standard and strict, unless a person says otherwise: files that hold
 * secrets by their very name, and files through which other programs run code without being asked, which a review of changes does
 * not show (docs/architecture.md says what was left out and why). Patterns count where the entry, its working folder or a person
 * grants a folder; the folders of the system and of the runtime stay at the kernel's speed.
 */
import type { Rule } from '#contract/policy.ts';
import { patternReach } from './pattern.ts';
import { makeRule } from './rules.ts';

interface Group {
  verb: 'deny' | 'protect' | 'write';
  /** Key of the sentences: why the rule is there. */
  reason: string;
  /** What such a file is called when an event speaks of it: a key of the known targets. */
  known: string | null;
  what: readonly string[];
}

const words = (text: string): readonly string[] =>
  text
    .trim()
    .split(/\s+/)
    .map((name) => `**/${name}`);

const groups: readonly Group[] = [
  {
    verb: 'deny',
    reason: 'environment-files',
    known: 'environment-file',
    what: words('.env .env.* .env-* .env_* .envrc'),
  },
  {
    verb: 'write',
    reason: 'environment-examples',
    known: null,
    what: ['.', '-', '_'].flatMap((sign) =>
      words(['example', 'sample', 'template', 'dist', 'defaults'].map((what) => `.env${sign}${what}`).join(' ')),
    ),
  },
  {
    verb: 'deny',
    reason: 'private-keys',
    known: 'private-key',
    what: words('id_rsa id_dsa id_ecdsa id_ecdsa_sk id_ed25519 id_ed25519_sk *.ppk *.p12 *.pfx .ssh .gnupg'),
  },
  {
    verb: 'deny',
    reason: 'credential-files',
    known: 'credential-file',
    what: words('.netrc .git-credentials .pgpass'),
  },
  {
    verb: 'protect',
    reason: 'git-code',
    known: 'git-code',
    what: words(`.git/hooks .git/config .git/config.worktree .git/commondir .git/modules/*/hooks .git/modules/*/config
      .git/modules/*/*/hooks .git/modules/*/*/config .git/modules/*/*/*/hooks .git/modules/*/*/*/config
      .git/worktrees/*/config.worktree`),
  },
  {
    verb: 'protect',
    reason: 'shell-profiles',
    known: 'shell-profile',
    what: words(`.bashrc .bash_profile .bash_login .bash_aliases .bash_logout .profile .zshrc .zshenv .zprofile .zlogin
      fish/config.fish fish/conf.d`),
  },
  {
    verb: 'protect',
    reason: 'editor-files',
    known: 'editor-file',
    what: words('.vscode *.code-workspace .idea *.run.xml .vs .fleet .zed .devcontainer .devcontainer.json'),
  },
  {
    verb: 'protect',
    reason: 'client-files',
    known: 'client-config',
    what: words(`mcp.json .mcp.json mcp_config.json .claude/settings.json .claude/settings.local.json .cursor/hooks.json
      .cursor/environment.json .cursor/cli.json .codex/config.toml .continue/mcpServers .kiro/agents .kiro/hooks
      .amazonq/default.json .devin/config.json .devin/config.local.json .windsurf/hooks.json .gemini/settings.json
      .qwen/settings.json .qwen/settings.local.json .qoder/settings.local.json .vibe/config.toml .grok/config.toml opencode.json
      opencode.jsonc kilo.json kilo.jsonc crush.json .crush.json`),
  },
];

/** The rules that every server of the two levels has. A `write` rule for a pattern is an exception from the others. */
export const areaDefaults: readonly Rule[] = groups.flatMap(({ verb, reason, what }) =>
  what.map((pattern) => makeRule(verb, pattern, 'level', reason)),
);

/** Whether a rule keeps back only what the run itself did not make: in a repository of its own it may do what git does. */
export function isOldOnly(rule: Pick<Rule, 'source' | 'reason'>): boolean {
  return rule.source === 'level' && rule.reason === 'git-code';
}

/** All patterns in one expression: most paths are no such file, and every event asks. */
const anyOfThem = new RegExp(
  `/(?:${groups
    .flatMap(({ what }) => what.map((pattern) => pattern.slice('**/'.length)))
    .map((names) => names.replace(/[.]/g, '\\.').replaceAll('*', '[^/]*'))
    .join('|')})(?:/|$)`,
);

/** What a path is by its name, wherever it lies: a key of the known targets. */
export function knownByName(path: string): string | null {
  if (!anyOfThem.test(path)) return null;
  const reaches = groups.map(({ known, what }) => ({
    known,
    reach: Math.max(...what.map((pattern) => patternReach(pattern, '/', path))),
  }));
  // Where two name the same, the exception does.
  return (
    reaches.toSorted((a, b) => b.reach - a.reach || Number(a.known !== null) - Number(b.known !== null))[0]?.known ??
    null
  );
}
