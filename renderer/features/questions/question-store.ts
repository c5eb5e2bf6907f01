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
            remove(question.id);
            store.setState((state) => ({ questions: [...state.questions, question] }));
          }
        }
      },
      answer: async (question: Question, answer: QuestionAnswer): Promise<void> => {
        if (store.getState().answering !== null) return;
        store.setState({ answering: question.id });
        try {
          await transport.call('questions.answer', { id: question.id, answer });
          notices.actions.say('done', `${question.target}: ${answerSentences[answer]}`);
        } catch (error) {
          const body = toBody(error);
          notices.actions.say('problem', body.message, body.remedy ?? null);
        } finally {
          store.setState({ answering: null });
          remove(question.id);
        }
      },
    },
  });
}
