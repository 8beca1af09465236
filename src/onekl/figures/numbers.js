// Numbers, lists of numbers, and numbers as text.

const sum = (list) => list.reduce((total, v) => total + v, 0);
const clip = (v, low, high) => Math.min(high, Math.max(low, v));

// n + 1 numbers at equal distances, both ends included.
const grid = (from, to, n) => Array.from({ length: n + 1 }, (_, i) => from + ((to - from) * i) / n);

// The same with more points, in order: a narrow curve's peak would fall between those of the grid.
const gridWith = (from, to, n, points) => [...grid(from, to, n), ...points].sort((a, b) => a - b);

// Where `below(v)` turns from true to false between low and high, to the last bits.
function bisect(below, low, high) {
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (below(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

const minus = (text) => String(text).replaceAll("-", "−");
const fixed = (v, digits) => minus(v.toFixed(digits));

// Four decimals, or a power of ten where they would show next to nothing; "–" where there is no
// value.  Values up to `noise` are rounding, and shown as 0.
function readable(v, { noise = 1e-15, digits = 1 } = {}) {
  if (v === Infinity) return "∞";
  if (v === null || Number.isNaN(v)) return "–";
  if (Math.abs(v) >= 0.001) return fixed(v, 4);
  return Math.abs(v) <= noise ? fixed(0, 4) : minus(v.toExponential(digits));
}
