// The console: who may look, which part is shown, and that it is kept fresh.

import "/common/bar.js";
import { roomcast } from "/client.js";
import { $, decoded } from "/common/dom.js";
import { Refused, ask, keepKey, ownKey, withKey } from "/console/api.js";
import { Connections } from "/console/connections.js";
import { Overview } from "/console/overview.js";
import { RoomView } from "/console/room.js";
import { Rooms } from "/console/rooms.js";
import { TokenMaker } from "/console/token.js";
import { lasted } from "/console/words.js";

const FRESH = 2_000; // ms between two looks

/** The connection of the live tail. An API key admits who only looks: nobody counts it in a room. */
let client;
const parts = {
  overview: new Overview(),
  rooms: new Rooms(),
  room: new RoomView(() => client),
  connections: new Connections(),
  token: new TokenMaker(),
};
let shown;
let timer;

/** The part that the address names, and its room if it is one. */
function wanted() {
  const [, name, value = ""] = /^#(\w+)(?:=(.*))?$/.exec(location.hash) ?? [];
  return name in parts ? [name, decoded(value)] : ["overview", ""];
}

function show() {
  const [name, value] = wanted();
  shown?.hide?.();
  shown = parts[name];
  for (const other of Object.keys(parts)) $(other).hidden = other !== name;
  for (const link of document.querySelectorAll(".tabs a")) {
    const isHere = link.getAttribute("href") === (name === "room" ? "#rooms" : `#${name}`);
    link.toggleAttribute("aria-current", isHere);
  }
  shown.show?.(value);
  look();
}

/** Looks now, and again as long as somebody can see it. */
async function look() {
  clearTimeout(timer);
  const part = shown;
  try {
    if (!document.hidden) await part.look?.();
    $("trouble").textContent = "";
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return signIn("The key is no longer taken.");
    $("trouble").textContent = `The server cannot be asked: ${error.message}`;
  }
  if (part === shown) timer = setTimeout(look, FRESH);
}

function signIn(why) {
  clearTimeout(timer);
  keepKey("");
  client?.close();
  $("sign-in").hidden = false;
  $("inside").hidden = true;
  $("wrong").textContent = why;
  $("key").focus();
}

async function open() {
  try {
    const info = await ask("/v1/info");
    $("about").textContent = `Roomcast ${info.version}, up for ${lasted(info.uptime_ms)}`;
  } catch (error) {
    return signIn(error.status === 401 ? (ownKey() ? "This key is not one of the server's." : "") : error.message);
  }
  $("sign-in").hidden = true;
  $("inside").hidden = false;
  // In the query, since a key may have characters that a subprotocol cannot.
  client = roomcast(`/v1/ws?token=${encodeURIComponent(ownKey())}`, { fetch: withKey });
  client.connect();
  $("bar").follow(client);
  show();
}

$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  keepKey($("key").value.trim());
  location.reload();
});
addEventListener("hashchange", () => { if (!$("inside").hidden) show(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && !$("inside").hidden) look(); });
open();
