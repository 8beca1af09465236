// Two generators on a line, smoothed by Gaussians of one width: the KL of the marginals against its
// bound (su-23, su-25).  Five values of z with equal prior mass; q_σ(x) = mean of N(x; G(z), σ²),
// and q°_σ likewise with G°.

const mean = (list) => sum(list) / list.length;

// log of the smoothed density at x.
export function logDensity(x, centres, sigma) {
  const exponents = centres.map((c) => -(((x - c) / sigma) ** 2) / 2);
  return logSumExp(exponents) - Math.log(centres.length * sigma * Math.sqrt(2 * Math.PI));
}

// KL(q_σ ‖ q°_σ) by the trapezoid rule, whose error falls as exp(−2π·width/step) for a function
// analytic in a strip.  log q°_σ is singular at distance πσ²/d from the line, between two centres d
// apart, so the step is in proportion to that.
export function kl(g, old, sigma, steps = 2) {
  const low = Math.min(...g, ...old);
  const high = Math.max(...g, ...old);
  const range = high - low + 20 * sigma; // at both ends q is below e^−50
  const n = Math.ceil(range * Math.max(8 / sigma, (steps * (high - low)) / sigma ** 2));
  const integrand = (x) => {
    const log = logDensity(x, g, sigma);
    return Math.exp(log) * (log - logDensity(x, old, sigma));
  };
  return (sum(grid(low - 10 * sigma, high + 10 * sigma, n).map(integrand)) * range) / n;
}

// (1/2σ²) E‖G − G°‖²: the joint KL of su-23, for every σ.
export const bound = (g, old, sigma) => mean(g.map((v, i) => (v - old[i]) ** 2)) / (2 * sigma ** 2);

// The limit of 2σ² KL(q_σ ‖ q°_σ) as σ → 0: the mean squared distance to the nearest old point,
// whatever its z.
export const nearest = (g, old) => mean(g.map((v) => Math.min(...old.map((o) => (v - o) ** 2))));

// The gap, E_x KL(q(z|x) ‖ q°(z|x)), is what the marginals do not see: which z an x came from.
export function terms(g, old, sigma) {
  const joint = bound(g, old, sigma);
  const marginal = Math.max(0, kl(g, old, sigma));
  return { joint, marginal, remainder: Math.max(0, joint - marginal) };
}

const END = 3; // generators reach from −END to END
const SIGMA = { label: "<i>σ</i>", min: 0.1, max: 2, step: 0.01 };

const RAILS = {
  g: { name: "G", html: "<i>G</i>(<i>z</i>)", ink: "q" },
  g_old: { name: "G°", html: "<i>G</i>°(<i>z</i>)", ink: "p" },
};

const LINES = {
  joint: "bound <i>λ</i> E‖<i>G</i> − <i>G</i>°‖², <i>λ</i> = 1/(2<i>σ</i>²)",
  marginal: "KL(<i>q<sub>σ</sub></i> ‖ <i>q</i>°<sub><i>σ</i></sub>)",
  remainder:
    "gap: E<sub><i>x</i></sub> KL(<i>q</i>(<i>z</i>|<i>x</i>) ‖ <i>q</i>°(<i>z</i>|<i>x</i>))",
};

function generatorHtml(key) {
  const { name, html, ink } = RAILS[key];
  const handles = [0, 1, 2, 3, 4].map((i) => {
    const look = { name: `${name}(z${i + 1})`, ink, end: END };
    return handleHtml(i + 1, look, { "data-side": key, "data-i": i });
  });
  return railHtml(html, handles);
}

const lineHtml = (key) => valueHtml(key, swatchHtml(key) + LINES[key]);

