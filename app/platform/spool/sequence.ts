/**
 * Line numbers of a run. Two processes of a launcher append to its file (the supervisor, and its guardian at the end) and
 * draw numbers from one counter, so neighbours may stand the other way round; a number that failed to be written is
 * missing for good. A number that was there already, or is far from where the file is, is not the launcher's.
 */
const disorder = 64;

export interface SequenceMark {
  newest: number;
  /** Numbers below the newest that may still come. */
  open: number[];
}

export class Sequence {
  #newest: number;
  /** Numbers below the newest that may still come, in order of their appearance. */
  readonly #open: Set<number>;

  constructor(from: SequenceMark = { newest: 0, open: [] }) {
    this.#newest = from.newest;
    this.#open = new Set(from.open);
  }

  mark(): SequenceMark {
    return { newest: this.#newest, open: [...this.#open] };
  }

  /** True when the number may stand here; it then counts as seen. */
  accept(seq: number): boolean {
    if (seq <= this.#newest) {
      return this.#open.delete(seq);
    }
    for (let missing = Math.max(this.#newest + 1, seq - disorder); missing < seq; missing += 1) {
      this.#open.add(missing);
    }
    for (const missing of this.#open) {
      if (this.#open.size <= disorder) {
        break;
      }
      this.#open.delete(missing);
    }
    this.#newest = seq;
    return true;
  }
}

/** The same for a file that is read backwards, where nothing is known of what came before. */
export class SequenceBackwards {
  #oldest = Number.POSITIVE_INFINITY;
  readonly #recent = new Set<number>();

  accept(seq: number): boolean {
    if (seq >= this.#oldest + disorder || this.#recent.has(seq)) {
      return false;
    }
    this.#recent.add(seq);
    for (const old of this.#recent) {
      if (this.#recent.size <= 2 * disorder) {
        break;
      }
      this.#recent.delete(old);
    }
    this.#oldest = Math.min(this.#oldest, seq);
    return true;
  }
}
