/** The mark: something small under glass. */
import type { ReactNode } from 'react';

export function BellJar({ className }: { className?: string }): ReactNode {
  return (
    <svg className={className} viewBox="0 0 32 32" fill="none" aria-hidden="true" focusable="false">
      <path d="M7 25V14a9 9 0 0 1 18 0v11" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />
      <path d="M4 26.5h24" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />
      <circle cx="16" cy="3.2" r="1.6" fill="currentColor" />
      <circle cx="16" cy="19" r="3" fill="currentColor" />
      <path d="M11 14.5a5 5 0 0 1 3-4.4" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" opacity="0.55" />
    </svg>
  );
}
