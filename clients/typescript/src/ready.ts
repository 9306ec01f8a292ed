/** A promise that is kept or broken later. */

/** One that was broken can still be kept, as a room that could not be joined may be later. */
export class Ready {
  promise: Promise<void>;
  #keep!: () => void;
  #break!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#keep = resolve;
      this.#break = reject;
    });
    this.promise.catch(() => undefined); // whoever does not ask need not know
  }

  done(): void {
    this.#keep();
    this.promise = Promise.resolve();
  }

  fail(error: unknown): void {
    this.#break(error);
  }
}
