import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../test-support/fixtures.ts';
import { createNoticesStore } from './notices-store.ts';

describe('notices', () => {
  it('go after a while, but not while somebody reads them', async () => {
    const clock = createManualClock();
    const notices = createNoticesStore(clock);
    notices.actions.say('problem', 'one');
    notices.actions.say('problem', 'two');
    const texts = (): string[] => notices.getState().notices.map(({ text }) => text);
    notices.actions.hold(1);
    await clock.advance(60_000);
    expect(texts()).toEqual(['one']);
    notices.actions.letGo(1);
    await clock.advance(19_000);
    expect(texts()).toEqual(['one']);
    await clock.advance(2_000);
    expect(texts()).toEqual([]);
  });
});
