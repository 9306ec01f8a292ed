/** Stories of the React hooks, in a small DOM. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Window } from "happy-dom";
import { StrictMode, act, type ReactElement } from "react";
import type { Client, Recovery } from "../src/index.js";
import { useConnection, usePresence, useRoom } from "../src/react.js";
import { World } from "./world/world.js";

const window = new Window();
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });
if (!("navigator" in globalThis)) Object.assign(globalThis, { navigator: window.navigator });
const { createRoot } = await import("react-dom/client");

interface Rooms {
  "chat:*": { events: { message: string }; presence: { typing: boolean } };
}

interface ViewProps {
  client: Client<Rooms>;
  name: `chat:${string}` | undefined;
  recovered?: (recovery: Recovery) => void;
  heard?: (data: string) => void;
}

function View({ client, name, heard, recovered }: ViewProps): ReactElement {
  const { state } = useConnection(client);
  const used = useRoom(client, name, {
    presence: "full",
    state: { typing: false },
    onMessage: ({ data }) => heard?.(data),
    ...(recovered ? { onRecover: recovered } : {}),
  });
  const { count } = usePresence(used.room);
  return <p>{[state, used.state, count ?? "?"].join(" ")}</p>;
}

function mount(): { show: (what: ReactElement | null) => Promise<void>; text: () => string } {
  const element = window.document.createElement("div");
  const root = createRoot(element as unknown as HTMLElement);
  return {
    show: async (what) => {
      await act(() => {
        root.render(<StrictMode>{what}</StrictMode>);
      });
    },
    text: () => element.textContent,
  };
}

test("StrictMode joins once; presence, messages and the connection are shown", async () => {
  const world = new World();
  world.server.answers.set("join", (frame, socket) => {
    socket.say({ ...world.server.joined(frame), count: 2 });
  });
  const client = world.client<Rooms>();
  const heard: string[] = [];
  const page = mount();
  await page.show(<View client={client} name="chat:tea" heard={(data) => heard.push(data)} />);
  await act(() => world.pass(5_000));
  assert.equal(page.text(), "connected joined 2");
  const { socket } = world.server;
  assert.deepEqual([socket.asked("join").length, socket.asked("leave").length], [1, 0]);
  act(() => {
    socket.say(world.server.message("chat:tea", "hello"));
    socket.say({ type: "presence", room: "chat:tea", count: 3 });
  });
  assert.deepEqual([heard, page.text()], [["hello"], "connected joined 3"]);
  await page.show(null);
  await world.pass(1_000);
  assert.equal(socket.asked("leave").length, 1);
});

test("another name is another room; handlers are the newest; cuts are shown", async () => {
  const world = new World();
  const client = world.client<Rooms>();
  const page = mount();
  await page.show(<View client={client} name="chat:tea" />);
  const heard: string[] = [];
  const recoveries: Recovery[] = [];
  const show = (name: ViewProps["name"]): Promise<void> =>
    page.show(
      <View
        client={client}
        name={name}
        heard={(data) => heard.push(data)}
        recovered={(recovery) => recoveries.push(recovery)}
      />,
    );
  await show("chat:milk");
  await act(() => world.pass(2_000));
  const { socket } = world.server;
  assert.deepEqual(socket.asked("leave").map(({ room }) => room), ["chat:tea"]);
  act(() => {
    socket.say(world.server.message("chat:milk", "moo"));
  });
  assert.deepEqual(heard, ["moo"]);
  act(() => {
    socket.end();
  });
  assert.equal(page.text(), "waiting joining ?");
  await act(() => world.pass(2_000));
  assert.equal(page.text(), "connected joined ?");
  assert.equal(recoveries.length, 1);
  await show(undefined);
  assert.equal(page.text(), "connected joining ?");
  client.close();
});
