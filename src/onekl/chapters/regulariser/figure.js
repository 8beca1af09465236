// Two generators on a line, smoothed by Gaussians of one width: the KL of the marginals against its bound (su-23, su-25).
// Five values of z with equal prior mass; q_σ(x) = mean of N(x; G(z), σ²), and q°_σ likewise with G°.

const mean = (list) => sum(list) / list.length;

// log of the smoothed density at x; the largest exponent is taken out, so that far tails do not underflow.
export function logDensity(x, centres, sigma) {
  const exponents = centres.map((c) => -(((x - c) / sigma) ** 2) / 2), largest = Math.max(...exponents);
  return largest + Math.log(mean(exponents.map((e) => Math.exp(e - largest)))) - Math.log(sigma * Math.sqrt(2 * Math.PI));
}

// KL(q_σ ‖ q°_σ) by the trapezoid rule, whose error falls as exp(−2π·width/step) for a function analytic in a strip.
// log q°_σ is singular at distance πσ²/d from the line, between two centres d apart, so the step is in proportion to that.
export function kl(g, old, sigma, steps = 2) {
  const low = Math.min(...g, ...old) - 10 * sigma, high = Math.max(...g, ...old) + 10 * sigma;
  const n = Math.ceil((high - low) * Math.max(8 / sigma, (steps * (high - low - 20 * sigma)) / sigma ** 2));
  let total = 0;
  for (let i = 0; i <= n; i++) {
    const x = low + ((high - low) * i) / n, a = logDensity(x, g, sigma);
    total += Math.exp(a) * (a - logDensity(x, old, sigma));  // at both ends q is below e^−50
  }
  return (total * (high - low)) / n;
}

// (1/2σ²) E‖G − G°‖²: the joint KL of su-23, for every σ.
export const bound = (g, old, sigma) => mean(g.map((v, i) => (v - old[i]) ** 2)) / (2 * sigma ** 2);

// The limit of 2σ² KL(q_σ ‖ q°_σ) as σ → 0: the mean squared distance to the nearest old point, whatever its z.
export const nearest = (g, old) => mean(g.map((v) => Math.min(...old.map((o) => (v - o) ** 2))));

// The gap, E_x KL(q(z|x) ‖ q°(z|x)), is what the marginals do not see: which z an x came from.
export function terms(g, old, sigma) {
  const joint = bound(g, old, sigma), marginal = Math.max(0, kl(g, old, sigma));
  return { joint, marginal, remainder: Math.max(0, joint - marginal) };
}

const END = 3, X_END = 5;  // generators reach from −END to END, the drawing from −X_END to X_END
const SIGMA = { min: 0.1, max: 2, step: 0.01 };
const RAILS = { g: { name: "G", html: "<i>G</i>(<i>z</i>)", side: "q" }, g_old: { name: "G°", html: "<i>G</i>°(<i>z</i>)", side: "p" } };
const LINES = {
  joint: "bound <i>λ</i> E‖<i>G</i> − <i>G</i>°‖², <i>λ</i> = 1/(2<i>σ</i>²)",
  marginal: "KL(<i>q<sub>σ</sub></i> ‖ <i>q</i>°<sub><i>σ</i></sub>)",
  remainder: "gap: E<sub><i>x</i></sub> KL(<i>q</i>(<i>z</i>|<i>x</i>) ‖ <i>q</i>°(<i>z</i>|<i>x</i>))",
};

const percent = (x) => 50 + (50 * x) / X_END;
const railHtml = (key) => `<div class="okl-rail" data-rail="${key}"><span class="okl-head">${RAILS[key].html}</span>${[0, 1, 2, 3, 4].map((i) =>
  `<div class="okl-handle okl-${RAILS[key].side}" role="slider" tabindex="0" aria-label="${RAILS[key].name}(z${i + 1})" aria-valuemin="${-END}"
    aria-valuemax="${END}" data-side="${key}" data-i="${i}">${i + 1}</div>`).join("")}</div>`;
const lineHtml = (key) => `<div class="okl-line"><span><b class="okl-swatch okl-${key}"></b>${LINES[key]}</span><output data-value="${key}"></output></div>`;
const bar = (key) => `<div class="okl-bar okl-${key}" data-bar="${key}"></div>`;

