/** Lines of a stream that this program reads, with a bound: an answer of one message a line. */
import { BelljarError } from '#contract/errors.ts';

/** As many at a time as one read brought: none while a line is not whole. Throws `too-large`. */
export async function* linesOf(body: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longest) throw new BelljarError('too-large');
    yield lines;
  }
}
