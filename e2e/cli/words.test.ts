/** What the command says about itself, and how it refuses what it does not understand. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { launchedLevels, levels, ruleVerbs, serverStates, verdicts } from '#contract/words.ts';
import {
  launchedLevelChoices,
  levelChoices,
  ruleVerbChoices,
  stateChoices,
  verbs,
  verdictChoices,
} from '../../app/cli/verbs.ts';
import { makeHome } from './support/product.ts';

describe('help', () => {
  it('names every verb, and leaves nothing behind in the home', async () => {
    const home = makeHome();
    const help = await home.run('--help');
    expect([help.code, help.err]).toEqual([0, '']);
    for (const { name } of verbs) expect(help.out).toContain(`\n  ${name} `);
    expect(existsSync(home.folder('.local'))).toBe(false);
  });

  it('tells every option of a verb, by help and by --help', async () => {
    const home = makeHome();
    const texts = await Promise.all(
      verbs.map(async ({ name }) => {
        const [first, second] = [await home.run('help', name), await home.run(name, '--help')];
        expect(first).toMatchObject({ code: 0, err: '', out: second.out });
        return [name, first.out] as const;
      }),
    );
    for (const [name, text] of texts) {
      const options = Object.keys(verbs.find((verb) => verb.name === name)?.options ?? {});
      for (const option of options) expect(text).toContain(`--${option}`);
    }
  });

  it('tells the version', async () => {
    const { out, code } = await makeHome().run('--version');
    expect([code, out]).toEqual([0, expect.stringMatching(/^belljar \d+\.\d+\.\d+\n$/)]);
  });

  it('offers exactly the words of the contract', () => {
    expect([levelChoices, launchedLevelChoices, ruleVerbChoices, stateChoices, verdictChoices]).toEqual([
      levels,
      launchedLevels,
      ruleVerbs,
      serverStates,
      verdicts,
    ]);
  });
});

describe('what is not understood', () => {
  it.each([
    [['lsit'], 'There is no verb "lsit". Did you mean list?'],
    [['audti'], 'There is no verb "audti". Did you mean audit?'],
    [['undo', 'x', 'y'], 'Usage: belljar undo [<decision>]'],
    [['limit'], 'Usage: belljar limit <server> [--host HOST]... | --all | --off'],
    [['guess'], 'There is no verb "guess".'],
    [['ask', 'x'], 'Usage: belljar ask'],
    [['\u001b[2Jx'], 'There is no verb "\\x1b[2Jx".'],
    [['help', 'nothing'], 'There is no verb "nothing".'],
    [['list', '--jsn'], 'list has no option --jsn. Did you mean --json?'],
    [['list', '-x'], 'list has no option -x.'],
    [['list', 'surplus'], 'Usage: belljar list'],
    [['list', '--state', 'fine'], '--state is one of: off, watched,'],
    [['list', '--state'], 'The option --state needs a value: STATE'],
    [['list', '--watch=yes'], 'The option --watch of list takes no value.'],
    [['show'], 'Usage: belljar show <server>'],
    [['level', 'x', 'tight'], 'A level is one of: off, watch, standard, strict.'],
    [['grant', 'x', 'wish', 'y'], 'A rule is one of: read, write,'],
    [['contain'], 'Name at least one server, or give --all.'],
    [['contain', 'x', '--all'], 'Name servers, or give --all; not both.'],
    [['contain', 'x', '--level', 'off'], '--level is one of: watch, standard, strict.'],
    [['events', '--limit', '0'], '--limit is a whole number from 1 to 100000.'],
    [['events', '--limit', '1e3'], '--limit is a whole number from 1 to 100000.'],
    [['events', '--kind', 'file'], '--kind is one of: file.read,'],
    [['panel', '--port', '70000'], '--port is a whole number from 0 to 65535.'],
    [['host', 'restart'], 'Usage: belljar host [status|stop]'],
    [['host', 'stop', '--background'], '--background belongs to'],
    [['run', 'true'], 'Usage: belljar run [options] -- <command> [argument...]'],
    [['run', '--read', '/x'], 'Usage: belljar run [options] -- <command> [argument...]'],
    [['completion', 'csh'], 'A shell is one of: bash, zsh, fish.'],
    [['uninstall'], 'uninstall asks first, and cannot here. Add --yes.'],
  ])('%j is a usage error', async (args, sentence) => {
    const { code, out, err } = await makeHome().run(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`belljar: ${sentence}`);
    expect(err).toContain('See: belljar --help');
  });

  it('is told as JSON where JSON was asked for', async () => {
    const { code, out } = await makeHome().run('list', '--json', '--state', 'fine');
    expect([code, JSON.parse(out)]).toMatchObject([2, { error: { code: 'usage', remedy: 'See: belljar --help' } }]);
  });

  it('is a usage error without any verb, with the help', async () => {
    const { code, out } = await makeHome().run();
    expect([code, out.startsWith('Usage: belljar <verb>')]).toEqual([2, true]);
  });
});

describe('completion', () => {
  it('is a script that bash reads, and completes verbs and options', async () => {
    const { out } = await makeHome().run('completion', 'bash');
    const complete = (...words: string[]): string[] => {
      const script = `${out}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _belljar; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const done = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
      expect(done.stderr).toBe('');
      return done.stdout.trim().split('\n');
    };
    expect(complete('belljar', 'rel')).toEqual(['release']);
    expect(complete('belljar', 'contain', '--no')).toEqual(['--no-check']);
    expect(complete('belljar', 'level', 'x', 'st')).toEqual(['standard', 'strict']);
    expect(complete('belljar', 'host', 'st')).toEqual(['status', 'stop']);
  });

  it.each(['zsh', 'fish'])('names every verb for %s', async (shell) => {
    const { code, out } = await makeHome().run('completion', shell);
    expect(code).toBe(0);
    for (const { name } of verbs) expect(out).toContain(name);
  });
});
