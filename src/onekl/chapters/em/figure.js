// EM on a mixture of two Gaussians, half-step by half-step (su-8 to su-11), and what each half-step does to the joint KL.
// p[i] is p(z|x) at the i-th data point, q holds the lists means, stds and weights; z = 1, 2 are the places 0, 1 of a list.
// The half-steps are those of onekl.gaussian_mixture, and a test holds the two together.

// log q(x, z), for each z.
const logJoint = (x, { means, stds, weights }) => means.map((mean, z) =>
  Math.log(weights[z]) - ((x - mean) / stds[z]) ** 2 / 2 - Math.log(stds[z] * Math.sqrt(2 * Math.PI)));

function logSum(list) {
  const largest = Math.max(...list);
  return largest + Math.log(sum(list.map((l) => Math.exp(l - largest))));
}

// su-11, the E half-step: p(z|x) = q(x, z)/q(x).
export function eStep(data, q) {
  return data.map((x) => {
    const joint = logJoint(x, q), total = logSum(joint);
    return joint.map((l) => Math.exp(l - total));
  });
}

const NARROW = 0.05;  // a component that would be thinner closes in on one point, where the likelihood has no maximum

// su-8 with the weights free, the M half-step: the moments of p̃(x) p(z|x); null where a component would be too narrow.
export function mStep(data, p) {
  const mass = [0, 1].map((z) => sum(p.map((row) => row[z])));
  const mean = (f) => mass.map((m, z) => sum(data.map((x, i) => p[i][z] * f(x, z))) / m);
  const means = mean((x) => x), stds = mean((x, z) => (x - means[z]) ** 2).map(Math.sqrt);
  return stds.every((s) => s >= NARROW) ? { means, stds, weights: scaled(mass) } : null;
}

// Nats per point: E log q(x); the bound E Σ p(z|x) log(q(x, z)/p(z|x)), which is −joint KL without its constant E log p̃(x);
// and what lies between, the gap E KL(p(z|x) ‖ q(z|x)), with its digits where it is small.
export function terms(data, p, q) {
  const rows = data.map((x, i) => {
    const joint = logJoint(x, q), likelihood = logSum(joint), posterior = joint.map((l) => Math.exp(l - likelihood));
    const bound = sum(p[i].map((v, z) => (v > 0 ? v * (joint[z] - Math.log(v)) : 0)));
    const exact = posterior.every((v) => v > 0);
    return { likelihood, bound, gap: exact ? sum(p[i].map((v, z) => klDiv(v, posterior[z]))) : likelihood - bound };
  });
  const mean = (key) => sum(rows.map((row) => row[key])) / rows.length;
  return { likelihood: mean("likelihood"), bound: mean("bound"), gap: mean("gap") };
}

// KL(q(x, z) ‖ q°(x, z)) = KL of the weights + E_q KL of the components: by how much an M half-step lowers the joint KL.
export function mixtureKl(q, old) {
  return sum(q.weights.map((w, z) => klDiv(w, old.weights[z]) +
    (w * (klDiv(1, (q.stds[z] / old.stds[z]) ** 2) + ((q.means[z] - old.means[z]) / old.stds[z]) ** 2)) / 2));
}

// Where a path begins: p(z|x) = q(z), the same for every x.
export function beginning(data, q) {
  const p = data.map(() => q.weights);
  return { kind: "start", p, q, decrease: null, ...terms(data, p, q) };
}

// The next point of a path; null for an M half-step that has no minimum.
export function halfStep(data, { p, q, gap }, kind) {
  const next = kind === "E" ? { p: eStep(data, q), q } : { p, q: mStep(data, p) };
  if (!next.q) return null;
  return { kind, ...next, decrease: kind === "E" ? gap : mixtureKl(next.q, q), ...terms(data, next.p, next.q) };
}

const END = 4, X_END = 5;  // means reach from −END to END, the drawing from −X_END to X_END
const SHOWN = 12;  // half-steps that the plot shows at most

