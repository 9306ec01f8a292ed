/** The client: one connection, many rooms. */

import { Commands } from "./commands.js";
import { type Environment, surroundings } from "./environment.js";
import { RoomcastError } from "./error.js";
import type { ServerFrame, User, WelcomeFrame } from "./frame.js";
import { follow } from "./life.js";
import { Link } from "./link.js";
import { Listeners, type ListenOptions, type Unsubscribe } from "./listeners.js";
import { Membership, type MembershipHost } from "./membership.js";
import type { ClientOptions, JoinOptions } from "./options.js";
import { Room } from "./room.js";
import type { AnyShape, RoomShapes, ShapeOf, StateOf } from "./shape.js";
import type { ConnectionStatus } from "./status.js";

/** What the server says of itself: the service works less well, or well again. */
export interface ServiceNotice {
  /** The room it is about; all rooms if absent. */
  readonly room?: string;
  /** For programs: `degraded`, `restored`. */
  readonly event: string;
  /** For people. */
  readonly text: string;
}

/** One connection to a server, and the rooms on it. Made by `roomcast`. */
export class Client<Rooms extends RoomShapes<Rooms> = Record<never, AnyShape>> {
  readonly #options: ClientOptions;
  readonly #env: Environment;
  readonly #link: Link;
  readonly #commands: Commands;
  readonly #host: MembershipHost;
  /** By name; a `Map`, since a name can be any text. */
  readonly #memberships = new Map<string, Membership>();
  readonly #listeners = new Listeners<{ status: ConnectionStatus; notice: ServiceNotice }>();
  #unfollow: (() => void) | undefined;
  #welcome: WelcomeFrame | undefined;

  /** @internal */
  constructor(url: string | URL, options: ClientOptions) {
    this.#options = options;
    this.#env = { ...surroundings(), ...options.environment };
    this.#link = new Link(url, options, this.#env, {
      status: this.#status,
      up: this.#up,
      down: this.#down,
      frame: this.#frame,
    });
    this.#commands = new Commands(this.#env, (frame) => { this.#link.send(frame); });
    this.#host = {
      env: this.#env,
      commands: this.#commands,
      connected: () => this.#link.status.state === "connected",
      gone: (name) => this.#memberships.delete(name),
    };
    options.signal?.addEventListener("abort", () => { this.close(); });
  }

  /** How the connection stands; a new object with every change. */
  get status(): ConnectionStatus {
    return this.#link.status;
  }

  /** Who this client is, by the server's word; absent when anonymous or not connected yet. */
  get user(): User | undefined {
    return this.#welcome?.user;
  }

  /** Names the present connection, as in `members`; new with every connection. */
  get session(): string | undefined {
    return this.#welcome?.session;
  }

  /** Tells how the connection stands, after each change. */
  onStatus(handler: (status: ConnectionStatus) => void, options?: ListenOptions): Unsubscribe {
    return this.#listeners.on("status", handler, options);
  }

  /** Tells what the server says of its service. */
  onNotice(handler: (notice: ServiceNotice) => void, options?: ListenOptions): Unsubscribe {
    return this.#listeners.on("notice", handler, options);
  }

  /** Joins a room, and connects if that was not done. The room can be used at once. */
  join<const Name extends string>(
    name: Name,
    options: JoinOptions<StateOf<ShapeOf<Rooms, Name>>> = {},
  ): Room<ShapeOf<Rooms, Name>> {
    options.signal?.throwIfAborted();
    this.#options.signal?.throwIfAborted();
    let membership = this.#memberships.get(name);
    if (!membership) this.#memberships.set(name, (membership = new Membership(name, this.#host)));
    const room = new Room<ShapeOf<Rooms, Name>>(membership, options, this.#options);
    const { state, error } = this.#link.status;
    if (state === "idle") this.connect();
    if (error) membership.halt(error);
    return room;
  }

  /** Connects: before the first `join`, or again after the connection was stopped. */
  connect(): void {
    this.#unfollow ??= follow(this.#env, this.#link);
    this.#link.start();
  }

  /** Fetches a fresh token now and brings it to the live connection, as after a change of grants. */
  refresh(): Promise<void> {
    return this.#link.refresh();
  }

  /** Leaves every room and closes the connection. */
  close(): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
    const closed = new RoomcastError("closed", "the client was closed");
    this.#each((membership) => membership.end(closed));
    this.#link.stop(closed);
  }

  /** `await using client = …` closes it at the end of its block. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  readonly #status = (status: ConnectionStatus): void => {
    const { error } = status;
    if (error) {
      this.#commands.fail(error);
      this.#each((membership) => membership.halt(error));
    }
    this.#listeners.tell("status", status);
  };

  readonly #up = (welcome: WelcomeFrame): void => {
    this.#welcome = welcome;
    this.#commands.maxFrame = welcome.limits.max_frame;
    // First the joins: what is sent for a room waits for its join.
    this.#each((membership) => membership.up());
    this.#commands.flush();
  };

  readonly #down = (): void => {
    this.#commands.lost();
    this.#each((membership) => membership.down());
  };

  readonly #frame = (frame: ServerFrame): void => {
    if (this.#commands.reply(frame)) return;
    if (frame.type === "system") this.#listeners.tell("notice", frame);
    else this.#memberships.get((frame as { room?: string }).room ?? "")?.frame(frame);
  };

  #each(run: (membership: Membership) => void): void {
    [...this.#memberships.values()].forEach(run);
  }
}
