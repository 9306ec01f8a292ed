/** The life of a page: it is shown and hidden, loses its network, rests and returns. */

import type { Environment } from "./environment.js";
import type { Link } from "./link.js";

const EVENTS = ["online", "offline", "visibilitychange", "pagehide", "pageshow"];

/** Tells the link of the page's events until the function it gives is called. */
export function follow({ events, visible }: Environment, link: Link): () => void {
  const listener = ({ type }: { type: string }): void => {
    if (type === "offline") link.probe();
    // An open socket would keep the page out of the back-forward cache.
    else if (type === "pagehide") link.suspend();
    else if (type === "pageshow" && link.status.state === "suspended") link.start();
    else if (type === "online" || visible()) link.wake();
  };
  for (const type of EVENTS) events?.addEventListener(type, listener);
  return () => {
    for (const type of EVENTS) events?.removeEventListener(type, listener);
  };
}
