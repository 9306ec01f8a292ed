/**
 * Roomcast for React: a room for as long as a component is there, and who is in it.
 *
 * @packageDocumentation
 */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type {
  AnyShape,
  Client,
  ConnectionStatus,
  JoinOptions,
  MessageOf,
  Presence,
  Recovery,
  Room,
  RoomShapes,
  RoomStatus,
  ShapeOf,
  StateOf,
} from "./index.js";

/** Options of {@link useRoom}. Handlers can be new with every rendering; the newest is called. */
export interface UseRoomOptions<Shape> extends Omit<JoinOptions<StateOf<Shape>>, "signal"> {
  /** Is told of each message. */
  onMessage?: (message: MessageOf<Shape>) => void;
  /** Is told after each lost connection what became of the room. */
  onRecover?: (recovery: Recovery) => void;
}

/** What {@link useRoom} gives. */
export interface UsedRoom<Shape> extends RoomStatus {
  /** The room, once the component is mounted. */
  readonly room: Room<Shape> | undefined;
}

const JOINING: RoomStatus = { state: "joining", error: undefined };
const NOBODY: Presence<never> = { members: undefined, count: undefined };

/**
 * Joins a room while the component is mounted. Components with the same room share it, and one
 * that is unmounted and mounted again at once, as by StrictMode, does not leave it in between.
 * Another client, name, `presence` or `rewind` joins anew; `state` is that of the first join.
 *
 * @param name The room; with `undefined` none is joined.
 */
export function useRoom<Rooms extends RoomShapes<Rooms>, const Name extends string>(
  client: Client<Rooms>,
  name: Name | undefined,
  options: UseRoomOptions<ShapeOf<Rooms, Name>> = {},
): UsedRoom<ShapeOf<Rooms, Name>> {
  const [room, setRoom] = useState<Room<ShapeOf<Rooms, Name>>>();
  const newest = useRef(options);
  const { presence, rewind } = options;
  useEffect(() => {
    newest.current = options;
  });
  useEffect(() => {
    if (name === undefined) return undefined;
    const { state } = newest.current;
    const joined = client.join<Name>(name, {
      ...(presence === undefined ? {} : { presence }),
      ...(rewind === undefined ? {} : { rewind }),
      ...(state === undefined ? {} : { state }),
    });
    joined.onMessage((message) => newest.current.onMessage?.(message));
    joined.onRecover((recovery) => newest.current.onRecover?.(recovery));
    setRoom(joined);
    return () => {
      setRoom(undefined);
      void joined.leave();
    };
  }, [client, name, presence, rewind]);
  const subscribe = useCallback(
    (changed: () => void) => room?.onStatus(changed) ?? (() => undefined),
    [room],
  );
  const snapshot = (): RoomStatus => room?.status ?? JOINING;
  return { room, ...useSyncExternalStore(subscribe, snapshot, () => JOINING) };
}

/** Who is in a room that was joined with `presence`; a new object with every change. */
export function usePresence<Shape = AnyShape>(
  room: Room<Shape> | undefined,
): Presence<StateOf<Shape>> {
  const subscribe = useCallback(
    (changed: () => void) => room?.onPresence(changed) ?? (() => undefined),
    [room],
  );
  const snapshot = (): Presence<StateOf<Shape>> => room?.presence ?? NOBODY;
  return useSyncExternalStore(subscribe, snapshot, () => NOBODY);
}

/** How the connection stands. */
export function useConnection<Rooms extends RoomShapes<Rooms>>(
  client: Client<Rooms>,
): ConnectionStatus {
  const subscribe = useCallback((changed: () => void) => client.onStatus(changed), [client]);
  const snapshot = (): ConnectionStatus => client.status;
  return useSyncExternalStore(subscribe, snapshot, snapshot);
}
