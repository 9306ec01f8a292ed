// A chat: people talk in rooms, see who is here and who is typing, and lose nothing when the
// network goes. This file is what the page does with Roomcast; `view.js` draws it, `page.js` reads
// what the person does.

import "/common/bar.js";
import { connect } from "/common/connect.js";
import { $ } from "/common/dom.js";
import { ownName, rename, userOf } from "/common/people.js";
import { onName, onRoom, onSend, onTyping, roomOfAddress, showHint } from "/demo/chat/page.js";
import { OwnTyping } from "/demo/chat/typing.js";
import { View } from "/demo/chat/view.js";

const REWIND = 50; // messages from before, for who comes in
const REPEAT_FOR = 110_000; // below the two minutes for which the server knows a message again

let name = ownName();
let renamed = false;

/** The rooms that the token opens: all of them, or those of `?rooms=tea*,coffee`. */
const patterns = new URLSearchParams(location.search).getAll("rooms").flatMap((list) => list.split(",")).filter(Boolean);
const grants = patterns.map((pattern) => [pattern, ["join", "publish", "presence", "history"]]);
const { client, network } = connect(() => name, patterns.length > 0 ? Object.fromEntries(grants) : undefined);
$("bar").follow(client, network);

const me = () => client.user ?? { id: userOf(name), name };
const views = new Map(); // by room; one that was left stays until nothing waits in it
let shown;

/** Joins a room. What happens in it goes to its view. */
function enter(roomName) {
  const room = client.join(roomName, { rewind: REWIND, presence: "full" });
  const view = new View(room, { me, patterns, again: () => enterAnew(roomName) });
  room.on("message", (message) => view.add(message));
  room.onRecover((recovery) => {
    if (!renamed || recovery.missed !== 0) view.back(recovery);
    renamed = false;
  });
  room.onGap((gap) => view.gap(gap));
  room.onPresence((presence) => view.here(presence));
  room.onStatus(({ state, error }) => (state === "joined" ? view.joined() : error && view.closed(error)));
  views.set(roomName, view);
  return view;
}

/** Publishes. The message is shown at once, and stands where the server says once it has it. */
function send(text, view = shown) {
  const item = view.write(text);
  view.room.publish("message", { text }, { echo: false, ttl: REPEAT_FOR })
    .then((position) => view.sent(item, position), (error) => {
      view.failed(item, error, () => send(text, view));
      if (view !== shown) shown.notice(`A message in “${view.room.name}” was not sent.`, "refused");
    })
    .then(() => leaveIfDone(view));
  typing.stop();
  hint();
}

/** Shows the room of the page's address. */
function show() {
  const roomName = roomOfAddress();
  const before = shown;
  typing.stop();
  before?.hide();
  shown = views.get(roomName) ?? enter(roomName);
  shown.show();
  hint();
  if (before && before !== shown) leaveIfDone(before);
}

function leaveIfDone(view) {
  hint();
  if (view === shown || view.isBusy) return;
  if (views.get(view.room.name) === view) views.delete(view.room.name);
  view.room.leave({ linger: 0 }); // who comes back gets everything anew
}

/** Tries a room that was closed once more, with a token of now. */
async function enterAnew(roomName) {
  await client.refresh();
  views.delete(roomName);
  show();
}

const typing = new OwnTyping((state) => shown.room.setState(state));
const hint = () => showHint(client.status.state === "connected" ? 0 : shown.waiting);

client.onNotice(({ text }) => shown.notice(text, "system"));
client.onStatus(({ state }) => {
  if (state === "waiting") renamed = false;
  if (shown) hint();
});

onSend(send);
onTyping((text) => (text ? typing.goesOn() : typing.stop()));
onRoom(show);
onName(name, (wanted) => {
  name = rename(wanted);
  renamed = true;
  client.refresh(); // brings a token with the new name
});

// What the server does not have yet goes with this page.
addEventListener("beforeunload", (event) => {
  if ([...views.values()].some(({ waiting }) => waiting > 0)) event.preventDefault();
});

show();
