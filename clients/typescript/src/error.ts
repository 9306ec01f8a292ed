/** The one error that this client throws. */

import type { ErrorCode } from "./codes.js";
import type { ErrorFrame } from "./frame.js";

/**
 * Why something failed, for programs. Beside the server's {@link ErrorCode}s:
 *
 * - `closed`: the client was closed, or the server ended the connection for good;
 * - `left`: the room was left;
 * - `offline`: there was no connection, and `offline: "reject"` was asked for;
 * - `queue_full`: too many messages wait for their answers already;
 * - `timeout`: no answer came in time, or a message outlived its `ttl`;
 * - `overflow`: a `for await` loop read too slowly;
 * - `unsupported`: something is missing here, such as a `WebSocket`.
 */
export type FailureCode =
  | ErrorCode
  | "closed"
  | "left"
  | "offline"
  | "queue_full"
  | "timeout"
  | "overflow"
  | "unsupported";

/** More about a {@link RoomcastError}. */
export interface Failure {
  /** Whether the same can succeed later. */
  retry?: boolean;
  /** When to try again, in milliseconds, if the server knows. */
  retryAfter?: number | undefined;
  /** The WebSocket close code, if one ended the connection. */
  closeCode?: number | undefined;
  /** What was thrown before. */
  cause?: unknown;
}

/** Something failed. Read `code` in programs, show `message` to people. */
export class RoomcastError extends Error {
  override readonly name = "RoomcastError";
  /** Why, for programs. */
  declare readonly code: FailureCode;
  /** Whether the same can succeed later. */
  declare readonly retry: boolean;
  /** When to try again, in milliseconds, if the server knows. */
  declare readonly retryAfter: number | undefined;
  /** The WebSocket close code, if one ended the connection. */
  declare readonly closeCode: number | undefined;

  constructor(code: FailureCode, message: string, more: Failure = {}) {
    super(message);
    Object.assign(this, { code, retry: false }, more);
  }
}

/** The same can succeed later. */
export const RETRY: Failure = { retry: true };

/** There is no connection. */
export function offline(): RoomcastError {
  return new RoomcastError("offline", "not connected", RETRY);
}

/** The room is over for who asks; the server may have said why. */
export function over(code: FailureCode = "left"): RoomcastError {
  return new RoomcastError(code, "the room was left");
}

/** The error that an `error` frame tells. */
export function refusal(frame: ErrorFrame): RoomcastError {
  const { code, message, retry, retry_after_ms: retryAfter } = frame;
  return new RoomcastError(code, message, { retry, retryAfter });
}
