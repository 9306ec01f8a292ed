// Small helps for writing a page. Whatever people wrote reaches the page by textContent only.

/** The element with this id, which the page's HTML has.
 * @returns {any} */
export const $ = (id) => document.getElementById(id);

/**
 * A new element: `element("li", { class: "person", "data-testid": "person" }, avatar, "Ann")`.
 * An attribute that is `true` is set empty; one that is `false`, `null` or `undefined` is left out.
 */
export function element(tag, attributes = {}, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...content);
  return made;
}

/** `1 message`, `2 messages`. */
export function plural(n, one, many = `${one}s`) {
  return `${n} ${n === 1 ? one : many}`;
}

/** One line of plain text of at most so many characters. What turns the text after it around is left out. */
export function oneLine(text, longest) {
  const line = text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "").replace(/[\p{Cc}\p{Cs}]/gu, " ").replace(/\s+/g, " ").trim();
  return [...line].slice(0, longest).join("").trim();
}

/** A part of an address, decoded; as it was written if it is no such part. */
export function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
