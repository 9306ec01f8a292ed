// The shared document in several tabs of a real browser.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { Network, stage } from "./harness.mjs";
import { openDocument } from "./pages/document.mjs";

const MINUTES = 180_000; // ms, longer than the client repeats a message and the server knows its name

describe("shared document demo", { timeout: 240_000 }, () => {
  let server, context;
  let titles = 0;
  let title;

  stage((now) => { ({ server, context } = now); });
  beforeEach(() => { title = `plan ${++titles}`; });

  const open = (name, more = {}) => openDocument(context, more.port ?? server.port, { name, title, ...more });

  /** Both have these parts, each in one piece, and exactly the same text of this length. */
  async function agree(tabs, ...parts) {
    for (const tab of tabs) {
      await tab.holds(...parts);
      await tab.saved();
    }
    const text = await tabs[0].text();
    for (const tab of tabs) await tab.reads(text);
    return text;
  }

  test("what two write at the same time is in both", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    assert.match(await ann.at("text").getAttribute("placeholder"), /Whoever opens this document/);
    await ann.write("Dear all, ");
    await bob.reads("Dear all, ");

    await bob.write("<b>");
    await bob.key("Control+Home");
    await ann.holds("<b>");
    await Promise.all([ann.page.keyboard.type("come on Thursday "), bob.page.keyboard.type("Good news! ")]);
    const text = await agree([ann, bob], "come on Thursday ", "Good news! ");
    assert.equal(text, "Good news! Dear all, come on Thursday <b>");
    assert.equal(await ann.at("state-text").textContent(), "All changes saved");

    // At the same place each keeps a piece of their own.
    await Promise.all([ann.write("(from Ann)"), bob.write("(from Bob)")]);
    const both = await agree([ann, bob], "(from Ann)", "(from Bob)");
    assert.equal(both.length, text.length + 20);
    assert.deepEqual([ann.complaints, bob.complaints], [[], []]);
  });

  test("what both write while one is cut, for minutes, is in both", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await bob.page.clock.install();
    await ann.write("The list: ");
    await bob.reads("The list: ");

    await bob.cut();
    await ann.gone("Bob");
    await ann.write("tea, ");
    await ann.saved();
    await bob.write("milk");
    await bob.says("4 changes wait for the network");
    await bob.page.clock.fastForward(MINUTES);
    await bob.key("Control+Home");
    await bob.page.keyboard.type("Shopping. ");
    await bob.says("14 changes wait for the network");
    assert.equal(await bob.text(), "Shopping. The list: milk");
    assert.equal(await ann.text(), "The list: tea, ");
    await bob.picture("document-cut");

    await bob.press("network");
    await bob.is("connected");
    const text = await agree([ann, bob], "Shopping. The list: ", "tea, ", "milk");
    assert.equal(text.length, "Shopping. The list: tea, milk".length);
    await bob.says("All changes saved · Ann wrote meanwhile");
    await ann.here("Bob");
    await bob.at("text").focus(); // the caret is where it was
    await bob.page.keyboard.type("!");
    await ann.holds("Shopping. !The list");
    await bob.page.waitForFunction(() => document.getElementById("state-text").textContent === "All changes saved");
    assert.deepEqual([ann.complaints, bob.complaints], [[], []]);
  });

  test("what is written on a network that breaks without a farewell is not lost", async () => {
    const network = await Network.before(server);
    try {
      const ann = await open("Ann");
      const bob = await open("Bob", { port: network.port });
      await bob.write("before, ");
      await ann.reads("before, ");
      const writing = bob.page.keyboard.type("in between, ");
      network.cut();
      await writing;
      await bob.is("waiting");
      await bob.page.keyboard.type("after");
      network.restore();
      await bob.is("connected");
      await ann.reads("before, in between, after");
      await bob.saved();
    } finally {
      await context.close();
      await network.close();
    }
  });

  test("what both write while both are cut is in both", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await ann.write("one two three");
    await bob.reads("one two three");
    await Promise.all([ann.cut(), bob.cut()]);
    await ann.write(" four");
    await bob.at("text").focus();
    await bob.key("Control+Home", ...Array(4).fill("Delete"));
    await bob.page.keyboard.type("zero ");
    await Promise.all([ann.says("5 changes wait"), bob.says("9 changes wait")]);
    await Promise.all([ann.restore(), bob.restore()]);
    assert.equal(await agree([ann, bob], "zero", "four"), "zero two three four");
  });

  test("who comes late has the whole text, also after more updates than are sent at once", async () => {
    const ann = await open("Ann");
    await ann.write("Beginning. ");
    await ann.saved();
    const { written, offset } = await ann.burst(title, 350);
    assert.ok(offset > 350, `${offset} messages`);
    await ann.holds(written);
    await ann.saved();
    const text = await ann.text();
    await ann.page.close();
    const carl = await open("Carl");
    await carl.reads(text);
    assert.ok(text.includes("Beginning. ") && text.length === written.length + "Beginning. ".length);
    await carl.write("End.");
    await carl.saved();
    const dora = await open("Dora");
    await dora.reads(`${text}End.`);
    assert.deepEqual(carl.complaints, []);
  });

  test("the text outlives a server that forgets it", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await ann.write("of the first life, changed");
    await bob.reads("of the first life, changed");
    await bob.at("text").focus();
    await bob.key("Control+End", ..."changed".split("").map(() => "Backspace"));
    await ann.reads("of the first life, ");

    assert.deepEqual(await server.stop("SIGTERM"), { code: 0, signal: null });
    await Promise.all([ann.isNot("connected"), bob.isNot("connected")]);
    await ann.write("Ann was here, ");
    await bob.write("Bob too, ");
    await server.start();
    await Promise.all([ann.is("connected"), bob.is("connected")]);
    const text = await agree([ann, bob], "of the first life, ", "Ann was here, ", "Bob too, ");
    assert.equal(text.length, "of the first life, Ann was here, Bob too, ".length);

    const carl = await open("Carl");
    await carl.reads(text);
    await Promise.all([ann.page.close(), bob.page.close()]);
    await carl.gone("Ann");
    const dora = await open("Dora");
    await dora.reads(text);
  });

  test("a server that forgets is told again by those who changed nothing", async () => {
    const ann = await open("Ann");
    await ann.write("Still here");
    await ann.saved();
    await server.stop("SIGTERM");
    await ann.isNot("connected");
    await server.start();
    await ann.is("connected");
    await ann.says("The server had lost the text, and has it again");
    const bob = await open("Bob");
    await bob.reads("Still here");
  });

  test("carets and selections of the others are where they are, and go with them", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await ann.write("Hello world");
    await bob.reads("Hello world");
    await bob.at("text").focus();
    await bob.key("Control+Home", ...Array(5).fill("ArrowRight"));
    await ann.seesCaret("Bob", 5);
    await bob.seesCaret("Ann", 11);
    assert.ok(await ann.caretOff("Bob") < 2, `${await ann.caretOff("Bob")} px`);

    await ann.key("Control+Home");
    await ann.page.keyboard.type("Oh! ");
    await ann.seesCaret("Bob", 9);
    await bob.reads("Oh! Hello world");
    assert.equal(await bob.at("text").evaluate((area) => area.selectionStart), 9, "one's own caret moves with the text");
    assert.ok(await ann.caretOff("Bob") < 2, `${await ann.caretOff("Bob")} px`);

    await bob.key("Control+Shift+End");
    await ann.at("selected").filter({ hasText: /^ world$/ }).waitFor({ state: "attached" });
    assert.equal(await ann.carets(), 1, "and none of one's own");
    const carl = await open("Carl");
    await carl.at("selected").filter({ hasText: /^ world$/ }).waitFor({ state: "attached" });

    await bob.cut();
    await ann.gone("Bob");
    assert.deepEqual([await ann.at("selected").count(), await ann.at("cursor").and(ann.page.locator("[data-user=Bob]")).count()], [0, 0]);
    await bob.restore();
    await ann.at("selected").filter({ hasText: /^ world$/ }).waitFor({ state: "attached" });
    await bob.page.close();
    await ann.at("selected").waitFor({ state: "detached" });
  });

  test("a long text scrolls as one with the carets, and to where is written", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    const lines = ["plain words ".repeat(30), "\ta\ttab", `trailing${" ".repeat(200)}`, "long-word".repeat(60), "漢字".repeat(90), "https://example.com/a/b?c=d&e=".repeat(8), ""];
    const long = Array.from({ length: 6 }, () => lines.join("\n")).join("\n");
    await ann.at("text").focus();
    await ann.page.keyboard.insertText(long);
    await bob.reads(long);
    const looks = (tab) => tab.page.evaluate(() => {
      const [area, mirror, desk] = ["#text", "#mirror", ".desk"].map((at) => document.querySelector(at));
      area.style.height = "0";
      const needs = area.scrollHeight;
      area.style.height = "";
      const below = desk.scrollHeight - desk.clientHeight - desk.scrollTop;
      return { apart: Math.abs(needs + 2 - mirror.offsetHeight), scrolled: desk.scrollTop, below, sideways: desk.scrollWidth - desk.clientWidth };
    });
    for (const width of [1120, 761, 390, 320]) {
      await bob.page.setViewportSize({ width, height: 700 });
      const { apart, sideways, scrolled } = await looks(bob);
      assert.ok(apart <= 2, `${width}: the text and what is drawn over it are ${apart} px apart`);
      assert.deepEqual([sideways, scrolled], [0, 0], `${width}`);
    }
    await ann.write("the end");
    await bob.holds("the end");
    assert.ok((await looks(ann)).below < 100, "what is written is seen");
    assert.equal((await looks(bob)).scrolled, 0, "and who reads elsewhere stays there");
  });

  test("undo takes back one's own, and leaves the others'", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await ann.write("mine");
    await bob.reads("mine");
    await bob.write(" yours");
    await ann.reads("mine yours");
    await ann.key("Control+z");
    await Promise.all([ann.reads(" yours"), bob.reads(" yours")]);
    await ann.key("Control+z");
    await ann.key("Control+Shift+z");
    await Promise.all([ann.reads("mine yours"), bob.reads("mine yours")]);
    await bob.key("Control+z");
    await Promise.all([ann.reads("mine"), bob.reads("mine")]);
    await bob.key("Control+y");
    await Promise.all([ann.reads("mine yours"), bob.reads("mine yours")]);
  });

  test("a word that is being composed is left alone by what others write", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await ann.write("x ");
    await bob.reads("x ");
    const keyboard = await context.newCDPSession(ann.page);
    const compose = (text) => keyboard.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
    await compose("に");
    await bob.reads("x に");
    await bob.at("text").focus();
    await bob.key("Control+Home");
    await bob.page.keyboard.type("Bob: ");
    await bob.saved();
    await bob.page.close();
    await ann.gone("Bob"); // which comes after what he wrote
    assert.equal(await ann.text(), "x に");
    await compose("にほ");
    assert.equal(await ann.text(), "x にほ");
    await keyboard.send("Input.insertText", { text: "日本" });
    await ann.reads("Bob: x 日本");
    await ann.write("!");
    await ann.saved();
    const carl = await open("Carl");
    await carl.reads("Bob: x 日本!");
  });

  test("changes are the smallest, end at the caret and cut no character in half", async () => {
    const ann = await open("Ann");
    const found = await ann.page.evaluate(async () => {
      const { difference } = await import("/demo/document/editor.js");
      const letters = ["a", "b", "\n", "😀", "😁", "é"];
      const some = () => Array.from({ length: Math.random() * 6 }, () => letters[Math.floor(Math.random() * letters.length)]).join("");
      for (let i = 0; i < 20_000; i++) {
        const [before, after] = [some(), some()];
        const [start, removed, inserted] = difference(before, after, Math.floor(Math.random() * (after.length + 1))) ?? [0, 0, ""];
        const pieces = [before.slice(0, start), before.slice(start, start + removed), inserted, before.slice(start + removed)];
        if (pieces[0] + inserted + pieces[3] !== after || !pieces.every((piece) => piece.isWellFormed())) return [before, after];
      }
      return [difference("aaa", "aaaa", 2), difference("aaa", "aa", 1), difference("a b c", "a x c"), difference("b", "abb", 3), difference("same", "same")];
    });
    assert.deepEqual(found, [[1, 0, "a"], [1, 1, ""], [2, 1, "x"], [0, 0, "ab"], undefined]);
    const bob = await open("Bob");
    await ann.write("😀");
    await bob.reads("😀");
    await bob.at("text").fill("😁");
    await ann.reads("😁");
  });

  test("what cannot be read is left out, and told to the console once", async () => {
    const ann = await open("Ann");
    await ann.write("Good text");
    await ann.saved();
    await ann.publish(title, [["update", "AAAB"], ["update", "not base64!"], ["update", 7], ["snapshot", null], ["other", {}]]);
    const bob = await open("Bob");
    await bob.reads("Good text");
    await bob.write(", still");
    await ann.reads("Good text, still");
    assert.equal(ann.complaints.length, 1, ann.complaints.join("\n"));
    assert.match(ann.complaints[0], /an update that cannot be read is left out/);
  });

  test("who may only read sees the text and cannot change it", async () => {
    const ann = await open("Ann");
    const eve = await open("Eve", { read: "" });
    await ann.write("For all to read");
    await eve.reads("For all to read");
    await eve.at("text").focus();
    await eve.page.keyboard.type("no");
    await eve.says("You may read here, but not write");
    await ann.burst(title, 230); // a snapshot is due, which is not hers to publish
    await eve.holds("For all to read", "229 ");
    await eve.saved();
    assert.equal((await eve.text()).includes("no"), false);
    assert.deepEqual(eve.complaints, []);
  });

  test("a text too large for one message says so, and is saved once it is shorter", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await ann.write("short");
    await bob.reads("short");
    await ann.at("text").fill("漢".repeat(20_000));
    await ann.stands("problem");
    await ann.says("Too large to be saved: make the text shorter");
    assert.equal(await bob.text(), "short");
    await ann.at("text").fill("漢".repeat(10));
    await ann.saved();
    await bob.reads("漢".repeat(10));
    await ann.at("text").fill("a".repeat(19_000));
    await ann.says("19,000 of 20,000 characters");
    await bob.reads("a".repeat(19_000));
    const carl = await open("Carl");
    await carl.reads("a".repeat(19_000));
  });

  test("another document can be opened, and what waits in the first is not lost", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await bob.cut();
    await bob.write("for the first");
    await bob.at("document").fill(`${title} again`);
    await bob.press("document-go");
    await bob.at("title").filter({ hasText: `${title} again` }).waitFor();
    assert.equal(await bob.text(), "");
    await bob.write("for the second");
    await bob.restore();
    await ann.reads("for the first");
    await ann.gone("Bob");
    await bob.saved();
    assert.equal(await bob.text(), "for the second");
    await bob.page.goBack();
    await bob.reads("for the first");
    await ann.here("Bob");
    assert.deepEqual(bob.complaints, []);
  });

  test("the name can be changed while writing", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    await bob.write("by Bob");
    await bob.at("name").fill("Robert");
    await bob.press("name-save");
    await ann.here("Robert");
    await ann.gone("Bob");
    await ann.seesCaret("Robert", 6);
    await bob.write(", now Robert");
    await ann.reads("by Bob, now Robert");
    await ann.seesCaret("Robert", 18);
  });

  test("it looks as it should, on a phone too, and works by keyboard", async () => {
    const ann = await open("Ann");
    const bob = await open("Bob");
    const carl = await open("Carl");
    assert.deepEqual(await carl.pictures("document-empty"), []);
    await carl.page.setViewportSize({ width: 1120, height: 720 });
    await ann.at("text").focus();
    await ann.page.keyboard.insertText(LETTER);
    await bob.reads(LETTER);
    await carl.reads(LETTER);
    await bob.at("text").evaluate((area, from) => { area.focus(); area.setSelectionRange(from, from + 30); }, LETTER.indexOf("the plans"));
    await ann.key("Control+Home", "End");
    await carl.at("selected").first().waitFor();
    await carl.seesCaret("Ann", LETTER.indexOf("\n"));
    assert.deepEqual(await carl.pictures("document"), []);
    assert.ok(await carl.tooWide(320, 600) <= 0, "320 px");
    await carl.picture("document-320");

    await carl.page.setViewportSize({ width: 1120, height: 720 });
    await carl.cut();
    await carl.write("\nSee you there. Carl");
    await ann.write("\nP.S. Bring a chair.");
    await ann.saved();
    assert.deepEqual(await carl.pictures("document-cut"), []);
    await carl.restore();
    await agree([ann, carl], "See you there. Carl", "P.S. Bring a chair.");
    assert.deepEqual(await carl.pictures("document-recovered"), []);

    for (const label of ["Your name", "Document", "Text of the document"]) assert.equal(await carl.page.getByLabel(label, { exact: true }).count(), 1, label);
    await carl.at("text").focus();
    await carl.key("Shift+Tab", "Shift+Tab");
    assert.equal(await carl.page.evaluate(() => document.activeElement.id !== "text"), true, "Tab leaves the text");
    assert.deepEqual([ann.complaints, bob.complaints, carl.complaints], [[], [], []]);
  });
});

const LETTER = `Dear all,

The meeting is on Thursday, at ten. Please bring the plans for the new kitchen, and something to drink: it is going to be a long one.

To decide:
  – gas or induction
  – the colour of the tiles (not green again)
  – who talks to the neighbours

Ann`;
