/** Text that a server, a config file or an error chose: shown so that it cannot pass for something else. */
import type { ReactNode } from 'react';
import { elideMiddle, visiblePieces } from '../text.ts';

export interface HostileTextProps {
  text: string;
  /** Longest number of characters; the middle goes first. The whole text must be reachable elsewhere. */
  longest?: number;
  className?: string;
}

export function HostileText({ text, longest, className }: HostileTextProps): ReactNode {
  const pieces = visiblePieces(longest === undefined ? text : elideMiddle(text, longest));
  let at = 0;
  return (
    <bdi className={className === undefined ? 'hostile' : `hostile ${className}`} dir="ltr">
      {pieces.map((piece) => {
        const key = at;
        at += piece.text.length;
        return piece.kind === 'text' ? (
          piece.text
        ) : (
          <span key={key} className="hostile-mark" title={`Hidden character ${piece.code}`}>
            {piece.text}
          </span>
        );
      })}
    </bdi>
  );
}
