// KL(q_θ ‖ q_{θ−Δθ}) of three letters with softmax logits θ = (θ₁, θ₂, 0), beside its expansion at θ (su-21, su-22):
// the quadratic form of the Fisher information, the next order, and the square of one vector.

// q_θ: three probabilities.
export function family(theta) {
  const logits = [...theta, 0], largest = Math.max(...logits), weights = logits.map((l) => Math.exp(l - largest));
  return weights.map((w) => w / sum(weights));
}

const back = (theta, delta) => theta.map((v, i) => v - delta[i]);
export function kl(theta, delta) {
  const old = family(back(theta, delta));
  return sum(family(theta).map((v, x) => klDiv(v, old[x])));
}

// F = Σ ∇q ∇qᵀ/q, which in logits is diag(q) − q qᵀ on the first two letters.
export function fisher(theta) {
  const [a, b] = family(theta);
  return [[a * (1 - a), -a * b], [-a * b, b * (1 - b)]];
}

// log q is linear in the logits up to log Σ exp, so the orders of KL are cumulants of Δθ (Δθ₁, Δθ₂, 0) under q_θ:
// ½ of the second, which is ½ΔθᵀFΔθ, and −⅙ of the third.
export function orders(theta, delta) {
  const q = family(theta), step = [...delta, 0], mean = sum(q.map((v, x) => v * step[x]));
  const central = (n) => sum(q.map((v, x) => v * (step[x] - mean) ** n));
  return { quadratic: central(2) / 2, third: -central(3) / 6 };
}

// The vector c of the best (Δθ·c)²: c cᵀ is the matrix of rank one that is nearest to F/2 (its largest eigenvector),
// and with one parameter, Δθ₂ = 0, it is √(F/2) and misses nothing.
export function vector(theta, single) {
  const [[a, b], [, d]] = fisher(theta);
  if (single) return [Math.sqrt(a / 2), 0];
  const largest = (a + d) / 2 + Math.hypot((a - d) / 2, b), angle = Math.atan2(2 * b, a - d) / 2;
  return [Math.cos(angle), Math.sin(angle)].map((v) => v * Math.sqrt(largest / 2));
}

// How far one may go from 0 in the direction (cos φ, sin φ) until KL reaches the level: it grows along every ray.
export function reach(theta, angle, level) {
  const at = (r) => kl(theta, [r * Math.cos(angle), r * Math.sin(angle)]);
  let low = 0, high = 1;
  while (at(high) < level && high < 1024) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (at(middle) < level) low = middle; else high = middle;
  }
  return low;
}

const END = 3;  // the plane of Δθ goes from −END to END
const SLIDERS = {
  theta1: { label: "<i>θ</i><sub>1</sub>", end: 2 }, theta2: { label: "<i>θ</i><sub>2</sub>", end: 2 },
  delta1: { label: "Δ<i>θ</i><sub>1</sub>", end: END }, delta2: { label: "Δ<i>θ</i><sub>2</sub>", end: END },
};
const LINES = {
  exact: "KL(<i>q</i> ‖ <i>q</i>°), exact",
  quadratic: "½Δ<i>θ</i>ᵀ<i>F</i>Δ<i>θ</i>",
  cubic: "with the third order",
  single: "(Δ<i>θ</i>·<i>c</i>)², one vector",
};
const INK = { exact: "okl-joint", quadratic: "okl-marginal", single: "okl-remainder" };

const swatch = (key) => (INK[key] ? `<b class="okl-swatch ${INK[key]}"></b>` : "");
const sliderHtml = (key) => `<label class="okl-slider okl-short"><span>${SLIDERS[key].label}</span><input type="range" data-key="${key}"
  min="${-SLIDERS[key].end}" max="${SLIDERS[key].end}" step="0.05"><output></output></label>`;
const lineHtml = (key) => `<span>${swatch(key)}${LINES[key]}</span><output data-value="${key}"></output><output data-ratio="${key}"></output>`;
const tileHtml = (x) => `<div class="okl-tile okl-sum okl-low okl-panel okl-q" data-x="${x}"><div class="okl-fill"></div>
  <div class="okl-other"></div><span></span></div>`;

