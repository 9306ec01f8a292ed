// The chart of the two ages over the last minute.

import uPlot from "/vendor/uplot.js";

const POINTS = 240; // four a second
const HEIGHT = 148;

const colour = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class AgeChart {
  #ages = [[], []];
  #plot;

  constructor(place) {
    this.#plot = new uPlot(this.#options(place.clientWidth), this.#data(), place);
    new ResizeObserver(() => this.#plot.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#plot.redraw(false));
  }

  /** The ages now, in milliseconds. */
  add(...ages) {
    ages.forEach((age, index) => {
      const list = this.#ages[index];
      list.push(Number.isNaN(age) ? null : age / 1_000);
      if (list.length > POINTS) list.shift();
    });
    this.#plot.setData(this.#data());
  }

  /** @returns {any} */
  #data() {
    const [{ length }] = this.#ages;
    return [Array.from({ length }, (_, index) => (index + 1 - length) / 4), ...this.#ages];
  }

  /** @returns {any} */
  #options(width) {
    const ticks = { stroke: colour("--ink-soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    return {
      width,
      height: HEIGHT,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [-60, 0] }, y: { range: (_plot, _low, high) => [0, Math.max(5, Math.ceil((high ?? 0) / 5) * 5)] } },
      axes: [
        { ...ticks, size: 24, grid: { show: false }, values: (_plot, marks) => marks.map((mark) => (mark === 0 ? "now" : `${mark} s`)) },
        { ...ticks, size: 38, space: 26, values: (_plot, marks) => marks.map((mark) => `${mark} s`) },
      ],
      series: [
        {},
        { stroke: colour("--series-1"), width: 2, points: { show: false } },
        { stroke: colour("--series-3"), width: 2, points: { show: false } },
      ],
    };
  }
}
