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
import type { ClientOptions, Socket, SocketClass, TokenRequest } from "./options.js";
import type { ConnectionStatus } from "./status.js";
import { verdict } from "./verdict.js";

/** A fresh token is fetched so long before the old one ends, or at half its life if that is later. */
const REFRESH_AHEAD = 60_000;
/** After a refresh that failed, the next try. */
const REFRESH_AGAIN = 5_000;
/** Names the refresh among the commands, whose other ids are numbers. */
const REFRESH_ID = "refresh";

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
  #welcomedAt: number | undefined;
  /** Aborted, and replaced, when everything under way for the connection is in vain. */
  #turn = new AbortController();
  #cancelWait: (() => void) | undefined;
  #cancelRefresh: (() => void) | undefined;
  #refreshAt = Infinity;
  /** The turn in which a token is fetched for the live connection. */
  #refreshing: AbortSignal | undefined;
  /** Whether the server refused the last token. */
  #refused = false;
  /** The server's word on when to come back: not before. */
  #notBefore = 0;
  /** The moment that the server gave this client for itself. */
  #ownMoment: number | undefined;

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
  stop(error?: RoomcastError): void {
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
    if (this.status.state === "waiting") this.#wait(this.#notBefore - this.#env.now());
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
    const { retry: useful } = error as { retry?: boolean };
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

  async #token(reason: TokenRequest["reason"]): Promise<string | undefined> {
    const { signal } = this.#turn;
    return (await this.#options.token?.({ reason, signal })) ?? undefined;
  }

  #open(token: string | undefined): void {
    const protocols = [PROTOCOL, ...(token === undefined ? [] : [`roomcast.token.${token}`])];
    const socket = this.#socket(protocols);
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
        return;
      case "expiring":
        void this.refresh();
        return;
      case "refreshed":
        this.#refreshBefore(frame.expires_in_ms);
        return;
      case "reconnect":
        this.#ownMoment = this.#env.now() + frame.after_ms;
        this.#cancelWait = this.#env.after(frame.after_ms, () => void this.#connect());
        return;
      case "error":
        if (frame.id === REFRESH_ID) {
          this.#tokenRefused(frame);
          return;
        }
        if (frame.code === TOKEN_EXPIRED) void this.refresh();
    }
    this.#events.frame(frame);
  };

  #welcome(welcome: WelcomeFrame): void {
    this.#cancelWait?.();
    this.#welcomedAt = this.#env.now();
    this.#refused = false;
    this.#notBefore = 0;
    this.#refreshBefore(welcome.expires_in_ms);
    this.#say({ state: "connected" });
    this.#events.up(welcome);
  }

  /** A new connection, with a token of its own, shows what is wrong with it. */
  #tokenRefused(frame: ErrorFrame): void {
    if (frame.retry) {
      this.#refreshIn(frame.retry_after_ms ?? REFRESH_AGAIN);
      return;
    }
    this.#refused = true;
    void this.#connect();
  }

  #refreshBefore(left: number | undefined): void {
    if (left === undefined || !this.#options.token) return;
    this.#refreshIn(Math.max(left - REFRESH_AHEAD, left / 2));
  }

  #refreshIn(ms: number): void {
    this.#cancelRefresh?.();
    this.#refreshAt = this.#env.now() + ms;
    this.#cancelRefresh = this.#env.after(ms, () => void this.refresh());
  }

  async #ended(end: End, token: string | undefined): Promise<void> {
    const { code, opened } = end;
    const moment = this.#ownMoment;
    this.#drop();
    if (staysAway(code)) {
      this.stop(new RoomcastError("closed", end.reason || "closed", { closeCode: code }));
    } else if (moment !== undefined) {
      this.#wait(moment - this.#env.now());
    } else if (opened) {
      if (code === CLOSED_OVERLOADED) this.#backoff.slowDown();
      this.#comeBack();
    } else {
      await this.#explain(token);
    }
  }

  /** The socket never opened: asks the server whether it refused, and why. */
  async #explain(token: string | undefined): Promise<void> {
    const { signal } = this.#turn;
    this.#patience();
    const ask = this.#options.fetch ?? ((url, init) => fetch(url, init));
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
    this.#cancelWait = this.#env.after(connectTimeout, () => {
      this.#comeBack();
    });
    return connectTimeout;
  }

  /** Comes back after what the server asks for and a wait of its own. */
  #comeBack(after = 0): void {
    this.#drop();
    this.#notBefore = this.#env.now() + after;
    this.#wait(after + this.#backoff.next(this.#env.random));
  }

  #wait(ms: number): void {
    const wait = Math.max(ms, 0);
    this.#cancelWait?.();
    this.#cancelWait = this.#env.after(wait, () => void this.#connect());
    this.#say({ state: "waiting", retryAt: this.#env.now() + wait });
  }

  /** Forgets the socket and everything that was under way for it. */
  #drop(): void {
    this.#turn.abort();
    this.#turn = new AbortController();
    this.#cancelWait?.();
    this.#cancelRefresh?.();
    this.#refreshAt = Infinity;
    this.#ownMoment = undefined;
    this.#connection?.drop();
    this.#connection = undefined;
    if (this.#welcomedAt === undefined) return;
    this.#backoff.lasted(this.#env.now() - this.#welcomedAt);
    this.#welcomedAt = undefined;
    this.#events.down();
  }

  #say(status: ConnectionStatus): void {
    this.status = status;
    this.#events.status(status);
  }
}

