/** A small MCP client over standard input and output: asks, waits for each answer in turn, and tells what was said. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Launch {
  command: string;
  args: readonly string[];
}

export interface Question {
  method: string;
  params?: Record<string, unknown>;
}

export interface Answer {
  result?: unknown;
  error?: unknown;
}

export interface Session {
  answers: Answer[];
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Milliseconds from the start to the answer to `initialize`. */
  initializeMs: number;
  /** Milliseconds from there to the last answer. */
  answersMs: number;
}

export const initializeQuestion: Question = {
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'real-servers', version: '1' } },
};

export const callTool = (name: string, toolArguments: Record<string, unknown>): Question => ({
  method: 'tools/call',
  params: { name, arguments: toolArguments },
});

export interface SessionOptions {
  env: Record<string, string>;
  cwd: string;
  timeoutMs?: number;
  /** Called when the last answer is there and the server still runs. */
  beforeEnd?: () => void;
}

/** `initialize` and its notification come first by themselves; their answer is `answers[0]`. */
export function talk(launch: Launch, questions: readonly Question[], options: SessionOptions): Promise<Session> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(launch.command, [...launch.args], {
      cwd: options.cwd,
      env: options.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const all = [initializeQuestion, ...questions];
    const answers: Answer[] = [];
    let stderr = '';
    let initializeMs = Number.NaN;
    let answersMs = Number.NaN;
    const send = (message: object): void => {
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    };
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    };
    const timer = setTimeout(kill, options.timeoutMs ?? 30_000);
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    createInterface({ input: child.stdout }).on('line', (line) => {
      let message: { id?: unknown; method?: string; result?: unknown; error?: unknown };
      try {
        message = JSON.parse(line) as typeof message;
      } catch {
        return;
      }
      if (message.method !== undefined && message.id !== undefined) {
        // The server asks us something (roots, sampling): we have none of it.
        send({ id: message.id, error: { code: -32_601, message: 'not offered' } });
        return;
      }
      if (message.id !== answers.length) return;
      if (answers.length === 0) {
        initializeMs = performance.now() - began;
        send({ method: 'notifications/initialized' });
      }
      answers.push(message.error === undefined ? { result: message.result } : { error: message.error });
      const next = all[answers.length];
      if (next === undefined) {
        answersMs = performance.now() - began - initializeMs;
        options.beforeEnd?.();
        child.stdin.end();
      } else send({ id: answers.length, method: next.method, params: next.params ?? {} });
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ answers, stderr, code, signal, initializeMs, answersMs });
    });
    send({ id: 0, method: initializeQuestion.method, params: initializeQuestion.params });
  });
}
