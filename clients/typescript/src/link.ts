/** The connection over all its sockets: tokens, coming back, and when to stop. */

import { address, type Address } from "./address.js";
import { Backoff } from "./backoff.js";
import { CLOSED_OVERLOADED, TOKEN_EXPIRED, UNAUTHORIZED, staysAway } from "./codes.js";
import { Connection, type End } from "./connection.js";
import type { Environment } from "./environment.js";
import { RoomcastError } from "./error.js";
import {
  type ClientFrame,
  type ErrorFrame,
  PROTOCOL,
  type ServerFrame,
  type WelcomeFrame,
} from "./frame.js";
import type { ClientOptions, Socket, SocketClass, TokenRequest, TokenSource } from "./options.js";
import type { ConnectionStatus } from "./status.js";
import { verdict } from "./verdict.js";

/** A fresh token is fetched so long before the old one ends, or at half its life if that is later. */
const REFRESH_AHEAD = 60_000;
/** No two refreshes are closer, even where the application hands out tokens that are about to end. */
const REFRESH_PAUSE = 1_000;
/** After a refresh that failed, the next try. */
const REFRESH_AGAIN = 5_000;
/** Names the refresh among the commands, whose other ids are numbers. */
const REFRESH_ID = "refresh";

/** A token, or nothing for who comes in without one. */
type Token = Awaited<ReturnType<TokenSource>>;

/** Who is told how the connection stands and what it brings. */
export interface LinkEvents {
  status(status: ConnectionStatus): void;
  /** A session has begun. */
  up(welcome: WelcomeFrame): void;
  /** The session has ended; another may follow. */
  down(): void;
  frame(frame: ServerFrame): void;
}

export class Link {
  status: ConnectionStatus = { state: "idle" };
  readonly #env: Environment;
  readonly #address: Address;
  readonly #options: ClientOptions;
  readonly #events: LinkEvents;
  readonly #backoff = new Backoff();
  #connection: Connection | undefined;
  /** When this session began; `Infinity` without one. */
  #welcomedAt = Infinity;
  /** Aborted, and replaced, when everything under way for the connection is in vain. */
  #turn = new AbortController();
  #cancelWait: (() => void) | undefined;
  #cancelRefresh: (() => void) | undefined;
  #refreshAt = Infinity;
  /** The turn in which a token is fetched for the live connection. */
  #refreshing: AbortSignal | undefined;
  /** Whether the server refused the last token. */
  #refused = false;
  /** The server's word on when to come back: not before. While connected, this client's own moment. */
  #notBefore = 0;

  constructor(url: string | URL, options: ClientOptions, env: Environment, events: LinkEvents) {
    this.#address = address(url);
    this.#options = options;
    this.#env = env;
    this.#events = events;
  }

