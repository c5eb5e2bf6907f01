/**
 * What people read. Data goes to standard output; progress, warnings and questions to standard error. Colour only on a
 * terminal and where NO_COLOR is not set.
 *
 * Much of what is printed was chosen by a server (paths, programs, error texts): `plain` takes away what could move the
 * cursor, hide text or turn its direction.
 */

// C0 and C1 controls, DEL, and the characters that reorder or separate lines invisibly.
const dangerous = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

export function plain(text: string): string {
  return text.replace(dangerous, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Like `plain`, for texts of several lines that Belljar laid out itself. */
export function plainLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\t').map(plain).join('\t'))
    .join('\n');
}

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'dim' | 'bold';
const codes: Record<Colour, [number, number]> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  dim: [2, 22],
  bold: [1, 22],
};

export interface Terminal {
  /** Standard output is a terminal. */
  readonly isScreen: boolean;
  /** Both sides are: a question can be asked. */
  readonly canAsk: boolean;
  readonly width: number;
  out(text: string): void;
  /** As it is: a form that has its own line ends. */
  raw(text: string): void;
  /** To standard error, a line. */
  note(text: string): void;
  json(value: unknown): void;
  /** One JSON object a line. */
  jsonLine(value: unknown): void;
  paint(colour: Colour, text: string): string;
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): string;
  ask(question: string): Promise<boolean>;
  /** What was typed, without spaces around it; null when the signal or the end of the input came first. */
  askText(question: string, signal: AbortSignal): Promise<string | null>;
}

export type Cell = string | { text: string; colour?: Colour; right?: boolean };

const textOf = (cell: Cell): string => plain(typeof cell === 'string' ? cell : cell.text);

/** Columns that a character takes, near enough: wide ones are those of East Asian scripts and emoji. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (widthOf(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

export function createTerminal(environment: NodeJS.ProcessEnv = process.env): Terminal {
  const isScreen = process.stdout.isTTY === true;
  const hasColour = isScreen && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  const width = process.stdout.columns ?? 80;
  const paint = (colour: Colour, text: string): string =>
    hasColour ? `\u001b[${codes[colour][0]}m${text}\u001b[${codes[colour][1]}m` : text;
  return {
    isScreen,
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    width,
    out: (text) => void process.stdout.write(`${text}\n`),
    raw: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(`${text}\n`),
    json: (value) => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    jsonLine: (value) => void process.stdout.write(`${JSON.stringify(value)}\n`),
    paint,
    table(head, rows) {
      const widths = head.map((title, column) =>
        Math.max(widthOf(title), ...rows.map((row) => widthOf(textOf(row[column] ?? '')))),
      );
      const last = head.length - 1;
      // The last column gives way on a screen; a file gets all of it.
      const before = widths.slice(0, last).reduce((sum, one) => sum + one + 2, 0);
      const room = isScreen ? Math.max(10, width - before) : Infinity;
      const line = (cells: readonly Cell[], colour: Colour | null): string =>
        cells
          .map((cell, column) => {
            const text = column === last ? cut(textOf(cell), room) : textOf(cell);
            const fill = ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(text)));
            const facts: Exclude<Cell, string> = typeof cell === 'string' ? { text: cell } : cell;
            const own = facts.colour ?? colour;
            const painted = own === null || own === undefined ? text : paint(own, text);
            if (facts.right === true) return fill + painted;
            return column === last ? painted : painted + fill;
          })
          .join('  ')
          .trimEnd();
      const titles = head.map((title, column) => {
        const first = rows[0]?.[column];
        return { text: title, right: typeof first === 'object' && first.right === true };
      });
      return [line(titles, 'dim'), ...rows.map((row) => line(row, null))].join('\n');
    },
    async askText(question, signal) {
      const { createInterface } = await import('node:readline/promises');
      const reader = createInterface({ input: process.stdin, output: process.stderr });
      // Ctrl-C on a prompt is the reader's: it is passed on as the signal that it is.
      reader.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      const ended = new Promise<null>((resolve) => reader.once('close', () => resolve(null)));
      try {
        return await Promise.race([reader.question(question, { signal }).then((text) => text.trim()), ended]);
      } catch {
        return null;
      } finally {
        reader.close();
      }
    },
    async ask(question) {
      const { createInterface } = await import('node:readline/promises');
      const reader = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `)).trim());
      } finally {
        reader.close();
      }
    },
  };
}
