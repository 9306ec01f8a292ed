/** Why a connection was refused. A socket does not say it; `/v1/auth/check` does, to who asks. */

import { FORBIDDEN, UNAUTHORIZED } from "./codes.js";
import { RoomcastError } from "./error.js";
import type { ClientOptions } from "./options.js";

/** What follows from a refusal. */
export interface Verdict {
  /** The token is refused, or the client is not allowed at all; otherwise it may come back. */
  error?: RoomcastError;
  /** How long the server asks to wait, in milliseconds. */
  after: number;
}

/** Asks; where no answer is to be had, it is worth trying again. */
export async function verdict(
  url: string,
  token: string | null | undefined,
  fetch: NonNullable<ClientOptions["fetch"]>,
  signal: AbortSignal,
): Promise<Verdict> {
  try {
    const headers: HeadersInit = token ? { authorization: `Bearer ${token}` } : {};
    const answer = await fetch(url, { headers, signal, cache: "no-store" });
    const after = Number(answer.headers.get("retry-after")) * 1_000 || 0;
    const code = answer.status === 401 ? UNAUTHORIZED : answer.status === 403 && FORBIDDEN;
    if (!code) return { after };
    // Whoever refuses in other words, such as a proxy, is not the server.
    const { error } = (await answer.json()) as { error: { message: string } };
    return { error: new RoomcastError(code, error.message), after };
  } catch {
    return { after: 0 };
  }
}
