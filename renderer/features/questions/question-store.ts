/** What runs wait for a person to decide. Mirrors the host's list; a question that the host forgets is gone here too. */
import { createStore } from 'zustand/vanilla';
import type { FeedMessage } from '#contract/feed.ts';
import type { Question } from '#contract/question.ts';
import { answerSentences } from '#contract/sentences.ts';
import type { QuestionAnswer } from '#contract/words.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import type { NoticesStore } from '../notices/notices-store.ts';

export interface QuestionsState {
  /** Oldest first. */
  questions: readonly Question[];
  /** The one whose answer is on its way. */
  answering: string | null;
}

export type QuestionStore = ReturnType<typeof createQuestionStore>;

export function createQuestionStore(transport: Transport, notices: NoticesStore) {
  const store = createStore<QuestionsState>(() => ({ questions: [], answering: null }));

  function remove(id: string): void {
    store.setState((state) => ({ questions: state.questions.filter((question) => question.id !== id) }));
  }

  /** One that is known stays where it stands. */
  function put(question: Question): void {
    store.setState(({ questions }) => ({
      questions: questions.some(({ id }) => id === question.id)
        ? questions.map((one) => (one.id === question.id ? question : one))
        : [...questions, question],
    }));
  }

  return Object.assign(store, {
    actions: {
      replace: (questions: readonly Question[]) => {
        store.setState({ questions });
      },
      apply: (messages: readonly FeedMessage[]) => {
        for (const message of messages) {
          if (message.type === 'question-gone') remove(message.id);
          else if (message.type === 'question') {
            const { question } = message;
            put(question);
          }
        }
      },
      answer: async (question: Question, answer: QuestionAnswer, scope: number): Promise<void> => {
        if (store.getState().answering !== null) return;
        store.setState({ answering: question.id });
        try {
          await transport.call('questions.answer', {
            id: question.id,
            answer,
            ...(scope > 0 && (answer === 'run' || answer === 'always') ? { scope } : {}),
          });
          notices.actions.say('done', `${question.target}: ${answerSentences[answer]}`);
        } catch (error) {
          const body = toBody(error);
          notices.actions.say('problem', body.message, body.remedy ?? null);
        } finally {
          store.setState({ answering: null });
          remove(question.id);
        }
      },
      /** Lets it wait for all of its time. */
      wait: async (question: Question): Promise<void> => {
        try {
          put((await transport.call('questions.wait', { id: question.id })).question);
        } catch (error) {
          const body = toBody(error);
          notices.actions.say('problem', body.message, body.remedy ?? null);
          if (body.code === 'no-such-question') remove(question.id);
        }
      },
    },
  });
}