const number = (v) => (v === null ? "–" : minus(v === 0 || Math.abs(v) >= 0.001 ? v.toFixed(4) : v < 1e-15 ? "0.0000" : v.toExponential(1)));
const percent = (x) => 50 + (50 * x) / X_END;
const INK = ["okl-p", "okl-q"];
const line = (key, label) => `<div class="okl-line"><span>${label}</span><output data-value="${key}"></output></div>`;
const NAMES = { likelihood: "log-likelihood E log <i>q</i>(<i>x</i>)", bound: "bound, −joint KL without constant" };
const handleHtml = (z) => `<div class="okl-handle ${INK[z]}" role="slider" tabindex="0" aria-label="mean of component ${z + 1}" data-z="${z}"
  aria-valuemin="${-END}" aria-valuemax="${END}">${z + 1}</div>`;
const rowHtml = (z) => `<span><b class="okl-swatch ${INK[z]}"></b><i>z</i><sub>${z + 1}</sub></span>` +
  ["weights", "means", "stds"].map((key) => `<output data-list="${key}" data-z="${z}"></output>`).join("");

const HTML = `<div class="okl-legend"><span><b class="okl-swatch okl-p"></b><i>q</i>(<i>x</i>, <i>z</i><sub>1</sub>)</span>
    <span><b class="okl-swatch okl-q"></b><i>q</i>(<i>x</i>, <i>z</i><sub>2</sub>) (dashed)</span>
    <span><b class="okl-swatch okl-whole"></b><i>q</i>(<i>x</i>) (upper line)</span></div>
  <svg class="okl-density" role="img" aria-label="the densities of the two components and of the mixture; below, each data point at the height of p(z₂|x)"></svg>
  <div class="okl-rail"><span class="okl-head">means</span>${[0, 1].map(handleHtml).join("")}</div>
  <p class="okl-note">Drag the means, or focus one and press the arrow keys: that starts afresh, with the weights and stds of the start
    and <i>p</i>(<i>z</i>|<i>x</i>) = <i>q</i>(<i>z</i>);
    the other mean stays where it is.
    A data point lies as high as its <i>p</i>(<i>z</i><sub>2</sub>|<i>x</i>), and takes its colour from there.</p>
  <div class="okl-buttons"><button type="button" data-do="E">E half-step</button><button type="button" data-do="M">M half-step</button>
    <button type="button" data-do="rounds">10 rounds</button><button type="button" data-do="reset">reset</button></div>
  <div class="okl-columns okl-stack"><div><div class="okl-legend"><span><b class="okl-swatch okl-marginal"></b>${NAMES.likelihood} (dashed)</span>
      <span><b class="okl-swatch okl-joint"></b>${NAMES.bound}</span></div>
    <svg class="okl-curves" role="img" aria-label="log-likelihood and bound after each half-step"></svg></div>
  <div>${line("likelihood", NAMES.likelihood)}${line("bound", NAMES.bound)}
    ${line("gap", "gap E KL(<i>p</i>(<i>z</i>|<i>x</i>) ‖ <i>q</i>(<i>z</i>|<i>x</i>))")}${line("decrease", "last decrease of the joint KL")}
    <div class="okl-params"><span></span><span>weight</span><span>mean</span><span>std</span>${[0, 1].map(rowHtml).join("")}</div>
    <p class="okl-note">In nats per data point. The constant, E log <i>p̃</i>(<i>x</i>), is left out:
      it is infinite for finitely many points, and no half-step moves it. The plot shows the last ${SHOWN} half-steps.</p></div></div>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

// The components, the mixture, and the data on a strip from p(z₂|x) = 0 to 1.
function drawDensity(svg, data, { p, q }) {
  const width = svg.clientWidth || 640, floor = 120, low = 190, high = 142, at = (x) => (percent(x) * width) / 100;
  const xs = [...grid(-X_END, X_END, 300), ...q.means].sort((a, b) => a - b);  // the peaks are among the points
  const parts = xs.map((x) => logJoint(x, q).map(Math.exp)), top = Math.max(...parts.map(sum));
  const y = (v) => floor - ((floor - 8) * v) / top;
  const area = (z) => `<path class="okl-area ${INK[z]}" d="${path([[at(-X_END), floor], ...xs.map((x, i) => [at(x), y(parts[i][z])]), [at(X_END), floor]])}"/>`;
  const points = data.map((x, i) => `<circle class="okl-point" cx="${at(x)}" cy="${low - (low - high) * p[i][1]}" r="4" style="--share: ${100 * p[i][1]}%"/>`);
  const ticks = [-4, -2, 0, 2, 4].map((x) => `<text x="${at(x)}" y="${low + 20}" text-anchor="middle">${minus(x)}</text>`);
  const rules = [[floor, ""], [high, "1"], [low, "0"]].map(([height, text]) =>
    `<line class="okl-rule" x1="0" x2="${width}" y1="${height}" y2="${height}"/><text x="2" y="${height - 3}">${text}</text>`);
  svg.setAttribute("viewBox", `0 0 ${width} 214`);
  svg.innerHTML = `${rules.join("")}<text x="${width - 2}" y="${(low + high) / 2 + 4}" text-anchor="end">p(z₂|x)</text>${area(0)}${area(1)}
    <path class="okl-whole" d="${path(xs.map((x, i) => [at(x), y(sum(parts[i]))]))}"/>${points.join("")}${ticks.join("")}`;
}

// Where the bound lies below the log-likelihood, half-step by half-step; circles for E, squares for M.
function drawPath(svg, history) {
  const width = svg.clientWidth || 330, left = 58, floor = 150, first = Math.max(0, history.length - 1 - SHOWN), shown = history.slice(first);
  const high = Math.max(...shown.map((s) => s.likelihood)), low = Math.min(...shown.map((s) => s.bound), high - 0.001);
  const span = Math.max(shown.length - 1, 8);
  const at = (i, v) => [left + ((width - left - 10) * i) / span, floor - 8 - ((floor - 22) * (v - low)) / (high - low)];
  const curve = (key) => path(shown.map((s, i) => at(i, s[key])));
  const marks = shown.map((s, i) => {
    const [x, y] = at(i, s.bound), name = s.kind === "start" ? "" : s.kind;
    const mark = s.kind === "M" ? `<rect class="okl-dot" x="${x - 4}" y="${y - 4}" width="8" height="8"/>`
      : `<circle class="okl-dot" cx="${x}" cy="${y}" r="4"/>`;
    return `${mark}<text x="${x}" y="${floor + 14}" text-anchor="middle">${width - left > 11 * span ? name : ""}</text>`;
  });
  const levels = [low, high].map((v) => `<text x="${left - 8}" y="${at(0, v)[1] + 4}" text-anchor="end">${minus(v.toFixed(v > -10 ? 4 : 1))}</text>`);
  const [x, y] = at(shown.length - 1, shown.at(-1).likelihood);
  const ends = [0, shown.length - 1].map((i) => `<text x="${at(i, low)[0]}" y="${floor + 30}" text-anchor="middle">${first + i}</text>`);
  svg.setAttribute("viewBox", `0 0 ${width} 186`);
  svg.innerHTML = `<line class="okl-rule" x1="${left}" x2="${width - 10}" y1="${floor}" y2="${floor}"/>${levels.join("")}${[...new Set(ends)].join("")}
    <g class="okl-trace okl-marginal" data-path="likelihood"><path class="okl-dashed" d="${curve("likelihood")}"/>
      <circle class="okl-dot" cx="${x}" cy="${y}" r="3"/></g>
    <g class="okl-trace okl-joint" data-path="bound"><path d="${curve("bound")}"/>${marks.join("")}</g>`;
}

const equal = ({ means, stds }) => Math.abs(means[0] - means[1]) < 1e-9 && Math.abs(stds[0] - stds[1]) < 1e-9;

function explain(history, refused) {
  const now = history.at(-1), before = history.at(-2);
  if (refused)
    return "This M half-step has no minimum worth the name: a component closes in on one point, and the likelihood grows without end. " +
      "Reset, or drag a mean.";
  if (equal(now.q))
    return "Both components are the same: q(z|x) = q(z) at every x, so no half-step can tell them apart. Reset, or drag a mean.";
  if (now.kind === "start")
    return "p(z|x) = q(z) knows nothing of x yet: the bound lies below the log-likelihood by the gap. An E half-step closes it.";
  if (history.slice(-2).every((s) => s.decrease !== null && s.decrease < 1e-12) && now.kind !== before.kind)
    return `Neither half-step gains anything more: a stationary point of the likelihood, at ${number(now.likelihood)}. ` +
      "Another start may end at another one: try the means 0 and 3.";
  if (now.kind === "E")
    return "E half-step: p(z|x) = q(z|x), so the gap is 0: the bound rose by the old gap and touches the log-likelihood, which has not moved.";
  const opened = "M half-step: q(x, z) has the moments of p̃(x) p(z|x), and the bound rose by exactly KL(q(x, z) ‖ q°(x, z)). ";
  return opened + (before.gap < 1e-12 ? "The log-likelihood rose by that and by the gap that opened."
    : "The gap was open before: then the log-likelihood need not rise.");
}

function drawNumbers(el, now) {
  for (const key of ["likelihood", "bound", "gap", "decrease"]) el.querySelector(`[data-value=${key}]`).textContent = number(now[key]);
  for (const cell of el.querySelectorAll("[data-list]")) cell.textContent = minus(now.q[cell.dataset.list][cell.dataset.z].toFixed(3));
  for (const handle of el.querySelectorAll(".okl-handle")) {
    const mean = now.q.means[handle.dataset.z];
    handle.style.left = `${percent(mean)}%`;
    handle.setAttribute("aria-valuenow", mean);
    handle.setAttribute("aria-valuetext", minus(mean.toFixed(2)));
  }
}

function render({ model, el }) {
  const read = () => ({ means: model.get("means"), stds: model.get("stds"), weights: model.get("weights") });
  const start = read();
  let history, refused;
  el.classList.add("onekl-figure");
  el.innerHTML = HTML;

  const draw = () => {
    drawDensity(el.querySelector(".okl-density"), model.get("data"), history.at(-1));
    drawPath(el.querySelector(".okl-curves"), history);
    drawNumbers(el, history.at(-1));
    say(el, explain(history, refused));
  };
  const restart = () => { history = [beginning(model.get("data"), read())]; refused = false; draw(); };
  const step = (kind) => {
    const next = halfStep(model.get("data"), history.at(-1), kind);
    refused = next === null;
    if (!refused) history.push(next);
  };
  // What is dragged becomes the new start, with the other values of the start, so that where a path ends depends only on the means in sight.
  const set = (q) => {
    for (const [key, list] of Object.entries(q)) model.set(key, list);
    model.save_changes();
    restart();  // also when the values are those of the start, for which there is no event
  };
  const actions = {
    E: () => { step("E"); draw(); },
    M: () => { step("M"); draw(); },
    rounds: () => { for (let i = 0; i < 20 && !refused; i++) step(i % 2 ? "M" : "E"); draw(); },
    reset: () => set(start),
  };
  for (const button of el.querySelectorAll("button")) button.addEventListener("click", actions[button.dataset.do]);
  for (const handle of el.querySelectorAll(".okl-handle")) {
    const z = +handle.dataset.z;
    const hold = () => {
      const { q } = history.at(-1);
      return { value: q.means[z], set: (value) => set({ means: q.means.with(z, clip(Math.round(value * 100) / 100, -END, END)) }) };
    };
    draggable(handle, hold, (right) => (2 * X_END * right) / handle.parentElement.clientWidth, { low: -END, high: END, step: 0.05 });
  }
  for (const key of ["means", "stds", "weights", "data"]) model.on(`change:${key}`, restart);
  const sized = new ResizeObserver(draw);
  restart();
  sized.observe(el);
  return () => sized.disconnect();
}

export default { render };
