// The data feed demo: many prices, a viewer that keeps up, and one that does not.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stage } from "./harness.mjs";
import { openFeed } from "./pages/feed.mjs";

const WAIT = 90_000;
const KEPT = 64; // messages in the room's history
const PROMPT = 1_000; // milliseconds: younger is what a viewer shows that keeps up

describe("data feed demo", { timeout: 400_000 }, () => {
  let server, context;

  stage((now) => { ({ server, context } = now); }, WAIT);

  const open = () => openFeed(context, server.port);

  test("hundreds of prices a second, painted once a frame", async () => {
    const tab = await open();
    await tab.until("fast", "rate", { least: 200 });
    await tab.until("fast", "age", { most: PROMPT });

    const frames = 90;
    const { paints, teas } = await tab.paints(frames);
    assert.equal(teas, 12);
    assert.ok(paints <= frames, `${paints} paints in ${frames} frames`);
    assert.deepEqual(tab.complaints, []);
  });

  test("two tabs show the same price at the same offset", async () => {
    const [ann, bob] = [await open(), await open()];
    await Promise.all([ann.note(), bob.note()]);
    let both = [];
    for (let noted = 50; both.length < 20 && noted < 5_000; noted += 50) {
      const [hers, his] = await Promise.all([ann.noted(noted), bob.noted(noted)]);
      both = Object.keys(hers).filter((place) => place in his).map((place) => ({ place, hers: hers[place], his: his[place] }));
    }
    assert.ok(both.length >= 20, `only ${both.length} prices were shown in both`);
    assert.deepEqual(both.filter(({ hers, his }) => hers !== his), []);
  });

  test("a slow viewer gets the newest, stays only so far behind, and disturbs nobody", async () => {
    const opened = Date.now();
    const tab = await open();
    await tab.need(8);
    await tab.until("slow", "age", { least: 3 * PROMPT });
    await tab.conflated(1_000);
    const told = await tab.at("slow").getByTestId("told").textContent();
    const [, number, unit] = /Reading everything, it would be (\d+) (second|minute)s? behind/.exec(told) ?? [];
    assert.ok(number * (unit === "minute" ? 60 : 1) <= (Date.now() - opened) / 1_000 + 1, `nobody can be further behind than the page is open: ${told}`);
    const late = await tab.figure("slow", "age");
    assert.ok(late < 45 * PROMPT, `${late} ms behind`);
    assert.ok(await tab.figure("slow", "rate") < 150);
    await tab.picture("feed-slow");

    await tab.until("fast", "rate", { least: 200 });
    const [prompt, stillLate] = [await tab.typicalAge(), await tab.figure("slow", "age")];
    assert.ok(prompt < PROMPT && prompt < stillLate / 3, `${prompt} ms and ${stillLate} ms behind`);

    await tab.need(0);
    await tab.until("slow", "age", { most: PROMPT });
    await tab.at("slow").getByTestId("told").filter({ hasText: "It keeps up." }).waitFor();
    assert.deepEqual(tab.complaints, []);
  });

  test("after a cut comes the newest, and the page says what the server said", async () => {
    const tab = await open();
    await tab.cut();
    await tab.notice("stands still");
    await tab.until("fast", "rate", { most: 0 });
    const still = await tab.table("fast");
    await tab.until("fast", "age", { least: 2 * PROMPT });
    assert.ok(await tab.at("still").isVisible());
    assert.deepEqual(await tab.table("fast"), still);
    await tab.until("slow", "rate", { least: 20 });
    await tab.picture("feed-cut");

    await tab.restore();
    const said = await tab.notice("recovered: false");
    const missed = Number(/(\d+) prices missed/.exec(said)?.[1]);
    assert.ok(missed > KEPT, said);
    await tab.until("fast", "age", { most: PROMPT });
    await tab.until("fast", "rate", { least: 100 });
    assert.ok(!await tab.at("still").isVisible());
    await tab.picture("feed-recovered");
    assert.deepEqual(tab.complaints, []);
  });

  test("both viewers come back after the server was stopped and started again", async () => {
    const tab = await open();
    await server.stop("SIGTERM");
    await tab.isNot("connected");
    for (const viewer of ["fast", "slow"]) await tab.until(viewer, "rate", { most: 0 });
    await server.start();
    await tab.is("connected");
    for (const viewer of ["fast", "slow"]) await tab.until(viewer, "rate", { least: 20 });
    await tab.notice("recovered: false");
  });

  test("the slider is used by keyboard", async () => {
    const tab = await open();
    const shown = tab.at("need-shown");
    await tab.page.getByRole("link", { name: "Skip to the slow viewer" }).press("Enter");
    await tab.page.getByRole("slider", { name: /Needs .* for each update/ }).focus();
    for (const [key, text] of [["ArrowRight", "6 ms"], ["ArrowLeft", "5 ms"], ["End", "20 ms"], ["Home", "0 ms"]]) {
      await tab.page.keyboard.press(key);
      assert.equal(await shown.textContent(), text);
    }
    await tab.until("slow", "age", { most: PROMPT });
    await tab.page.keyboard.press("End");
    await tab.until("slow", "rate", { most: 60 });
  });

  test("it fits a phone and looks as it should", async () => {
    const tab = await open();
    await tab.until("slow", "age", { least: 2 * PROMPT });
    assert.ok(await tab.shifts() < 0.01, "the page moved by itself");
    const heights = () => tab.page.locator(".card").evaluateAll((cards) => cards.map((card) => card.clientHeight));
    for (const [width, height] of [[390, 780], [1120, 720]]) {
      await tab.page.setViewportSize({ width, height });
      const first = await heights();
      await tab.cut();
      await tab.notice("stands still");
      await tab.until("fast", "age", { least: PROMPT });
      assert.deepEqual(await heights(), first);
      await tab.restore();
      await tab.notice("Back");
      assert.deepEqual(await heights(), first);
    }
    assert.deepEqual(await tab.pictures("feed"), []);
    assert.equal(await tab.tooWide(320, 600), 0);
    await tab.picture("feed-320");
    assert.deepEqual(tab.complaints, []);
  });
});
