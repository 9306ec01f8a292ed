// The data feed demo: hundreds of prices a second, for a viewer that keeps up and one that does not.

import "/common/bar.js";
import { connect } from "/common/connect.js";
import { $, plural } from "/common/dom.js";
import { ownName } from "/common/people.js";
import { AgeChart } from "/demo/feed/ages.js";
import { LATE, Viewer } from "/demo/feed/viewer.js";

const KEPT = 64; // messages that the server keeps of this room: a price of each tea is among them

// --- The fast viewer: joins, and takes what comes ----------------------------------------------

const { client, network } = connect(ownName, { "demo:prices": ["join"] });
const room = client.join("demo:prices", { rewind: KEPT });
const fast = new Viewer($("fast"));

room.on("price", (/** @type {any} */ { data, timestamp, position }) => {
  fast.take({ ...data, at: Date.parse(timestamp), offset: position?.offset });
});
room.onGap(({ from, to, repairing }) => {
  if (!repairing) fast.leaveOut(to - from + 1);
});
room.onRecover(({ recovered, missed, reason }) => {
  if (recovered) say(`Back. The server said “recovered: true”: it still had the ${plural(missed, "price")} missed.`);
  else say(`Back with the newest. The server said “recovered: false”: ${why(reason, missed)}. A feed wants the newest, not everything.`);
});

// --- The slow viewer: the same in a worker, see slow.js ----------------------------------------

const slow = new Viewer($("slow"));
const worker = "WebSocketStream" in window ? new Worker("/demo/feed/slow.js", { type: "module" }) : undefined;

worker?.addEventListener("message", ({ data: { prices, taken, leftOut } }) => {
  prices.forEach((price) => slow.show(price));
  slow.count(taken);
  slow.leaveOut(leftOut);
});

// --- The page ----------------------------------------------------------------------------------

$("bar").follow(client, network);
network.addEventListener("change", () => {
  if (network.isCut) say("The network is cut: the fast viewer stands still, while prices go on moving.");
});

function why(reason, missed) {
  if (reason === "epoch") return "the room began anew meanwhile";
  return `of the ${plural(missed, "price")} missed it keeps only the last ${KEPT}, and sent those`;
}

function say(text) {
  $("notice").textContent = text;
}

const need = $("need");
function setPace() {
  const ms = `${need.value} ms`;
  $("need-shown").textContent = ms;
  need.setAttribute("aria-valuetext", ms);
  worker?.postMessage({ need: Number(need.value) });
}
need.addEventListener("input", setPace);
setPace();

need.disabled = !worker;

let since; // what it had taken when it last kept up

/** What conflation spares the slow viewer: without it, it would show what was published when so many were. */
function tellSlow() {
  const so = slow.soFar;
  since ??= so;
  if (!worker) return slow.say("No slow viewer here: this browser has no WebSocketStream, with which a page reads at its own pace. Chrome and Edge have it.");
  if (!so) return undefined;
  if (slow.age < LATE) {
    since = so;
    return slow.say("It keeps up.");
  }
  if (so.leftOut === since.leftOut) return slow.say("The buffers on the way fill first: a browser and a network keep some seconds of prices.");
  const [taken, leftOut] = [so.taken - since.taken, so.leftOut - since.leftOut];
  const without = slow.age + ((so.at - since.at) * leftOut) / Math.max(1, taken + leftOut);
  return slow.say(`Reading everything, it would be ${inWords(without)} behind by now, and more with every second.`);
}

function inWords(ms) {
  const seconds = Math.round(ms / 1_000);
  return seconds < 120 ? plural(seconds, "second") : plural(Math.floor(seconds / 60), "minute");
}

fast.say("Left out here: prices that a newer one replaced before they were sent.");
const chart = new AgeChart($("plot"));
setInterval(() => {
  fast.tick();
  slow.tick();
  chart.add(fast.age, slow.age);
  tellSlow();
}, 250);
