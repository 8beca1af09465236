// AAE with two letters (su-33, su-34): what the reconstruction error does to the minimum of the adversarial objective.
// Data (1 − d, d) on x = 0, 1 and prior (1 − c, c) on z = 0, 1; x = 1 goes to z = 1, and x = 0 goes there with probability a.

// p(z = 1), in which everything else is written.
const inOne = (a, d) => d + (1 - d) * a;

// KL(m ‖ q(z)) in nats, m = ½(p(z) + q(z)): the objective at the optimal discriminator.
export function adversarial(a, d, c) {
  const m = (inOne(a, d) + c) / 2;
  return klDiv(m, c) + klDiv(1 - m, 1 - c);
}

// The least squared error of a decoder from z to x: z = 0 holds only x = 0, and z = 1 both.
export const error = (a, d) => (d * (1 - d) * a) / inOne(a, d);

export const total = (a, lam, d, c) => adversarial(a, d, c) + lam * error(a, d);

// The derivative of total in a.
export function slope(a, lam, d, c) {
  const p = inOne(a, d), m = (p + c) / 2;
  return ((1 - d) * Math.log((m * (1 - c)) / ((1 - m) * c))) / 2 + (lam * d ** 2 * (1 - d)) / p ** 2;
}

// The a in [0, 1] where total is least.  It may have two local minima, so the best of a grid comes first, then bisection of the slope.
export function minimiser(lam, d, c) {
  const points = grid(0, 1, 400), values = points.map((a) => total(a, lam, d, c)), best = values.indexOf(Math.min(...values));
  let [low, high] = slope(points[best], lam, d, c) < 0 ? [points[best], points[Math.min(400, best + 1)]] : [points[Math.max(0, best - 1)], points[best]];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (slope(middle, lam, d, c) < 0) low = middle; else high = middle;
  }
  return (low + high) / 2;
}

const SLIDERS = {
  lam: { label: "weight <i>λ</i>", min: 0, max: 1, step: 0.005, digits: 3 },
  d: { label: "<i>d</i> = <i>p̃</i>(1)", min: 0.05, max: 0.95, step: 0.01, digits: 2 },
  c: { label: "<i>c</i> = <i>q</i>(1)", min: 0.05, max: 0.95, step: 0.01, digits: 2 },
};

const sliderHtml = (key) => {
  const { label, min, max, step } = SLIDERS[key];
  return `<label class="okl-slider"><span>${label}</span><input type="range" data-key="${key}" min="${min}" max="${max}" step="${step}"><output></output></label>`;
};
const line = (key, label) => `<div class="okl-line"><span>${label}</span><output data-value="${key}"></output></div>`;
const tileHtml = (z) => `<div class="okl-tile okl-sum okl-panel okl-p" data-z="${z}"><div class="okl-fill"></div><div class="okl-other"></div><span></span></div>`;

