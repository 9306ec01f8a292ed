/** Simulated time: nothing happens until a test says how much of it passes. */

import type { Environment } from "../../src/environment.js";

/** Lets everything run that waits for nothing but its turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class Clock {
  now = 1_763_793_945_000;
  /** What is due, by its millisecond. */
  readonly #due = new Map<number, Set<() => void>>();
  /** The milliseconds at which something is due, in order. */
  readonly #moments: number[] = [];

  get waiting(): number {
    return [...this.#due.values()].reduce((sum, { size }) => sum + size, 0);
  }

  after(ms: number, run: () => void): () => void {
    const at = Math.ceil(this.now + ms);
    const timers = this.#due.get(at) ?? this.#moment(at);
    const timer = (): void => {
      run();
    };
    timers.add(timer);
    return () => {
      timers.delete(timer);
    };
  }

  /** Lets time pass, with everything that is due in it. */
  async pass(ms: number): Promise<void> {
    await settle();
    const end = this.now + ms;
    for (;;) {
      const at = this.#moments[0];
      if (at === undefined || at > end) break;
      this.now = Math.max(this.now, at);
      const timers = this.#due.get(at) ?? new Set();
      for (const timer of timers) {
        timers.delete(timer);
        timer();
      }
      await settle();
      if (timers.size > 0) continue;
      this.#moments.splice(this.#moments.indexOf(at), 1);
      this.#due.delete(at);
    }
    this.now = end;
  }

  #moment(at: number): Set<() => void> {
    let [low, high] = [0, this.#moments.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#moments[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    this.#moments.splice(low, 0, at);
    const timers = new Set<() => void>();
    this.#due.set(at, timers);
    return timers;
  }

  /** Time passes, but no timer fires, as on a machine that sleeps. */
  suspend(ms: number): void {
    this.now += ms;
  }

  environment(random: () => number, page: Page): Environment {
    return {
      now: () => this.now,
      random,
      after: (ms, run) => this.after(ms, run),
      events: page,
      visible: () => page.visible,
    };
  }
}

/** A page, as far as the client hears of it. */
export class Page extends EventTarget {
  visible = true;

  happens(type: string): void {
    this.dispatchEvent(new Event(type));
  }
}
