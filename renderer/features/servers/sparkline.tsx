/** A server's refusals over the last hour, for the eye; beside it stands the host's own number. */
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { usePanel } from '../../panel-context.tsx';
import { useNow } from '../../lib/use-now.ts';
import { barsOf, bucketCount } from './refusals-store.ts';

const height = 16;
const step = 3;

export function Sparkline({ server }: { server: string }): ReactNode {
  const { refusals } = usePanel();
  const buckets = useStore(refusals, (state) => state.servers.get(server));
  const now = useNow(30_000);
  if (buckets === undefined) return null;
  const bars = barsOf(buckets, now);
  const most = Math.max(...bars);
  if (most === 0) return null;
  const width = bucketCount * step;
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${width.toString()} ${height.toString()}`}
      width={width}
      height={height}
      aria-hidden="true"
      focusable="false"
    >
      <path className="sparkline-ground" d={`M0 ${(height - 0.5).toString()}H${width.toString()}`} />
      {bars.map((count, index) => {
        if (count === 0) return null;
        // One refusal among thousands must still be seen.
        const bar = Math.max(2, Math.round((Math.log1p(count) / Math.log1p(most)) * height));
        return <rect key={index} x={index * step} y={height - bar} width={step - 1} height={bar} />;
      })}
    </svg>
  );
}
