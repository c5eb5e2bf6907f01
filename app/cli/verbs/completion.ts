/**
 * `belljar completion <shell>`: completion scripts, made from the table of verbs. Server names are asked for when Tab is
 * pressed, through `belljar list --json`.
 */
import { exitCodes } from '#contract/errors.ts';
import type { Command } from '../context.ts';
import { usageError } from '../context.ts';
import type { Offer, VerbFacts } from '../verbs.ts';
import { shellChoices, verbs } from '../verbs.ts';

/** Reads the handles out of the list without any tool but sed. */
const handles = `belljar list --json 2>/dev/null | sed -n 's/^      "handle": "\\(.*\\)",$/\\1/p'`;

const withHelp = (verb: VerbFacts): string[] => [...Object.keys(verb.options), 'help'].map((name) => `--${name}`);

/** What the last positional offers goes on for verbs that take many. */
function offersOf(verb: VerbFacts): readonly Offer[] {
  return verb.offers ?? [];
}

function bashOffer(offer: Offer): string {
  if (offer === 'server') return `COMPREPLY=($(compgen -W "$(${handles})" -- "$word"))`;
  if (offer === 'file') return `COMPREPLY=($(compgen -f -- "$word"))`;
  if (offer === 'none') return ':';
  return `COMPREPLY=($(compgen -W "${offer.join(' ')}" -- "$word"))`;
}

function bash(): string {
  const cases = verbs.map((verb) => {
    const values = Object.entries(verb.options).flatMap(([name, facts]) =>
      facts.type === 'string'
        ? [`      --${name}) ${bashOffer(facts.choices ?? (facts.value === 'SERVER' ? 'server' : 'file'))}; return ;;`]
        : [],
    );
    const offers = offersOf(verb);
    const positions = offers.map(
      (offer, index) => `      ${index === offers.length - 1 ? '*' : String(index)}) ${bashOffer(offer)} ;;`,
    );
    return [
      `    ${verb.name})`,
      ...(values.length === 0 ? [] : ['      case "$before" in', ...values, '      esac']),
      `      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "${withHelp(verb).join(' ')}" -- "$word")); return; fi`,
      ...(positions.length === 0 ? [] : ['      case "$position" in', ...positions, '      esac']),
      '      ;;',
    ].join('\n');
  });
  return `# Completion of belljar for bash.
_belljar() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" position=0 index
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W "${verbs.map((verb) => verb.name).join(' ')} help" -- "$word"))
    return
  fi
  for (( index = 2; index < COMP_CWORD; index++ )); do
    [[ \${COMP_WORDS[index]} == -* ]] || position=$((position + 1))
  done
  case "\${COMP_WORDS[1]}" in
    help) COMPREPLY=($(compgen -W "${verbs.map((verb) => verb.name).join(' ')}" -- "$word")) ;;
${cases.join('\n')}
  esac
}
# A handle holds a slash, never a colon: words are as bash splits them.
complete -F _belljar belljar
`;
}

/** A text inside single quotes of zsh and fish. */
const quoted = (text: string): string => text.replaceAll("'", '’');

function zshOffer(offer: Offer): string {
  if (offer === 'server') return '_belljar_servers';
  if (offer === 'file') return '_files';
  if (offer === 'none') return ' ';
  return `(${offer.join(' ')})`;
}

function zsh(): string {
  const cases = verbs.map((verb) => {
    const options = Object.entries(verb.options).map(([name, facts]) => {
      const words = quoted(facts.words).replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', ' ');
      const repeat = facts.multiple === true ? '*' : '';
      const value =
        facts.type === 'string'
          ? `:${(facts.value ?? '').toLowerCase()}:${zshOffer(facts.choices ?? (facts.value === 'SERVER' ? 'server' : 'file'))}`
          : '';
      return `        '${repeat}--${name}[${words}]${value}'`;
    });
    const offers = offersOf(verb);
    const positions = offers.map((offer, index) => {
      const place = index === offers.length - 1 && verb.positionals[1] > offers.length ? '*' : String(index + 1);
      return `        '${place}:argument:${zshOffer(offer)}'`;
    });
    return [
      `    ${verb.name})`,
      `      _arguments \\\n${[...options, "        '--help[Help]'", ...positions].join(' \\\n')}`,
      '      ;;',
    ].join('\n');
  });
  return `#compdef belljar
# Completion of belljar for zsh.
_belljar_servers() {
  local -a servers
  servers=(\${(f)"$(${handles})"})
  compadd -a servers
}
_belljar() {
  local -a verbs
  verbs=(
${verbs.map((verb) => `    '${verb.name}:${quoted(verb.words).replaceAll(':', '\\:')}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _belljar ]]; then _belljar "$@"; else compdef _belljar belljar; fi
`;
}

function fishOffer(offer: Offer): string {
  if (offer === 'server') return `-f -a '(__belljar_servers)'`;
  if (offer === 'file') return '-F';
  if (offer === 'none') return '-f';
  return `-f -a '${offer.join(' ')}'`;
}

function fish(): string {
  const lines = verbs.flatMap((verb) => {
    const condition = `-n '__fish_seen_subcommand_from ${verb.name}'`;
    const options = Object.entries(verb.options).map(([name, facts]) => {
      const value =
        facts.type === 'string'
          ? ` -r ${fishOffer(facts.choices ?? (facts.value === 'SERVER' ? 'server' : 'file'))}`
          : '';
      return `complete -c belljar ${condition} -l ${name}${value} -d '${quoted(facts.words)}'`;
    });
    const offers = [...new Set(offersOf(verb))].map((offer) => `complete -c belljar ${condition} ${fishOffer(offer)}`);
    return [
      `complete -c belljar -f -n __fish_use_subcommand -a ${verb.name} -d '${quoted(verb.words)}'`,
      ...options,
      ...offers,
    ];
  });
  return `# Completion of belljar for fish.
function __belljar_servers
  ${handles}
end
complete -c belljar -f
${lines.join('\n')}
`;
}

export const completion: Command = async ({ positionals }) => {
  const scripts = { bash, zsh, fish };
  const shell = shellChoices.find((choice) => choice === positionals[0]);
  if (shell === undefined) throw usageError(`A shell is one of: ${shellChoices.join(', ')}.`);
  process.stdout.write(scripts[shell]());
  return exitCodes.done;
};
