// The console: who may look, and that it shows what happens.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { Server, Tab, openPage, stage, startBrowser } from "./harness.mjs";
import { openChat } from "./pages/chat.mjs";

const KEY = "an api key/with = characters that no subprotocol takes";
const SECRET = "a secret of the tests that nobody else would ever use";

/** What an operator does with the console. */
class Console extends Tab {
  async open(tab) {
    await this.press(`tab-${tab}`);
    await this.page.locator(`a[data-testid=tab-${tab}][aria-current]`).waitFor();
  }

  row(kind, text) { return this.at(kind).filter({ hasText: text }); }

  /** Waits until a metric's number is this. */
  async number(metric, value) { await this.at(metric).filter({ hasText: new RegExp(`^${value}$`) }).waitFor(); }

  async lines() { return this.at("line").evaluateAll((lines) => lines.map((line) => line.textContent.replace(/^\S+ /, ""))); }

  async sees(text) { await this.at("line").filter({ hasText: text }).first().waitFor(); }

  /** Waits until a chart's line has risen: its newest value is not the given one. */
  async figure(name, pattern) {
    await this.page.locator(`[data-figure=${name}]`).getByTestId("value").filter({ hasText: pattern }).waitFor();
  }
}

const openConsole = (context, port, hash = "") => openPage(context, port, `/console${hash}`, Console);

