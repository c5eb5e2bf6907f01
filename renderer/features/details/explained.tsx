/** The host's own explanation of a verdict, by the rules of now: the deciding rule, its source, and what holds it here. */
import type { ReactNode } from 'react';
import { enforcerTitles, sourceTitles, whatIfWords } from '#contract/sentences.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import type { Tone } from '../../lib/components/note.tsx';
import { ErrorNote, Note } from '../../lib/components/note.tsx';
import type { Why } from './details-store.ts';

const verdictTones: Record<'allowed' | 'refused' | 'would-ask', Tone> = {
  allowed: 'good',
  refused: 'refused',
  'would-ask': 'warn',
};

export function Explained({ why }: { why: Why }): ReactNode {
  if (why.kind === 'loading') return <p role="status">{whatIfWords.asking}</p>;
  if (why.kind === 'failed') return <ErrorNote error={why.error} />;
  if (why.kind === 'none') return null;
  const { explanation } = why;
  const verdict =
    explanation.verdict === 'allowed'
      ? 'As the rules stand, this is allowed'
      : explanation.verdict === 'refused'
        ? 'As the rules stand, this is refused'
        : 'As the rules stand, a person would be asked';
  return (
    <Note tone={verdictTones[explanation.verdict]}>
      <p>
        <strong>
          {verdict}
          {explanation.rule !== null ? ':' : explanation.verdict === 'refused' ? '; no rule allows it.' : '.'}
        </strong>{' '}
        {explanation.rule !== null && (
          <>
            rule{' '}
            <code>
              <HostileText text={explanation.rule.id} />
            </code>{' '}
            from {sourceTitles[explanation.rule.source]}.
          </>
        )}
      </p>
      <p>
        Held by {enforcerTitles[explanation.enforcedBy]}.{' '}
        {explanation.effective === 'restart' && 'What runs now still has older rules, until it is started again.'}
      </p>
      {explanation.change !== null && (
        <p>
          To change it:{' '}
          <code>
            <HostileText text={explanation.change} />
          </code>
        </p>
      )}
    </Note>
  );
}
