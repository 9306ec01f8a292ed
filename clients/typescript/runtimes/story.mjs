// One story, for any runtime: join, publish, cut, recover, leave. Its argument is the server's address.

import { roomcast } from "../dist/index.js";

const address = globalThis.Deno?.args[0] ?? (await import("node:process")).argv[2];
const sockets = [];

/** The platform's own socket, or that of `ws` where it has none; remembered, so that it can be cut. */
const Own = globalThis.WebSocket ?? (await import("ws")).WebSocket;
class Cuttable extends Own {
  constructor(url, protocols) {
    super(url, protocols);
    sockets.push(this);
  }
}

async function token() {
  const body = JSON.stringify({ name: "Ann" });
  const answer = await fetch(`http://${address}/dev/token`, { method: "POST", body });
  return (await answer.json()).token;
}

const client = (options) => roomcast(`ws://${address}`, { token, WebSocket: Cuttable, ...options });
const ann = client({ environment: { random: () => 0.5 } });
const room = ann.join("chat:story", { presence: "full" });
await room.ready;
const [cut] = sockets;
const bob = client();
const other = bob.join("chat:story");
await other.ready;

const heard = [];
const all = new Promise((resolve) => {
  room.onMessage(({ data, replayed }) => {
    heard.push([data, replayed]);
    if (data === "live") resolve();
  });
});
const recovered = new Promise((resolve) => room.onRecover(resolve));
const lost = new Promise((resolve) => room.onStatus(resolve));
cut.close(); // the server ends the session; the client has not asked for that
await lost;
await other.publish("message", "missed");
const recovery = await recovered;
await other.publish("message", "live");
await all;
const told = JSON.stringify([recovery.recovered, heard]);
if (told !== '[true,[["missed",true],["live",false]]]') throw new Error(told);
await room.leave({ linger: 0 });
const { count } = await other.members();
if (count !== 1) throw new Error(`${count} members are left`);
ann.close();
bob.close();
