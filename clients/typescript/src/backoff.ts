/** How long to wait before connecting again, so that many clients cut at once do not return at once. */

/** The first tries come after at most so many milliseconds each. */
const CEILINGS = [2_000, 1_000, 2_000, 4_000, 8_000];
/** All further ones, after at most this. */
const LONGEST_CEILING = 10_000;
/** A connection must have lasted this long before the failures ahead of it are forgotten. */
const STABLE_AFTER = 10_000;

/** The tries since the last stable connection. */
export class Backoff {
  #tries = 0;

  /** The next wait in milliseconds: uniform below the ceiling of this try. */
  next(random: () => number): number {
    return random() * (CEILINGS[this.#tries++] ?? LONGEST_CEILING);
  }

  /** A connection that lasted so long has ended. */
  lasted(ms: number): void {
    if (ms >= STABLE_AFTER) this.#tries = 0;
  }

  /** The server has too much to do: the longest ceiling from now on. */
  slowDown(): void {
    this.#tries = CEILINGS.length;
  }
}
