/**
 * The page's Content-Security-Policy allows no inline style, and the terminal's emulator makes style elements and style attributes.
 * While one is open, a style element's text becomes a style sheet that the page adopts, and a span's style attribute is set through the
 * object model. Both look the same and neither is inline style (CSP level 3: constructed sheets and the object model are a
 * script's own doing), so the policy stays as it is.
 *
 * The emulator can be given a document of its own to make elements with, but takes the page's in some places all the same (its rows,
 * its scroll bar), so the change is made there; nothing else of the page makes style elements or sets such attributes.
 */

let users = 0;

/**
 * Stands where the style element would, since an empty one already counts as inline style. Its text is that of a sheet; gone from the
 * page, so is the sheet.
 */
function createSheetElement(): HTMLElement {
  const sheet = new CSSStyleSheet();
  const element = Document.prototype.createElement.call(document, 'span');
  element.hidden = true;
  let text = '';
  Object.defineProperties(element, {
    textContent: {
      get: () => text,
      set: (next: string) => {
        text = next;
        sheet.replaceSync(next);
        if (!document.adoptedStyleSheets.includes(sheet))
          document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
      },
    },
    remove: {
      value: () => {
        document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
        Element.prototype.remove.call(element);
      },
    },
  });
  return element;
}

function createElement(tag: string, options?: ElementCreationOptions): HTMLElement {
  return tag === 'style' ? createSheetElement() : Document.prototype.createElement.call(document, tag, options);
}

function setAttribute(this: HTMLSpanElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

/** Until the answer is called; several may be open. */
export function styleByScript(): () => void {
  users += 1;
  if (users === 1) {
    Object.defineProperty(document, 'createElement', { configurable: true, value: createElement });
    Object.defineProperty(HTMLSpanElement.prototype, 'setAttribute', { configurable: true, value: setAttribute });
  }
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    users -= 1;
    if (users > 0) return;
    Reflect.deleteProperty(document, 'createElement');
    Reflect.deleteProperty(HTMLSpanElement.prototype, 'setAttribute');
  };
}
