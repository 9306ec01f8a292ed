/** Messages as the application sees them. */

import type { GapReason, JoinedFrame, MessageFrame, Position, RecoveryReason, User } from "./frame.js";

/** What was published in a room. */
export interface Message<Event extends string = string, Data = unknown> {
  /** The room's name. */
  readonly room: string;
  /** The kind of message; `message` if its publisher named none. */
  readonly event: Event;
  /** What was published. */
  readonly data: Data;
  /** Who published it; absent if nothing is known. */
  readonly user: User | undefined;
  /** When the server took it: RFC 3339, UTC. */
  readonly timestamp: string;
  /** Its place in the room; absent for an ephemeral message. */
  readonly position: Position | undefined;
  /** The name its publisher gave it. */
  readonly messageId: string | undefined;
  /** Whether it comes from the history: by `rewind`, or missed and recovered. */
  readonly replayed: boolean;
}

/** What became of a room after the connection was lost, or after it began anew. */
export interface Recovery {
  /** Whether everything missed is replayed next. If not, load afresh what is shown. */
  readonly recovered: boolean;
  /** How many messages were missed; unknown if the room's numbering began anew. */
  readonly missed: number | undefined;
  /** Why it was not recovered. */
  readonly reason: RecoveryReason | undefined;
}

/** Messages that this client did not get in their turn. */
export interface Gap {
  /** The first offset left out. */
  readonly from: number;
  /** The last one. */
  readonly to: number;
  readonly reason: GapReason;
  /** Whether they still come, in their order and before anything newer. */
  readonly repairing: boolean;
}

/** A page of a room's history. */
export interface HistoryPage<Content = Message> {
  /** Oldest first. */
  readonly messages: Content[];
  /** Whether there are more in the direction asked for. */
  readonly more: boolean;
}

/** The kind of a message whose publisher named none. */
export const DEFAULT_EVENT = "message";

/** What a reply to a `join` with a position says. */
export function recoveryOf(frame: JoinedFrame, since: Position, replayed: number): Recovery {
  const { recovered, reason, offset } = frame;
  const lost = reason === "epoch" ? undefined : offset - since.offset;
  return { recovered, missed: recovered ? replayed : lost, reason };
}

/** A frame as a message. */
export function messageOf(frame: MessageFrame, epoch: string | undefined, replayed: boolean): Message {
  const { room, data, user, timestamp, offset } = frame;
  const position = offset && epoch ? { epoch, offset } : undefined;
  const { event = DEFAULT_EVENT, message_id: messageId } = frame;
  return { room, event, data, user, timestamp, position, messageId, replayed };
}