const HTML = `
  ${legendHtml([
    ["q", "new: <i>G</i>, <i>q<sub>σ</sub></i>"],
    ["p", "old: <i>G</i>°, <i>q</i>°<sub><i>σ</i></sub> (dashed)"],
  ])}
  <div class="okl-rails">
    ${generatorHtml("g_old")}
    <svg class="okl-pairs" aria-hidden="true"></svg>
    ${generatorHtml("g")}
  </div>
  <svg class="okl-density" role="img" aria-label="the two smoothed densities"></svg>
  <p class="okl-note">
    The number on a handle is its <i>z</i>. Drag handles, or focus one and press the arrow keys.
  </p>
  ${sliderRowHtml("sigma", SIGMA, "okl-short")}
  <div class="okl-buttons">
    ${buttonHtml("exchange", "exchange the <i>z</i>'s")}
    ${buttonHtml("shift", "shift")}
    ${buttonHtml("equal", "equal")}
    ${buttonHtml("reset", "reset")}
  </div>
  <div class="okl-columns">
    <div>
      ${lineHtml("joint")}
      ${trackHtml(barHtml("joint"))}
      ${trackHtml(barHtml("marginal"), barHtml("remainder"))}
      ${lineHtml("marginal")}
      ${lineHtml("remainder")}
      <p class="okl-note">In nats. The upper bar fills its track whenever the bound is not 0.</p>
    </div>
    <div>
      <div class="okl-title">both, multiplied by 2<i>σ</i>²</div>
      <svg class="okl-limit" role="img"
        aria-label="the bound and the KL, both multiplied by 2σ², as functions of σ"></svg>
    </div>
  </div>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

// The trapezoid rule leaves more rounding than a sum does, and a small σ values of many digits.
const number = (v) => (v < 100 ? readable(v, { noise: 1e-12 }) : fixed(v, 1));

// The drawings between the rails and below them reach as far as the rails do.
const belowRails = (svg, { height, top, bottom, high }) =>
  new Plot(svg, {
    height,
    x: [-X_END, X_END],
    y: [0, high],
    margin: { top, right: 0, bottom, left: 0 },
  });

function drawRails(el, state) {
  for (const handle of el.querySelectorAll(".okl-handle")) {
    const { side, i } = handle.dataset;
    placeHandle(handle, state[side][i]);
  }
}

function drawPairs(svg, { g, g_old }) {
  const plot = belowRails(svg, { height: 30, top: 0, bottom: 0, high: 1 });
  for (const [i, v] of g.entries()) plot.segment([g_old[i], 1], [v, 0], { class: "okl-ray" });
  plot.show();
}

function drawDensity(svg, { g, g_old, sigma }) {
  const xs = gridWith(-X_END, X_END, 300, [...g, ...g_old]);
  const curve = (centres) => xs.map((x) => [x, Math.exp(logDensity(x, centres, sigma))]);
  const [now, old] = [curve(g), curve(g_old)];
  const high = Math.max(...[...now, ...old].map(([, height]) => height));
  const plot = belowRails(svg, { height: 130, top: 8, bottom: 20, high });
  plot.area(old, 0, { class: "okl-area okl-old" });
  plot.area(now, 0, { class: "okl-area okl-new" });
  plot.xAxis([-4, -2, 0, 2, 4], "x");
  plot.show();
}

// Lengths are shares of the bound: the second track ends where the first does.
function drawTerms(el, values) {
  for (const [key, value] of Object.entries(values)) {
    const share = values.joint > 0 ? value / values.joint : 0;
    drawBar(el.querySelector(`[data-bar=${key}]`), share);
    showValues(el, { [key]: number(value) });
  }
}

// 2σ² KL between its limits: `nearest` at σ → 0 and the squared distance of the means at σ → ∞.
function drawLimit(svg, { g, g_old, sigma }) {
  const level = 2 * sigma ** 2 * bound(g, g_old, sigma);
  const shown = (s) => 2 * s ** 2 * kl(g, g_old, s, 0.25); // a coarse step will do for a drawing
  const curve = grid(SIGMA.min, SIGMA.max, 38).map((s) => [s, shown(s)]);
  const flat = [0, SIGMA.max].map((s) => [s, level]);
  const plot = new Plot(svg, {
    height: 130,
    x: [0, SIGMA.max],
    y: [0, Math.max(level, 0.1) * 1.15],
    margin: { top: 8, bottom: 20, left: 34 },
  });
  const trace = (ink, points, now) =>
    plot.group({ class: `okl-trace okl-${ink}` }, () => {
      plot.curve(points);
      plot.dot([sigma, now], 4, { class: "okl-dot" });
    });
  plot.xAxis([0, 0.5, 1, 1.5, 2], "σ");
  plot.yTicks([0, level].map((v) => [v, v >= 0.01 ? fixed(v, 2) : 0]));
  trace("joint", flat, level);
  trace("marginal", [[0, nearest(g, g_old)], ...curve], shown(sigma));
  plot.show();
}

function explain({ g, g_old }) {
  const near = nearest(g, g_old);
  const far = 2 * bound(g, g_old, 1);
  if (far === 0) return "G = G°: both sides are 0 for every σ.";
  const same = String([...g].sort()) === String([...g_old].sort());
  if (same)
    return (
      "The same points for other z's: q does not change at all, the KL is 0 for every σ, " +
      "and the bound grows without end as σ → 0."
    );
  if (near < far - 1e-9)
    return (
      "As σ → 0 both sides grow as 1/σ², but not alike: times 2σ², " +
      `the KL tends to ${fixed(near, 3)}, the mean squared distance to the nearest ` +
      `old point, and the bound is ${fixed(far, 3)}, to the old point of the same z.`
    );
  return (
    "As σ → 0 both sides grow as 1/σ², and alike: " +
    `the nearest old point is the one of the same z (${fixed(far, 3)} on average, squared).`
  );
}

function render({ model, el }) {
  const state = () => ({
    g: model.get("g"),
    g_old: model.get("g_old"),
    sigma: model.get("sigma"),
  });
  const start = state();
  fill(el, HTML);

  const draw = () => {
    const now = state();
    drawRails(el, now);
    drawPairs(el.querySelector(".okl-pairs"), now);
    drawDensity(el.querySelector(".okl-density"), now);
    drawTerms(el, terms(now.g, now.g_old, now.sigma));
    drawLimit(el.querySelector(".okl-limit"), now);
    showSlider(el, "sigma", now.sigma, fixed(now.sigma, 2));
    say(el, explain(now));
  };
  onSliders(el, (key, value) => update(model, { [key]: value }));
  onButtons(el, {
    exchange: () => update(model, { g: [-2, -1, 0, 1, 2], g_old: [2, 1, 0, -1, -2] }),
    shift: () => update(model, { g: [-1.7, -0.7, 0.3, 1.3, 2.3], g_old: [-2, -1, 0, 1, 2] }),
    equal: () => update(model, { g: model.get("g_old") }),
    reset: () => update(model, start),
  });
  for (const handle of el.querySelectorAll("[role=slider]")) {
    const { side, i } = handle.dataset;
    const set = (value) => update(model, { [side]: model.get(side).with(+i, value) });
    draggableOnRail(handle, () => ({ value: model.get(side)[i], set }), END);
  }
  return redrawWhen(model, Object.keys(start), el, draw);
}

export default { render };
