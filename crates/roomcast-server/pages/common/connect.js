// How the demos connect: over a network that can be cut, with a token for a name.

import { RoomcastError, roomcast } from "/client.js";
import { Network } from "/common/network.js";
import { userOf } from "/common/people.js";

/**
 * Connects to the server of this page.
 * `name()` gives the name to connect with; it is asked again for each token, so after a change
 * `client.refresh()` brings the new one. `rooms` is what the token grants, `{ pattern: [action] }`;
 * everything if absent. `?ttl=` in the page's address makes tokens that last only so many seconds.
 * `network` can be one of another kind.
 */
export function connect(name, rooms = undefined, network = new Network()) {
  const client = roomcast("/", {
    token: ({ signal }) => demoToken(network, name(), rooms, signal),
    WebSocket: network.WebSocket,
    fetch: network.fetch,
  });
  return { client, network };
}

/** A token for a name. In production your backend makes it, for the user who is signed in. */
async function demoToken(network, name, rooms, signal) {
  const ttl = Number(new URLSearchParams(location.search).get("ttl")) * 1_000 || undefined;
  const answer = await network.fetch("/dev/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, user: userOf(name), rooms, ttl_ms: ttl }),
    signal,
  });
  if (answer.ok) return (await answer.json()).token;
  const why = answer.status === 404 ? "this server makes no demo tokens: start it with `roomcast dev`" : `no token (${answer.status})`;
  const retry = answer.status >= 500 || answer.status === 429;
  throw new RoomcastError("unauthorized", why, { retry });
}
