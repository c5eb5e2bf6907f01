/**
 * The newest output of one terminal, bounded, addressed by position: UTF-16 units of all output since its start. Pure state.
 */
export interface OutputBuffer {
  /** Position after the newest unit. */
  readonly end: number;
  /** Position of the oldest unit that is kept. */
  readonly start: number;
  add(text: string): void;
  /** At most `max` units from `position` on, which must lie between start and end. */
  read(position: number, max: number): string;
}

export function createOutputBuffer(keep: number): OutputBuffer {
  let pieces: string[] = [];
  let kept = 0;
  let end = 0;

  function dropOldest(): void {
    let excess = kept - keep;
    let drop = 0;
    while (excess > 0 && drop < pieces.length) {
      const piece = pieces[drop] ?? '';
      if (piece.length > excess) {
        pieces[drop] = piece.slice(excess);
        kept -= excess;
        break;
      }
      excess -= piece.length;
      kept -= piece.length;
      drop += 1;
    }
    if (drop > 0) pieces = pieces.slice(drop);
  }

  return {
    get end() {
      return end;
    },
    get start() {
      return end - kept;
    },
    add(text) {
      if (text === '') return;
      end += text.length;
      kept += text.length;
      pieces.push(text);
      if (kept > keep) dropOldest();
    },
    read(position, max) {
      let skip = position - (end - kept);
      let text = '';
      for (const piece of pieces) {
        if (text.length >= max) break;
        if (skip >= piece.length) {
          skip -= piece.length;
          continue;
        }
        text += piece.slice(skip, skip + max - text.length);
        skip = 0;
      }
      return text;
    },
  };
}
