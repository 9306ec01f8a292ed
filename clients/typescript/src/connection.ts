/** One socket from its opening to its end: frames in their order, signs of life, one end. */

import type { Environment } from "./environment.js";
import { type ClientFrame, type ServerFrame, type WelcomeFrame, readFrame } from "./frame.js";
import type { Socket } from "./options.js";

/** The longest wait for an answer when somebody has just come back to the page. */
const PROBE_WITHIN = 5_000;
/** What is said of a connection that broke without a close frame. */
const BROKEN = 1006;

/** Why a connection ended. */
export interface End {
  code: number;
  reason: string;
}

/** Who is told what a connection brings. */
export interface ConnectionEvents {
  frame(frame: ServerFrame): void;
  end(end: End): void;
}

export class Connection {
  readonly #env: Environment;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #gone = false;
  /** When the last frame came; 0 before the first, and while a sign of life is asked for. */
  #heard = 0;
  /** Until the server has told it, whoever opens the connection watches over it. */
  #heartbeat!: WelcomeFrame["heartbeat"];
  #cancel: (() => void) | undefined;

  constructor(env: Environment, socket: Socket, events: ConnectionEvents) {
    this.#env = env;
    this.#socket = socket;
    this.#events = events;
    socket.addEventListener("message", this.#receive);
    socket.addEventListener("close", this.#end);
    socket.addEventListener("error", () => undefined); // a close follows
  }

  send(frame: ClientFrame): void {
    if (!this.#gone) this.#socket.send(JSON.stringify(frame));
  }

  /** Lets go of the socket: nothing that it still brings is heeded. */
  drop(): void {
    this.#gone = true;
    this.#cancel?.();
    this.#socket.close(1000);
  }

  /** Asks for a sign of life at once. */
  probe(): void {
    if (this.#heard) this.#ask(Math.min(this.#heartbeat.timeout_ms, PROBE_WITHIN));
  }

  readonly #receive = ({ data }: { data: unknown }): void => {
    if (this.#gone) return;
    this.#heard = this.#env.now();
    const frame = readFrame(data);
    if (frame?.type === "ping") this.send({ ...frame, type: "pong" });
    if (frame?.type === "welcome") {
      this.#heartbeat = frame.heartbeat;
      this.#watch();
    }
    if (frame) this.#events.frame(frame);
  };

  /** Asks once nothing has been heard for the interval. One timer, however many frames come. */
  #watch(): void {
    const { interval_ms, timeout_ms } = this.#heartbeat;
    const silent = (): number => this.#env.now() - this.#heard;
    this.#later(interval_ms - silent(), () => {
      if (silent() < interval_ms) this.#watch();
      else this.#ask(timeout_ms);
    });
  }

  #ask(within: number): void {
    this.#heard = 0;
    this.send({ type: "ping" });
    this.#later(within, () => {
      if (this.#heard) this.#watch();
      else this.#end({ code: BROKEN, reason: "" });
    });
  }

  #later(ms: number, run: () => void): void {
    this.#cancel?.();
    this.#cancel = this.#env.after(Math.max(ms, 0), run);
  }

  readonly #end = ({ code, reason }: { code: number; reason: string }): void => {
    if (this.#gone) return;
    this.drop();
    this.#events.end({ code, reason });
  };
}
