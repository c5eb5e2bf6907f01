import { describe, expect, it } from 'vitest';
import { createMemoryAddress } from '../../test-support/address.ts';
import { createNavigationStore } from './navigation-store.ts';

describe('navigation', () => {
  it('begins where the address says, and at the servers where it says nothing', () => {
    expect(createNavigationStore(createMemoryAddress('#/machine')).getState().route).toEqual({ name: 'machine' });
    expect(createNavigationStore(createMemoryAddress()).getState().route).toEqual({ name: 'servers' });
    expect(createNavigationStore(createMemoryAddress('#/none')).getState().route).toEqual({ name: 'servers' });
  });

  it('goes, comes back, and asks for the focus once each time', () => {
    const address = createMemoryAddress('#/servers');
    const navigation = createNavigationStore(address);
    expect(navigation.takeFocus()).toBe(false);
    navigation.actions.go({ name: 'server', server: 'desk.files' });
    expect(address.hash()).toBe('#/servers/desk.files');
    expect(navigation.takeFocus()).toBe(true);
    expect(navigation.takeFocus()).toBe(false);
    address.back();
    expect(navigation.getState().route).toEqual({ name: 'servers' });
    expect(navigation.takeFocus()).toBe(true);
  });

  it('a query moves no focus, and can leave no step behind', () => {
    const address = createMemoryAddress('#/servers');
    const navigation = createNavigationStore(address);
    navigation.actions.go({ name: 'activity', query: '' });
    navigation.takeFocus();
    navigation.actions.go({ name: 'activity', query: 'text=a' }, { replace: true });
    expect(address.hash()).toBe('#/activity?text=a');
    expect(navigation.takeFocus()).toBe(false);
    address.back();
    expect(navigation.getState().route).toEqual({ name: 'servers' });
  });

  it('an address that is no place leads to the servers; a code leads nowhere', () => {
    const address = createMemoryAddress('#/machine');
    const navigation = createNavigationStore(address);
    address.type('#code=abc');
    expect(navigation.getState().route).toEqual({ name: 'machine' });
    address.type('#/nowhere');
    expect(navigation.getState().route).toEqual({ name: 'servers' });
    expect(address.hash()).toBe('#/servers');
  });

  it('suggests a view only where nobody chose one', () => {
    const address = createMemoryAddress();
    const navigation = createNavigationStore(address);
    navigation.actions.suggest({ name: 'welcome' });
    expect(navigation.getState().route).toEqual({ name: 'welcome' });
    expect(navigation.takeFocus()).toBe(false);
    navigation.actions.suggest({ name: 'machine' });
    expect(navigation.getState().route).toEqual({ name: 'welcome' });
    const chosen = createNavigationStore(createMemoryAddress('#/servers'));
    chosen.actions.suggest({ name: 'welcome' });
    expect(chosen.getState().route).toEqual({ name: 'servers' });
  });
});
