/** What an application can choose. */

import type { Environment } from "./environment.js";
import type { PresenceMode } from "./frame.js";

/** What is left of a `WebSocket` when only what is needed here is kept. */
export interface Socket {
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(
    type: "close",
    listener: (event: { code: number; reason: string }) => void,
  ): void;
  addEventListener(type: "error", listener: () => void): void;
  send(text: string): void;
  close(code?: number): void;
}

/** A `WebSocket` class: the platform's own, or that of a package such as `ws`. */
export type SocketClass = new (url: string, protocols: string[]) => Socket;

/** Why a token is asked for. */
export interface TokenRequest {
  /** `connect`: for a new connection; `refused`: the last one was refused; `refresh`: it will expire. */
  readonly reason: "connect" | "refused" | "refresh";
  /** Aborts when the token is no longer wanted. */
  readonly signal: AbortSignal;
}

/**
 * Gives a fresh token, or nothing to come in without one. It is asked before every connection and
 * before a token expires; the client keeps no token.
 * If it throws, the client asks again later, unless the error has `retry: false`: then it stops.
 */
export type TokenSource = (
  request: TokenRequest,
) => string | null | undefined | Promise<string | null | undefined>;

/**
 * What becomes of a message that is published while the room cannot be reached: it waits for its
 * turn, is silently dropped, or fails at once.
 */
export type OfflineMode = "queue" | "drop" | "reject";

/** Options of `roomcast`. Times are in milliseconds. */
export interface ClientOptions {
  /** Gives the tokens. Without it the client is anonymous. */
  token?: TokenSource;
  /** The class of the sockets. Default: the platform's own. Node 20 has none: use that of `ws`. */
  WebSocket?: SocketClass;
  /** Asks why a connection was refused. Default: the platform's own. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** What becomes of messages published without a connection. Default: `queue`. */
  offline?: OfflineMode;
  /** How long a message is repeated until it is acknowledged. Default: 30,000; keep it below the server's `dedupe` window (2 minutes). */
  ttl?: number;
  /** How many messages may wait for their acknowledgement; one more fails with `queue_full`. Default: 100. */
  maxWaiting?: number;
  /** How long a room is kept after its last `leave`, so that leaving and joining again costs nothing. Default: 1,000. */
  linger?: number;
  /** How long a connection may take, with the token before it. Default: 15,000. */
  connectTimeout?: number;
  /** Closes the client when it aborts. */
  signal?: AbortSignal;
  /** Replaces the clock, chance or page events, for tests and unusual places. */
  environment?: Partial<Environment>;
}

/** Options of `client.join`. */
export interface JoinOptions<State = unknown> {
  /** What to be told of the other members. Default: `none`. */
  presence?: PresenceMode;
  /** How many of the newest messages to begin with, at most 1000. Default: 0. */
  rewind?: number;
  /** What the others are told of this member. */
  state?: State;
  /** Leaves the room when it aborts. */
  signal?: AbortSignal;
}

/** Options of `room.publish`. */
export interface PublishOptions {
  /** What this is the newest value of, for rooms that keep only the latest. */
  key?: string;
  /** `false`: no copy of it comes back. Default: `true`. */
  echo?: boolean;
  /** `true`: skips the history, is sent at most once, and has no position. Default: `false`. */
  ephemeral?: boolean;
  /** How long it is repeated, in milliseconds. Default: the client's `ttl`. */
  ttl?: number;
  /** What becomes of it without a connection. Default: the client's `offline`. */
  offline?: OfflineMode;
  /** Gives it up. What is on its way already may still arrive. */
  signal?: AbortSignal;
}

/** Options of `room.history`. */
export interface HistoryOptions {
  /** At most so many messages, at most 1000. Default: 50. */
  limit?: number;
  /** The newest messages with a smaller offset than this. */
  before?: number;
  /** The oldest messages with a greater offset than this. */
  after?: number;
  /** Gives it up. */
  signal?: AbortSignal;
}
