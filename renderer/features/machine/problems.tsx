/** Config files that could not be used, so that their servers are missing: which, where in them, and what to do. */
import { Collapsible } from '@base-ui/react/collapsible';
import { ChevronDown, FileWarning } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { Problem } from '#contract/server.ts';
import { HostileText } from '../../lib/components/hostile-text.tsx';
import { usePanel } from '../../panel-context.tsx';

function ProblemItem({ problem }: { problem: Problem }): ReactNode {
  return (
    <li className="problem">
      <p>
        <code>
          <HostileText text={problem.file} />
          {problem.at !== undefined && (
            <span>
              :{problem.at.line}:{problem.at.column}
            </span>
          )}
        </code>
      </p>
      <p>
        <HostileText text={problem.message} />{' '}
        {problem.remedy !== undefined && (
          <span className="problem-remedy">
            <HostileText text={problem.remedy} />
          </span>
        )}
      </p>
    </li>
  );
}

const noProblems: readonly Problem[] = [];

export function Problems(): ReactNode {
  const panel = usePanel();
  const problems = useStore(panel.machine, (state) => state.machine?.problems ?? noProblems);
  if (problems.length === 0) return null;
  const title =
    problems.length === 1
      ? 'One config file cannot be read, so its servers are missing here'
      : `${problems.length.toString()} config files cannot be read, so their servers are missing here`;
  return (
    <Collapsible.Root
      className="problems"
      defaultOpen={problems.length <= 2}
      render={<section aria-label="Problems" />}
    >
      <Collapsible.Trigger className="problems-trigger">
        <FileWarning aria-hidden="true" />
        <span>{title}</span>
        <ChevronDown className="chevron" aria-hidden="true" />
      </Collapsible.Trigger>
      <Collapsible.Panel>
        <ul className="problems-list">
          {problems.map((problem, index) => (
            <ProblemItem key={`${problem.file} ${index.toString()}`} problem={problem} />
          ))}
        </ul>
      </Collapsible.Panel>
    </Collapsible.Root>
  );
}
