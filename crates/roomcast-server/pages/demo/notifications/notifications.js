// Notifications: one user on several devices, each told what a backend has to say.

import "/common/bar.js";
import { connect } from "/common/connect.js";
import { $, oneLine, plural } from "/common/dom.js";
import { LONGEST_NAME, avatar, ownName, rename, userOf } from "/common/people.js";
import { Inbox } from "/demo/notifications/inbox.js";

const name = ownName();
const user = idOf(name);
const ownRoom = `user:${user}`;

// The token grants the user's own room and no other: to hear what is told, not to tell.
const { client, network } = connect(() => name, { [ownRoom]: ["join", "history"] });

// The newest notifications come with the join, also those of when no device was there.
const room = client.join(ownRoom, { rewind: 20 });
const inbox = new Inbox(user);

let wasAway = false;
room.onRecover(({ recovered, missed }) => {
  wasAway = true; // what is replayed from now on was missed
  inbox.offerEarlier(room.position);
  if (!recovered) inbox.notice("The server's history did not reach back: there may have been more.");
  else if (missed > 0) inbox.toast(`${plural(missed, "notification")} came while you were away`);
});

room.on("notification", (message) => {
  inbox.add(message, wasAway && message.replayed);
  if (!message.replayed) inbox.toast(inbox.textOf(message));
});

room.ready.then(
  () => {
    inbox.ready();
    inbox.offerEarlier(room.position);
  },
  (error) => inbox.notice(`The server refused: ${error.message}`),
);

$("older").addEventListener("click", async () => {
  const before = inbox.oldest.position.offset;
  const page = await room.history({ before, limit: 20 }).catch((error) => inbox.notice(`Not read: ${error.message}`));
  if (page) inbox.addEarlier(page);
});

// The backend's part, played by the server. It has a network of its own, which is not cut here.
async function tell(who, text) {
  const answer = await fetch("/dev/notify", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: idOf(who), text }),
  });
  if (!answer.ok) throw new Error((await answer.json()).error?.message ?? `status ${answer.status}`);
}

// Somebody else's room: the server says no.
async function listenIn(other) {
  const theirs = client.join(`user:${other}`);
  const refused = await theirs.ready.then(() => undefined, (error) => error);
  theirs.leave();
  return refused ? `Refused (${refused.code}): ${refused.message}.` : "It was let in, which it should not be.";
}

// --- The page ----------------------------------------------------------------------------------

const LONGEST_TEXT = 200;
const IDEAS = ["Your parcel has arrived", "Bob mentioned you", "Your invoice is ready", "The build has passed", "Lunch in ten minutes?"];
let idea = 0;

/** A name as the id of a user. A `*` would make a pattern of the room's name. */
function idOf(text) {
  return userOf(oneLine(text, LONGEST_NAME)).replaceAll("*", "");
}

/** The call as a backend makes it, for a shell. */
function showCall() {
  const text = JSON.stringify(oneLine($("text").value, LONGEST_TEXT)).replaceAll("'", "'\\''");
  $("call").textContent = [
    "curl -X POST",
    `  ${location.origin}/v1/users/${encodeURIComponent(idOf($("to").value))}/messages`,
    `  -H "authorization: Bearer $API_KEY"`,
    `  -d '{"event": "notification",\n       "data": {"text": ${text}}}'`,
  ].join(" \\\n");
}

$("tell").addEventListener("input", showCall);
$("tell").addEventListener("submit", async (event) => {
  event.preventDefault();
  const [to, text] = [oneLine($("to").value, LONGEST_NAME), oneLine($("text").value, LONGEST_TEXT)];
  if (!idOf(to) || !text) return;
  const failure = await tell(to, text).then(() => "", (error) => error.message);
  const isLate = network.isCut && idOf(to) === user;
  $("told").textContent = failure ? `Not told: ${failure}` : `Told ${to}${isLate ? "; this device, cut off, hears it later." : ", on every device."}`;
  if (failure || oneLine($("text").value, LONGEST_TEXT) !== text) return;
  idea = (idea + 1) % IDEAS.length;
  $("text").value = IDEAS[idea];
  showCall();
});

$("spy").addEventListener("click", async () => {
  const asked = idOf($("to").value);
  const other = asked && asked !== user ? asked : user === "bob" ? "ann" : "bob";
  $("answer").textContent = `Joining user:${other} …`;
  $("answer").textContent = `Joining user:${other}. ${await listenIn(other)}`;
});

$("name").value = name;
$("name-form").addEventListener("input", () => {
  const wanted = idOf($("name").value);
  $("name-save").disabled = !wanted || oneLine($("name").value, LONGEST_NAME) === name;
});
$("name-form").addEventListener("submit", (event) => {
  event.preventDefault();
  // Another user is another session, as after signing in: the page begins anew.
  if (idOf($("name").value) && rename($("name").value)) location.reload();
});

$("avatar").replaceWith(avatar({ id: user, name }));
$("whose").textContent = name;
$("own-room").textContent = ownRoom;
$("to").value = name;
$("text").value = IDEAS[idea];
showCall();
$("bar").follow(client, network);
