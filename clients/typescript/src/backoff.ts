/** How long to wait before connecting again, so that many clients cut at once do not return at once. */

/** The first try comes after at most this time. */
const FIRST_CEILING = 2_000;
/** The second, after at most this; it doubles with every further try. */
const SECOND_CEILING = 1_000;
const LONGEST_CEILING = 10_000;
/** A connection must have lasted this long before the failures ahead of it are forgotten. */
const STABLE_AFTER = 10_000;

/** The tries since the last stable connection. */
export class Backoff {
  #tries = 0;

  /** The next wait in milliseconds: uniform below the ceiling of this try. */
  next(random: () => number): number {
    const ceiling =
      this.#tries === 0
        ? FIRST_CEILING
        : Math.min(LONGEST_CEILING, SECOND_CEILING * 2 ** (this.#tries - 1));
    this.#tries += 1;
    return random() * ceiling;
  }

  /** A connection that lasted so long has ended. */
  lasted(ms: number): void {
    if (ms >= STABLE_AFTER) this.#tries = 0;
  }

  /** The server has too much to do: the longest ceiling from now on. */
  slowDown(): void {
    this.#tries = Math.max(this.#tries, 5);
  }
}
