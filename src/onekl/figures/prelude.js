// What several figures share.  These lines go before a figure's own, so each figure stays one module without imports.

const sum = (list) => list.reduce((total, v) => total + v, 0);
const scaled = (list) => list.map((v) => v / sum(list));
const clip = (v, low, high) => Math.min(high, Math.max(low, v));
const grid = (from, to, n) => Array.from({ length: n + 1 }, (_, i) => from + ((to - from) * i) / n);
const path = (points) => "M" + points.map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`).join("L");
const minus = (text) => String(text).replaceAll("-", "−");

// ℰ(a, b) = a log(a/b) − a + b, with its digits where a is close to b.
// There log(a/b) = 2 artanh v, and the first term of its series cancels against −a + b up to (a − b)²/(a + b).
export function excess(a, b) {
  const v = (a - b) / (a + b), log = Math.abs(v) < 0.5 ? 2 * Math.atanh(v) : Math.log(a) - Math.log(b);
  if (!(Math.abs(v) < 0.1)) return (a > 0 ? a * log : 0) - a + b;
  let series = 0;
  for (let j = 1; j < 9; j++) series += v ** (2 * j + 1) / (2 * j + 1);
  return (a - b) * v + 2 * a * series;
}

// The status line; writing the same text again would make a screen reader repeat it at every step.
function say(el, text) {
  const status = el.querySelector(".okl-status");
  if (status.textContent !== text) status.textContent = text;
}

// What the key makes of the value, or undefined for a key that a slider does not know.
function afterKey(key, value, { low, high, step }) {
  const moves = { ArrowUp: step, ArrowRight: step, ArrowDown: -step, ArrowLeft: -step, PageUp: 10 * step, PageDown: -10 * step };
  return key === "Home" ? low : key === "End" ? high : key in moves ? value + moves[key] : undefined;
}

// An element as a slider, by pointer and by keys.  hold() gives the value and what sets it;
// a drag holds once, at its start, so that dragging back undoes it.  moved(right, up) turns pixels into a value.
function draggable(handle, hold, moved, range = { low: 0, high: 1, step: 0.01 }) {
  handle.addEventListener("keydown", (event) => {
    const { value, set } = hold(), next = afterKey(event.key, value, range);
    if (next === undefined) return;
    event.preventDefault();
    set(next);
  });
  handle.addEventListener("pointerdown", (event) => {
    const { value, set } = hold(), { clientX, clientY } = event;
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = (to) => set(value + moved(to.clientX - clientX, clientY - to.clientY));
  });
  for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, () => { handle.onpointermove = null; });
}