const HTML = `<div class="okl-legend"><span><b class="okl-swatch okl-p"></b>adversarial objective KL(<i>m</i> ‖ <i>q</i>(<i>z</i>))</span>
    <span><b class="okl-swatch okl-q"></b>squared error (dashed)</span><span><b class="okl-swatch okl-whole"></b>their sum, the error times <i>λ</i> (thick)</span></div>
  <svg class="okl-curves" role="img" aria-label="adversarial objective, squared error and weighted sum as functions of a; a ring at the minimum of the sum, a diamond at that of the adversarial objective"></svg>
  <p class="okl-note"><i>x</i> = 1 goes to <i>z</i> = 1; <i>x</i> = 0 goes there with probability <i>a</i>, else to <i>z</i> = 0.
    The ring is the minimum of the sum, the diamond that of the adversarial objective alone.
    The letters are the numbers 0 and 1 here. One-hot vectors, as in the page's table, have twice the squared error, so <i>λ</i> here is twice the table's <i>λ</i>.</p>
  ${Object.keys(SLIDERS).map(sliderHtml).join("")}
  <div class="okl-buttons"><button type="button" data-do="equal">make <i>c</i> = <i>d</i></button><button type="button" data-do="reset">reset</button></div>
  <div class="okl-columns okl-stack"><div><div class="okl-title">the best <i>a</i> for each <i>λ</i></div>
      <svg class="okl-best-a" role="img" aria-label="the minimiser a as a function of λ"></svg></div>
    <div><div class="okl-grid okl-two"><span></span><span class="okl-head"><i>z</i> = 0</span><span class="okl-head"><i>z</i> = 1</span>
      <span class="okl-head"><i>p</i>(<i>z</i>)</span>${[0, 1].map(tileHtml).join("")}</div>
      <p class="okl-note">The encoder's <i>p</i>(<i>z</i>) at the best <i>a</i>; dashed, the prior <i>q</i>(<i>z</i>).</p></div>
    <div>${line("a", "best <i>a</i>")}${line("alone", "best <i>a</i> at <i>λ</i> = 0")}${line("p", "<i>p</i>(<i>z</i>)")}${line("q", "<i>q</i>(<i>z</i>)")}
      ${line("adversarial", "KL(<i>m</i> ‖ <i>q</i>(<i>z</i>)), nats")}${line("error", "squared error")}</div></div>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

const number = (v) => (v === 0 || v >= 0.001 ? v.toFixed(4) : v < 1e-15 ? "0.0000" : minus(v.toExponential(1)));
const pair = (one) => `(${(1 - one).toFixed(3)}, ${one.toFixed(3)})`;

function drawCurves(svg, { lam, d, c }, best, alone) {
  const width = svg.clientWidth || 640, left = 40, floor = 170, points = grid(0, 1, 200);
  const curves = { adversarial: (a) => adversarial(a, d, c), error: (a) => error(a, d), total: (a) => total(a, lam, d, c) };
  const top = Math.max(...Object.values(curves).flatMap((f) => points.map(f)));
  const at = (a, v) => [left + (width - left - 12) * a, floor - ((floor - 12) * v) / top];
  const curve = (key, style) => `<path class="${style}" data-path="${key}" d="${path(points.map((a) => at(a, curves[key](a))))}"/>`;
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].map((a) => `<text x="${at(a, 0)[0]}" y="${floor + 18}" text-anchor="middle">${a}</text>`);
  const levels = [0, top / 2, top].map((v) => `<text x="${left - 6}" y="${at(0, v)[1] + 4}" text-anchor="end">${v ? v.toFixed(2) : 0}</text>`);
  const [x, y] = at(best, curves.total(best)), [u, v] = at(alone, curves.adversarial(alone));
  svg.setAttribute("viewBox", `0 0 ${width} 194`);
  svg.innerHTML = `<line class="okl-rule" x1="${left}" x2="${width - 12}" y1="${floor}" y2="${floor}"/>${ticks.join("")}${levels.join("")}
    <text x="${width - 12}" y="${floor - 5}" text-anchor="end">a</text>
    <g class="okl-trace okl-p">${curve("adversarial", "")}</g><g class="okl-trace okl-q">${curve("error", "okl-dashed")}</g>${curve("total", "okl-whole okl-thick")}
    <line class="okl-ray" x1="${x}" x2="${x}" y1="${y}" y2="${floor}"/><path class="okl-diamond" d="M${u},${v - 7}l7,7l-7,7l-7,-7Z"/>
    <circle class="okl-best" cx="${x}" cy="${y}" r="6"/>`;
}

// Pieces of the curve λ ↦ a: where the minimum jumps from one valley to another there is no line.
function pieces(points) {
  const lists = [[points[0]]];
  for (const [i, point] of points.slice(1).entries())
    if (Math.abs(point[1] - points[i][1]) > 0.08) lists.push([point]); else lists.at(-1).push(point);
  return lists;
}

function drawBest(svg, { lam, d, c }, best) {
  const width = svg.clientWidth || 220, left = 30, floor = 110, end = SLIDERS.lam.max;
  const at = ([l, a]) => [left + ((width - left - 10) * l) / end, floor - (floor - 10) * a];
  const curve = pieces(grid(0, end, 100).map((l) => [l, minimiser(l, d, c)])).map((piece) => path(piece.map(at))).join("");
  const ticks = [0, 0.5, 1].map((l) => `<text x="${at([l, 0])[0]}" y="${floor + 18}" text-anchor="middle">${l}</text>`);
  const levels = [0, 0.5, 1].map((a) => `<text x="${left - 6}" y="${at([0, a])[1] + 4}" text-anchor="end">${a}</text>`);
  const [x, y] = at([lam, best]);
  svg.setAttribute("viewBox", `0 0 ${width} 134`);
  svg.innerHTML = `<line class="okl-rule" x1="${left}" x2="${width - 10}" y1="${floor}" y2="${floor}"/>${ticks.join("")}${levels.join("")}
    <text x="${width - 10}" y="${floor - 5}" text-anchor="end">λ</text><path class="okl-whole okl-thick" data-path="best" d="${curve}"/>
    <circle class="okl-best" cx="${x}" cy="${y}" r="6"/>`;
}

function explain({ lam, d, c }, best, alone) {
  if (Math.abs(c - d) < 1e-9)
    return "c = d: at a = 0 each x has its own z, so p(z) = q(z) and the error is 0. One point is best for both, whatever λ is.";
  if (c < d)
    return "c < d: x = 1 alone brings more to z = 1 than the prior has there. Both are least at a = 0, so λ changes nothing, " +
      "but the adversarial objective does not reach 0.";
  const there = `At the adversarial minimum, a = ${alone.toFixed(4)}, p(z) = q(z), but the error is ${error(alone, d).toFixed(4)} and still grows with a`;
  if (lam === 0) return `${there}. Without weight it has no say.`;
  return `${there}: the slope of the sum is ${number(slope(alone, lam, d, c))}. So λ moves the minimum ` +
    (best === 0 ? "all the way to a = 0, where p(z) = p̃." : `to a = ${best.toFixed(4)}, where p(z) is no longer q(z).`);
}

function drawNumbers(el, now, best, alone) {
  const p = inOne(best, now.d), values = { a: best.toFixed(4), alone: alone.toFixed(4), p: pair(p), q: pair(now.c),
    adversarial: number(adversarial(best, now.d, now.c)), error: number(error(best, now.d)) };
  for (const [key, text] of Object.entries(values)) el.querySelector(`[data-value=${key}]`).textContent = text;
  for (const tile of el.querySelectorAll(".okl-tile")) {
    const share = (one) => (tile.dataset.z === "1" ? one : 1 - one);
    tile.querySelector(".okl-fill").style.height = `${100 * share(p)}%`;
    tile.querySelector(".okl-other").style.bottom = `${100 * share(now.c)}%`;
    tile.querySelector("span").textContent = share(p).toFixed(3);
  }
  for (const input of el.querySelectorAll("[data-key]")) {
    const { key } = input.dataset;
    input.value = now[key];
    input.parentElement.querySelector("output").textContent = now[key].toFixed(SLIDERS[key].digits);
  }
}

function render({ model, el }) {
  const read = () => ({ lam: model.get("lam"), d: model.get("d"), c: model.get("c") });
  const start = read();
  el.classList.add("onekl-figure");
  el.innerHTML = HTML;

  const draw = () => {
    const now = read(), best = minimiser(now.lam, now.d, now.c), alone = minimiser(0, now.d, now.c);
    drawCurves(el.querySelector(".okl-curves"), now, best, alone);
    drawBest(el.querySelector(".okl-best-a"), now, best);
    drawNumbers(el, now, best, alone);
    say(el, explain(now, best, alone));
  };
  const set = (changes) => {
    for (const [key, value] of Object.entries(changes)) model.set(key, value);
    model.save_changes();  // the model's events draw
  };
  for (const input of el.querySelectorAll("[data-key]")) input.addEventListener("input", () => set({ [input.dataset.key]: Number(input.value) }));
  el.querySelector("[data-do=equal]").addEventListener("click", () => set({ c: model.get("d") }));
  el.querySelector("[data-do=reset]").addEventListener("click", () => set(start));
  for (const key of Object.keys(start)) model.on(`change:${key}`, draw);
  const sized = new ResizeObserver(draw);
  draw();
  sized.observe(el);
  return () => sized.disconnect();
}

export default { render };
