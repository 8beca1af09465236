// EM on a mixture of two Gaussians, half-step by half-step (su-8 to su-11), and what each half-step
// does to the joint KL.  p[i] is p(z|x) at the i-th data point, q holds the lists means, stds and
// weights; z = 1, 2 are the places 0, 1 of a list.  The half-steps are those of
// onekl.chapters.em.gaussian_mixture, and a test holds the two together.

// log q(x, z), for each z.
const logJoint = (x, { means, stds, weights }) =>
  means.map((mean, z) => {
    const distance = (x - mean) / stds[z];
    const scale = stds[z] * Math.sqrt(2 * Math.PI);
    return Math.log(weights[z]) - distance ** 2 / 2 - Math.log(scale);
  });

// q(z|x) = q(x, z)/q(x), from the logarithms of q(x, z).
function posterior(joint) {
  const likelihood = logSumExp(joint);
  return joint.map((l) => Math.exp(l - likelihood));
}

// su-11, the E half-step: p(z|x) = q(z|x).
export function eStep(data, q) {
  return data.map((x) => posterior(logJoint(x, q)));
}

// A component that would be thinner closes in on one point, where the likelihood has no maximum.
const NARROW = 0.05;

// su-8 with the weights free, the M half-step: the moments of p̃(x) p(z|x); null where a component
// would be too narrow.
export function mStep(data, p) {
  const mass = [0, 1].map((z) => sum(p.map((row) => row[z])));
  const mean = (f) => mass.map((m, z) => sum(data.map((x, i) => p[i][z] * f(x, z))) / m);
  const means = mean((x) => x);
  const stds = mean((x, z) => (x - means[z]) ** 2).map(Math.sqrt);
  return stds.every((s) => s >= NARROW) ? { means, stds, weights: scaled(mass) } : null;
}

// The three values of `terms` at one data point.  The gap has its digits where it is small, except
// where a q(z|x) is too small for a number.
function termsAt(p, joint) {
  const likelihood = logSumExp(joint);
  const bound = sum(p.map((v, z) => (v > 0 ? v * (joint[z] - Math.log(v)) : 0)));
  const q = posterior(joint);
  const gap = q.every((v) => v > 0) ? sum(p.map((v, z) => klDiv(v, q[z]))) : likelihood - bound;
  return { likelihood, bound, gap };
}

// Nats per point: E log q(x); the bound E Σ p(z|x) log(q(x, z)/p(z|x)), which is −joint KL without
// its constant E log p̃(x); and what lies between, the gap E KL(p(z|x) ‖ q(z|x)).
export function terms(data, p, q) {
  const rows = data.map((x, i) => termsAt(p[i], logJoint(x, q)));
  const mean = (key) => sum(rows.map((row) => row[key])) / rows.length;
  return { likelihood: mean("likelihood"), bound: mean("bound"), gap: mean("gap") };
}

// KL(q(x, z) ‖ q°(x, z)) = KL of the weights + E_q KL of the components: by how much an M half-step
// lowers the joint KL.
export function mixtureKl(q, old) {
  const components = q.weights.map((_, z) => {
    const shift = (q.means[z] - old.means[z]) / old.stds[z];
    return (klDiv(1, (q.stds[z] / old.stds[z]) ** 2) + shift ** 2) / 2;
  });
  return sum(q.weights.map((w, z) => klDiv(w, old.weights[z]) + w * components[z]));
}

// Where a path begins: p(z|x) = q(z), the same for every x.
export function beginning(data, q) {
  const p = data.map(() => q.weights);
  return { kind: "start", p, q, decrease: null, ...terms(data, p, q) };
}

// The next point of a path; null for an M half-step that has no minimum.
export function halfStep(data, { p, q, gap }, kind) {
  if (kind === "E") {
    const closed = eStep(data, q);
    return { kind, p: closed, q, decrease: gap, ...terms(data, closed, q) };
  }
  const fitted = mStep(data, p);
  if (!fitted) return null;
  return { kind, p, q: fitted, decrease: mixtureKl(fitted, q), ...terms(data, p, fitted) };
}

