// What a viewer shows: three figures and a table of teas. It paints at most once a frame, however
// many prices come.

import { element } from "/common/dom.js";
import { Sparkline } from "/demo/feed/sparkline.js";

const TEAS = ["Assam", "Bancha", "Ceylon", "Darjeeling", "Earl Grey", "Genmaicha", "Gyokuro", "Keemun", "Lapsang", "Matcha", "Oolong", "Sencha"];
const SPANS = 8; // of a quarter of a second each, over which the rate is counted
const FLASH = 180;
const CALM = 800; // between two flashes of one tea
/** From this age on, in milliseconds, what is shown is late. */
export const LATE = 1_000;

const two = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat("en");
const signed = (change) => `${change < 0 ? "−" : "+"}${two.format(Math.abs(change))} %`;
const duration = (ms) => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);

function figure(name, testId) {
  const value = element("dd", { class: "figure", "data-testid": testId }, "–");
  return { value, box: element("div", {}, element("dt", {}, name), value) };
}

/** One tea's line: the price flashes when it moves, but never so often that it flickers. */
class Row {
  #newest;
  #painted;
  #flashUntil = 0;
  #calmUntil = 0;
  #price = element("td", { class: "price", "data-testid": "price" }, "–");
  #change = element("td", { class: "change" }, "–");
  #canvas = element("canvas", { "aria-hidden": "true" });
  #line = new Sparkline(this.#canvas);

  constructor(tea) {
    this.element = element("tr", { "data-testid": "tea", "data-tea": tea },
      element("th", { scope: "row" }, tea), this.#price, this.#change, element("td", { class: "spark" }, this.#canvas));
  }

  take(price) {
    this.#newest = price;
  }

  sample() {
    if (this.#newest) this.#line.add(this.#newest.price);
  }

  paint(now) {
    const last = this.#painted;
    if (this.#newest === last) return;
    const { price, change, offset } = this.#painted = this.#newest;
    this.#price.textContent = two.format(price);
    this.#change.textContent = signed(change);
    this.#change.dataset.sign = change < 0 ? "down" : "up";
    this.element.dataset.offset = offset ?? "";
    if (last && price !== last.price && now > this.#calmUntil) {
      this.#price.dataset.flash = price < last.price ? "down" : "up";
      [this.#flashUntil, this.#calmUntil] = [now + FLASH, now + CALM];
    }
  }

  calm(now) {
    if (now > this.#flashUntil) delete this.#price.dataset.flash;
  }
}

export class Viewer {
  #taken = 0;
  #leftOut = 0;
  #rows = new Map(TEAS.map((tea) => [tea, new Row(tea)]));
  #counts = new Array(SPANS).fill(0);
  #newestAt = NaN;
  #frame = 0;
  #figures = {
    rate: figure("Updates a second", "rate"),
    age: figure("Newest is old", "age"),
    leftOut: figure("Left out so far", "left-out"),
  };
  #told = element("p", { class: "told soft figure", "data-testid": "told" });

  constructor(place) {
    const head = element("thead", {}, element("tr", {}, ...["Tea", "Price", "Change", "15 s"].map((title) => element("th", { scope: "col" }, title))));
    const body = element("tbody", {}, ...[...this.#rows.values()].map((row) => row.element));
    place.append(element("dl", { class: "figures" }, ...Object.values(this.#figures).map(({ box }) => box)),
      this.#told, element("table", { "aria-labelledby": `${place.id}-title` }, head, body));
  }

  /** One update. */
  take(price) {
    this.count(1);
    this.show(price);
  }

  /** So many updates came. */
  count(updates) {
    this.#taken += updates;
    this.#counts[0] += updates;
  }

  leaveOut(updates) {
    this.#leftOut += updates;
  }

  /** A sentence on it. */
  say(text) {
    if (this.#told.textContent !== text) this.#told.textContent = text;
  }

  /** Shows a price with the next frame. */
  show(price) {
    this.#rows.get(price.tea)?.take(price);
    this.#newestAt = Math.max(this.#newestAt || 0, price.at);
    if (!this.#frame) this.#frame = requestAnimationFrame((now) => this.#paint(now));
  }

  /** Milliseconds since the newest of what is shown was published; not a number before the first. */
  get age() {
    return Math.max(0, Date.now() - this.#newestAt);
  }

  /** The time of the newest, and how many were taken and left out; nothing before the first. */
  get soFar() {
    if (Number.isNaN(this.#newestAt)) return undefined;
    return { at: this.#newestAt, taken: this.#taken, leftOut: this.#leftOut };
  }

  /** Four times a second: the figures and the lines. */
  tick() {
    const { rate, age, leftOut } = this.#figures;
    if (this.soFar) {
      rate.value.textContent = whole.format(Math.round((this.#counts.reduce((sum, count) => sum + count) * 4) / SPANS));
      age.value.textContent = duration(this.age);
      age.value.dataset.ms = String(Math.round(this.age));
      age.value.classList.toggle("late", this.age > LATE);
      leftOut.value.textContent = whole.format(this.#leftOut);
    }
    this.#counts.pop();
    this.#counts.unshift(0);
    const now = performance.now();
    for (const row of this.#rows.values()) {
      row.sample();
      row.calm(now);
    }
  }

  #paint(now) {
    this.#frame = 0;
    for (const row of this.#rows.values()) row.paint(now);
  }
}
