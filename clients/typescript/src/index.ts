/**
 * The client of Roomcast: rooms that come back by themselves, with everything missed or an honest
 * word that it is not there.
 *
 * @packageDocumentation
 */

import { Client } from "./client.js";
import type { ClientOptions } from "./options.js";
import type { AnyShape, RoomShapes } from "./shape.js";

/**
 * Makes a client. It connects with the first `join`.
 *
 * @param url The server: `wss://rooms.example`, or the page's own `/v1/ws`.
 *
 * @example
 * ```ts
 * const client = roomcast("wss://rooms.example", { token: () => fetchToken() });
 * const room = client.join("chat:tea", { rewind: 20 });
 * room.on("message", ({ user, data }) => console.log(user?.name, data));
 * await room.publish("message", { text: "Milk or lemon?" });
 * ```
 */
export function roomcast<Rooms extends RoomShapes<Rooms> = Record<never, AnyShape>>(
  url: string | URL,
  options: ClientOptions = {},
): Client<Rooms> {
  return new Client<Rooms>(url, options);
}

export { Client, type ServiceNotice } from "./client.js";
export type { CloseCode, ErrorCode } from "./codes.js";
export type { Environment, EventSource } from "./environment.js";
export { RoomcastError, type Failure, type FailureCode } from "./error.js";
export type {
  GapReason,
  Member,
  Position,
  PresenceMode,
  RecoveryReason,
  User,
} from "./frame.js";
export type { ListenOptions, Unsubscribe } from "./listeners.js";
export type { RoomState } from "./membership.js";
export type { Gap, HistoryPage, Message, Recovery } from "./message.js";
export type {
  ClientOptions,
  HistoryOptions,
  JoinOptions,
  OfflineMode,
  PublishOptions,
  Socket,
  SocketClass,
  TokenRequest,
  TokenSource,
} from "./options.js";
export type { Presence } from "./presence.js";
export { Room, type RoomStatus } from "./room.js";
export type {
  AnyShape,
  EventOf,
  EventsOf,
  MessageOf,
  NamesOf,
  RoomShape,
  RoomShapes,
  ShapeOf,
  StateOf,
} from "./shape.js";
export type { ConnectionState, ConnectionStatus } from "./status.js";
