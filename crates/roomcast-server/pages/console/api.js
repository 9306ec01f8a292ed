// The backend's HTTP interface, with the key of who looks.

import { decoded } from "/common/dom.js";

const KEY = "roomcast-api-key";

/** What the server refused, and why. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The key: from `#key=` in the address, which is taken away, or as it was in this tab before. */
export function ownKey() {
  const given = /^#key=(.+)$/.exec(location.hash);
  if (given) {
    keepKey(decoded(given[1]));
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(KEY) ?? "";
}

export function keepKey(key) {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

/** `fetch`, with the key. */
export function withKey(url, init = {}) {
  return fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${ownKey()}` }, cache: "no-store" });
}

/** Asks; gives what is answered, or throws {@link Refused}. */
export async function ask(path, { method = "GET", body = undefined } = {}) {
  const headers = body && { "content-type": "application/json" };
  const answer = await withKey(path, { method, headers, body });
  const json = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, json.error?.message ?? `the server answered ${answer.status}`);
  return json;
}

/** A path whose parts may hold anything. */
export function path(strings, ...parts) {
  return String.raw({ raw: strings }, ...parts.map(encodeURIComponent));
}

/** A query of what is there. */
export function query(parts) {
  const given = Object.entries(parts).filter(([, value]) => value);
  return given.length > 0 ? `?${new URLSearchParams(given)}` : "";
}
