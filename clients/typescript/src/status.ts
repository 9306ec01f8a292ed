/** How the connection stands. */

import type { RoomcastError } from "./error.js";

/**
 * - `idle`: nothing has been joined yet;
 * - `connecting`: a token is fetched and a socket opened;
 * - `connected`: the server has said welcome;
 * - `waiting`: the connection was lost, and the next try comes at `retryAt`;
 * - `suspended`: the page rests in the browser's back-forward cache;
 * - `stopped`: closed by the application, or ended for good, with an `error`.
 */
export type ConnectionState =
  | "idle"
  | "connecting"
  | "connected"
  | "waiting"
  | "suspended"
  | "stopped";

/** How the connection stands; a new object with every change. */
export interface ConnectionStatus {
  readonly state: ConnectionState;
  /** When the next try begins, in milliseconds since 1970; with `waiting`. */
  readonly retryAt?: number;
  /** Why it ended; with `stopped`. */
  readonly error?: RoomcastError | undefined;
}
