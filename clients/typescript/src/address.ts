/** Where the server is: the address of the socket, and of who explains a refusal. */

/** The two addresses of one server. */
export interface Address {
  socket: string;
  check: string;
}

/**
 * Accepts `ws:`, `wss:`, `http:` and `https:`, and what is relative to the page.
 * Without a path it is the usual one, `/v1/ws`.
 */
export function address(url: string | URL): Address {
  const scope: { location?: { href: string } } = globalThis;
  const socket = new URL(url, scope.location?.href);
  socket.protocol = socket.protocol.replace("http", "ws");
  if (socket.pathname === "/") socket.pathname = "/v1/ws";
  const check = new URL("auth/check", socket);
  check.protocol = check.protocol.replace("ws", "http");
  return { socket: socket.href, check: check.href };
}
