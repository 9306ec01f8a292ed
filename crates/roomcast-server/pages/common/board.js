// The charts: one card for each figure, two minutes wide, drawn by uPlot.

import uPlot from "/vendor/uplot.js";
import { element } from "/common/dom.js";
import { FIGURES, ceiling, inWords, written } from "/common/units.js";

const SHOWN = 120; // seconds
const HOLE = 3; // seconds without a value break the line
const DESCRIBED_EVERY = 10_000; // ms: a screen reader is not told every second

/** All figures, on one axis of time. Times are seconds since 1970, by the server's clock. */
export class Board {
  /** The times of the first value and of the newest one. */
  first = 0;
  newest = 0;
  /** When nothing arrived: `{ from, to }`; the last one has no end while it lasts. */
  spans = [];
  #cards;
  #ahead = -Infinity;
  #isDrawing = false;

  constructor(place) {
    this.#cards = new Map(FIGURES.map((figure) => [figure.name, new Card(this, figure)]));
    place.append(...[...this.#cards.values()].map(({ root }) => root));
    for (const card of this.#cards.values()) card.attach();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#each("recolour"));
    matchMedia("(forced-colors: active)").addEventListener("change", () => this.#each("recolour"));
    setInterval(() => this.#drawSoon(), 1_000); // time goes on when nothing arrives
    setInterval(() => this.#each("describe"), DESCRIBED_EVERY);
  }

  /** Takes a value.
   * @param {any} figure `{ name, value }` */
  add({ name, value }, time) {
    // No message arrives before it was made: the largest difference is nearest to the clocks' own.
    this.#ahead = Math.max(this.#ahead, time - Date.now() / 1_000);
    if (this.first === 0) queueMicrotask(() => this.#each("describe"));
    this.first ||= time;
    this.newest = Math.max(this.newest, time);
    this.#cards.get(name)?.add(time, value);
    this.#drawSoon();
  }

  /** The time at the right edge: that of the newest value, unless it is late. */
  get edge() {
    return Math.max(this.newest, Date.now() / 1_000 + this.#ahead - 1.5);
  }

  get isAway() {
    return this.spans.length > 0 && this.spans.at(-1).to === undefined;
  }

  /** From here on nothing arrives. */
  away() {
    this.spans = [...this.spans.filter(({ to }) => to > this.edge - SHOWN), { from: this.newest, to: undefined }];
    this.#each("describe");
    this.#drawSoon();
  }

  /** Values arrive again; those that were missed are here. */
  back() {
    if (this.isAway) this.spans.at(-1).to = this.newest;
    this.#each("describe");
  }

  #each(what) {
    for (const card of this.#cards.values()) card[what]();
  }

  #drawSoon() {
    if (this.newest === 0 || this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.#each("draw");
    });
  }
}

/** One figure: its name, its newest value, and its chart. */
class Card {
  #board;
  #figure;
  #times = [];
  #values = [];
  #chart;
  #colours;
  #number = element("span", { class: "number" }, "–");
  #unit = element("span", { class: "unit" });
  #pointed = element("span", { class: "pointed", "aria-hidden": "true" });
  #place = element("div", { class: "chart", role: "img", "data-testid": "chart" });

  constructor(board, figure) {
    [this.#board, this.#figure] = [board, figure];
    this.#place.setAttribute("aria-label", `${figure.title}: nothing yet`);
    const value = element("p", { class: "value", "data-testid": "value" }, this.#number, this.#unit);
    this.root = element("section", { class: "card", "data-testid": "figure", "data-figure": figure.name },
      element("h2", {}, figure.title), element("div", { class: "values" }, value, this.#pointed), this.#place);
  }

  /** Begins to draw; the card is on the page now. */
  attach() {
    this.#readColours();
    const size = () => ({ width: this.#place.clientWidth, height: this.#place.clientHeight });
    this.#chart = new uPlot({ ...this.#options(), ...size() }, [[], []], this.#place);
    new ResizeObserver(() => this.#chart.setSize(size())).observe(this.#place);
  }

  add(time, value) {
    const last = this.#times.at(-1) ?? time;
    if (time < last || (time === last && this.#times.length > 0)) return;
    if (time - last > HOLE) this.#push((time + last) / 2, null);
    this.#push(time, value);
    const old = this.#times.findIndex((then) => then >= time - SHOWN - HOLE);
    this.#times.splice(0, old);
    this.#values.splice(0, old);
  }

  #push(time, value) {
    this.#times.push(time);
    this.#values.push(value);
  }

  draw() {
    const [number, unit] = written(this.#values.at(-1) ?? 0, this.#figure.unit);
    this.#number.textContent = number;
    this.#unit.textContent = unit;
    this.#chart.setData([this.#times, this.#values]);
  }

  recolour() {
    this.#readColours();
    this.#chart.redraw(false);
  }

  /** What the chart shows, for who does not see it. */
  describe() {
    const known = this.#values.filter((value) => value !== null);
    if (known.length === 0) return;
    const [least, most, now] = [Math.min(...known), Math.max(...known), known.at(-1)].map((value) => inWords(value, this.#figure.unit));
    const when = this.#board.isAway ? "when the connection was lost" : "now";
    this.#place.setAttribute("aria-label", `${this.#figure.title}: ${now} ${when}, between ${least} and ${most} in the last two minutes`);
  }

  #readColours() {
    const style = getComputedStyle(this.#place);
    const read = (name) => style.getPropertyValue(name).trim();
    const line = read("--series");
    const area = line.startsWith("#") ? `${line}20` : "transparent"; // the same, see-through
    this.#colours = { line, area, away: read("--away"), ink: read("--ink-soft"), grid: read("--line") };
  }

  #options() {
    const colour = (name) => () => this.#colours[name];
    const highest = () => Math.max(this.#figure.least, Math.max(...this.#values) * 1.05);
    const amount = (value) => inWords(value, this.#figure.unit.replace("/s", ""));
    const places = (chart, index, from, to) => [from, (from + to) / 2, to];
    const axis = { stroke: colour("ink"), font: "12px system-ui, sans-serif", ticks: { show: false } };
    /** @type {any} */
    const options = {
      legend: { show: false },
      padding: [8, 16, 0, 0],
      cursor: { sync: { key: "time" }, y: false, drag: { x: false, y: false } },
      scales: {
        x: { range: () => [this.#board.edge - SHOWN, this.#board.edge] },
        y: { range: () => [0, ceiling(highest())] },
      },
      axes: [
        { ...axis, size: 28, gap: 8, splits: places, values: () => ["2 min ago", "1 min ago", "now"], grid: { show: false } },
        { ...axis, size: 58, gap: 8, splits: places, values: (chart, splits) => splits.map(amount), grid: { stroke: colour("grid"), width: 1 } },
      ],
      series: [{}, { stroke: colour("line"), fill: colour("area"), width: 1.75, points: { show: false } }],
      hooks: { drawClear: [(chart) => this.#shade(chart)], setCursor: [(chart) => this.#point(chart)] },
    };
    return options;
  }

  /** Shades the times in which nothing arrived, also when they were filled later. */
  #shade({ ctx, bbox, valToPos }) {
    ctx.fillStyle = this.#colours.away;
    for (const { from, to = this.#board.edge } of this.#board.spans) {
      const start = Math.max(bbox.left, valToPos(from, "x", true));
      const end = Math.min(bbox.left + bbox.width, valToPos(to, "x", true));
      if (end > start) ctx.fillRect(start, bbox.top, end - start, bbox.height);
    }
  }

  /** Tells the value under the pointer. */
  #point({ cursor: { idx } }) {
    const value = this.#values[idx];
    const time = () => new Date(this.#times[idx] * 1_000).toLocaleTimeString();
    this.#pointed.textContent = value == null ? "" : `${inWords(value, this.#figure.unit)} at ${time()}`;
  }
}
