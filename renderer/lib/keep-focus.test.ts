import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepFocus } from './keep-focus.ts';

let end: () => void;

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`no ${id}`);
  return element;
}

const focused = (): string => document.activeElement?.id ?? '';

beforeEach(() => {
  document.body.innerHTML = `
    <h2 id="title" tabindex="-1">View</h2>
    <button id="first">First</button>
    <section id="place" tabindex="-1"><p>Text</p><button id="inner">Inner</button></section>
    <div id="bar"><button id="lone">Lone</button></div>`;
  end = keepFocus('title');
});
afterEach(() => {
  end();
  document.body.innerHTML = '';
});

describe('the focus of a control that goes', () => {
  it('goes to what is around it', async () => {
    byId('inner').focus();
    byId('inner').remove();
    await vi.waitFor(() => {
      expect(focused()).toBe('place');
    });
  });

  it('goes to where it was before, where nothing around it holds it', async () => {
    byId('first').focus();
    byId('lone').focus();
    byId('lone').remove();
    await vi.waitFor(() => {
      expect(focused()).toBe('first');
    });
  });

  it('goes to the heading, where nothing else is left', async () => {
    byId('lone').focus();
    byId('bar').remove();
    await vi.waitFor(() => {
      expect(focused()).toBe('title');
    });
  });

  it('does not go to what is empty', async () => {
    byId('inner').focus();
    byId('place').replaceChildren();
    await vi.waitFor(() => {
      expect(focused()).toBe('title');
    });
  });

  it('stays where somebody put it', async () => {
    byId('inner').focus();
    byId('first').focus();
    byId('inner').remove();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(focused()).toBe('first');
  });

  it('stays nowhere when somebody put it there', async () => {
    byId('inner').focus();
    byId('inner').blur();
    await new Promise((resolve) => setTimeout(resolve, 20));
    byId('inner').remove();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(document.activeElement).toBe(document.body);
  });
});
