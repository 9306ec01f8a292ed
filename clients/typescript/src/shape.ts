/** Types of rooms: which events and states a room has, found by the pattern of its name. */

import type { Message } from "./message.js";

/** What is known of the rooms of one pattern. */
export interface RoomShape {
  /** The data of each event. */
  events?: object;
  /** The state of each member. */
  presence?: unknown;
}

/** Rooms by pattern, where `*` stands for any run of characters. */
export type RoomShapes<Rooms> = { [Pattern in keyof Rooms]: RoomShape };

/** A room of which nothing is known: its data is `unknown`. */
export interface AnyShape {
  events: Record<string, unknown>;
  presence: unknown;
}

/** The names that a pattern matches. */
export type NamesOf<Pattern> = Pattern extends `${infer Before}*${infer After}`
  ? `${Before}${string}${NamesOf<After>}`
  : Pattern;

type Matches<Rooms, Name> = {
  [Pattern in keyof Rooms]: Name extends NamesOf<Pattern> ? Rooms[Pattern] : never;
}[keyof Rooms];

/** What is known of the room with this name: by its own entry, or else by the patterns. */
export type ShapeOf<Rooms, Name extends string> = Name extends keyof Rooms
  ? Rooms[Name]
  : [Matches<Rooms, Name>] extends [never]
    ? AnyShape
    : Matches<Rooms, Name>;

/** The events of a shape. */
export type EventsOf<Shape> = Shape extends { events: infer Events } ? Events : AnyShape["events"];

/** The names of its events. */
export type EventOf<Shape> = keyof EventsOf<Shape> & string;

/** The state of its members. */
export type StateOf<Shape> = Shape extends { presence: infer State } ? State : unknown;

/** Its messages: told apart by `event`. */
export type MessageOf<Shape> = {
  [Event in EventOf<Shape>]: Message<Event, EventsOf<Shape>[Event]>;
}[EventOf<Shape>];
