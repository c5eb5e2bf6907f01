/**
 * Events as a file: JSON lines as they are, or CSV for a spreadsheet.
 *
 * Targets, programs and addresses were chosen by servers. In CSV a cell that a spreadsheet would take for a formula
 * (`=`, `+`, `-`, `@`, also behind blanks) begins with an apostrophe, and characters that control a terminal or turn the
 * direction of a text stand as `\u001b`; a cell never holds a line's end.
 */
import type { Event } from './event.ts';
import { eventSentence } from './sentences.ts';

export const exportFormats = ['jsonl', 'csv'] as const;
export type ExportFormat = (typeof exportFormats)[number];

const columns = [
  'at',
  'first_at',
  'server',
  'run',
  'seq',
  'kind',
  'verdict',
  'count',
  'phrase',
  'known',
  'target',
  'address',
  'program',
  'pid',
  'error',
  'decided_by',
  'rule',
] as const;

const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu;
const formula = /^\s*[=+\-@]/u;

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

export function csvCell(value: string | number): string {
  if (typeof value === 'number') return value.toString();
  const plain = value.replaceAll(controls, escaped);
  return `"${formula.test(value) ? "'" : ''}${plain.replaceAll('"', '""')}"`;
}

/** What stands before the first event. */
export function exportHead(format: ExportFormat): string {
  return format === 'csv' ? `${columns.join(',')}\r\n` : '';
}

export function exportLine(format: ExportFormat, event: Event): string {
  if (format === 'jsonl') return `${JSON.stringify(event)}\n`;
  const { phrase, known } = eventSentence(event);
  const cells: Record<(typeof columns)[number], string | number> = {
    at: event.at,
    first_at: event.firstAt,
    server: event.server,
    run: event.run,
    seq: event.seq,
    kind: event.kind,
    verdict: event.verdict,
    count: event.count,
    phrase,
    known: known ?? '',
    target: event.target,
    address: event.address ?? '',
    program: event.process.exe,
    pid: event.process.pid,
    error: event.errno ?? '',
    decided_by: event.by,
    rule: event.rule?.id ?? '',
  };
  return `${columns.map((column) => csvCell(cells[column])).join(',')}\r\n`;
}
