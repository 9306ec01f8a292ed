// The data feed's page in one tab, as its tests use it.

import { Tab, openPage } from "../harness.mjs";

/** Opens the feed, and waits until both viewers show prices. */
export async function openFeed(context, port) {
  const tab = await openPage(context, port, "/demo/feed", Feed);
  await tab.is("connected");
  for (const viewer of ["fast", "slow"]) await tab.until(viewer, "rate", { least: 1 });
  return tab;
}

class Feed extends Tab {
  /** A figure of a viewer as a number: `rate`, `left-out`, or `age` in milliseconds. */
  figure(viewer, name) {
    return this.at(viewer).getByTestId(name).evaluate((shown) => Number(shown.dataset.ms ?? shown.textContent.replaceAll(",", "")));
  }

  /** Waits until a figure is at least or at most so much. */
  async until(viewer, name, { least = -Infinity, most = Infinity }) {
    await this.page.waitForFunction(([at, name, least, most]) => {
      const shown = document.querySelector(`[data-testid=${at}] [data-testid=${name}]`);
      const value = Number(shown?.dataset.ms ?? shown?.textContent.replaceAll(",", ""));
      return value >= least && value <= most;
    }, [viewer, name, least, most]);
  }

  /** Waits until the viewer on the slow socket has been left out of more than the other one: what only a slow reader is. */
  async conflated(more) {
    await this.page.waitForFunction((more) => {
      const leftOut = (viewer) => Number(document.querySelector(`[data-testid=${viewer}] [data-testid=left-out]`).textContent.replaceAll(",", ""));
      return leftOut("slow") > leftOut("fast") + more;
    }, more);
  }

  /** What the table shows, as text. */
  table(viewer) { return this.at(viewer).getByTestId("tea").allTextContents(); }

  /** Begins to note the prices that the fast viewer's table comes to show. */
  note() {
    return this.page.evaluate(() => {
      const noted = globalThis.noted = {};
      new MutationObserver((changes) => {
        for (const { target } of changes) noted[`${target.dataset.tea} ${target.dataset.offset}`] = target.querySelector("[data-testid=price]").textContent;
      }).observe(document.getElementById("fast"), { subtree: true, attributeFilter: ["data-offset"] });
    });
  }

  /** What was noted, `tea offset → price`, once it is so much. */
  async noted(least) {
    await this.page.waitForFunction((least) => Object.keys(globalThis.noted).length >= least, least);
    return this.page.evaluate(() => globalThis.noted);
  }

  /** The median of the fast viewer's next ages, as shown. */
  typicalAge(shown = 21) {
    return this.page.evaluate((shown) => new Promise((done) => {
      const ages = [];
      const watch = new MutationObserver(([{ target }]) => {
        ages.push(Number(target.dataset.ms));
        if (ages.length < shown) return;
        watch.disconnect();
        done(ages.sort((a, b) => a - b)[(shown - 1) / 2]);
      });
      watch.observe(document.querySelector("#fast [data-testid=age]"), { attributeFilter: ["data-ms"] });
    }), shown);
  }

  /** How often the fast viewer's prices were written within so many frames, and of how many teas. */
  paints(frames) {
    return this.page.evaluate((frames) => new Promise((done) => {
      const teas = new Set();
      let [paints, left] = [0, frames];
      const watch = new MutationObserver((changes) => {
        paints += 1;
        for (const { target } of changes) teas.add(target.dataset.tea);
      });
      watch.observe(document.getElementById("fast"), { subtree: true, attributeFilter: ["data-offset"] });
      const frame = () => {
        if (--left > 0) return requestAnimationFrame(frame);
        watch.disconnect();
        done({ paints, teas: teas.size });
      };
      requestAnimationFrame(frame);
    }), frames);
  }

  /** Waits until the notice matches, and gives its text. */
  async notice(pattern) {
    await this.at("notice").filter({ hasText: pattern }).waitFor();
    return this.at("notice").textContent();
  }

  /** Sets how long the slow viewer needs for each update. */
  async need(ms) { await this.at("need").fill(String(ms)); }

  /** How much of the page has moved by itself, as the browser counts it. */
  shifts() {
    return this.page.evaluate(() => new Promise((done) => {
      new PerformanceObserver((list, observer) => {
        observer.disconnect();
        done(list.getEntries().reduce((sum, { value }) => sum + value, 0));
      }).observe({ type: "layout-shift", buffered: true });
      const frames = (left) => requestAnimationFrame(() => (left > 0 ? frames(left - 1) : done(0))); // there were none
      frames(5);
    }));
  }
}
