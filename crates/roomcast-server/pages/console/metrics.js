// The server's metrics, as the console shows them: numbers now, and rates since the last time.

/** Every sample of a page in the format of OpenMetrics, by name with labels. */
export function parse(text) {
  const samples = new Map();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const end = line.lastIndexOf(" ");
    samples.set(line.slice(0, end), Number(line.slice(end + 1)));
  }
  return samples;
}

/** The sum of a metric over its labels. */
export function sum(samples, name) {
  let all = 0;
  for (const [sample, value] of samples) {
    if (sample === name || sample.startsWith(`${name}{`)) all += value;
  }
  return all;
}

/** How much a metric grew, a second. A server that was restarted began anew. */
export function rate(now, then, name, seconds) {
  return Math.max(0, sum(now, name) - sum(then, name)) / seconds;
}

/** How long that part of what was timed since then took at most: the bound of its bucket. */
export function within(now, then, name, part) {
  const counts = [];
  for (const [sample, count] of now) {
    const bound = sample.startsWith(`${name}_bucket{`) && /le="([^"]+)"/.exec(sample)?.[1];
    if (bound) counts.push([bound === "+Inf" ? Infinity : Number(bound), count - (then.get(sample) ?? 0)]);
  }
  counts.sort(([a], [b]) => a - b);
  const wanted = (counts.at(-1)?.[1] ?? 0) * part;
  if (wanted <= 0) return 0;
  return counts.find(([, count]) => count >= wanted)[0];
}
