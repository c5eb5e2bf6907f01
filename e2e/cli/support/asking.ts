/** Servers that make Belljar ask: started as their client would, told line by line what to try, answered at the command line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { questionSchema, type Question } from '#contract/question.ts';
import { readEntry } from './client.ts';
import { later, type Finished, type Home } from './product.ts';

/** A command's start takes its time on a busy machine; nothing waits longer than it must. */
export const slow = { timeout: 15_000 };

export interface Talk {
  say(line: string): void;
  /** Everything that the server wrote so far. */
  said(): string;
  end(): Promise<void>;
}

/** Starts the entry of Cursor's file as its client would. */
export function startTalk(home: Home, name: string, cwd: string): Talk {
  const entry = readEntry(home.folder('.cursor/mcp.json'), name);
  const child = spawn(entry.command, entry.args, { env: home.environment, cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  later(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  return {
    say: (line) => void child.stdin.write(`${line}\n`),
    said: () => said,
    async end() {
      const ended = once(child, 'close');
      child.stdin.end();
      await ended;
    },
  };
}

export async function openQuestions(home: Home): Promise<Question[]> {
  return questionSchema.array().parse((await home.json<{ questions: unknown }>('ask', '--json')).questions);
}

/** The only one, once it is there. */
export async function openQuestion(home: Home): Promise<Question> {
  let questions: Question[] = [];
  await expect
    .poll(async () => {
      questions = await openQuestions(home);
      return questions.length;
    }, slow)
    .toBe(1);
  const [question] = questions;
  if (question === undefined) throw new Error('nothing is asked');
  return question;
}

/** Answers the only question; the answer is taken. */
export async function answer(home: Home, word: string): Promise<Finished & { question: Question }> {
  const question = await openQuestion(home);
  const given = await home.run('ask', question.id, word);
  expect([given.code, given.err]).toEqual([0, expect.any(String)]);
  return { ...given, question };
}
