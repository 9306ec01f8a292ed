/** Commands that wait for their replies, over as many connections as it takes. */

import { TOO_LARGE } from "./codes.js";
import type { Environment } from "./environment.js";
import { RETRY, RoomcastError, offline, refusal } from "./error.js";
import type { ClientFrame, ErrorFrame, ServerFrame } from "./frame.js";

/** The wait before a retry where the server names none. */
const RETRY_AFTER = 1_000;

/** A command and what is done with its end. Exactly one of `done` and `failed` is called, once. */
export interface Command {
  readonly frame: ClientFrame & { room: string };
  /** Whether it makes sense to send it now. */
  ready(): boolean;
  readonly done?: ((reply: ServerFrame) => void) | undefined;
  /** The error is a `RoomcastError`, or the reason of the signal where there is one. */
  readonly failed?: ((error: RoomcastError) => void) | undefined;
  /** Whether it is sent again after a lost connection, and when the server says so. */
  readonly repeat?: boolean;
  /** How long to try, in milliseconds. */
  readonly ttl?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Waiting {
  readonly id: number;
  readonly command: Command;
  /** Sent over the present connection. */
  sent: boolean;
  /** Ends the timers and the listening to the signal. */
  release: () => void;
  cancelRetry?: () => void;
}

export class Commands {
  readonly #env: Environment;
  readonly #send: (frame: ClientFrame) => void;
  /** In the order in which they were given: the order in which they are sent. */
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  /** The largest frame that the server takes, in bytes. */
  maxFrame = Infinity;

  constructor(env: Environment, send: (frame: ClientFrame) => void) {
    this.#env = env;
    this.#send = send;
  }

  /** How many publishes wait for their acknowledgement. */
  get publishes(): number {
    return this.#frames.filter(({ type }) => type === "publish").length;
  }

  /**
   * Whether a room waits for the acknowledgement of a publish of which no copy was wanted: of any,
   * or of the one with this name.
   */
  awaitsQuiet(room: string, messageId?: string): boolean {
    return this.#frames.some(
      (frame) =>
        frame.type === "publish" &&
        frame.echo === false &&
        frame.room === room &&
        // An ephemeral one has no name, and no offset that could be missing.
        frame.message_id &&
        (messageId ?? frame.message_id) === frame.message_id,
    );
  }

  give(command: Command): void {
    const { ttl, signal } = command;
    const waiting: Waiting = {
      id: ++this.#lastId,
      command,
      sent: false,
      release: () => {
        cancelTtl?.();
        signal?.removeEventListener("abort", abort);
      },
    };
    const abort = (): void => {
      this.#fail(waiting, signal?.reason as RoomcastError);
    };
    const late = (): void => {
      this.#fail(waiting, new RoomcastError("timeout", "no answer in time", RETRY));
    };
    const cancelTtl = ttl === undefined ? undefined : this.#env.after(ttl, late);
    signal?.addEventListener("abort", abort);
    this.#waiting.set(waiting.id, waiting);
    this.#try(waiting);
  }

  /** Sends what can be sent now and has not been. */
  flush(): void {
    for (const waiting of this.#waiting.values()) this.#try(waiting);
  }

  /** Takes a reply; `false` if it answers no command. */
  reply(frame: ServerFrame): boolean {
    const { id } = frame as { id?: number };
    const waiting = this.#waiting.get(id ?? 0); // the first id is 1
    if (!waiting) return false;
    if (frame.type === "error") this.#refused(waiting, frame);
    else this.#settle(waiting, (command) => command.done?.(frame));
    return true;
  }

  /** The connection was lost: what repeats waits for the next, the rest has failed. */
  lost(): void {
    for (const waiting of [...this.#waiting.values()]) {
      waiting.cancelRetry?.();
      waiting.sent = false;
      if (!waiting.command.repeat) this.#fail(waiting, offline());
    }
  }

  /** Gives up everything, or what is of one room, or what of it has not been sent. */
  fail(error: RoomcastError, room?: string, onlyUnsent = false): void {
    for (const waiting of [...this.#waiting.values()]) {
      const meant = (room ?? waiting.command.frame.room) === waiting.command.frame.room;
      if (meant && !(onlyUnsent && waiting.sent)) this.#fail(waiting, error);
    }
  }

  #try(waiting: Waiting): void {
    const { command, sent, id } = waiting;
    if (sent || !command.ready()) return;
    const frame = { ...command.frame, id };
    if (isLarger(JSON.stringify(frame), this.maxFrame)) {
      // The server would close the connection, and again at every repetition.
      this.#fail(waiting, new RoomcastError(TOO_LARGE, `more than ${this.maxFrame} bytes`));
      return;
    }
    waiting.sent = true;
    this.#send(frame);
  }

  #refused(waiting: Waiting, frame: ErrorFrame): void {
    const error = refusal(frame);
    if (!error.retry || !waiting.command.repeat) {
      this.#fail(waiting, error);
      return;
    }
    waiting.cancelRetry = again(this.#env, error, () => {
      waiting.sent = false;
      this.#try(waiting);
    });
  }

  #fail(waiting: Waiting, error: RoomcastError): void {
    this.#settle(waiting, (command) => command.failed?.(error));
  }

  #settle(waiting: Waiting, tell: (command: Command) => void): void {
    this.#waiting.delete(waiting.id);
    waiting.cancelRetry?.();
    waiting.release();
    tell(waiting.command);
  }

  get #frames(): Command["frame"][] {
    return [...this.#waiting.values()].map(({ command }) => command.frame);
  }
}

/** Tries again when the server says, or after a second; not all clients at once. */
export function again(env: Environment, error: RoomcastError, run: () => void): () => void {
  return env.after((error.retryAfter ?? RETRY_AFTER) + env.random() * RETRY_AFTER, run);
}

function isLarger(text: string, most: number): boolean {
  return text.length * 3 > most && new TextEncoder().encode(text).length > most;
}
