/** What the client needs of the place where it runs; a test hands in a clock of its own. */

/** Where page events come from: `online`, `offline`, `visibilitychange`, `pagehide`, `pageshow`. */
export interface EventSource {
  addEventListener(type: string, listener: (event: { type: string }) => void): void;
  removeEventListener(type: string, listener: (event: { type: string }) => void): void;
}

/** The clock, chance and the events of the page. */
export interface Environment {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
  /** Runs something after some milliseconds, unless what it returns is called before. */
  readonly after: (ms: number, run: () => void) => () => void;
  /** Where page events come from, if there are any. */
  readonly events: EventSource | undefined;
  /** Whether somebody can see the page. */
  readonly visible: () => boolean;
}

/** The longest time that `setTimeout` takes. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** A browser, a worker, Node, Deno or Bun. */
export function surroundings(): Environment {
  const scope: Partial<EventSource> & { document?: { visibilityState: string } } = globalThis;
  return {
    now: Date.now,
    random: Math.random,
    after(ms, run) {
      const timer = setTimeout(run, Math.min(ms, LONGEST_TIMER));
      return () => {
        clearTimeout(timer);
      };
    },
    events: scope.addEventListener ? (scope as EventSource) : undefined,
    visible: () => scope.document?.visibilityState !== "hidden",
  };
}

/** 96 bits of chance, so that no member of a room can guess the next message's name. */
export function messageId(): string {
  return crypto.getRandomValues(new Uint32Array(3)).join("-");
}
