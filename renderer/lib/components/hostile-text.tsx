/** Text that a server, a config file or an error chose: shown so that it cannot pass for something else. */
import type { ReactNode } from 'react';
import { beforeMixedWord, elideMiddle, shortPieces, visiblePieces } from '../text.ts';

export interface HostileTextProps {
  text: string;
  /** Longest number of characters; the middle goes first. The whole text must be reachable elsewhere. */
  longest?: number;
  className?: string;
}

export function HostileText({ text, longest, className }: HostileTextProps): ReactNode {
  const pieces = longest === undefined ? visiblePieces(text) : shortPieces(text, longest);
  return (
    <bdi className={className === undefined ? 'hostile' : `hostile ${className}`} dir="ltr">
      {pieces.map((piece, index) => {
        if (piece.kind === 'text') return piece.text;
        if (piece.kind === 'mark') {
          return (
            <span key={index} className="hostile-mark" title={`Hidden character ${piece.code}`}>
              {piece.text}
            </span>
          );
        }
        return (
          <span key={index} className="hostile-mixed" title={piece.words}>
            {piece.text}
            <span className="visually-hidden"> ({piece.words})</span>
          </span>
        );
      })}
    </bdi>
  );
}

/** How much of the end stays longest. */
const tailLength = 26;

/**
 * One line of hostile text that gives way in the middle when there is too little room: the start shrinks, the end stays, because the
 * end of a path or an address says most; where there is not even room for that, its own start goes.
 */
export function MiddleText({ text, longest }: { text: string; longest: number }): ReactNode {
  const short = elideMiddle(text, longest);
  const cut = Math.max(0, short.length - tailLength);
  // Never between the two halves of a character outside the basic plane, nor through a word that is marked whole.
  const at = beforeMixedWord(short, /[\uDC00-\uDFFF]/u.test(short.charAt(cut)) ? cut - 1 : cut);
  return (
    <span className="middle">
      {at > 0 && <HostileText text={short.slice(0, at)} className="middle-start" />}
      <span className="middle-end">
        <HostileText text={short.slice(at)} />
      </span>
    </span>
  );
}
