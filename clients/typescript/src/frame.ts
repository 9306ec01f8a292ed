/** The frames of `roomcast.v1.json`, as `docs/protocol.md` describes them. */

import type { ErrorCode } from "./codes.js";

/** The subprotocol of these frames. */
export const PROTOCOL = "roomcast.v1.json";

/** The place of a message in its room. Offsets of different epochs say nothing about each other. */
export interface Position {
  /** One life of a room's numbering. */
  readonly epoch: string;
  /** The number of the message; the first has 1. */
  readonly offset: number;
}

/** Who published a message or is in a room. */
export interface User {
  /** There only if a token said so: it can be relied on. */
  readonly id?: string;
  /** For people. Without an `id` it is only what somebody called themselves. */
  readonly name?: string;
}

/** One session in a room; a user with two connections is there twice. */
export interface Member<State = unknown> {
  /** Names the connection. */
  readonly session: string;
  /** Absent if nothing is known of this member. */
  readonly user?: User;
  /** What this member said of itself by `state` or `setState`. */
  readonly state?: State;
}

/** What to be told of the other members. */
export type PresenceMode = "none" | "count" | "full";

/** Why a room's position could not be honoured. */
export type RecoveryReason = "epoch" | "expired" | "limit";

/** Why offsets were left out. */
export type GapReason = "slow" | "conflated" | "broker";

type Id = number | string;

export interface WelcomeFrame {
  type: "welcome";
  version: string;
  session: string;
  user?: User;
  heartbeat: { interval_ms: number; timeout_ms: number };
  expires_in_ms?: number;
  limits: { max_frame: number; max_rooms: number; commands_per_second: number };
}

export interface MessageFrame {
  type: "message";
  room: string;
  event?: string;
  user?: User;
  data: unknown;
  timestamp: string;
  offset?: number;
  message_id?: string;
}

export interface JoinedFrame extends Position {
  type: "joined";
  id?: Id;
  room: string;
  recovered: boolean;
  reason?: RecoveryReason;
  messages: MessageFrame[];
  members?: Member[];
  count?: number;
}

export interface PresenceFrame {
  type: "presence";
  id?: Id;
  room: string;
  members?: Member[];
  joined?: Member[];
  left?: Member[];
  changed?: Member[];
  count: number;
}

export interface GapFrame {
  type: "gap";
  room: string;
  from: number;
  to: number;
  reason: GapReason;
  repairing: boolean;
}

export interface HistoryFrame {
  type: "history";
  id?: Id;
  room: string;
  messages: MessageFrame[];
  more: boolean;
}

export interface AckFrame {
  type: "ack";
  id: Id;
  room: string;
  epoch?: string;
  offset?: number;
  duplicate?: true;
}

export interface ErrorFrame {
  type: "error";
  id?: Id;
  room?: string;
  code: ErrorCode;
  message: string;
  retry: boolean;
  retry_after_ms?: number;
}

export interface LeftFrame {
  type: "left";
  id?: Id;
  room: string;
  code?: ErrorCode;
}

export interface SystemFrame {
  type: "system";
  room?: string;
  event: string;
  text: string;
}

/** What the server sends. */
export type ServerFrame =
  | WelcomeFrame
  | MessageFrame
  | JoinedFrame
  | PresenceFrame
  | GapFrame
  | HistoryFrame
  | AckFrame
  | ErrorFrame
  | LeftFrame
  | SystemFrame
  | { type: "refreshed"; id?: Id; expires_in_ms?: number }
  | { type: "expiring"; in_ms: number }
  | { type: "reconnect"; after_ms: number; reason: "drain" | "rebalance" }
  | { type: "ping" | "pong"; t?: unknown };

/** What this client sends. */
export type ClientFrame =
  | {
      type: "join";
      id?: Id;
      room: string;
      since?: Position | undefined;
      rewind?: number | undefined;
      presence?: PresenceMode | undefined;
      state?: unknown;
    }
  | { type: "leave"; id?: Id; room: string }
  | {
      type: "publish";
      id?: Id;
      room: string;
      data: unknown;
      event?: string | undefined;
      message_id?: string | undefined;
      key?: string | undefined;
      echo?: boolean | undefined;
      ephemeral?: boolean | undefined;
    }
  | {
      type: "history";
      id?: Id;
      room: string;
      limit: number;
      before?: number | undefined;
      after?: number | undefined;
    }
  | { type: "presence"; id?: Id; room: string }
  | { type: "state"; id?: Id; room: string; data: unknown }
  | { type: "refresh"; id?: Id; token: string }
  | { type: "ping" | "pong"; t?: unknown };

/** Reads a frame; `undefined` if it is none. Frames of unknown types pass, and nobody heeds them. */
export function readFrame(text: unknown): ServerFrame | undefined {
  try {
    const frame = JSON.parse(String(text)) as ServerFrame | null;
    return frame?.type ? frame : undefined;
  } catch {
    return undefined;
  }
}
