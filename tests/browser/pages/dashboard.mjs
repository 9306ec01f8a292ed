// The dashboard in one tab, as its tests use it.

import { Tab, openPage } from "../harness.mjs";

/** Opens the dashboard, and waits until its charts are there. */
export async function openDashboard(context, port) {
  const tab = await openPage(context, port, "/demo/dashboard", Dashboard);
  await tab.is("connected");
  await tab.notice(/came with the join/);
  await tab.figure("memory_bytes").getByTestId("value").filter({ hasText: /\d/ }).waitFor();
  return tab;
}

class Dashboard extends Tab {
  /** The card of a figure. */
  figure(name) { return this.page.locator(`[data-testid=figure][data-figure=${name}]`); }

  /** The newest value of a figure, as written. */
  value(name) { return this.figure(name).getByTestId("value").textContent(); }

  /** Waits until the newest value of a figure, a whole number, is from `least` to `most`. */
  async reaches(name, least, most = Infinity) {
    await this.page.waitForFunction(({ name, least, most }) => {
      const written = document.querySelector(`[data-figure=${name}] [data-testid=value]`).textContent;
      const value = parseFloat(written);
      return value >= least && value <= most;
    }, { name, least, most });
  }

  /** Waits for what the page says, and gives it. */
  async notice(pattern) {
    const notice = this.at("notice").filter({ hasText: pattern });
    await notice.waitFor();
    return notice.textContent();
  }

  /** What is drawn in each column of a figure's chart, from left to right: `{ line, shade }`. */
  drawn(name) { return this.figure(name).locator("canvas").evaluate(columns); }

  /** Waits until a shaded stretch of the chart is so many columns wide. */
  async shaded(name, wide) {
    const isNarrow = async () => (await this.drawn(name)).filter(({ shade }) => shade).length < wide;
    while (await isNarrow()) await this.page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

/** Runs in the page: reads the pixels of the plot. */
function columns(canvas) {
  const chart = canvas.closest("[data-testid=chart]");
  const style = getComputedStyle(chart);
  const colour = (name) => style.getPropertyValue(name).trim().match(/\w\w/g).map((part) => parseInt(part, 16));
  const [line, shade] = [colour("--series"), colour("--away")];
  const plot = chart.querySelector(".u-over");
  const [left, top, width, height] = [plot.offsetLeft, plot.offsetTop, plot.offsetWidth, plot.offsetHeight].map((length) => length * devicePixelRatio);
  // Half a line of zeros lies below the plot.
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(left, top, width, height + 2);
  const is = (at, wanted, near) => wanted.every((part, index) => Math.abs(data[at + index] - part) <= near);
  return Array.from({ length: width }, (_, x) => {
    const pixels = Array.from({ length: height + 2 }, (_, y) => (y * width + x) * 4).filter((at) => data[at + 3] > 200);
    return { line: pixels.some((at) => is(at, line, 40)), shade: pixels.some((at) => is(at, shade, 3)) };
  });
}
