/** Messages for a `for await` loop. */

import { RoomcastError } from "./error.js";

/** How many messages may wait for a loop that reads slowly. */
const MOST_WAITING = 1_000;

/** Holds what was pushed until it is read; it has a bound, and a slow reader is told. */
export class Stream<Value> {
  readonly #values: Value[] = [];
  #ended = false;
  #error: unknown;
  #wake: () => void = () => undefined;

  push(value: Value): void {
    if (this.#ended) return;
    if (this.#values.push(value) > MOST_WAITING) {
      this.end(new RoomcastError("overflow", "the loop is too slow"));
    }
    this.#wake();
  }

  /** Ends it after what waits has been read: quietly, or with an error. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake();
  }

  /** What is pushed from now on; `onEnd` is called when nothing more is wanted. */
  async *read(onEnd: () => void): AsyncGenerator<Value, undefined, undefined> {
    try {
      for (;;) {
        while (this.#values.length > 0) yield this.#values.shift() as Value;
        if (this.#error) throw this.#error as Error;
        if (this.#ended) return undefined;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      onEnd();
    }
  }
}
