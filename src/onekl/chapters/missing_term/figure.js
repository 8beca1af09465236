// KL(q_θ ‖ q_{θ−Δθ}) of three letters with softmax logits θ = (θ₁, θ₂, 0), beside its expansion at
// θ (su-21, su-22): the quadratic form of the Fisher information, the next order, and the square of
// one vector.

// q_θ: three probabilities.
const family = (theta) => softmax([...theta, 0]);

const back = (theta, delta) => theta.map((v, i) => v - delta[i]);

export function kl(theta, delta) {
  const old = family(back(theta, delta));
  return sum(family(theta).map((v, x) => klDiv(v, old[x])));
}

// F = Σ ∇q ∇qᵀ/q, which in logits is diag(q) − q qᵀ on the first two letters.
export function fisher(theta) {
  const [a, b] = family(theta);
  return [
    [a * (1 - a), -a * b],
    [-a * b, b * (1 - b)],
  ];
}

// log q is linear in the logits up to log Σ exp, so the orders of KL are cumulants of Δθ
// (Δθ₁, Δθ₂, 0) under q_θ: ½ of the second, which is ½ΔθᵀFΔθ, and −⅙ of the third.
export function orders(theta, delta) {
  const q = family(theta);
  const step = [...delta, 0];
  const mean = sum(q.map((v, x) => v * step[x]));
  const central = (n) => sum(q.map((v, x) => v * (step[x] - mean) ** n));
  return { quadratic: central(2) / 2, third: -central(3) / 6 };
}

const polar = (r, angle) => [r * Math.cos(angle), r * Math.sin(angle)];

// The vector c of the best (Δθ·c)²: c cᵀ is the matrix of rank one that is nearest to F/2 (its
// largest eigenvector), and with one parameter, Δθ₂ = 0, it is √(F/2) and misses nothing.
export function vector(theta, single) {
  const [[a, b], [, d]] = fisher(theta);
  if (single) return [Math.sqrt(a / 2), 0];
  const largest = (a + d) / 2 + Math.hypot((a - d) / 2, b);
  const angle = Math.atan2(2 * b, a - d) / 2;
  return polar(Math.sqrt(largest / 2), angle);
}

// How far one may go from 0 in the direction (cos φ, sin φ) until KL reaches the level: it grows
// along every ray.
export function reach(theta, angle, level) {
  const below = (r) => kl(theta, polar(r, angle)) < level;
  let far = 1;
  while (below(far) && far < 1024) far *= 2;
  return bisect(below, 0, far);
}

const dot = (a, b) => a[0] * b[0] + a[1] * b[1];

// The four values of a step, in nats.
export function values(theta, delta, single) {
  const { quadratic, third } = orders(theta, delta);
  return {
    exact: kl(theta, delta),
    quadratic,
    cubic: quadratic + third,
    single: dot(delta, vector(theta, single)) ** 2,
  };
}

const END = 3; // the plane of Δθ goes from −END to END
const ANGLES = grid(0, 2 * Math.PI, 180);

const SLIDERS = {
  theta1: { label: letterHtml("θ", 1), min: -2, max: 2, step: 0.05 },
  theta2: { label: letterHtml("θ", 2), min: -2, max: 2, step: 0.05 },
  delta1: { label: `Δ${letterHtml("θ", 1)}`, min: -END, max: END, step: 0.05 },
  delta2: { label: `Δ${letterHtml("θ", 2)}`, min: -END, max: END, step: 0.05 },
};

// Which list of the state a slider moves, and at which place.
const placeOf = (key) => [key.slice(0, -1), Number(key.at(-1)) - 1];

const INK = { exact: "joint", quadratic: "marginal", single: "remainder" };

const FORMS = {
  exact: "KL(<i>q</i> ‖ <i>q</i>°), exact",
  quadratic: "½Δ<i>θ</i>ᵀ<i>F</i>Δ<i>θ</i>",
  cubic: "with the third order",
  single: "(Δ<i>θ</i>·<i>c</i>)², one vector",
};

