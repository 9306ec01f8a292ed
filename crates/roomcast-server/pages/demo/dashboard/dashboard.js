// The dashboard: six figures of this very server, live.

import "/common/bar.js";
import { connect } from "/common/connect.js";
import { $, plural } from "/common/dom.js";
import { ownName } from "/common/people.js";
import { Board } from "/common/board.js";

const RATE = 50; // messages a second; a connection may send 100 commands
const LASTS = 6; // seconds

// The token grants what this page does, and no more.
const { client, network } = connect(ownName, {
  "demo:server": ["join"],
  "demo:traffic": ["join", "publish"],
});
const board = new Board($("board"));

// The newest 900 messages come with the join, so the charts are full at once.
const figures = client.join("demo:server", { rewind: 900 });

figures.ready.then(
  () => say(`Live. ${secondsSince(board.first)} of figures came with the join.`),
  (error) => say(`The server refused: ${error.message}`, "refused"),
);

figures.on("figure", ({ data, timestamp }) => board.add(data, Date.parse(timestamp) / 1_000));

// After a cut: what was missed comes next, each message with the time at which it was published.
figures.onRecover(({ recovered, missed }) => {
  const before = board.newest;
  queueMicrotask(() => { // when it has come
    board.back();
    if (!recovered) say("The server's history did not reach back: the hole stays.", "hole");
    else if (missed > 0) say(`${secondsSince(before)} of figures recovered: ${plural(missed, "message")}, in order, each once.`, "recovered");
    else say("Back before anything was missed.", "recovered");
  });
});

// Every open dashboard is in this room. What is published here is delivered to all of them.
const traffic = client.join("demo:traffic");

async function makeTraffic() {
  say(`Publishing ${RATE} messages a second to every open dashboard, for ${LASTS} seconds.`, "busy");
  const start = Date.now();
  let sent = 0;
  while (sent < RATE * LASTS && traffic.status.state === "joined") {
    const due = Math.min(((Date.now() - start) / 1_000) * RATE, RATE * LASTS) - sent;
    const some = Array.from({ length: Math.min(due, RATE) }, () => traffic.publish("noise", { number: ++sent }, { ephemeral: true }));
    await Promise.all([...some, new Promise((done) => setTimeout(done, 100))]);
  }
  if (traffic.status.state === "joined") say(`${plural(sent, "message")} published.`);
}

// --- The page ----------------------------------------------------------------------------------

let busy = false;
$("make").addEventListener("click", async () => {
  if (busy) return;
  if (traffic.status.state !== "joined") return say("Not connected: nothing can be published now.", "cut");
  busy = true;
  $("make").setAttribute("aria-disabled", "true"); // it keeps the focus
  await makeTraffic().catch((error) => say(`The server refused: ${error.message}`, "refused"));
  $("make").removeAttribute("aria-disabled");
  busy = false;
});

const secondsSince = (time) => `${Math.round(board.newest - time)} s`;

/** Tells in words what happened. */
function say(text, kind = "") {
  $("notice").textContent = text;
  $("notice").dataset.kind = kind;
}

client.onStatus(({ state }) => {
  if (state === "connected" || board.isAway || board.newest === 0) return;
  board.away();
  say(network.isCut ? "The lines stop: nothing arrives. The server goes on, and keeps what is missed." : "The lines stop: the connection is lost.", "cut");
});
$("bar").follow(client, network);
