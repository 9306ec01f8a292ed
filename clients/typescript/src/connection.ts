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
  /** Whether it ever opened; if not, the server may have refused it. */
  opened: boolean;
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
  #opened = false;
  #gone = false;
  #heard = 0;
  #frames = 0;
  /** Until the server has told its figures, whoever opens the connection watches over it. */
  #heartbeat: WelcomeFrame["heartbeat"] = { interval_ms: 0, timeout_ms: 0 };
  #probing = false;
  #cancel: (() => void) | undefined;

  constructor(env: Environment, socket: Socket, events: ConnectionEvents) {
    this.#env = env;
    this.#socket = socket;
    this.#events = events;
    socket.addEventListener("open", () => {
      this.#opened = true;
    });
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
    const { timeout_ms } = this.#heartbeat;
    if (timeout_ms > 0) this.#ask(Math.min(timeout_ms, PROBE_WITHIN));
  }

  readonly #receive = ({ data }: { data: unknown }): void => {
    if (this.#gone) return;
    this.#heard = this.#env.now();
    this.#frames += 1;
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
    this.#probing = false;
    const silent = (): number => this.#env.now() - this.#heard;
    this.#later(interval_ms - silent(), () => {
      if (silent() < interval_ms) this.#watch();
      else this.#ask(timeout_ms);
    });
  }

  #ask(within: number): void {
    if (this.#probing || this.#gone) return;
    this.#probing = true;
    const before = this.#frames;
    this.send({ type: "ping" });
    this.#later(within, () => {
      if (this.#frames > before) this.#watch();
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
    this.#events.end({ code, reason, opened: this.#opened });
  };
}