const formHtml = (key) => `
  <span>${INK[key] ? swatchHtml(INK[key]) : ""}${FORMS[key]}</span>
  <output data-value="${key}"></output>
  <output data-value="${key}-ratio"></output>`;

const tileHtml = (x) =>
  tileBoxHtml({ class: "okl-tile okl-sum okl-low okl-panel okl-q", "data-x": x });

const PICTURE =
  "level sets in the plane of the step: exact KL, quadratic form, square of one vector";

const HTML = `
  <div class="okl-columns okl-stack">
    <div>
      ${legendHtml([
        [INK.exact, "exact KL"],
        [INK.quadratic, "½Δ<i>θ</i>ᵀ<i>F</i>Δ<i>θ</i>"],
        [INK.single, "(Δ<i>θ</i>·<i>c</i>)²"],
      ])}
      <div class="okl-plane">
        <svg role="img" aria-label="${PICTURE}"></svg>
        <div class="okl-handle okl-grip okl-p"></div>
      </div>
      <p class="okl-note">
        Each curve is the set of steps to which its formula gives one and the same value,
        that of the quadratic form at your step.
        Drag the ring, or use the sliders.
      </p>
    </div>
    <div>
      <div class="okl-grid">
        <span></span>${[1, 2, 3].map((x) => headHtml(letterHtml("x", x))).join("")}
        ${headHtml("<i>q</i>")}${[0, 1, 2].map(tileHtml).join("")}
      </div>
      <p class="okl-note">
        The new <i>q</i> = <i>q<sub>θ</sub></i>; dashed, the old one,
        <i>q</i>° = <i>q</i><sub><i>θ</i>−Δ<i>θ</i></sub>.
      </p>
      ${Object.entries(SLIDERS)
        .map(([key, slider]) => sliderRowHtml(key, slider, "okl-short"))
        .join("")}
      <div class="okl-buttons">
        ${switchHtml("single", "one parameter: Δ<i>θ</i><sub>2</sub> = 0")}
        ${buttonHtml("reset", "reset")}
      </div>
      <div class="okl-values">
        <span></span><span>nats</span><span>/ exact</span>
        ${Object.keys(FORMS).map(formHtml).join("")}
      </div>
    </div>
  </div>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

function drawTiles(el, { theta, delta }) {
  const q = family(theta);
  const old = family(back(theta, delta));
  for (const tile of el.querySelectorAll(".okl-tile")) {
    const { x } = tile.dataset;
    fillTile(tile, q[x], old[x], 3);
  }
}

// A short step has small values, which are compared: none is rounded to 0.
const number = (v) => readable(v, { noise: 0, digits: 2 });

function drawNumbers(el, { theta, delta, single }) {
  const shown = values(theta, delta, single);
  for (const [key, value] of Object.entries(shown)) {
    const ratio = shown.exact > 0 ? value / shown.exact : NaN; // nothing is a multiple of 0
    showValues(el, { [key]: number(value), [`${key}-ratio`]: number(ratio) });
  }
}

function drawControls(el, state) {
  for (const key of Object.keys(SLIDERS)) {
    const [name, i] = placeOf(key);
    const value = state[name][i];
    showSlider(el, key, value, fixed(value, 2));
  }
  el.querySelector("[data-key=delta2]").disabled = state.single;
  showSwitch(el, "single", state.single);
}

function drawAxes(plot) {
  plot.rule(0);
  plot.segment([0, -END], [0, END], { class: "okl-rule" });
  for (const v of [-2, -1, 1, 2]) {
    plot.text([v, 0], minus(v), { dy: 15, "text-anchor": "middle" });
    plot.text([0, v], minus(v), { dx: -5, dy: 4, "text-anchor": "end" });
  }
  plot.text([END, 0], "Δθ₁", { dx: -4, dy: -6, "text-anchor": "end" });
  plot.text([0, END], "Δθ₂", { dx: 6, dy: 14 });
}

const levelLook = (key) => ({ class: `okl-level okl-${INK[key]}`, "data-level": key });

// A curve around 0 by its distance in each direction.
function drawAround(plot, key, distance) {
  const points = ANGLES.map((angle) => polar(distance(angle), angle));
  plot.curve(points, levelLook(key));
}

// Where (Δθ·c)² has the level: two parallel lines, which leave the plane.
function drawStrip(plot, c, level) {
  const length = Math.hypot(...c);
  const along = [-c[1] / length, c[0] / length];
  for (const side of [1, -1]) {
    const foot = c.map((v) => (side * Math.sqrt(level) * v) / length ** 2);
    const end = (far) => foot.map((v, i) => v + far * along[i]);
    plot.segment(end(4 * END), end(-4 * END), levelLook("single"));
  }
}

function drawLevels(plot, { theta, delta, single }) {
  const form = (step) => orders(theta, step).quadratic;
  const level = form(delta);
  if (level === 0) return;
  drawAround(plot, "exact", (angle) => reach(theta, angle, level));
  drawAround(plot, "quadratic", (angle) => Math.sqrt(level / form(polar(1, angle))));
  drawStrip(plot, vector(theta, single), level);
}

// A square of one size, which the page scales.
function drawPlane(svg, state) {
  const size = 330;
  const plot = new Plot(svg, {
    width: size,
    height: size,
    x: [-END, END],
    y: [-END, END],
    margin: { top: 0, right: 0, bottom: 0, left: 0 },
  });
  drawAxes(plot);
  drawLevels(plot, state);
  plot.segment([0, 0], state.delta, { class: "okl-ray" });
  plot.show();
}

function placeGrip(grip, [a, b]) {
  grip.style.left = `${50 + (50 * a) / END}%`;
  grip.style.top = `${50 - (50 * b) / END}%`;
}

function explain({ delta, single }) {
  if (!delta[0] && !delta[1])
    return "No step: all of them are 0. Drag the ring away from the centre.";
  if (single)
    return (
      "One parameter: on the axis the strip ends where the ellipse does, and (Δθ·c)² " +
      "with c = √(F/2) is the quadratic form."
    );
  return (
    "Two parameters: along the strip (Δθ·c)² is blind, and the ellipse is closed. " +
    "No single vector c makes a closed curve; " +
    "this one is the best, with c cᵀ as near to F/2 as rank one allows."
  );
}

// Where in the plane of Δθ the pointer is.
function stepAt(plane, { clientX, clientY }) {
  const box = plane.getBoundingClientRect();
  const right = (clientX - box.left) / box.width - 0.5;
  const up = 0.5 - (clientY - box.top) / box.height;
  return [2 * END * right, 2 * END * up];
}

function render({ model, el }) {
  const start = { theta: model.get("theta"), delta: model.get("delta") };
  let single = false;
  fill(el, HTML);
  const plane = el.querySelector(".okl-plane");
  const grip = el.querySelector(".okl-grip");

  const draw = () => {
    const state = { theta: model.get("theta"), delta: model.get("delta"), single };
    drawTiles(el, state);
    drawNumbers(el, state);
    drawControls(el, state);
    drawPlane(plane.querySelector("svg"), state);
    placeGrip(grip, state.delta);
    say(el, explain(state));
  };
  const within = ([a, b]) => ({ delta: [clip(a, -END, END), single ? 0 : clip(b, -END, END)] });
  const move = (delta) => update(model, within(delta));
  onSliders(el, (key, value) => {
    const [name, i] = placeOf(key);
    update(model, { [name]: model.get(name).with(i, value) });
  });
  onSwitches(el, (_, on) => {
    single = on;
    updateAndDraw(model, within(model.get("delta")), draw);
  });
  onButtons(el, {
    reset() {
      single = false;
      updateAndDraw(model, start, draw);
    },
  });
  // a click beside the ring brings it there; a finger beside it still scrolls the page
  plane.addEventListener("click", (event) => move(stepAt(plane, event)));
  whileHeld(grip, () => (event) => move(stepAt(plane, event)));
  return redrawWhen(model, ["theta", "delta"], el, draw);
}

export default { render };