const HTML = `<div class="okl-legend"><span><b class="okl-swatch okl-q"></b>new: <i>G</i>, <i>q<sub>σ</sub></i></span>
    <span><b class="okl-swatch okl-p"></b>old: <i>G</i>°, <i>q</i>°<sub><i>σ</i></sub> (dashed)</span></div>
  <div class="okl-rails">${railHtml("g_old")}<svg class="okl-pairs" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 30"></svg>${railHtml("g")}</div>
  <svg class="okl-density" role="img" aria-label="the two smoothed densities"></svg>
  <p class="okl-note">The number on a handle is its <i>z</i>. Drag handles, or focus one and press the arrow keys.</p>
  <label class="okl-slider okl-short"><span><i>σ</i></span><input type="range" data-key="sigma" min="${SIGMA.min}" max="${SIGMA.max}" step="${SIGMA.step}"><output></output></label>
  <div class="okl-buttons"><button type="button" data-do="exchange">exchange the <i>z</i>'s</button><button type="button" data-do="shift">shift</button>
    <button type="button" data-do="equal">equal</button><button type="button" data-do="reset">reset</button></div>
  <div class="okl-columns"><div>${lineHtml("joint")}<div class="okl-track">${bar("joint")}</div>
    <div class="okl-track">${bar("marginal")}${bar("remainder")}</div>${lineHtml("marginal")}${lineHtml("remainder")}
    <p class="okl-note">In nats. The upper bar fills its track whenever the bound is not 0.</p></div>
  <div><div class="okl-title">both, multiplied by 2<i>σ</i>²</div>
    <svg class="okl-limit" role="img" aria-label="the bound and the KL, both multiplied by 2σ², as functions of σ"></svg></div></div>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

const number = (v) => (v === 0 || v >= 0.001 ? v.toFixed(v < 100 ? 4 : 1) : v < 1e-12 ? "0.0000" : minus(v.toExponential(1)));

function drawRails(el, state) {
  for (const handle of el.querySelectorAll(".okl-handle")) {
    const value = state[handle.dataset.side][handle.dataset.i];
    handle.style.left = `${percent(value)}%`;
    handle.setAttribute("aria-valuenow", value);
    handle.setAttribute("aria-valuetext", minus(value.toFixed(2)));
  }
  el.querySelector(".okl-pairs").innerHTML = state.g.map((v, i) =>
    `<line class="okl-ray" vector-effect="non-scaling-stroke" x1="${percent(state.g_old[i])}" y1="0" x2="${percent(v)}" y2="30"/>`).join("");
}

function drawDensity(svg, { g, g_old, sigma }) {
  const width = svg.clientWidth || 640, floor = 110, at = (x) => (percent(x) * width) / 100;
  const xs = [...grid(-X_END, X_END, 300), ...g, ...g_old].sort((a, b) => a - b);  // the peaks are among the points
  const heights = (centres) => xs.map((x) => Math.exp(logDensity(x, centres, sigma)));
  const [now, old] = [heights(g), heights(g_old)], top = Math.max(...now, ...old);
  const curve = (v) => path([[at(xs[0]), floor], ...xs.map((x, i) => [at(x), floor - ((floor - 8) * v[i]) / top]), [at(xs.at(-1)), floor]]);
  const ticks = [-4, -2, 0, 2, 4].map((x) => `<text x="${at(x)}" y="${floor + 16}" text-anchor="middle">${minus(x)}</text>`);
  svg.setAttribute("viewBox", `0 0 ${width} 130`);
  svg.innerHTML = `<path class="okl-area okl-old" d="${curve(old)}"/><path class="okl-area okl-new" d="${curve(now)}"/>
    <line class="okl-rule" x1="0" x2="${width}" y1="${floor}" y2="${floor}"/>${ticks.join("")}<text x="${width - 2}" y="${floor - 4}" text-anchor="end">x</text>`;
}

// Lengths are shares of the bound: the second track ends where the first does.
function drawTerms(el, values) {
  for (const [key, value] of Object.entries(values)) {
    el.querySelector(`[data-bar=${key}]`).style.width = values.joint > 0 ? `${(100 * value) / values.joint}%` : "0";
    el.querySelector(`[data-value=${key}]`).textContent = number(value);
  }
}

// 2σ² KL between its limits: `nearest` at σ → 0 and the squared distance of the means at σ → ∞.
function drawLimit(svg, { g, g_old, sigma }) {
  const width = svg.clientWidth || 330, floor = 110, left = 34, level = 2 * sigma ** 2 * bound(g, g_old, sigma), top = Math.max(level, 0.1) * 1.15;
  const at = (s, v) => [left + ((width - left - 8) * s) / SIGMA.max, floor - ((floor - 8) * v) / top];
  const shown = (s) => 2 * s ** 2 * kl(g, g_old, s, 0.25), sigmas = grid(SIGMA.min, SIGMA.max, 38);  // a coarse step will do for a drawing
  const points = [at(0, nearest(g, g_old)), ...sigmas.map((s) => at(s, shown(s)))], [x, y] = at(sigma, shown(sigma));
  const ticks = [0, 0.5, 1, 1.5, 2].map((s) => `<text x="${at(s, 0)[0]}" y="${floor + 16}" text-anchor="middle">${s}</text>`);
  const levels = [0, level].map((v) => `<text x="${left - 5}" y="${at(0, v)[1] + 4}" text-anchor="end">${v >= 0.01 ? v.toFixed(2) : 0}</text>`);
  svg.setAttribute("viewBox", `0 0 ${width} 130`);
  svg.innerHTML = `<line class="okl-rule" x1="${left}" x2="${width - 8}" y1="${floor}" y2="${floor}"/>${ticks.join("")}${levels.join("")}
    <text x="${width - 8}" y="${floor - 4}" text-anchor="end">σ</text>
    <g class="okl-trace okl-joint"><path d="${path([at(0, level), at(SIGMA.max, level)])}"/><circle class="okl-dot" cx="${x}" cy="${at(0, level)[1]}" r="4"/></g>
    <g class="okl-trace okl-marginal"><path d="${path(points)}"/><circle class="okl-dot" cx="${x}" cy="${y}" r="4"/></g>`;
}

function explain({ g, g_old }) {
  const near = nearest(g, g_old), far = 2 * bound(g, g_old, 1);
  if (far === 0) return "G = G°: both sides are 0 for every σ.";
  const same = String([...g].sort()) === String([...g_old].sort());
  if (same) return "The same points for other z's: q does not change at all, the KL is 0 for every σ, and the bound grows without end as σ → 0.";
  return near < far - 1e-9
    ? `As σ → 0 both sides grow as 1/σ², but not alike: times 2σ², the KL tends to ${near.toFixed(3)}, the mean squared distance to the nearest ` +
      `old point, and the bound is ${far.toFixed(3)}, to the old point of the same z.`
    : `As σ → 0 both sides grow as 1/σ², and alike: the nearest old point is the one of the same z (${far.toFixed(3)} on average, squared).`;
}

function render({ model, el }) {
  const start = { g: model.get("g"), g_old: model.get("g_old"), sigma: model.get("sigma") };
  el.classList.add("onekl-figure");
  el.innerHTML = HTML;
  const state = () => ({ g: model.get("g"), g_old: model.get("g_old"), sigma: model.get("sigma") });

  const draw = () => {
    const now = state(), slider = el.querySelector("[data-key=sigma]");
    drawRails(el, now);
    drawDensity(el.querySelector(".okl-density"), now);
    drawTerms(el, terms(now.g, now.g_old, now.sigma));
    drawLimit(el.querySelector(".okl-limit"), now);
    slider.value = now.sigma;
    slider.parentElement.querySelector("output").textContent = now.sigma.toFixed(2);
    say(el, explain(now));
  };
  const set = (changes) => {
    for (const [key, value] of Object.entries(changes)) model.set(key, value);
    model.save_changes();  // the model's events draw
  };
  const actions = {
    exchange: () => set({ g: [-2, -1, 0, 1, 2], g_old: [2, 1, 0, -1, -2] }),
    shift: () => set({ g: [-1.7, -0.7, 0.3, 1.3, 2.3], g_old: [-2, -1, 0, 1, 2] }),
    equal: () => set({ g: model.get("g_old") }),
    reset: () => set(start),
  };
  for (const button of el.querySelectorAll("button")) button.addEventListener("click", actions[button.dataset.do]);
  for (const handle of el.querySelectorAll("[role=slider]")) {
    const { side, i } = handle.dataset;
    const change = (value) => set({ [side]: model.get(side).with(+i, clip(Math.round(value * 100) / 100, -END, END)) });
    draggable(handle, () => ({ value: model.get(side)[i], set: change }),
      (right) => (2 * X_END * right) / handle.parentElement.clientWidth, { low: -END, high: END, step: 0.05 });
  }
  el.querySelector("[data-key=sigma]").addEventListener("input", (event) => set({ sigma: Number(event.target.value) }));
  for (const key of Object.keys(start)) model.on(`change:${key}`, draw);
  const sized = new ResizeObserver(draw);
  draw();
  sized.observe(el);
  return () => sized.disconnect();
}

export default { render };
