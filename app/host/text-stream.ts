/**
 * The one helper that makes streams for responses. It pulls: text is taken from its source only when the reader asks,
 * so a slow reader costs no memory here. Its controller is guarded: a write after the reader has gone is nothing, never
 * an exception (in some adapters that would end the whole process).
 */

export interface TextSource {
  /** The next text, `null` when there is none yet (then call `wake` later), `undefined` at the end. */
  take(): string | null | undefined;
  /** Called once, whoever ended it. */
  onClose(): void;
}

export interface TextStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Tells the stream that its source may have something. */
  wake(): void;
  /** Ends it from this side, at once. */
  end(): void;
}

export function createTextStream(source: TextSource): TextStream {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  let waiting = false;
  let closed = false;

  function close(): void {
    if (closed) return;
    closed = true;
    try {
      controller?.close();
    } catch {
      // The reader cancelled in between: it is closed already.
    }
    source.onClose();
  }

  function deliver(): void {
    if (closed || controller === null) return;
    const text = source.take();
    if (text === undefined) {
      close();
    } else if (text === null) {
      waiting = true;
    } else {
      waiting = false;
      try {
        controller.enqueue(encoder.encode(text));
      } catch {
        close();
      }
    }
  }

  const body = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      pull: deliver,
      cancel() {
        close();
      },
    },
    { highWaterMark: 0 },
  );
  return {
    body,
    wake() {
      if (waiting) deliver();
    },
    end: close,
  };
}
