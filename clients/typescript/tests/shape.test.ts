/** The types that a map of rooms gives: this file is checked by `tsc`. */

import { test } from "node:test";
import type { Message, Room, ShapeOf } from "../src/index.js";
import { World } from "./world/world.js";

interface Rooms {
  "chat:*": {
    events: { message: { text: string }; typing: null };
    presence: { typing: boolean };
  };
  "feed:*:eur": { events: { price: number } };
  lobby: { events: { hello: string } };
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <Yes extends true>(): Yes | undefined => undefined;

test("rooms are typed by the pattern of their names", () => {
  holds<Same<ShapeOf<Rooms, "chat:tea">, Rooms["chat:*"]>>();
  holds<Same<ShapeOf<Rooms, "feed:x:eur">, Rooms["feed:*:eur"]>>();
  holds<Same<ShapeOf<Rooms, "lobby">, Rooms["lobby"]>>();
  const client = new World().client<Rooms>();
  const id = String(Math.random());
  const chat = client.join(`chat:${id}`, { state: { typing: false } });
  holds<Same<typeof chat, Room<Rooms["chat:*"]>>>();
  chat.on("message", ({ data }) => data.text.trim());
  chat.onMessage((message) => {
    if (message.event === "message") message.data.text.trim();
    else holds<Same<typeof message, Message<"typing", null>>>();
  });
  // @ts-expect-error there is no such event
  chat.on("shout", () => undefined);
  // @ts-expect-error a message has a text
  void chat.publish("message", { words: "" }).catch(() => undefined);
  // @ts-expect-error the state is another
  client.join("chat:milk", { state: { sleeping: true } });
  const other = client.join("elsewhere");
  other.on("anything", ({ data }) => {
    holds<Same<typeof data, unknown>>();
  });
  client.close();
});