const END = 4; // means reach from −END to END
const SHOWN = 12; // half-steps that the plot shows at most
const INK = ["p", "q"]; // of the two components

const NAMES = {
  likelihood: "log-likelihood E log <i>q</i>(<i>x</i>)",
  bound: "bound, −joint KL without constant",
  gap: "gap E KL(<i>p</i>(<i>z</i>|<i>x</i>) ‖ <i>q</i>(<i>z</i>|<i>x</i>))",
  decrease: "last decrease of the joint KL",
};

const PICTURE =
  "the densities of the two components and of the mixture; " +
  "below, each data point at the height of p(z₂|x)";

function meanHtml(z) {
  const look = { name: `mean of component ${z + 1}`, ink: INK[z], end: END };
  return handleHtml(z + 1, look, { "data-z": z });
}

const parameterHtml = (key, z) => `<output data-list="${key}" data-z="${z}"></output>`;

const componentHtml = (z) => `
  <span>${swatchHtml(INK[z])}${letterHtml("z", z + 1)}</span>
  ${["weights", "means", "stds"].map((key) => parameterHtml(key, z)).join("")}`;

const HTML = `
  ${legendHtml([
    ["p", "<i>q</i>(<i>x</i>, <i>z</i><sub>1</sub>)"],
    ["q", "<i>q</i>(<i>x</i>, <i>z</i><sub>2</sub>) (dashed)"],
    ["whole", "<i>q</i>(<i>x</i>) (upper line)"],
  ])}
  <svg class="okl-density" role="img" aria-label="${PICTURE}"></svg>
  ${railHtml("means", [0, 1].map(meanHtml))}
  <p class="okl-note">
    Drag the means, or focus one and press the arrow keys: that starts afresh, with the weights and
    stds of the start and <i>p</i>(<i>z</i>|<i>x</i>) = <i>q</i>(<i>z</i>);
    the other mean stays where it is.
    A data point lies as high as its <i>p</i>(<i>z</i><sub>2</sub>|<i>x</i>), and takes its colour
    from there.
  </p>
  <div class="okl-buttons">
    ${buttonHtml("E", "E half-step")}
    ${buttonHtml("M", "M half-step")}
    ${buttonHtml("rounds", "10 rounds")}
    ${buttonHtml("reset", "reset")}
  </div>
  <div class="okl-columns okl-stack">
    <div>
      ${legendHtml([
        ["marginal", `${NAMES.likelihood} (dashed)`],
        ["joint", NAMES.bound],
      ])}
      <svg class="okl-curves" role="img"
        aria-label="log-likelihood and bound after each half-step"></svg>
    </div>
    <div>
      ${Object.entries(NAMES)
        .map(([key, name]) => valueHtml(key, name))
        .join("")}
      <div class="okl-params">
        <span></span><span>weight</span><span>mean</span><span>std</span>
        ${[0, 1].map(componentHtml).join("")}
      </div>
      <p class="okl-note">
        In nats per data point. The constant, E log <i>p̃</i>(<i>x</i>), is left out:
        it is infinite for finitely many points, and no half-step moves it.
        The plot shows the last ${SHOWN} half-steps.
      </p>
    </div>
  </div>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

// The components and the mixture, over the data on a strip from p(z₂|x) = 0 to 1.  Heights are in
// pixels: the densities stand on 0, and reach up to `high`.
function drawDensity(svg, data, { p, q }) {
  const [high, below] = [112, -94];
  const plot = new Plot(svg, {
    height: 214,
    x: [-X_END, X_END],
    y: [below, high],
    margin: { top: 8, right: 0, bottom: 0, left: 0 },
  });
  const strip = linear([0, 1], [-70, -22]);
  drawRules(plot, strip);
  drawBells(plot, q, high);
  for (const [i, x] of data.entries()) {
    const look = { class: "okl-point", style: `--share: ${100 * p[i][1]}%` };
    plot.dot([x, strip(p[i][1])], 4, look);
  }
  for (const x of [-4, -2, 0, 2, 4])
    plot.text([x, strip(0)], minus(x), { dy: 20, "text-anchor": "middle" });
  plot.show();
}

function drawRules(plot, strip) {
  plot.rule(0);
  for (const share of [1, 0]) {
    plot.rule(strip(share));
    plot.text([-X_END, strip(share)], share, { dx: 2, dy: -3 });
  }
  plot.text([X_END, strip(0.5)], "p(z₂|x)", { dx: -2, dy: 4, "text-anchor": "end" });
}

function drawBells(plot, q, high) {
  const xs = gridWith(-X_END, X_END, 300, q.means);
  const parts = xs.map((x) => logJoint(x, q).map(Math.exp));
  const top = Math.max(...parts.map(sum));
  const bell = (density) => xs.map((x, i) => [x, (high * density(parts[i])) / top]);
  for (const z of [0, 1]) {
    const points = bell((part) => part[z]);
    plot.area(points, 0, { class: `okl-area okl-${INK[z]}` });
  }
  plot.curve(bell(sum), { class: "okl-whole" });
}

// Where the bound lies below the log-likelihood, half-step by half-step.
function drawPath(svg, history) {
  const first = Math.max(0, history.length - 1 - SHOWN);
  const shown = history.slice(first);
  const last = shown.length - 1;
  const high = Math.max(...shown.map((s) => s.likelihood));
  const low = Math.min(...shown.map((s) => s.bound), high - 0.001);
  const floor = low - (high - low) / 16;
  const plot = new Plot(svg, {
    height: 186,
    x: [0, Math.max(last, 8)],
    y: [floor, high],
    margin: { top: 14, right: 10, bottom: 36, left: 58 },
  });
  plot.rule(floor);
  // farther from the axis than yTicks, whose numbers would touch the first mark
  for (const v of [low, high])
    plot.text([0, v], fixed(v, v > -10 ? 4 : 1), { dx: -8, dy: 4, "text-anchor": "end" });
  for (const i of new Set([0, last]))
    plot.text([i, floor], first + i, { dy: 30, "text-anchor": "middle" });
  drawLikelihood(plot, shown);
  drawBound(plot, shown, floor);
  plot.show();
}

const along = (shown, key) => shown.map((s, i) => [i, s[key]]);

function drawLikelihood(plot, shown) {
  const points = along(shown, "likelihood");
  plot.group({ class: "okl-trace okl-marginal", "data-path": "likelihood" }, () => {
    plot.curve(points, { class: "okl-dashed" });
    plot.dot(points.at(-1), 3, { class: "okl-dot" });
  });
}

// Circles for E, squares for M, and their letters below where there is room for them.
function drawBound(plot, shown, floor) {
  const roomy = plot.x(1) - plot.x(0) > 10; // pixels
  const points = along(shown, "bound");
  plot.group({ class: "okl-trace okl-joint", "data-path": "bound" }, () => {
    plot.curve(points);
    for (const [i, { kind }] of shown.entries()) {
      if (kind === "M") drawSquare(plot, points[i]);
      else plot.dot(points[i], 4, { class: "okl-dot" });
      if (roomy && kind !== "start")
        plot.text([i, floor], kind, { dy: 14, "text-anchor": "middle" });
    }
  });
}

function drawSquare(plot, point) {
  const [x, y] = plot.at(point);
  plot.add("rect", { class: "okl-dot", x: x - 4, y: y - 4, width: 8, height: 8 });
}

const close = ([a, b], tolerance) => Math.abs(a - b) < tolerance;
const equal = ({ means, stds }) => close(means, 1e-9) && close(stds, 1e-9);

// Whether the last two half-steps were an E and an M, neither of which gained anything.
function settled(history) {
  const [before, now] = history.slice(-2);
  const still = (s) => s.decrease !== null && s.decrease < 1e-12;
  return still(before) && still(now) && now.kind !== before.kind;
}

function explain(history, refused) {
  const now = history.at(-1);
  if (refused)
    return (
      "This M half-step has no minimum worth the name: a component closes in on one point, " +
      "and the likelihood grows without end. Reset, or drag a mean."
    );
  if (equal(now.q))
    return (
      "Both components are the same: q(z|x) = q(z) at every x, " +
      "so no half-step can tell them apart. Reset, or drag a mean."
    );
  if (now.kind === "start")
    return (
      "p(z|x) = q(z) knows nothing of x yet: the bound lies below the log-likelihood by the gap. " +
      "An E half-step closes it."
    );
  if (settled(history))
    return (
      "Neither half-step gains anything more: a stationary point of the likelihood, " +
      `at ${readable(now.likelihood)}. ` +
      "Another start may end at another one: try the means 0 and 3."
    );
  return now.kind === "E" ? explainE() : explainM(history.at(-2));
}

const explainE = () =>
  "E half-step: p(z|x) = q(z|x), so the gap is 0: the bound rose by the old gap and touches " +
  "the log-likelihood, which has not moved.";

function explainM(before) {
  const closed = before.gap < 1e-12;
  return (
    "M half-step: q(x, z) has the moments of p̃(x) p(z|x), and the bound rose by exactly " +
    "KL(q(x, z) ‖ q°(x, z)). " +
    (closed
      ? "The log-likelihood rose by that and by the gap that opened."
      : "The gap was open before: then the log-likelihood need not rise.")
  );
}

function drawNumbers(el, now) {
  showValues(el, Object.fromEntries(Object.keys(NAMES).map((key) => [key, readable(now[key])])));
  for (const cell of el.querySelectorAll("[data-list]")) {
    const { list, z } = cell.dataset;
    cell.textContent = fixed(now.q[list][z], 3);
  }
}

function placeHandles(el, means) {
  for (const handle of el.querySelectorAll(".okl-handle"))
    placeHandle(handle, means[handle.dataset.z]);
}

function render({ model, el }) {
  const PARAMETERS = ["means", "stds", "weights"];
  const read = () => Object.fromEntries(PARAMETERS.map((key) => [key, model.get(key)]));
  const start = read();
  let history;
  let refused;
  fill(el, HTML);

  const draw = () => {
    const now = history.at(-1);
    drawDensity(el.querySelector(".okl-density"), model.get("data"), now);
    drawPath(el.querySelector(".okl-curves"), history);
    drawNumbers(el, now);
    placeHandles(el, now.q.means);
    say(el, explain(history, refused));
  };
  const restart = () => {
    history = [beginning(model.get("data"), read())];
    refused = false;
    draw();
  };
  const step = (kind) => {
    const next = halfStep(model.get("data"), history.at(-1), kind);
    refused = next === null;
    if (!refused) history.push(next);
  };
  // What is dragged becomes the new start, with the other values of the start, so that where a path
  // ends depends only on the means in sight.
  const set = (q) => updateAndDraw(model, q, restart);
  onButtons(el, {
    E() {
      step("E");
      draw();
    },
    M() {
      step("M");
      draw();
    },
    rounds() {
      for (let i = 0; i < 20 && !refused; i++) step(i % 2 ? "M" : "E");
      draw();
    },
    reset: () => set(start),
  });
  for (const handle of el.querySelectorAll(".okl-handle")) {
    const z = Number(handle.dataset.z);
    const hold = () => {
      const { means } = history.at(-1).q;
      return { value: means[z], set: (value) => set({ means: means.with(z, value) }) };
    };
    draggableOnRail(handle, hold, END);
  }
  return redrawWhen(model, [...PARAMETERS, "data"], el, draw, restart);
}

export default { render };