const HTML = `<div class="okl-columns okl-stack"><div>
    <div class="okl-legend"><span>${swatch("exact")}exact KL</span><span>${swatch("quadratic")}½Δ<i>θ</i>ᵀ<i>F</i>Δ<i>θ</i></span>
      <span>${swatch("single")}(Δ<i>θ</i>·<i>c</i>)²</span></div>
    <div class="okl-plane"><svg role="img" aria-label="level sets in the plane of the step: exact KL, quadratic form, square of one vector"></svg>
      <div class="okl-handle okl-grip okl-p"></div></div>
    <p class="okl-note">Each curve is the set of steps to which its formula gives one and the same value, that of the quadratic form at your step.
    Drag the ring, or use the sliders.</p></div>
  <div><div class="okl-grid"><span></span>${[1, 2, 3].map((x) => `<span class="okl-head"><i>x</i><sub>${x}</sub></span>`).join("")}
      <span class="okl-head"><i>q</i></span>${[0, 1, 2].map(tileHtml).join("")}</div>
    <p class="okl-note">The new <i>q</i> = <i>q<sub>θ</sub></i>; dashed, the old one, <i>q</i>° = <i>q</i><sub><i>θ</i>−Δ<i>θ</i></sub>.</p>
    ${Object.keys(SLIDERS).map(sliderHtml).join("")}
    <div class="okl-buttons"><label class="okl-switch"><input type="checkbox" role="switch" data-switch><span>one parameter: Δ<i>θ</i><sub>2</sub> = 0</span></label>
      <button type="button" data-do="reset">reset</button></div>
    <div class="okl-values"><span></span><span>nats</span><span>/ exact</span>${Object.keys(LINES).map(lineHtml).join("")}</div></div></div>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

const number = (v) => (!Number.isFinite(v) ? "–" : minus(v !== 0 && Math.abs(v) < 0.001 ? v.toExponential(2) : v.toFixed(4)));
const dot = (a, b) => a[0] * b[0] + a[1] * b[1];

// The four values of a step, in nats.
export function values(theta, delta, single) {
  const { quadratic, third } = orders(theta, delta);
  return { exact: kl(theta, delta), quadratic, cubic: quadratic + third, single: dot(delta, vector(theta, single)) ** 2 };
}

function drawTables(el, theta, delta) {
  const q = family(theta), old = family(back(theta, delta));
  for (const tile of el.querySelectorAll(".okl-tile")) {
    const x = tile.dataset.x;
    tile.querySelector(".okl-fill").style.height = `${100 * q[x]}%`;
    tile.querySelector(".okl-other").style.bottom = `${100 * old[x]}%`;
    tile.querySelector("span").textContent = q[x].toFixed(3);
  }
}

const ANGLES = Array.from({ length: 181 }, (_, i) => (2 * Math.PI * i) / 180);

// The steps of one level: a curve around 0 by its distance in each direction, and two parallel lines for the single vector.
function levelSets(theta, level, single, at) {
  const around = (key, distance) => `<path class="okl-level ${INK[key]}" data-level="${key}" d="M${ANGLES.map((a) => {
    const r = distance(a);
    return at([r * Math.cos(a), r * Math.sin(a)]).map((v) => v.toFixed(1)).join();
  }).join("L")}Z"/>`;
  const form = (a) => orders(theta, [Math.cos(a), Math.sin(a)]).quadratic;
  const c = vector(theta, single), length = Math.hypot(...c), far = 4 * END;
  const strip = [1, -1].map((side) => {
    const foot = c.map((v) => (side * Math.sqrt(level) * v) / length ** 2), along = [-c[1] / length, c[0] / length];
    const [[x1, y1], [x2, y2]] = [far, -far].map((s) => at([foot[0] + s * along[0], foot[1] + s * along[1]]));
    return `<line class="okl-level ${INK.single}" data-level="single" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
  });
  return around("exact", (a) => reach(theta, a, level)) + around("quadratic", (a) => Math.sqrt(level / form(a))) + strip.join("");
}

function drawPlane(svg, { theta, delta, single }) {
  const size = 330, unit = size / (2 * END), at = ([x, y]) => [size / 2 + x * unit, size / 2 - y * unit];
  const level = orders(theta, delta).quadratic, [cx, cy] = at(delta);
  const ticks = [-2, -1, 1, 2].map((v) => `<text x="${at([v, 0])[0]}" y="${size / 2 + 15}" text-anchor="middle">${minus(v)}</text>
    <text x="${size / 2 - 5}" y="${at([0, v])[1] + 4}" text-anchor="end">${minus(v)}</text>`);
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.innerHTML = `<line class="okl-rule" x1="0" x2="${size}" y1="${size / 2}" y2="${size / 2}"/>
    <line class="okl-rule" y1="0" y2="${size}" x1="${size / 2}" x2="${size / 2}"/>${ticks.join("")}
    <text x="${size - 4}" y="${size / 2 - 6}" text-anchor="end">Δθ₁</text><text x="${size / 2 + 6}" y="14">Δθ₂</text>
    ${level > 0 ? levelSets(theta, level, single, at) : ""}
    <line class="okl-ray" x1="${size / 2}" y1="${size / 2}" x2="${cx}" y2="${cy}"/>`;
}

function explain({ delta, single }) {
  if (!delta[0] && !delta[1]) return "No step: all of them are 0. Drag the ring away from the centre.";
  return single
    ? "One parameter: on the axis the strip ends where the ellipse does, and (Δθ·c)² with c = √(F/2) is the quadratic form."
    : "Two parameters: along the strip (Δθ·c)² is blind, and the ellipse is closed. No single vector c makes a closed curve; " +
      "this one is the best, with c cᵀ as near to F/2 as rank one allows.";
}

// The grip is dragged, and a click elsewhere on the plane brings it there; a finger beside it still scrolls the page.
function listen(plane, grip, change) {
  const read = (event) => {
    const box = plane.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width - 0.5, 0.5 - (event.clientY - box.top) / box.height].map((v) => 2 * END * v);
  };
  plane.addEventListener("click", (event) => change(read(event)));
  grip.addEventListener("pointerdown", (event) => {
    grip.setPointerCapture(event.pointerId);
    grip.onpointermove = (move) => change(read(move));
  });
  for (const end of ["pointerup", "pointercancel"]) grip.addEventListener(end, () => { grip.onpointermove = null; });
}

function render({ model, el }) {
  const start = { theta: model.get("theta"), delta: model.get("delta") };
  let single = false;
  el.classList.add("onekl-figure");
  el.innerHTML = HTML;
  const plane = el.querySelector(".okl-plane"), grip = plane.querySelector(".okl-grip");
  const state = () => ({ theta: model.get("theta"), delta: model.get("delta"), single });

  const draw = () => {
    const now = state(), shown = values(now.theta, now.delta, single);
    drawTables(el, now.theta, now.delta);
    drawPlane(el.querySelector(".okl-plane svg"), now);
    Object.assign(grip.style, { left: `${50 + (50 * now.delta[0]) / END}%`, top: `${50 - (50 * now.delta[1]) / END}%` });
    for (const key of Object.keys(LINES)) {
      el.querySelector(`[data-value=${key}]`).textContent = number(shown[key]);
      el.querySelector(`[data-ratio=${key}]`).textContent = number(shown[key] / shown.exact);
    }
    for (const input of el.querySelectorAll("[data-key]")) {
      const value = now[input.dataset.key.slice(0, -1)][input.dataset.key.at(-1) - 1];
      input.value = value;
      input.parentElement.querySelector("output").textContent = minus(value.toFixed(2));
    }
    el.querySelector("[data-key=delta2]").disabled = single;
    el.querySelector("[data-switch]").checked = single;
    say(el, explain(now));
  };
  const set = (changes) => {
    for (const [key, value] of Object.entries(changes)) model.set(key, value);
    model.save_changes();  // the model's events draw
  };
  const step = ([a, b]) => set({ delta: [clip(a, -END, END), single ? 0 : clip(b, -END, END)] });
  listen(plane, grip, step);
  for (const input of el.querySelectorAll("[data-key]")) {
    const key = input.dataset.key.slice(0, -1), i = input.dataset.key.at(-1) - 1;
    input.addEventListener("input", () => set({ [key]: model.get(key).with(i, Number(input.value)) }));
  }
  el.querySelector("[data-switch]").addEventListener("change", (event) => { single = event.target.checked; step(model.get("delta")); });
  el.querySelector("[data-do=reset]").addEventListener("click", () => { single = false; set(start); });
  model.on("change:theta", draw);
  model.on("change:delta", draw);
  draw();
}

export default { render };
