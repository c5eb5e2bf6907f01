/** One thing to know, with its tone carried by an icon, a colour and the words. */
import { CircleCheck, CircleSlash, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ErrorBody } from '#contract/errors.ts';
import { HostileText } from './hostile-text.tsx';

export type Tone = 'plain' | 'good' | 'warn' | 'refused';

const icons = { plain: Info, good: CircleCheck, warn: TriangleAlert, refused: CircleSlash };

export function Note({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }): ReactNode {
  const Icon = icons[tone];
  return (
    <div className={`note note-${tone}`}>
      <Icon aria-hidden="true" />
      <div>{children}</div>
    </div>
  );
}

/** An error as the host said it: what, where, and what to do. */
export function ErrorNote({ error, children }: { error: ErrorBody; children?: ReactNode }): ReactNode {
  return (
    <Note tone="refused">
      <div role="alert">
        <p>
          <strong>
            <HostileText text={error.message} />
          </strong>
        </p>
        {error.file !== undefined && (
          <p>
            <code>
              <HostileText text={error.file} />
              {error.at !== undefined && `:${error.at.line.toString()}:${error.at.column.toString()}`}
            </code>
          </p>
        )}
        {error.remedy !== undefined && (
          <p>
            <HostileText text={error.remedy} />
          </p>
        )}
      </div>
      {children !== undefined && <div className="note-actions">{children}</div>}
    </Note>
  );
}
