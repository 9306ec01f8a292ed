/** A room as the application holds it. */

import { type RoomcastError, over } from "./error.js";
import type { Member, Position, ServerFrame } from "./frame.js";
import { Listeners, type ListenOptions, type Unsubscribe } from "./listeners.js";
import type { Membership, RoomState, Seat, Told } from "./membership.js";
import { type Gap, type HistoryPage, type Message, type Recovery, messageOf } from "./message.js";
import type { ClientOptions, HistoryOptions, JoinOptions, PublishOptions } from "./options.js";
import type { Presence } from "./presence.js";
import { publish } from "./publishing.js";
import { Ready } from "./ready.js";
import type { AnyShape, EventOf, EventsOf, MessageOf, StateOf } from "./shape.js";
import { Stream } from "./stream.js";

/** How long a room is kept after the last `leave`. */
const LINGER = 1_000;

/** How a room stands. */
export interface RoomStatus {
  /** `joining`: waits for the server; `joined`: live; `left`: over. */
  readonly state: RoomState;
  /** Why it is over, unless the application left it. */
  readonly error: RoomcastError | undefined;
}

type News = Omit<Told, "state"> & { status: RoomStatus };

/**
 * A room that was joined. It stays joined over lost connections until `leave`.
 * Each `join` gives a room of its own; those of one name share one membership on the server.
 */
export class Room<Shape = AnyShape> {
  /** The room's name. */
  readonly name: string;
  readonly #membership: Membership;
  readonly #defaults: ClientOptions;
  readonly #seat: Seat;
  readonly #signal: AbortSignal | undefined;
  readonly #events = new Listeners<Record<string, Message>>();
  readonly #listeners = new Listeners<News>();
  readonly #streams = new Set<Stream<MessageOf<Shape>>>();
  readonly #ready = new Ready();
  #status: RoomStatus = { state: "joining", error: undefined };

