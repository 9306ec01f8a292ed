// The overview: the server's metrics as numbers and as charts.

import { Board } from "/common/board.js";
import { inWords } from "/common/units.js";
import { $, element } from "/common/dom.js";
import { withKey } from "/console/api.js";
import { parse, rate, sum, within } from "/console/metrics.js";

/** Numbers that need no chart: what people call them, the metric, its unit. */
const NUMBERS = [
  ["Rooms", "roomcast_rooms", ""],
  ["Memberships", "roomcast_memberships", ""],
  ["Waits for clients", "roomcast_outbox_bytes", "B"],
  ["History kept", "roomcast_history_bytes", "B"],
  ["Left out, too slow", "roomcast_messages_dropped_total", ""],
  ["Refused at the door", "roomcast_auth_failures_total", ""],
];

export class Overview {
  #board;
  #last;
  #cells = new Map();

  constructor() {
    for (const [title, name] of NUMBERS) {
      const value = element("dd", { "data-testid": name }, "–");
      this.#cells.set(name, value);
      $("numbers").append(element("div", { class: "card" }, element("dt", {}, title), value));
    }
  }

  show() {
    this.#board ??= new Board($("board"));
  }

  async look() {
    const answer = await withKey("/metrics");
    if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`);
    const [samples, at] = [parse(await answer.text()), Date.now() / 1_000];
    for (const [, name, unit] of NUMBERS) this.#cells.get(name).textContent = inWords(sum(samples, name), unit);
    if (this.#last) this.#draw(samples, this.#last.samples, at, at - this.#last.at);
    this.#last = { samples, at };
  }

  #draw(now, then, at, seconds) {
    const figures = {
      connections: sum(now, "roomcast_connections"),
      published: rate(now, then, "roomcast_messages_published_total", seconds),
      delivered: rate(now, then, "roomcast_messages_delivered_total", seconds),
      sent_bytes: rate(now, then, "roomcast_sent_bytes_total", seconds),
      delivery_p99_ms: within(now, then, "roomcast_delivery_seconds", 0.99) * 1_000,
      memory_bytes: sum(now, "process_resident_memory_bytes"),
    };
    for (const [name, value] of Object.entries(figures)) this.#board.add({ name, value }, at);
  }
}
