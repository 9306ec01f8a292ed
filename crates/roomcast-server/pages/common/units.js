// What the server tells of itself, and how it is written for people.

/** Each with its unit, and the least that its chart reaches up to. */
export const FIGURES = [
  { name: "connections", title: "Connections", unit: "", least: 4 },
  { name: "published", title: "Messages published", unit: "/s", least: 10 },
  { name: "delivered", title: "Messages delivered", unit: "/s", least: 10 },
  { name: "sent_bytes", title: "Sent to clients", unit: "B/s", least: 1_000 },
  { name: "delivery_p99_ms", title: "Delivered within (99 %)", unit: "ms", least: 0.2 },
  { name: "memory_bytes", title: "Memory", unit: "B", least: 10_000_000 },
];

/** @type {[number, string][]} */
const PREFIXES = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
/** @type {[number, string]} */
const NO_PREFIX = [1, ""];

/** The number and its unit: `["1.2", "k/s"]`, `["34", "MB"]`, `["0.4", "ms"]`. */
export function written(value, unit) {
  if (unit === "ms") return value < 999.5 ? [digits(value), "ms"] : [digits(value / 1_000), "s"];
  const [size, prefix] = PREFIXES.find(([least]) => value >= least * 0.9995) ?? NO_PREFIX;
  return [prefix ? digits(value / size) : value.toFixed(0), prefix + unit];
}

/** `1.2 k/s`, `52/s`, `34 MB`. */
export function inWords(value, unit) {
  const [number, words] = written(value, unit);
  return words.startsWith("/") ? number + words : `${number} ${words}`.trim();
}

/** Two digits that matter. */
function digits(value) {
  if (value >= 9.95) return value.toFixed(0);
  return String(Number(value >= 0.995 ? value.toFixed(1) : value.toPrecision(2)));
}

/** A round number above the value, of which the half is round too. */
export function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].find((step) => value <= step * power * 1.0001) * power;
}
