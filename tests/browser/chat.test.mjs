// The chat demo in two tabs of a real browser.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { Network, stage } from "./harness.mjs";
import { openChat } from "./pages/chat.mjs";

const TEN = Array.from({ length: 10 }, (_, index) => `number ${index + 1}`);

describe("chat demo", { timeout: 180_000 }, () => {
  let browser, server, context;
  let rooms = 0;
  let room;

  stage((now) => { ({ server, browser, context } = now); });
  beforeEach(() => { room = `tea ${++rooms}`; });

  const open = (name, port = server.port) => openChat(context, port, { name, room });

  test("two tabs talk and see each other", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await ann.here("Bob");
    await bob.here("Ann");

    await ann.write("Good morning, Bob");
    await bob.sees("Good morning, Bob");
    await bob.write("Good morning, <b>Ann</b>");
    await ann.sees("Good morning, <b>Ann</b>");
    await bob.sees("Good morning, <b>Ann</b>");

    const said = (messages) => messages.map(({ author, text, mine }) => ({ author, text, mine }));
    assert.deepEqual(said(await ann.messages()), [
      { author: "Ann", text: "Good morning, Bob", mine: true },
      { author: "Bob", text: "Good morning, <b>Ann</b>", mine: false },
    ]);
    assert.deepEqual(said(await bob.messages()), [
      { author: "Ann", text: "Good morning, Bob", mine: false },
      { author: "Bob", text: "Good morning, <b>Ann</b>", mine: true },
    ]);

    await bob.page.close();
    await ann.gone("Bob");
    assert.deepEqual(ann.complaints, []);
    assert.deepEqual(bob.complaints, []);
  });

  test("two tabs of one name are one person", async () => {
    const first = await open("Ann");
    await open("Ann");
    await first.at("person").filter({ hasText: "2 tabs" }).waitFor();
    assert.equal(await first.at("person").count(), 1);
  });

  test("a newcomer sees what was said before", async () => {
    const ann = await open("Ann");
    await ann.write("first", "second");
    await ann.sees("second");
    const bob = await open("Bob");
    await bob.sees("second");
    assert.deepEqual(await bob.texts(), ["first", "second"]);
    assert.equal(await bob.at("notice").count(), 0);
  });

  test("a tab that was cut recovers what it missed, in order, exactly once", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await ann.write("before");
    await bob.sees("before");

    await bob.cut();
    await ann.gone("Bob");
    await ann.write(...TEN);
    await ann.sees("number 10");
    assert.deepEqual(await bob.texts(), ["before"]);
    assert.equal(await bob.at("network").textContent(), "Restore the network");

    await bob.restore();
    await bob.sees("number 10");
    assert.match(await bob.notice("missed"), /10 missed messages recovered/);
    assert.deepEqual((await bob.messages()).map(({ text, mark }) => [text, mark]),
      [["before", ""], ...TEN.map((text) => [text, "recovered"])]);

    await ann.write("after");
    await bob.sees("after");
    assert.deepEqual(await bob.texts(), ["before", ...TEN, "after"]);
    await bob.picture("chat-recovered");
    assert.deepEqual(bob.complaints, []);
  });

  test("a network that breaks without a farewell is recovered from too", async () => {
    const network = await Network.before(server);
    try {
      const ann = await open("Ann");
      const bob = await open("Bob", network.port);
      await ann.write("before");
      await bob.sees("before");

      network.cut();
      await bob.is("waiting");
      await ann.write(...TEN);
      await ann.sees("number 10");
      await bob.write("written without a network");
      assert.deepEqual((await bob.messages()).at(-1).waiting, true);

      network.restore();
      await bob.is("connected");
      await ann.sees("written without a network");
      await bob.sees("written without a network");
      const all = ["before", ...TEN, "written without a network"];
      assert.deepEqual(await ann.texts(), all);
      assert.deepEqual(await bob.texts(), all);
      assert.match(await bob.notice("missed"), /10 missed messages recovered/);
    } finally {
      await context.close();
      await network.close();
    }
  });

  test("what is written while cut arrives once and in order", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await bob.cut();
    await bob.write(...TEN);
    assert.deepEqual((await bob.messages()).map(({ text, mark, waiting }) => [text, mark, waiting]),
      TEN.map((text) => [text, "waiting", true]));
    assert.match(await bob.at("composer-hint").textContent(), /10 messages wait/);
    await bob.picture("chat-cut");
    await ann.write("meanwhile");
    await ann.sees("meanwhile");

    await bob.press("network");
    await ann.sees("number 10");
    await bob.sees("number 10");
    await bob.page.waitForFunction(() => !document.querySelector(".waiting"));
    assert.deepEqual(await ann.texts(), ["meanwhile", ...TEN]);
    assert.deepEqual(await bob.texts(), ["meanwhile", ...TEN]);
    assert.ok((await bob.messages()).slice(1).every(({ mine, mark }) => mine && mark === ""));
  });

  test("both come back after the server was stopped and started again", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await ann.write("of the first life");
    await bob.sees("of the first life");

    assert.deepEqual(await server.stop("SIGTERM"), { code: 0, signal: null });
    await Promise.all([ann.isNot("connected"), bob.isNot("connected")]);
    await server.start();
    await Promise.all([ann.is("connected"), bob.is("connected")]);
    await Promise.all([ann.here("Bob"), bob.here("Ann")]);
    for (const tab of [ann, bob]) assert.match(await tab.notice("history"), /the history is not complete/);

    await ann.write("of the second life");
    await bob.sees("of the second life");
    await bob.write("and an answer");
    await ann.sees("and an answer");
    for (const tab of [ann, bob]) assert.deepEqual(await tab.texts(), ["of the first life", "of the second life", "and an answer"]);
  });

  test("the room can be changed, and what waits in the old one is not lost", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await bob.cut();
    await bob.write("for the old room");
    await bob.at("room").fill(`${room} again`);
    await bob.press("room-go");
    await bob.at("room-title").filter({ hasText: `${room} again` }).waitFor();
    assert.deepEqual(await bob.texts(), []);

    await bob.press("network");
    await ann.sees("for the old room");
    await ann.gone("Bob");
    await bob.here("Bob");
    await bob.write("for the new room");
    await bob.sees("for the new room");
    assert.deepEqual(await ann.texts(), ["for the old room"]);
    assert.deepEqual(bob.complaints, []);
  });

  test("the name can be changed", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await bob.at("name").fill("Robert");
    await bob.press("name-save");
    await ann.here("Robert");
    await bob.write("it is me");
    await ann.sees("it is me");
    assert.equal((await ann.messages())[0].author, "Robert");
    assert.equal(await ann.at("person").count(), 2);
  });

  test("who is typing is seen, moves nothing, and goes", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    const place = () => ann.page.getByTestId("log").boundingBox();
    const before = await place();

    await bob.at("text").pressSequentially("Hel");
    await ann.types("Bob is typing");
    assert.deepEqual(await place(), before);
    await ann.picture("chat-typing");
    await ann.types(""); // he stopped to think
    await bob.at("text").pressSequentially("lo");
    await ann.types("Bob is typing");
    await bob.at("text").press("Enter");
    await ann.sees("Hello");
    await ann.types("");

    assert.equal(await ann.at("typing").evaluate((line) => line.closest("[aria-live], [role=log], [role=status], [role=alert]")), null, "announced");
    assert.equal(await bob.at("typing-text").textContent(), "", "one's own");
  });

  test("who never says that the typing ended fades", async () => {
    const ann = await open("Ann");
    await ann.page.evaluate(async (name) => {
      const { roomcast } = await import("/client.js");
      const token = async () => (await (await fetch("/dev/token", { method: "POST", body: '{"name":"Cid"}' })).json()).token;
      await roomcast("/", { token }).join(name, { state: { typing: 1 } }).ready;
    }, room);
    await ann.types("Cid is typing");
    await ann.types("");
    await ann.here("Cid");
  });

  test("what could not be sent for too long says so, and can be sent again", async () => {
    const ann = await open("Ann");
    const elsewhere = await browser.newContext();
    try {
      await elsewhere.clock.install();
      const bob = await openChat(elsewhere, server.port, { name: "Bob", room });
      await bob.cut();
      await bob.write("too late", "too late as well");
      await bob.page.clock.fastForward(111_000);
      await bob.at("again").nth(1).waitFor();
      assert.deepEqual((await bob.messages()).map(({ mark, waiting }) => [mark, waiting]),
        Array(2).fill(["not sent: the network was away for too long", false]));
      await bob.picture("chat-failed");

      await bob.restore();
      await bob.at("again").first().click();
      await ann.sees("too late");
      await bob.sees("too late");
      assert.deepEqual(await ann.texts(), ["too late"]);
      assert.deepEqual(await bob.texts(), ["too late as well", "too late"]);
      assert.equal(await bob.at("again").count(), 1);
    } finally {
      await elsewhere.close();
    }
  });

  test("it fits a phone and looks as it should", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await ann.write("Has anyone tried the new tea?", "The green one, from the mountain.");
    await bob.sees("The green one, from the mountain.");
    await bob.write("Yes! Better than the last.", "a-very-long-word-".repeat(20));
    await ann.sees("a-very-long-word-".repeat(20));
    await bob.cut();
    await ann.write("Then I will order some more for the whole house.");
    await bob.write("Wait for me");
    await ann.sees("Then I will order some more for the whole house.");
    await bob.press("network");
    await bob.sees("Then I will order some more for the whole house.");
    await bob.sees("Wait for me");

    assert.deepEqual(await bob.pictures("chat"), []);
    assert.equal(await bob.tooWide(320, 560), 0, "320 px");
    assert.ok(await bob.at("log").evaluate((log) => log.scrollWidth <= log.clientWidth), "the messages");
    await bob.cut();
    await bob.page.setViewportSize({ width: 390, height: 780 });
    await bob.write("Still here?");
    await bob.picture("chat-dark-narrow-cut");
    assert.deepEqual(bob.complaints, []);
  });

  test("it is usable by keyboard alone", async () => {
    const ann = await open("Ann");
    await ann.at("text").focus();
    await ann.page.keyboard.type("one line");
    await ann.page.keyboard.press("Shift+Enter");
    await ann.page.keyboard.type("and another");
    await ann.page.keyboard.press("Enter");
    await ann.sees("one line\nand another");
    await ann.page.getByRole("button", { name: "Cut the network" }).focus();
    await ann.page.keyboard.press("Enter");
    await ann.is("cut");
    await ann.page.keyboard.press("Enter");
    await ann.is("connected");
    await ann.page.getByRole("status").filter({ hasText: "Connected" }).waitFor({ state: "attached" });
    for (const label of ["Your name", "Room", "Message"]) assert.equal(await ann.page.getByLabel(label, { exact: true }).count(), 1, label);
  });
});
