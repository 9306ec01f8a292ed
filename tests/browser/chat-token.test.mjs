// What a token is to the chat: rooms that it does not open, its end and the next one, and a client
// that lives in a worker with a token of its own.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stage } from "./harness.mjs";
import { goToChat, openChat } from "./pages/chat.mjs";

describe("chat demo and its token", { timeout: 180_000 }, () => {
  let server, context;

  stage((now) => { ({ server, context } = now); });

  test("a room that the token does not open is explained, and another can be entered", async () => {
    const ann = await goToChat(context, server.port, { name: "Ann", room: "secret", rooms: "tea*,coffee" });
    const closed = ann.at("closed");
    await closed.waitFor();
    const said = await closed.textContent();
    assert.match(said, /You may not enter “secret”/);
    assert.match(said, /It opens “tea\*” and “coffee”/);
    await ann.is("connected");
    assert.ok(await ann.at("text").isDisabled() && await ann.at("send").isDisabled());
    assert.equal(await ann.at("person").count(), 0);
    assert.deepEqual(await ann.pictures("chat-forbidden"), []);
    assert.equal(await ann.tooWide(320, 560), 0);

    await closed.getByRole("link", { name: "Go to “tea”" }).click();
    await ann.here("Ann");
    await ann.write("here it is allowed");
    await ann.sees("here it is allowed");
    assert.equal(await ann.at("closed").count(), 0);

    await ann.at("room").fill("secret");
    await ann.press("room-go");
    await closed.waitFor();
    await ann.press("enter-again");
    await closed.waitFor();
    assert.deepEqual(await ann.texts(), []);
    await ann.page.goBack();
    await ann.sees("here it is allowed");
    assert.deepEqual(ann.complaints, []);
  });

  test("a token that expires is refreshed on the live connection, and nothing is lost", async () => {
    const [room, ttl] = ["a long evening", 4];
    const ann = await openChat(context, server.port, { name: "Ann", room, ttl });
    const bob = await openChat(context, server.port, { name: "Bob", room });
    const opened = await server.metric("roomcast_connections_opened_total");
    await ann.page.evaluate(() => {
      const connection = document.querySelector("[data-testid=connection]");
      new MutationObserver(() => { connection.dataset.states = `${connection.dataset.states ?? ""} ${connection.dataset.state}`; })
        .observe(connection, { attributeFilter: ["data-state"] });
    });

    // Until the token of the beginning is long over: words before each refresh, while the new token
    // is fetched, and after it.
    const over = Date.now() + ttl * 2_000;
    const said = [];
    const say = async (tab, text) => { said.push(text); await tab.write(text); await (tab === ann ? bob : ann).sees(text); };
    let refreshes = 0;
    while (Date.now() < over || refreshes < 3) {
      const asked = ann.page.waitForRequest("**/dev/token");
      await say(ann, `Ann before refresh ${++refreshes}`);
      await asked;
      await say(ann, `Ann across refresh ${refreshes}`);
      await say(bob, `Bob after refresh ${refreshes}`);
    }
    for (const tab of [ann, bob]) {
      assert.deepEqual(await tab.texts(), said);
      assert.equal(await tab.at("notice").count(), 0);
      assert.deepEqual(tab.complaints, []);
    }
    assert.ok((await ann.at("connection").getAttribute("data-states") ?? "").split(" ").every((state) => ["", "connected"].includes(state)));
    assert.equal(await server.metric("roomcast_connections_opened_total"), opened);
  });

  test("a client in a web worker talks with the page", async () => {
    const room = "the engine room";
    // The page's policy takes workers from its own server only: the test answers in its place. To
    // Chromium such a script is of no known network, and needs leave to reach this machine's.
    await context.grantPermissions(["local-network-access"]);
    await context.route("**/demo/chat/worker.js", (route) => route.fulfill({ contentType: "text/javascript", body: WORKER }));
    const ann = await openChat(context, server.port, { name: "Ann", room });
    await ann.page.evaluate((room) => {
      const worker = new Worker("/demo/chat/worker.js", { type: "module" });
      worker.onerror = (event) => console.error(`worker: ${event.message}`);
      worker.postMessage(room);
    }, room);
    await ann.here("Robot");
    await ann.write("Are you there?");
    await ann.sees("in a DedicatedWorkerGlobalScope I heard: Are you there?");
    await ann.write("And still?");
    await ann.sees("in a DedicatedWorkerGlobalScope I heard: And still?");
    assert.deepEqual((await ann.messages()).map(({ author }) => author), ["Ann", "Robot", "Ann", "Robot"]);
    assert.deepEqual(ann.complaints, []);
  });
});

const WORKER = `
import { roomcast } from "/client.js";

async function token() {
  const answer = await fetch("/dev/token", { method: "POST", body: JSON.stringify({ name: "Robot" }) });
  return (await answer.json()).token;
}

onmessage = ({ data: name }) => {
  const room = roomcast("/", { token }).join(name);
  room.on("message", ({ user, data }) => {
    if (user.name === "Robot") return;
    room.publish("message", { text: "in a " + self.constructor.name + " I heard: " + data.text });
  });
};
`;