  /** Connects, unless it is under way. */
  start(): void {
    if (!this.#resting) return;
    this.#refused = false;
    void this.#connect();
  }

  /** Ends it, for good or until `start`. */
  stop(error: RoomcastError): void {
    this.#drop();
    this.#say({ state: "stopped", error });
  }

  /** Lets the socket go while the page rests. */
  suspend(): void {
    if (this.#resting) return;
    this.#drop();
    this.#say({ state: "suspended" });
  }

  /** Whether nothing is under way. */
  get #resting(): boolean {
    return /^[is]/.test(this.status.state); // idle, suspended, stopped
  }

  send(frame: ClientFrame): void {
    this.#connection?.send(frame);
  }

  /** Makes sure that the connection is alive. */
  probe(): void {
    this.#connection?.probe();
  }

  /** Somebody is back, or the network is: makes sure, fetches what is stale, waits no longer. */
  wake(): void {
    if (this.status.state === "waiting") this.#wait(this.#notBefore);
    this.probe();
    if (this.#env.now() >= this.#refreshAt) void this.refresh();
  }

  /** Brings a fresh token to the live connection. */
  async refresh(): Promise<void> {
    const { signal } = this.#turn;
    if (this.#refreshing === signal || this.status.state !== "connected") return;
    this.#refreshing = signal;
    try {
      const token = await this.#token("refresh");
      if (token && !signal.aborted) this.send({ type: "refresh", id: REFRESH_ID, token });
    } catch (error) {
      this.#failed(error, signal, () => {
        this.#refreshIn(REFRESH_AGAIN);
      });
    }
    if (this.#refreshing === signal) this.#refreshing = undefined;
  }

  /** Tries again after an error, unless that is no use, or nobody waits for it any more. */
  #failed(error: unknown, { aborted }: AbortSignal, retry: () => void): void {
    if (aborted) return;
    const { retry: useful } = (error ?? {}) as { retry?: boolean };
    // `false` and not just absent: an error of the application's own is worth another try.
    if (useful !== false) retry();
    else this.stop(error instanceof RoomcastError ? error : new RoomcastError(UNAUTHORIZED, String(error)));
  }

  async #connect(): Promise<void> {
    this.#drop();
    const { signal } = this.#turn;
    const late = this.#env.now() + this.#patience();
    this.#say({ state: "connecting" });
    try {
      const token = await this.#token(this.#refused ? "refused" : "connect");
      if (signal.aborted) return;
      // A machine that slept meanwhile holds a token from before its sleep.
      if (this.#env.now() > late) this.#comeBack();
      else this.#open(token);
    } catch (error) {
      this.#failed(error, signal, () => {
        this.#comeBack();
      });
    }
  }

  async #token(reason: TokenRequest["reason"]): Promise<Token> {
    return this.#options.token?.({ reason, signal: this.#turn.signal });
  }

  #open(token: Token): void {
    const socket = this.#socket(token ? [PROTOCOL, `roomcast.token.${token}`] : [PROTOCOL]);
    this.#connection = new Connection(this.#env, socket, {
      frame: this.#frame,
      end: (end) => {
        void this.#ended(end, token);
      },
    });
  }

  #socket(protocols: string[]): Socket {
    const scope: { WebSocket?: SocketClass } = globalThis;
    const { WebSocket = scope.WebSocket } = this.#options;
    if (!WebSocket) throw new RoomcastError("unsupported", "pass a `WebSocket`");
    try {
      return new WebSocket(this.#address.socket, protocols);
    } catch (cause) {
      // A wrong address or token: the next try would end like this one.
      throw new RoomcastError("unsupported", String(cause), { cause });
    }
  }

  readonly #frame = (frame: ServerFrame): void => {
    switch (frame.type) {
      case "welcome":
        this.#welcome(frame);
        break;
      case "expiring":
        void this.refresh();
        break;
      case "refreshed":
        this.#refreshBefore(frame.expires_in_ms);
        break;
      case "reconnect":
        this.#notBefore = this.#env.now() + frame.after_ms;
        this.#later(frame.after_ms, () => void this.#connect());
        break;
      case "error":
        if (frame.id === REFRESH_ID) this.#tokenRefused(frame);
        else if (frame.code === TOKEN_EXPIRED) void this.refresh();
    }
    this.#events.frame(frame);
  };

  #welcome(welcome: WelcomeFrame): void {
    this.#cancelWait?.();
    this.#welcomedAt = this.#env.now();
    this.#refused = false;
    this.#notBefore = 0;
    this.#refreshBefore(welcome.expires_in_ms);
    this.#say({ state: "connected" }, welcome);
  }

  /** A new connection, with a token of its own, shows what is wrong with it. */
  #tokenRefused(frame: ErrorFrame): void {
    if (frame.retry) this.#refreshIn(frame.retry_after_ms ?? REFRESH_AGAIN);
    else {
      this.#refused = true;
      void this.#connect();
    }
  }

  #refreshBefore(left: number | undefined): void {
    if (left === undefined || !this.#options.token) return;
    this.#refreshIn(Math.max(left - REFRESH_AHEAD, left / 2, REFRESH_PAUSE));
  }

  #refreshIn(ms: number): void {
    this.#cancelRefresh?.();
    this.#refreshAt = this.#env.now() + ms;
    this.#cancelRefresh = this.#env.after(ms, () => void this.refresh());
  }

  async #ended(end: End, token: Token): Promise<void> {
    const { code } = end;
    const met = this.#welcomedAt < Infinity;
    this.#drop();
    if (code === CLOSED_OVERLOADED) this.#backoff.slowDown();
    if (staysAway(code)) {
      this.stop(new RoomcastError("closed", end.reason || "closed", { closeCode: code }));
    } else if (!met) {
      await this.#explain(token);
    } else if (this.#notBefore > 0) {
      this.#wait(this.#notBefore);
    } else {
      this.#comeBack();
    }
  }

  /** There was no welcome: asks the server whether it refused, and why. */
  async #explain(token: Token): Promise<void> {
    const { signal } = this.#turn;
    this.#patience();
    const ask = this.#options.fetch ?? fetch;
    const { error, after } = await verdict(this.#address.check, token, ask, signal);
    if (signal.aborted) return;
    // A token may have just expired; the next one is fresh, and its refusal counts.
    const again = error?.code === UNAUTHORIZED && !this.#refused && this.#options.token;
    if (error) this.#refused = true;
    if (error && !again) this.stop(error);
    else this.#comeBack(after);
  }

  /** Gives up what has begun if it takes too long; tells how long that is. */
  #patience(): number {
    const { connectTimeout = 15_000 } = this.#options;
    this.#later(connectTimeout, () => {
      this.#comeBack();
    });
    return connectTimeout;
  }

  /** Comes back after what the server asks for and a wait of its own. */
  #comeBack(after = 0): void {
    this.#drop();
    this.#notBefore = this.#env.now() + after;
    this.#wait(this.#notBefore + this.#backoff.next(this.#env.random));
  }

  #wait(until: number): void {
    const now = this.#env.now();
    const retryAt = Math.max(until, now);
    this.#later(retryAt - now, () => void this.#connect());
    this.#say({ state: "waiting", retryAt });
  }

  /** One thing is waited for at a time. */
  #later(ms: number, run: () => void): void {
    this.#cancelWait?.();
    this.#cancelWait = this.#env.after(ms, run);
  }

  /** Forgets the socket and everything that was under way for it. */
  #drop(): void {
    this.#turn.abort();
    this.#turn = new AbortController();
    this.#cancelWait?.();
    this.#cancelRefresh?.();
    this.#refreshAt = Infinity;
    this.#connection?.drop();
    this.#connection = undefined;
    this.#backoff.lasted(this.#env.now() - this.#welcomedAt);
    this.#welcomedAt = Infinity;
  }

  /** Tells the rooms, then the application: what it finds there is as the status says. */
  #say(status: ConnectionStatus, welcome?: WelcomeFrame): void {
    const { state } = this.status;
    this.status = status;
    if (welcome) this.#events.up(welcome);
    else if (state === "connected") this.#events.down();
    // Whoever was told of a room may have closed the client.
    if (this.status === status) this.#events.status(status);
  }
}