describe("console", { timeout: 240_000 }, () => {
  let server, context, key;

  stage((now) => { ({ server, context } = now); }, 45_000);
  before(() => { key = /API key\s+(\S+)/.exec(server.said)[1]; });

  const open = () => openConsole(context, server.port, `#key=${key}`);

  test("it opens with a key and not without one", async () => {
    const operator = await openConsole(context, server.port);
    await operator.at("sign-in").waitFor();
    assert.equal(await operator.at("tab-rooms").isVisible(), false);
    assert.equal(await operator.at("connection").isVisible(), false, "nothing connects without a key");
    assert.equal(await operator.at("network").isVisible(), false);
    await operator.at("key").fill("a wrong key");
    await operator.press("sign-in-go");
    await operator.at("wrong").filter({ hasText: "not one of the server's" }).waitFor();
    await operator.at("key").fill(key);
    await operator.press("sign-in-go");
    await operator.is("connected");
    await operator.at("about").filter({ hasText: /^Roomcast \d+\.\d+\.\d+, up for/ }).waitFor();
    assert.equal(new URL(operator.page.url()).hash, "", "no key stays in the address");
    await operator.page.reload();
    await operator.is("connected");
  });

  test("the overview counts what happens", async () => {
    const operator = await open();
    const ann = await openChat(context, server.port, { name: "Ann", room: "counted" });
    const bob = await openChat(context, server.port, { name: "Bob", room: "counted" });
    await operator.number("roomcast_rooms", 1);
    await operator.number("roomcast_memberships", 2);
    await ann.write("one", "two", "three");
    await bob.sees("three");
    await operator.figure("delivered", /[1-9]/);
    await operator.figure("memory_bytes", /[1-9]\d* ?MB/);
    await bob.page.close();
    await ann.page.close();
    await operator.number("roomcast_memberships", 0);
    assert.deepEqual(operator.complaints, []);
  });

  test("a room's tail shows each message, and nobody sees who looks", async () => {
    const ann = await openChat(context, server.port, { name: "Ann", room: "tea & cake/1" });
    await ann.write("before anybody looked");
    await ann.sees("before anybody looked");
    const operator = await open();
    await operator.open("rooms");
    await operator.at("prefix").fill("tea");
    await operator.row("room", "tea & cake/1").getByRole("link").click();
    await operator.sees("before anybody looked");
    await ann.write("and <b>now</b>");
    await operator.sees("<b>now</b>");
    assert.deepEqual(await operator.lines(), [
      '#1 message Ann: {"text":"before anybody looked"}', '#2 message Ann: {"text":"and <b>now</b>"}',
    ]);
    await operator.at("member").filter({ hasText: "Ann" }).waitFor();
    assert.equal(await operator.at("member-count").textContent(), "1");
    assert.equal(await ann.page.getByTestId("person").count(), 1);
    assert.deepEqual(operator.complaints, []);
  });

  test("the backend's voice is heard, and what is no JSON is told where it was written", async () => {
    const ann = await openChat(context, server.port, { name: "Ann", room: "news" });
    const operator = await openConsole(context, server.port, `#key=${key}`);
    await operator.page.goto(`http://127.0.0.1:${server.port}/console#room=news`);
    await operator.at("data").fill('{"text":');
    await operator.press("publish-go");
    await operator.at("published").filter({ hasText: "no JSON" }).waitFor();
    await operator.at("data").fill('{"text":"from the backend","id":12345678901234567890}');
    await operator.press("publish-go");
    await operator.at("published").filter({ hasText: "Published as #1." }).waitFor();
    await ann.sees("from the backend");
    assert.equal((await ann.messages())[0].author, "anonymous");
  });

  test("connections are listed, and those of a user can be ended", async () => {
    const ann = await openChat(context, server.port, { name: "Ann", room: "tea" });
    const bob = await openChat(context, server.port, { name: "Bob", room: "tea" });
    const operator = await open();
    await operator.open("connections");
    await operator.row("connection", "Ann").filter({ hasText: "tea" }).waitFor();
    await operator.at("user").fill("bob");
    await operator.row("connection", "Ann").waitFor({ state: "detached" });
    const button = operator.row("connection", "Bob").getByTestId("disconnect");
    await button.click();
    await button.filter({ hasText: "Really" }).waitFor();
    await bob.is("connected");
    await button.click();
    await bob.is("refused");
    await operator.row("connection", "Bob").waitFor({ state: "detached" });
    await ann.is("connected");
  });

  test("a token of the maker opens what it says", async () => {
    const operator = await open();
    await operator.open("token");
    await operator.at("token-user").fill("carol");
    await operator.at("token-rooms").fill("tea*");
    await operator.page.getByLabel("publish", { exact: true }).uncheck();
    await operator.press("token-make");
    await operator.at("made-claims").waitFor();
    const claims = JSON.parse(await operator.at("made-claims").textContent());
    assert.equal(claims.sub, "carol");
    assert.deepEqual(claims.rooms, { "tea*": ["join", "presence", "history"] });
    const token = await operator.at("made-token").textContent();
    const verdict = await fetch(`${server.url}/v1/auth/check`, { headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual((await verdict.json()).user, { id: "carol" });
    assert.deepEqual(operator.complaints, []);
  });

  test("it looks as it should in every form", async () => {
    const ann = await openChat(context, server.port, { name: "Ann", room: "lobby" });
    const bob = await openChat(context, server.port, { name: "Bob", room: "a-room-with-a-very-long-name-that-has-no-place-to-break" });
    await ann.write("Has anyone tried the new tea?", "x".repeat(400));
    await bob.write("Not yet");
    const operator = await open();
    await operator.figure("memory_bytes", /MB/);
    for (const tab of ["overview", "rooms", "connections", "token"]) {
      await operator.open(tab);
      if (tab === "rooms") await operator.row("room", "lobby").waitFor();
      if (tab === "connections") await operator.row("connection", "Bob").waitFor();
      if (tab === "token") await operator.press("token-make");
      assert.deepEqual(await operator.pictures(`console-${tab}`), [], tab);
      assert.equal(await operator.tooWide(320, 640), 0, `${tab} at 320 px`);
    }
    await operator.page.goto(`${server.url}/console#room=lobby`);
    await operator.sees("new tea");
    assert.deepEqual(await operator.pictures("console-room"), []);
    assert.deepEqual(operator.complaints, []);
  });
});

describe("console in serve", { timeout: 120_000 }, () => {
  test("it is on the operators' own address, with any key", async () => {
    const folder = mkdtempSync(join(tmpdir(), "roomcast-console-"));
    const file = join(folder, "roomcast.toml");
    writeFileSync(file, `admin.listen = "127.0.0.1:0"\nauth.secret = "${SECRET}"\napi.secret = "${KEY}"\n`);
    const server = await Server.start(0, "serve", "-c", file);
    const browser = await startBrowser();
    try {
      const admin = Number(/"admin":"127\.0\.0\.1:(\d+)"/.exec(server.said)[1]);
      assert.equal((await fetch(`${server.url}/console`)).status, 404, "not where clients connect");
      const context = await browser.newContext();
      context.setDefaultTimeout(30_000);
      const operator = await openPage(context, admin, "/", Console);
      await operator.at("key").fill(KEY);
      await operator.press("sign-in-go");
      await operator.is("connected");
      await operator.page.goto(`http://127.0.0.1:${admin}/console#room=tea`);
      await operator.at("publish-go").click();
      await operator.sees('{"text":"hello"}');
      await server.stop("SIGTERM");
      await operator.isNot("connected");
      await operator.at("trouble").filter({ hasText: "cannot be asked" }).waitFor();
      await server.start();
    } finally {
      await browser.close();
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  });
});
