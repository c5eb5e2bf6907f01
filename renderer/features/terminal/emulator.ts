/**
 * The terminal's emulator (xterm.js, its renderer of plain elements) set up for hostile output: what it is told has no effect
 * outside of its own rectangle. Titles, colours of the theme, links, the clipboard and marks of other programs are swallowed; the
 * window cannot be moved or asked; there is no bell. A line of any length costs no more than the lines that are kept.
 */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import type { Screen } from './terminal-session.ts';
import { styleByScript } from './style-by-script.ts';

const linesKept = 5_000;
/** Operating system commands with an effect outside: titles and icons, colours, the working folder, links, the clipboard, notices. */
const swallowed = [0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 21, 22, 50, 52, 99, 104, 110, 111, 112, 633, 777, 1337];

export interface Emulator extends Screen {
  readonly element: HTMLElement | undefined;
  focus(): void;
  fit(): void;
  setScreenReader(isOn: boolean): void;
  readTheme(): void;
  close(): void;
}

export interface EmulatorOptions {
  parent: HTMLElement;
  label: string;
  description: string;
  screenReader: boolean;
  /** What is typed, and what the emulator answers by itself. */
  onType: (text: string) => void;
  onSize: (columns: number, rows: number) => void;
  /** The keys that lead out of it. */
  onLeave: () => void;
}

const colourNames = [
  ...['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'],
  ...[
    'brightBlack',
    'brightRed',
    'brightGreen',
    'brightYellow',
    'brightBlue',
    'brightMagenta',
    'brightCyan',
    'brightWhite',
  ],
] as const;

/** Colours as the style sheets have them now, resolved: those of a forced theme are words that only the browser knows. */
function themeOf(parent: HTMLElement): NonNullable<Terminal['options']['theme']> {
  const probe = document.createElement('span');
  probe.hidden = true;
  parent.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(--terminal-${name})`;
    return getComputedStyle(probe).color;
  };
  try {
    return {
      background: colour('ground'),
      foreground: colour('text'),
      cursor: colour('cursor'),
      cursorAccent: colour('ground'),
      selectionBackground: colour('selection'),
      ...Object.fromEntries(
        colourNames.map((name) => [name, colour(name.replace(/[A-Z]/u, (letter) => `-${letter.toLowerCase()}`))]),
      ),
    };
  } finally {
    probe.remove();
  }
}

export function createEmulator(options: EmulatorOptions): Emulator {
  const { parent } = options;
  const restoreStyle = styleByScript();
  const terminal = new Terminal({
    scrollback: linesKept,
    fontFamily: getComputedStyle(parent).fontFamily,
    fontSize: 13,
    lineHeight: 1.2,
    // Whatever colours a program chooses, its words stay readable.
    minimumContrastRatio: 4.5,
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    screenReaderMode: options.screenReader,
    allowProposedApi: false,
    theme: themeOf(parent),
  });
  for (const code of swallowed) terminal.parser.registerOscHandler(code, () => true);
  const fitter = new FitAddon();
  terminal.loadAddon(fitter);
  terminal.attachCustomKeyEventHandler((event) => {
    if (!(event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'l')) return true;
    event.preventDefault();
    if (event.type === 'keydown') options.onLeave();
    return false;
  });
  terminal.open(parent);
  terminal.textarea?.setAttribute('aria-label', options.label);
  terminal.textarea?.setAttribute('aria-describedby', options.description);
  terminal.onData(options.onType);
  terminal.onResize(({ cols, rows }) => {
    options.onSize(cols, rows);
  });
  const fit = (): void => {
    // Hidden, it has no size.
    if (parent.clientWidth > 0 && parent.clientHeight > 0) fitter.fit();
  };
  fit();
  options.onSize(terminal.cols, terminal.rows);
  return {
    get element() {
      return terminal.element;
    },
    write: (text) =>
      new Promise((resolve) => {
        terminal.write(text, resolve);
      }),
    reset: () => {
      terminal.reset();
    },
    focus: () => {
      terminal.focus();
    },
    fit,
    setScreenReader: (isOn) => {
      terminal.options.screenReaderMode = isOn;
    },
    readTheme: () => {
      terminal.options.theme = themeOf(parent);
    },
    close: () => {
      terminal.dispose();
      restoreStyle();
    },
  };
}
