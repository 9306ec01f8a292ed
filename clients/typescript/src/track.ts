/** Which messages of a room have been received: each once, none left out unnoticed. */

import type { Position } from "./frame.js";

/** What a message is, compared with those received before. */
export type Verdict = "next" | "known" | "hole";

/**
 * Everything up to the position has been received; `ahead` holds what came before its turn.
 * That happens only where this client publishes with `echo: false`: such a message has an offset,
 * but no copy of it comes, and its acknowledgement may be earlier or later than its neighbours.
 */
export class Track {
  #epoch: string | undefined;
  #offset = 0;
  readonly #ahead = new Set<number>();

  /** The last position before which nothing is missing. */
  get position(): Position | undefined {
    return this.#epoch === undefined ? undefined : { epoch: this.#epoch, offset: this.#offset };
  }

  /** The numbering is that of this epoch; where it does not go on, nothing from before counts. */
  enter(epoch: string, goesOn: boolean): void {
    this.#epoch = epoch;
    if (goesOn) return;
    this.#offset = 0;
    this.#ahead.clear();
  }

  /** Takes an offset. A jump is no hole while an acknowledgement may still fill it. */
  take(offset: number, quietOnes: boolean): Verdict {
    if (offset <= this.#offset || this.#ahead.has(offset)) return "known";
    if (offset > this.#offset + 1 && !quietOnes) return "hole";
    this.count(offset);
    return "next";
  }

  /** An offset counts as received. */
  count(offset: number): void {
    if (offset > this.#offset) this.#ahead.add(offset);
    this.#close();
  }

  /** Everything up to an offset counts as received. */
  skipTo(offset: number): void {
    this.#offset = Math.max(this.#offset, offset);
    this.#close();
  }

  /** Moves the position over what came ahead of it. */
  #close(): void {
    while (this.#ahead.delete(this.#offset + 1)) this.#offset += 1;
  }
}
