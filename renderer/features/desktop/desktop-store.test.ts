import { describe, expect, it } from 'vitest';
import { failureOf } from '../../lib/failure.ts';
import { browserClock } from '../../lib/clock.ts';
import { createFakeTransport } from '../../test-support/fixtures.ts';
import { createNoticesStore } from '../notices/notices-store.ts';
import { createDesktopStore } from './desktop-store.ts';

function setUp(isDesktop: boolean) {
  const transport = createFakeTransport();
  transport.isDesktop = isDesktop;
  transport.answer('desktop.status', () => ({ openAtLogin: false }));
  transport.answer('desktop.openAtLogin', ({ on }) => ({ openAtLogin: on }));
  const notices = createNoticesStore(browserClock);
  return { transport, notices, desktop: createDesktopStore(transport, notices) };
}

describe('what only the desktop program can do', () => {
  it('is not even asked for in a browser', async () => {
    const { transport, desktop } = setUp(false);
    await desktop.actions.begin();
    expect([transport.calls, desktop.getState().status]).toEqual([[], null]);
  });

  it('is known once the program said so, and follows what it says', async () => {
    const { desktop } = setUp(true);
    await desktop.actions.begin();
    expect(desktop.getState().status).toEqual({ openAtLogin: false });
    await desktop.actions.openAtLogin(true);
    expect(desktop.getState().status).toEqual({ openAtLogin: true });
  });

  it('lets a person choose, or choose nothing', async () => {
    const { transport, desktop } = setUp(true);
    transport.answer('desktop.choose', ({ kind }) => ({ path: kind === 'folder' ? '/home/mara/work' : null }));
    expect(await desktop.actions.choose({ kind: 'folder' })).toBe('/home/mara/work');
    expect(await desktop.actions.choose({ kind: 'file' })).toBeNull();
  });

  it('says what failed and changes nothing', async () => {
    const { transport, desktop, notices } = setUp(true);
    await desktop.actions.begin();
    transport.answer('desktop.openAtLogin', () => {
      throw failureOf('internal');
    });
    await desktop.actions.openAtLogin(true);
    expect(desktop.getState().status).toEqual({ openAtLogin: false });
    expect(JSON.stringify(notices.getState())).toContain('Something went wrong');
  });
});
