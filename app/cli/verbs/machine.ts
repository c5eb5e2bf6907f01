/** `belljar probe`, `selftest`, `doctor` and `demo`: about this machine, and about Belljar on it. */
import { exitCodes } from '#contract/errors.ts';
import type { Command } from '../context.ts';
import type { Cell } from '../terminal.ts';
import { plain } from '../terminal.ts';

export const probe: Command = async ({ terminal, json, session, signal }) => {
  const { api } = await session({ serve: false });
  const answer = await api['machine.probe']({}, signal);
  if (json) {
    terminal.json(answer);
    return exitCodes.done;
  }
  const yes = (value: boolean): Cell => (value ? { text: 'yes', colour: 'green' } : { text: 'no', colour: 'red' });
  terminal.out(
    terminal.table(
      ['WHAT', 'HERE'],
      [
        ['kernel', `${answer.kernel} ${answer.architecture}`],
        ['Landlock', answer.landlockAbi > 0 ? `ABI ${answer.landlockAbi}` : { text: 'no', colour: 'red' }],
        ['seccomp filter', yes(answer.seccompFilter)],
        ['seccomp notification', yes(answer.seccompNotify)],
        ['  descriptors given back', yes(answer.notifyAddfd)],
        ['  synchronous wake-up', yes(answer.notifySyncWake)],
        ['  descriptors taken', yes(answer.pidfdGetfd)],
        ['launcher', answer.launcher],
      ],
    ),
  );
  for (const wall of answer.enforcement.full) terminal.out(`full     ${plain(wall)}`);
  for (const wall of answer.enforcement.partial) terminal.out(`partial  ${plain(wall)}`);
  for (const wall of answer.enforcement.missing) terminal.out(`missing  ${plain(wall)}`);
  return exitCodes.done;
};

export const selftest: Command = async ({ terminal, json, session, signal }) => {
  const { api } = await session({ serve: true });
  if (!json) terminal.note('Trying it here; only decoys are touched.');
  const { lines } = await api['machine.selftest']({}, signal);
  if (json) terminal.json({ lines });
  else {
    terminal.out(
      terminal.table(
        ['', 'OUTCOME', 'TRIED', 'DETAIL'],
        lines.map((line) => [
          line.asExpected ? { text: 'ok', colour: 'green' } : { text: 'NO', colour: 'red' },
          line.outcome,
          line.tried,
          line.detail,
        ]),
      ),
    );
  }
  return lines.every((line) => line.asExpected) ? exitCodes.done : exitCodes.failed;
};

export const doctor: Command = async ({ terminal, json, values, session, signal }) => {
  const { api } = await session({ serve: true });
  const { findings } = await api['machine.doctor']({ repair: values['repair'] === true }, signal);
  if (json) terminal.json({ findings });
  else {
    const colours = { ok: 'green', warning: 'yellow', error: 'red' } as const;
    for (const finding of findings) {
      const severity = finding.repaired ? 'repaired' : finding.severity;
      const place = finding.file === undefined ? '' : `  ${plain(finding.file)}`;
      terminal.out(
        `${terminal.paint(colours[finding.repaired ? 'ok' : finding.severity], severity.padEnd(8))}  ${plain(finding.sentence)}${place}`,
      );
    }
    if (findings.some((finding) => finding.repairable && !finding.repaired)) {
      terminal.note('Repair what can be repaired: belljar doctor --repair');
    }
  }
  const isUnsound = findings.some((finding) => finding.severity === 'error' && !finding.repaired);
  return isUnsound ? exitCodes.failed : exitCodes.done;
};

export const demo: Command = async ({ terminal, json, session, signal }) => {
  const { api } = await session({ serve: true });
  if (!json) terminal.note('A nosy server runs in a throw-away home, once free and once contained.');
  const result = await api['demo.run']({}, signal);
  if (json) terminal.json(result);
  else {
    const cell = (act: { gotThrough: boolean }): Cell =>
      act.gotThrough ? { text: 'got through', colour: 'red' } : { text: 'stopped', colour: 'green' };
    terminal.out(
      terminal.table(
        ['FREE', 'CONTAINED', 'TRIED'],
        result.rows.map((row) => [cell(row.free), cell(row.contained), row.tried]),
      ),
    );
    terminal.out(`\n${plain(result.sentence)}`);
  }
  return result.rows.some((row) => row.contained.gotThrough) ? exitCodes.failed : exitCodes.done;
};
