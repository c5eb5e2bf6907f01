/**
 * Typing into a terminal (`terminals.input`), for page and command line: what is typed, in order. One call at a time; what comes
 * meanwhile goes with the next one. After a failure what waits is thrown away, since half of it would mean something else.
 */
export function createTypist(
  send: (text: string) => Promise<unknown>,
  longest: number,
  onError: (error: unknown) => void,
): (text: string) => void {
  let waiting = '';
  let busy = false;
  async function work(): Promise<void> {
    busy = true;
    try {
      while (waiting !== '') {
        // Never between the two halves of a character outside the basic plane.
        const cut = /[\uDC00-\uDFFF]/u.test(waiting.charAt(longest)) ? longest - 1 : longest;
        const text = waiting.slice(0, cut);
        waiting = waiting.slice(text.length);
        await send(text);
      }
    } catch (error) {
      waiting = '';
      onError(error);
    } finally {
      busy = false;
    }
  }
  return (text) => {
    waiting += text;
    if (!busy) void work();
  };
}
