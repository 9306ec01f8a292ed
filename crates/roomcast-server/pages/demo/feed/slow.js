// The slow viewer: the same client in the same room, but each update takes it some milliseconds.
// It tells the page what it shows; nothing is dropped here.

import { connect } from "/common/connect.js";
import { SlowNetwork } from "/demo/feed/slow-network.js";

const network = new SlowNetwork();
const { client } = connect(() => "Slow viewer", { "demo:prices": ["join"] }, network);
const room = client.join("demo:prices", { rewind: 64 });

let taken = 0; // since the page was told
let leftOut = 0;
const newest = new Map(); // by tea

room.on("price", (/** @type {any} */ { data, timestamp, position }) => {
  taken += 1;
  newest.set(data.tea, { ...data, at: Date.parse(timestamp), offset: position?.offset });
});
room.onGap(({ from, to, reason }) => {
  if (reason === "conflated") leftOut += to - from + 1;
});

setInterval(() => {
  postMessage({ prices: [...newest.values()], taken, leftOut });
  newest.clear();
  [taken, leftOut] = [0, 0];
}, 100);

addEventListener("message", ({ data }) => {
  network.need = data.need;
});
