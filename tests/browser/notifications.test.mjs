// Notifications: the devices of two users in a real browser.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { stage } from "./harness.mjs";
import { openNotifications } from "./pages/notifications.mjs";

const AWAY = "while you were away";

describe("notifications demo", { timeout: 240_000 }, () => {
  let server, context;
  let users = 0;
  let ann, bob;

  stage((now) => { ({ server, context } = now); });
  beforeEach(() => {
    users += 1;
    [ann, bob] = [`Ann ${users}`, `Bob ${users}`];
  });

  const open = (name) => openNotifications(context, server.port, name);

  test("every device of the user is told, and nobody else", async () => {
    const laptop = await open(ann);
    const phone = await open(ann);
    const other = await open(bob);
    await other.tell(ann, "for <b>Ann</b>");
    await Promise.all([laptop.sees("for <b>Ann</b>"), phone.sees("for <b>Ann</b>")]);
    for (const tab of [laptop, phone]) await tab.says("toast", "for <b>Ann</b>");
    // What Bob is told later comes after anything that was told before.
    await laptop.tell(bob, "for Bob");
    await other.sees("for Bob");
    assert.deepEqual(await other.texts(), ["for Bob"]);
    await laptop.tell(ann.toUpperCase(), "again");
    await phone.sees("again");
    for (const tab of [laptop, phone]) assert.deepEqual(await tab.texts(), ["again", "for <b>Ann</b>"]);
    assert.deepEqual([...laptop.complaints, ...phone.complaints, ...other.complaints], []);
  });

  test("what came while cut off is there afterwards, in order, once, and marked", async () => {
    const laptop = await open(ann);
    const phone = await open(ann);
    await phone.tell(ann, "before");
    await laptop.sees("before");
    await laptop.cut();
    await phone.tell(ann, "one", "two");
    await laptop.tell(ann, "three"); // the backend's network is another
    await laptop.says("told", /this device, cut off, hears it later/);
    await phone.sees("three");
    assert.deepEqual(await laptop.texts(), ["before"]);
    await laptop.picture("notifications-cut");

    await laptop.restore();
    await laptop.sees("three");
    await laptop.says("toast", "3 notifications came while you were away");
    await phone.tell(ann, "after");
    await laptop.sees("after");
    const marks = (await laptop.list()).map(({ text, mark }) => [text, mark]);
    assert.deepEqual(marks, [["after", ""], ["three", AWAY], ["two", AWAY], ["one", AWAY], ["before", ""]]);
    assert.ok((await phone.list()).every(({ mark }) => mark === ""));
    await laptop.picture("notifications-recovered");
    assert.deepEqual([...laptop.complaints, ...phone.complaints], []);
  });

  test("a device that comes later has the earlier ones, and asks for more", async () => {
    const laptop = await open(ann);
    const all = Array.from({ length: 25 }, (_, index) => `number ${index + 1}`);
    await laptop.tell(ann, ...all);
    await laptop.sees("number 25");
    assert.ok(await laptop.at("older").isHidden(), "all are shown");
    const phone = await open(ann);
    await phone.sees("number 25");
    assert.deepEqual(await phone.texts(), all.toReversed().slice(0, 20));
    assert.ok((await phone.list()).every(({ mark }) => mark === ""));
    await phone.press("older");
    await phone.sees("number 1");
    assert.deepEqual(await phone.texts(), all.toReversed());
    await phone.at("older").waitFor({ state: "hidden" });
  });

  test("unread ones are counted until they are read, in every tab", async () => {
    const laptop = await open(ann);
    const second = await open(ann);
    await laptop.says("nothing", "Nothing yet");
    assert.equal(await laptop.page.title(), "Notifications · Roomcast");
    await laptop.tell(ann, "one", "two");
    for (const tab of [laptop, second]) {
      await tab.sees("two");
      await tab.says("unread", "2 unread");
      assert.equal(await tab.page.title(), "(2) Notifications · Roomcast");
    }
    assert.ok(await laptop.at("nothing").isHidden());

    await laptop.press("read");
    await second.page.waitForFunction(() => document.title === "Notifications · Roomcast");
    assert.deepEqual((await laptop.list()).map(({ unread }) => unread), [false, false]);
    assert.equal(await second.at("unread").textContent(), "");
    await laptop.tell(ann, "three");
    await laptop.sees("three");
    await laptop.page.reload();
    await laptop.sees("three");
    assert.deepEqual((await laptop.list()).map(({ text, unread }) => [text, unread]), [["three", true], ["two", false], ["one", false]]);
    assert.equal(await laptop.page.title(), "(1) Notifications · Roomcast");
  });

  test("the room of somebody else is refused, and nothing of it is heard", async () => {
    const laptop = await open(ann);
    const other = await open(bob);
    await laptop.at("to").fill(bob);
    await laptop.press("spy");
    await laptop.says("answer", `Joining user:${bob.toLowerCase()}. Refused (forbidden)`);
    await laptop.tell(bob, "a secret of Bob's");
    await other.sees("a secret of Bob's");
    await laptop.tell(ann, "for Ann");
    await laptop.sees("for Ann");
    assert.deepEqual(await laptop.texts(), ["for Ann"]);
    assert.deepEqual(laptop.complaints, []);
  });

  test("the user can be another one", async () => {
    const laptop = await open(ann);
    const other = await open(bob);
    await other.tell(bob, "for Bob");
    await laptop.at("name").fill(bob);
    await laptop.press("name-save");
    await laptop.sees("for Bob");
    assert.equal(await laptop.at("name").inputValue(), bob);
    await other.tell(ann, "for Ann");
    await other.tell(bob, "for Bob too");
    await laptop.sees("for Bob too");
    assert.deepEqual(await laptop.texts(), ["for Bob too", "for Bob"]);
  });

  test("the call that is shown is the one that a backend makes", async () => {
    const laptop = await open(ann);
    await laptop.at("to").fill("Bob Smith");
    await laptop.at("text").fill("It's \"ready\"");
    const shown = await laptop.at("call").textContent();
    assert.ok(shown.includes(`http://127.0.0.1:${server.port}/v1/users/bob%20smith/messages`), shown);
    const [, quoted] = /-d '(.*)'$/s.exec(shown);
    assert.deepEqual(JSON.parse(quoted.replaceAll("'\\''", "'")), { event: "notification", data: { text: "It's \"ready\"" } });
  });

  test("what a server that began anew has lost is said", async () => {
    const laptop = await open(ann);
    await laptop.tell(ann, "of the first life");
    await laptop.sees("of the first life");
    await server.stop();
    await laptop.isNot("connected");
    await server.start();
    await laptop.is("connected");
    await laptop.says("notice", /there may have been more/);
    await laptop.tell(ann, "of the second life");
    await laptop.sees("of the second life");
    assert.deepEqual(await laptop.texts(), ["of the second life", "of the first life"]);
  });

  test("it is usable by keyboard alone", async () => {
    const laptop = await open(ann);
    await laptop.page.getByLabel("What", { exact: true }).fill("by keyboard");
    await laptop.page.keyboard.press("Enter");
    await laptop.sees("by keyboard");
    await laptop.page.getByRole("status").filter({ hasText: "by keyboard" }).waitFor();
    const read = laptop.page.getByRole("button", { name: "Mark all as read" });
    await read.focus();
    await laptop.page.keyboard.press("Enter");
    await laptop.page.waitForFunction(() => !document.title.startsWith("("));
    assert.equal(await laptop.page.evaluate(() => document.activeElement.id), "read");
    for (const label of ["You are", "Whom", "What"]) assert.equal(await laptop.page.getByLabel(label, { exact: true }).count(), 1, label);
    assert.equal(await laptop.page.getByRole("region", { name: `Notifications of ${ann}` }).count(), 1);
  });

  test("it fits a phone and looks as it should", async () => {
    const laptop = await open(ann);
    await laptop.tell(ann, "Your parcel has arrived", "a-very-long-word-".repeat(10));
    await laptop.sees("Your parcel has arrived");
    await laptop.press("read");
    await laptop.cut();
    await laptop.tell(ann, "Your invoice is ready", "Lunch in ten minutes?");
    await laptop.restore();
    await laptop.sees("Lunch in ten minutes?");
    await laptop.press("spy");
    await laptop.says("answer", /forbidden/);
    await laptop.page.evaluate(() => scrollTo(0, 0));
    assert.deepEqual(await laptop.pictures("notifications"), []);
    assert.equal(await laptop.tooWide(320, 560), 0, "320 px");
    const fits = await laptop.page.evaluate(() => [...document.querySelectorAll("main *")].every((part) => part.getBoundingClientRect().right <= innerWidth - 14));
    assert.ok(fits, "nothing goes into the margin");
    assert.deepEqual(laptop.complaints, []);
  });
});