  /** @internal */
  constructor(membership: Membership, options: JoinOptions, defaults: ClientOptions) {
    const { rewind = 0, presence: mode = "none", signal, state } = options;
    this.name = membership.name;
    this.#membership = membership;
    this.#defaults = defaults;
    this.#signal = signal;
    this.#seat = { rewind, mode, tell: this.#tell };
    const past = membership.admit(this.#seat, state);
    this.#tell("state", membership.state);
    signal?.addEventListener("abort", this.#abort);
    // Later, so that whoever joins can begin to listen.
    queueMicrotask(() => {
      for (const message of past) this.#tell("message", message);
    });
  }

  /** How it stands; a new object with every change. */
  get status(): RoomStatus {
    return this.#status;
  }

  /** Resolves once the room is joined, rejects if it cannot be. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Who is here, as far as `presence` was asked for; a new object with every change. */
  get presence(): Presence<StateOf<Shape>> {
    return this.#membership.presence as Presence<StateOf<Shape>>;
  }

  /** The last position before which nothing is missing; none before the room is first joined. */
  get position(): Position | undefined {
    return this.#membership.position;
  }

  /** Tells of each message with this event; `message` for those without one. */
  on<Event extends EventOf<Shape>>(
    event: Event,
    handler: (message: Message<Event, EventsOf<Shape>[Event]>) => void,
    options?: ListenOptions,
  ): Unsubscribe {
    return this.#events.on(event, handler as (message: Message) => void, options);
  }

  /** Tells of each message, whatever its event. */
  onMessage(handler: (message: MessageOf<Shape>) => void, options?: ListenOptions): Unsubscribe {
    return this.#listeners.on("message", handler as (message: Message) => void, options);
  }

  /** Tells after each lost connection what became of the room; before the messages it brings. */
  onRecover(handler: (recovery: Recovery) => void, options?: ListenOptions): Unsubscribe {
    return this.#listeners.on("recovery", handler, options);
  }

  /** Tells of messages that this client did not get in their turn. */
  onGap(handler: (gap: Gap) => void, options?: ListenOptions): Unsubscribe {
    return this.#listeners.on("gap", handler, options);
  }

  /** Tells who is here, after each change. */
  onPresence(
    handler: (presence: Presence<StateOf<Shape>>) => void,
    options?: ListenOptions,
  ): Unsubscribe {
    return this.#listeners.on("presence", handler as (presence: Presence) => void, options);
  }

  /** Tells how the room stands, after each change. */
  onStatus(handler: (status: RoomStatus) => void, options?: ListenOptions): Unsubscribe {
    return this.#listeners.on("status", handler, options);
  }

  /**
   * Publishes a message, and repeats it until the server has it or its time is over.
   * Resolves with its position; with `undefined` for an ephemeral message, and for one dropped
   * because there was no connection.
   */
  async publish<Event extends EventOf<Shape>>(
    event: Event,
    data: EventsOf<Shape>[Event],
    options: PublishOptions = {},
  ): Promise<Position | undefined> {
    return publish(this.#here(), event, data, options, this.#defaults);
  }

  /** Reads a page of what was published before, oldest first. */
  async history(options: HistoryOptions = {}): Promise<HistoryPage<MessageOf<Shape>>> {
    const { limit = 50, before, after, signal } = options;
    const { name: room } = this;
    const reply = await this.#here().ask({ type: "history", room, limit, before, after }, signal);
    const { messages, more } = reply as ServerFrame & { type: "history" };
    const page = messages.map((message) => messageOf(message, this.position?.epoch, true));
    return { messages: page as MessageOf<Shape>[], more };
  }

  /** Asks who is here now, whether or not the room was joined with `presence`. */
  async members(options: { signal?: AbortSignal } = {}): Promise<{
    members: Member<StateOf<Shape>>[] | undefined;
    count: number;
  }> {
    const reply = await this.#here().ask({ type: "presence", room: this.name }, options.signal);
    const { members, count } = reply as ServerFrame & { type: "presence" };
    return { members: members as Member<StateOf<Shape>>[] | undefined, count };
  }

  /** Changes what the others are told of this member. Without a connection it goes with the next one. */
  async setState(state: StateOf<Shape>): Promise<void> {
    return this.#here().setState(state);
  }

  /**
   * Leaves. Nothing more is told at once; on the server the room is left after a short while
   * (`linger`), unless it is joined again, and when nobody else here is in it.
   * Resolves when that is done, or not needed.
   */
  async leave({ linger = this.#defaults.linger ?? LINGER } = {}): Promise<void> {
    if (this.#left) return;
    this.#finish();
    await this.#membership.release(this.#seat, linger);
  }

  /** `await using room = …` leaves at the end of its block, without lingering. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.leave({ linger: 0 });
  }

  /**
   * `for await (const message of room)`: every message from now on, until the room is over.
   * A loop that falls more than 1,000 messages behind ends with the error `overflow`.
   */
  [Symbol.asyncIterator](): AsyncGenerator<MessageOf<Shape>, undefined, undefined> {
    const stream = new Stream<MessageOf<Shape>>();
    this.#streams.add(stream);
    if (this.#left) stream.end(this.#status.error);
    return stream.read(() => this.#streams.delete(stream));
  }

  get #left(): boolean {
    return this.#status.state === "left";
  }

  readonly #abort = (): void => {
    this.#ready.fail(this.#signal?.reason);
    void this.leave();
  };

  readonly #tell: Seat["tell"] = (what, news) => {
    if (this.#left) return;
    if (what === "state") this.#become(news as RoomState);
    else this.#listeners.tell(what, news as never);
    if (what === "halt") this.#ready.fail(news);
    if (what === "message") {
      const message = news as Message as MessageOf<Shape>;
      this.#events.tell(message.event, message);
      for (const stream of this.#streams) stream.push(message);
    }
  };

  #become(state: RoomState): void {
    if (state === this.#status.state) return;
    const { error } = this.#membership;
    if (state === "left") this.#finish(error);
    else this.#say({ state, error });
    if (state === "joined") this.#ready.done();
  }

  #finish(error?: RoomcastError): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#ready.fail(error ?? over());
    for (const stream of this.#streams) stream.end(error);
    this.#say({ state: "left", error });
  }

  #say(status: RoomStatus): void {
    this.#status = status;
    this.#listeners.tell("status", status);
  }

  /** The membership, unless this room is over. */
  #here(): Membership {
    if (this.#left) throw this.#status.error ?? over();
    return this.#membership;
  }
}
