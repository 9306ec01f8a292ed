/** Those who want to be told of something. */

/** Ends what was begun by `on…`; harmless when called twice. */
export type Unsubscribe = () => void;

/** Options of every `on…`. */
export interface ListenOptions {
  /** Stops listening when it aborts. */
  signal?: AbortSignal | undefined;
}

/** Handlers by what they are told of. One that throws does not keep the others from being told. */
export class Listeners<News> {
  /** A `Map`, since the application's events can have any name. */
  readonly #handlers = new Map<keyof News, Set<{ run: (news: never) => void }>>();

  on<What extends keyof News>(
    what: What,
    run: (news: News[What]) => void,
    { signal }: ListenOptions = {},
  ): Unsubscribe {
    const handlers = this.#handlers.get(what) ?? new Set();
    const handler = { run };
    const remove = (): void => {
      handlers.delete(handler);
      signal?.removeEventListener("abort", remove);
    };
    this.#handlers.set(what, handlers);
    if (!signal?.aborted) handlers.add(handler);
    signal?.addEventListener("abort", remove);
    return remove;
  }

  tell<What extends keyof News>(what: What, news: News[What]): void {
    for (const { run } of [...(this.#handlers.get(what) ?? [])]) {
      try {
        run(news as never);
      } catch (error) {
        // As with the browser's own events: it is reported as uncaught, and the others go on.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
