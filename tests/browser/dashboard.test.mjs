// The dashboard in two tabs of a real browser: what is said, and what is drawn.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stage } from "./harness.mjs";
import { openDashboard } from "./pages/dashboard.mjs";

const FIGURES = ["connections", "published", "delivered", "sent_bytes", "delivery_p99_ms", "memory_bytes"];
const SECOND = 2.2; // columns of a chart, at least

const count = (columns, what) => columns.filter((column) => column[what]).length;

describe("dashboard demo", { timeout: 240_000 }, () => {
  let server, context;

  stage((now) => { ({ server, context } = now); });

  const open = () => openDashboard(context, server.port);

  test("the charts of a newcomer are filled at once", async () => {
    const first = await open();
    const opened = Date.now();
    await first.page.waitForFunction((opened) => Date.now() - opened > 4_000, opened);
    const second = await open();
    const [, seconds] = /Live\. (\d+) s of figures came with the join/.exec(await second.notice("came with"));
    assert.ok(Number(seconds) >= 4, `${seconds} s`);
    for (const name of FIGURES) {
      const drawn = count(await second.drawn(name), "line");
      assert.ok(drawn >= 3 * SECOND, `${name}: ${drawn} columns`);
      assert.match(await second.value(name), /^[\d.]+ ?(|\/s|B\/s|kB\/s|ms|s|MB)$/, name);
    }
    assert.deepEqual([...first.complaints, ...second.complaints], []);
  });

  test("the values are those of this moment", async () => {
    const first = await open();
    await first.reaches("connections", 1, 1);
    const second = await open();
    await first.reaches("connections", 2, 2);
    await second.reaches("connections", 2, 2);
    await second.page.close();
    await first.reaches("connections", 1, 1);
  });

  test("traffic made in one tab is seen in both, and delivered to both", async () => {
    const first = await open();
    const second = await open();
    await first.press("make");
    await first.notice(/Publishing 50 messages a second/);
    // Beside the six figures a second, each of which goes to two tabs.
    await Promise.all([first, second].flatMap((tab) => [tab.reaches("published", 25, 70), tab.reaches("delivered", 50, 140)]));
    await first.notice(/\d+ messages published/);
    await Promise.all([first, second].map((tab) => tab.reaches("published", 0, 10)));
    assert.deepEqual([...first.complaints, ...second.complaints], []);
  });

  test("a cut stops the lines, and what was missed fills the hole", async () => {
    const first = await open();
    await first.cut();
    await first.notice(/The lines stop/);
    const value = await first.value("published");
    await first.shaded("published", 4 * SECOND);
    for (const name of FIGURES) {
      const columns = await first.drawn(name);
      const hole = columns.filter(({ shade }) => shade);
      assert.ok(count(hole, "line") <= 2, `${name}: ${count(hole, "line")} of ${hole.length} columns`);
    }
    assert.equal(await first.value("published"), value);
    await first.picture("dashboard-cut");

    await first.press("make");
    await first.notice(/Not connected/);
    await first.restore();
    const said = await first.notice("recovered");
    const [, seconds, messages] = /^(\d+) s of figures recovered: (\d+) messages, in order, each once\.$/.exec(said).map(Number);
    assert.ok(seconds >= 3 && Math.abs(messages - seconds * 6) <= 12, said);
    await first.page.waitForFunction(() => !document.body.classList.contains("away"));
    await first.reaches("connections", 1, 1);
    for (const name of FIGURES) {
      const hole = (await first.drawn(name)).filter(({ shade }) => shade);
      assert.ok(hole.length >= 3 * SECOND, `${name}: ${hole.length} columns`);
      assert.equal(count(hole, "line"), hole.length, name);
    }
    await first.picture("dashboard-recovered");
    assert.deepEqual(first.complaints, []);
  });

  test("what a server that began anew cannot give stays a hole", async () => {
    const first = await open();
    await server.stop();
    await first.isNot("connected");
    await first.shaded("published", 4 * SECOND);
    await server.start();
    await first.is("connected");
    await first.notice(/did not reach back: the hole stays/);
    await first.reaches("connections", 1, 1);
    const columns = await first.drawn("memory_bytes");
    const shades = columns.map(({ shade }) => shade);
    const hole = columns.slice(shades.indexOf(true), shades.lastIndexOf(true) + 1);
    assert.ok(hole.length - count(hole, "line") >= 3 * SECOND, `${count(hole, "line")} of ${hole.length} columns`);
  });

  test("it is told in words and usable by keyboard alone", async () => {
    const first = await open();
    const images = first.page.getByRole("img");
    assert.equal(await images.count(), FIGURES.length);
    const memory = first.page.getByRole("img", { name: /^Memory: [\d.]+ MB now, between [\d.]+ MB and [\d.]+ MB in the last two minutes$/ });
    await memory.waitFor();
    assert.equal(await first.page.getByRole("main").count(), 1);
    await first.page.getByRole("button", { name: "Make some traffic" }).focus();
    await first.page.keyboard.press("Enter");
    await first.page.getByRole("status").filter({ hasText: /Publishing/ }).waitFor();
    assert.equal(await first.page.evaluate(() => document.activeElement.id), "make");
  });

  test("it fits a phone and looks as it should", async () => {
    const first = await open();
    await first.press("make");
    await first.notice(/messages published/);
    assert.deepEqual(await first.pictures("dashboard"), []);
    assert.equal(await first.tooWide(320, 560), 0, "320 px");
    const inside = await first.page.getByTestId("chart").evaluateAll((charts) => charts.every((chart) => chart.scrollWidth <= chart.clientWidth));
    assert.ok(inside, "the charts follow the window");
    // Every colour comes from the style sheet, also after the scheme has changed.
    assert.ok(count(await first.drawn("memory_bytes"), "line") > 0);
    assert.deepEqual(first.complaints, []);
  });
});
