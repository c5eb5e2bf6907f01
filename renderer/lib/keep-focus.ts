/**
 * Keeps the place of whoever works by keys. A control that removes itself, or is switched off while it works, takes the
 * focus along, and the browser then begins at the top of the page. Here it goes on: to the control itself when it can be
 * used again; else to the nearest thing around it that is still there and can hold the focus; else to where the focus
 * was before; else to the view's heading. Who put the focus nowhere himself is left alone.
 *
 * A dialog that closes gives the focus back by itself; only where it could not is that done here.
 */
import { useEffect } from 'react';

const rememberedMost = 8;
const dialogMs = 150;

function isOff(element: Element): boolean {
  return !element.isConnected || element.matches(':disabled');
}

/** True where it took it. */
function take(element: HTMLElement | null | undefined): boolean {
  if (element === null || element === undefined || isOff(element)) return false;
  element.focus({ preventScroll: true });
  return document.activeElement === element;
}

function around(element: Element): HTMLElement[] {
  const found: HTMLElement[] = [];
  for (let at = element.parentElement; at !== null; at = at.parentElement) {
    if (at.hasAttribute('tabindex') || at.getAttribute('role') === 'dialog') found.push(at);
  }
  return found;
}

function isNowhere(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

/** `headingId`: of what names the view. Returns what ends it. */
export function keepFocus(headingId: string): () => void {
  let last: HTMLElement | null = null;
  let places: HTMLElement[] = [];
  let before: HTMLElement[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function onFocusIn({ target }: FocusEvent): void {
    if (!(target instanceof HTMLElement) || target === last) return;
    if (last !== null) before = [last, ...before.filter((one) => one !== last)].slice(0, rememberedMost);
    last = target;
    places = around(target);
  }

  function onFocusOut({ target, relatedTarget }: FocusEvent): void {
    if (relatedTarget !== null) return;
    // Removed or switched off it is a moment later too; otherwise somebody went out of everything, or to another window.
    setTimeout(() => {
      if (target === last && last !== null && !isOff(last) && isNowhere() && document.hasFocus()) last = null;
    });
  }

  function goOn(): void {
    if (last === null || !isNowhere()) return;
    // Its dialog is still there, or there is none: what is there holds still.
    if (!isOff(last)) {
      take(last);
      return;
    }
    // Switched off while it works: it comes back, or it goes.
    if (last.isConnected) return;
    const place = places.find((one) => one.isConnected && one.childElementCount > 0);
    if (take(place)) return;
    if (before.some((one) => take(one))) return;
    take(document.getElementById(headingId));
  }

  const observer = new MutationObserver(() => {
    if (last === null || !isNowhere()) return;
    const dialog = places.find((one) => one.getAttribute('role') === 'dialog');
    clearTimeout(timer);
    timer = setTimeout(goOn, dialog !== undefined && !dialog.isConnected ? dialogMs : 0);
  });
  observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ['disabled'] });
  document.addEventListener('focusin', onFocusIn);
  document.addEventListener('focusout', onFocusOut);
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    document.removeEventListener('focusin', onFocusIn);
    document.removeEventListener('focusout', onFocusOut);
  };
}

export function useKeptFocus(headingId: string): void {
  useEffect(() => keepFocus(headingId), [headingId]);
}
