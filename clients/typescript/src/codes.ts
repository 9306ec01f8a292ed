/** The codes of the contract: each error slug and each close code stands here, and nowhere else. */

/** The frame is not what the protocol says. */
export const BAD_REQUEST = "bad_request";
/** The server does not know this kind of command. */
export const UNKNOWN_TYPE = "unknown_type";
/** The message is larger than its room or its connection allows. */
export const TOO_LARGE = "too_large";
/** The token is refused. */
export const UNAUTHORIZED = "unauthorized";
/** The token has expired. The client fetches a fresh one by itself. */
export const TOKEN_EXPIRED = "token_expired";
/** No grant of the token allows this, or the room's kind does not. */
export const FORBIDDEN = "forbidden";
/** The room is not joined. */
export const NOT_JOINED = "not_joined";
/** The room is joined already. */
export const ALREADY_JOINED = "already_joined";
/** A limit of the session or of the room is reached. */
export const LIMIT = "limit";
/** Too many commands or messages in too little time. */
export const RATE_LIMITED = "rate_limited";
/** The service cannot do this now. */
export const UNAVAILABLE = "unavailable";
/** A defect of the server. */
export const INTERNAL = "internal";

/** Why the server refused a command: the `code` of its `error` frame. */
export type ErrorCode =
  | typeof BAD_REQUEST
  | typeof UNKNOWN_TYPE
  | typeof TOO_LARGE
  | typeof UNAUTHORIZED
  | typeof TOKEN_EXPIRED
  | typeof FORBIDDEN
  | typeof NOT_JOINED
  | typeof ALREADY_JOINED
  | typeof LIMIT
  | typeof RATE_LIMITED
  | typeof UNAVAILABLE
  | typeof INTERNAL;

/** The client broke the WebSocket protocol. */
export const CLOSED_PROTOCOL = 1002;
/** A text frame was not UTF-8. */
export const CLOSED_NOT_UTF8 = 1007;
/** A frame was larger than the server's limit. */
export const CLOSED_TOO_BIG = 1009;
/** Closed for no reason of the client's. */
export const CLOSED_PLAINLY = 4000;
/** The server goes away. */
export const CLOSED_DRAIN = 4001;
/** The client read too slowly. */
export const CLOSED_TOO_SLOW = 4002;
/** Nothing was heard of the client in time. */
export const CLOSED_NO_SIGN_OF_LIFE = 4003;
/** The token expired. */
export const CLOSED_TOKEN_EXPIRED = 4004;
/** The server lost this session's state. */
export const CLOSED_STATE_LOST = 4005;
/** The server has too much to do. */
export const CLOSED_OVERLOADED = 4006;
/** The token is not accepted: sign in again. */
export const CLOSED_TOKEN_REFUSED = 4500;
/** What the client wants is not allowed. */
export const CLOSED_FORBIDDEN = 4502;
/** The application sent this user away. */
export const CLOSED_DISCONNECTED = 4503;
/** The client went past a limit. */
export const CLOSED_LIMIT = 4504;

/** Why a socket was closed. 4000–4499 mean *come back*, 4500–4999 mean *stay away*. */
export type CloseCode =
  | typeof CLOSED_PROTOCOL
  | typeof CLOSED_NOT_UTF8
  | typeof CLOSED_TOO_BIG
  | typeof CLOSED_PLAINLY
  | typeof CLOSED_DRAIN
  | typeof CLOSED_TOO_SLOW
  | typeof CLOSED_NO_SIGN_OF_LIFE
  | typeof CLOSED_TOKEN_EXPIRED
  | typeof CLOSED_STATE_LOST
  | typeof CLOSED_OVERLOADED
  | typeof CLOSED_TOKEN_REFUSED
  | typeof CLOSED_FORBIDDEN
  | typeof CLOSED_DISCONNECTED
  | typeof CLOSED_LIMIT;

/** Whether a close code ends the connection for good; unknown codes count by their range. */
export function staysAway(code: number): boolean {
  return code >= 4500 && code <= 4999;
}
