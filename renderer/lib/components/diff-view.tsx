/** A unified diff, secrets already masked by the host. Added and removed lines differ in colour, sign and element. */
import type { ReactNode } from 'react';
import { HostileText } from './hostile-text.tsx';

/** More lines than a person reads; the file itself is named above. */
const linesMax = 2_000;

export interface DiffViewProps {
  /** What it is of, above the lines. */
  file: string;
  unified: string;
  label?: string;
}

export function DiffView({ file, unified, label = 'What changes in the file' }: DiffViewProps): ReactNode {
  const all = unified.replace(/\n$/u, '').split('\n');
  // The two name lines repeat what stands above.
  const lines = all.filter((line, index) => !(index < 2 && /^(?:---|\+\+\+) /u.test(line)));
  return (
    <figure className="diff" aria-label={label} tabIndex={0}>
      <figcaption className="diff-file">
        <code>
          <HostileText text={file} />
        </code>
      </figcaption>
      <pre>
        {lines.slice(0, linesMax).map((line, index) => (
          <DiffLine key={index} line={line} />
        ))}
        {lines.length > linesMax && (
          <span className="diff-line diff-place">… {(lines.length - linesMax).toString()} more lines</span>
        )}
      </pre>
    </figure>
  );
}

function DiffLine({ line }: { line: string }): ReactNode {
  const text = <HostileText text={line === '' ? ' ' : line} />;
  if (line.startsWith('+')) return <ins className="diff-line diff-added">{text}</ins>;
  if (line.startsWith('-')) return <del className="diff-line diff-removed">{text}</del>;
  if (line.startsWith('@@')) return <span className="diff-line diff-place">{text}</span>;
  return <span className="diff-line">{text}</span>;
}
