// AVB for one x on one axis: the prior N(0, 1), the decoder N(x; z², s²), whose posterior may have
// two modes, an encoder z = f(ε), and the best broken line T in the place of T*.  The numbers are
// those of onekl.chapters.avb.one_axis, and a test holds the two together.

const STEP = 0.02;
const EPSILON = Array.from({ length: 800 }, (_, i) => -8 + STEP * (i + 0.5));
const WEIGHTS = scaled(EPSILON.map((e) => Math.exp((-e * e) / 2)));
const mean = (values) => sum(values.map((v, i) => WEIGHTS[i] * v));

const LOG_2PI = Math.log(2 * Math.PI);
const logNormal = (z) => -(z * z + LOG_2PI) / 2;
const logLikelihood = (x, noise, z) => logNormal((x - z * z) / noise) - Math.log(noise);

// log q(x)
export const logEvidence = (x, noise) =>
  logSumExp(EPSILON.map((e, i) => Math.log(WEIGHTS[i]) + logLikelihood(x, noise, e)));

// The encoder's map f(ε) = c + aε + bkε/√(1 + k²ε²), and log p(z|x) = log N(ε; 0, 1) − log f'(ε).
const unit = (k, e) => 1 / Math.sqrt(1 + k * k * e * e);
const mapped = (knobs, k, e) => knobs[0] + e * (knobs[1] + knobs[2] * k * unit(k, e));
const logDensity = (knobs, k, e) =>
  logNormal(e) - Math.log(knobs[1] + knobs[2] * k * unit(k, e) ** 3);

// z and log p(z|x) at each ε.
export function encode(knobs) {
  const k = Math.exp(knobs[3]);
  return {
    z: EPSILON.map((e) => mapped(knobs, k, e)),
    log: EPSILON.map((e) => logDensity(knobs, k, e)),
  };
}

// The mean of log q(z) − log p(z|x) + log q(x|z).  Without lists: the search calls it often.
export function bound(x, noise, knobs) {
  const k = Math.exp(knobs[3]);
  let total = 0;
  for (let i = 0; i < EPSILON.length; i++) {
    const z = mapped(knobs, k, EPSILON[i]);
    const ratio = logNormal(z) - logDensity(knobs, k, EPSILON[i]);
    total += WEIGHTS[i] * (ratio + logLikelihood(x, noise, z));
  }
  return total;
}

const LOWEST = [-2, 0.05, 0, -1];
const HIGHEST = [2, 1.5, 2, 2.7];

// The best of several knobs.
const better = (x, noise, several) => {
  const values = several.map((knobs) => bound(x, noise, knobs));
  return several[values.indexOf(Math.max(...values))];
};

// The bound's slopes in c and a² vanish at c = 0 with one a², and where c² = x − s²/2 − 3a² with
// 12a⁴ − (4x − 2s²)a² + s² = 0; the smaller root is the maximum.
export function bestGaussian(x, noise) {
  const s2 = noise ** 2;
  const half = 2 * x - s2;
  const found = [[0, Math.sqrt((half + Math.sqrt(half ** 2 + 24 * s2)) / 12), 0, 0]];
  if (half > 0 && half ** 2 >= 12 * s2) {
    const a2 = (half - Math.sqrt(half ** 2 - 12 * s2)) / 12;
    const c2 = x - s2 / 2 - 3 * a2;
    if (c2 > 0) found.push([Math.sqrt(c2), Math.sqrt(a2), 0, 0]);
  }
  return better(x, noise, found);
}

// One knob at a time, in steps that are halved.
function climb(x, noise, start) {
  let at = start;
  let best = bound(x, noise, at);
  for (let step = 0.25; step > 5e-4; ) {
    const before = best;
    for (const move of [step, -step])
      for (const [i, v] of at.entries()) {
        const tried = at.with(i, clip(v + move, LOWEST[i], HIGHEST[i]));
        const value = bound(x, noise, tried);
        if (value > best) [at, best] = [tried, value];
      }
    if (best === before) step /= 2;
  }
  return at;
}

export const bestBlackBox = (x, noise) =>
  better(x, noise, [
    climb(x, noise, [0, 0.25, Math.sqrt(Math.max(x, 0)), 1]),
    climb(x, noise, bestGaussian(x, noise)),
  ]);

const END = 4; // the broken line has its knots in ±END, and is level beyond
const DECAY = 1e-6; // keeps the heights finite where neither side has mass

// Between which knots z lies, and how far on.
function placeOnLine(z, pieces) {
  const v = ((clip(z, -END, END) + END) * pieces) / (2 * END);
  const j = Math.min(pieces - 1, Math.floor(v));
  return { j, f: v - j };
}

const heightAt = (heights, { j, f }) => heights[j] * (1 - f) + heights[j + 1] * f;
export const line = (heights, z) => heightAt(heights, placeOnLine(z, heights.length - 1));

const softplus = (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
const sigmoid = (v) => 1 / (1 + Math.exp(-v));

// bend · step = slope for a symmetric matrix with three diagonals; it is positive definite.
function solve(diagonal, beside, slope) {
  const [d, s] = [[...diagonal], [...slope]];
  for (let i = 1; i < d.length; i++) {
    const ratio = beside[i - 1] / d[i - 1];
    d[i] -= ratio * beside[i - 1];
    s[i] -= ratio * s[i - 1];
  }
  for (let i = d.length - 1; i >= 0; i--)
    s[i] = (s[i] - (i < d.length - 1 ? beside[i] * s[i + 1] : 0)) / d[i];
  return s;
}

// The slope of the objective of `bestLine`, and Newton's step; a knot meets only its neighbours.
function derivatives(heights, sides) {
  const slope = heights.map((h) => -DECAY * h);
  const diagonal = heights.map(() => DECAY);
  const beside = heights.slice(1).map(() => 0);
  for (const { places, sign } of sides)
    for (const [i, { j, f }] of places.entries()) {
      const miss = sigmoid(-sign * heightAt(heights, { j, f }));
      const bend = WEIGHTS[i] * miss * (1 - miss);
      slope[j] += sign * WEIGHTS[i] * miss * (1 - f);
      slope[j + 1] += sign * WEIGHTS[i] * miss * f;
      diagonal[j] += bend * (1 - f) ** 2;
      diagonal[j + 1] += bend * f ** 2;
      beside[j] += bend * f * (1 - f);
    }
  return { slope, step: solve(diagonal, beside, slope) };
}

// The heights of the line T that maximises E log σ(T(z)) + E log(1 − σ(T(ε))) − ½ DECAY Σ heights²,
// by Newton's steps: the objective is concave.
export function bestLine(z, pieces) {
  const place = (v) => placeOnLine(v, pieces);
  const sides = [
    { places: z.map(place), sign: 1 },
    { places: EPSILON.map(place), sign: -1 },
  ];
  const objective = (heights) =>
    sum(
      sides.map(
        ({ places, sign }) => -mean(places.map((p) => softplus(-sign * heightAt(heights, p)))),
      ),
    ) -
    (DECAY / 2) * sum(heights.map((h) => h * h));
  let heights = Array(pieces + 1).fill(0);
  for (let i = 0; i < 100; i++) {
    const { slope, step } = derivatives(heights, sides);
    const gain = sum(slope.map((s, j) => s * step[j]));
    if (gain < 1e-20) break;
    const moved = (share) => heights.map((h, j) => h + share * step[j]);
    let share = 1;
    // close to the top, rounding would decide whether a step climbs
    while (gain * share > 1e-10 && objective(moved(share)) < objective(heights)) share /= 2;
    heights = moved(share);
  }
  return heights;
}

export function moments(z) {
  const m = mean(z);
  return { mean: m, deviation: Math.sqrt(mean(z.map((v) => (v - m) ** 2))) };
}

// What the discriminator sees and is told from N(0, 1), the true logit T* there, the best line, and
// the bound that the line reports.
export function discriminator(x, noise, knobs, pieces, contrast) {
  const { z, log } = encode(knobs);
  const { mean: m, deviation: d } = contrast ? moments(z) : { mean: 0, deviation: 1 };
  const seen = z.map((v) => (v - m) / d);
  const heights = bestLine(seen, pieces);
  const best = seen.map((v, i) => log[i] + Math.log(d) - logNormal(v));
  // log q(x, z) − log r(z), where r is the prior if nothing is standardised
  const rest = z.map(
    (v, i) => logNormal(v) + logLikelihood(x, noise, v) - logNormal(seen[i]) + Math.log(d),
  );
  const reported = mean(rest.map((v, i) => v - line(heights, seen[i])));
  return { seen, heights, best, reported };
}

const Z_END = 4;
// the places in EPSILON that are nearest to the normal quantiles of 1/18, 3/18, …, 17/18
const SAMPLES = [320, 351, 370, 385, 399, 414, 429, 448, 479];
const KNOBS = ["c", "a", "b", "log_k"];

const SLIDERS = {
  x: { label: "data <i>x</i>", min: -1, max: 3, step: 0.05 },
  noise: { label: "noise <i>s</i>", min: 0.3, max: 1, step: 0.01 },
  c: { label: "centre <i>c</i>", min: -2, max: 2, step: 0.01 },
  a: { label: "width <i>a</i>", min: 0.05, max: 1.5, step: 0.01 },
  b: { label: "split <i>b</i>", min: 0, max: 2, step: 0.01 },
  log_k: { label: "log <i>k</i>", min: -1, max: 2.7, step: 0.01 },
  pieces: { label: "pieces of <i>T</i>", min: 1, max: 16, step: 1 },
};

const sliderHtml = (key) => sliderRowHtml(key, SLIDERS[key]);

const ENCODERS = [
  ["gaussian", "Gaussian: <i>z</i> = <i>c</i> + <i>aε</i>"],
  [
    "black-box",
    "black box: <i>z</i> = <i>c</i> + <i>aε</i> + " +
      "<i>b</i> <i>kε</i>/√(1 + <i>k</i>²<i>ε</i>²)",
  ],
];

// A row of a table with two numbers.
const rowHtml = (key, words) => `
  <span role="rowheader">${words}</span>
  <output role="cell" data-value="${key}"></output>
  <output role="cell" data-value="${key}-gap"></output>`;

const tableHtml = (name, heads, rows) => `
  <div class="okl-figures" role="table" aria-label="${name}">
    <div role="row">${heads.map((h) => `<b role="columnheader">${h}</b>`).join("")}</div>
    ${rows.map(([key, words]) => `<div role="row">${rowHtml(key, words)}</div>`).join("")}
  </div>`;

const HTML = `
  <div class="okl-columns okl-stack">${sliderHtml("x")}${sliderHtml("noise")}</div>
  ${legendHtml([
    ["q", "prior <i>q</i>(<i>z</i>) (dashed)"],
    ["marginal", "posterior <i>q</i>(<i>z</i>|<i>x</i>) (thick)"],
    ["p", "encoder <i>p</i>(<i>z</i>|<i>x</i>) (thin, filled)"],
  ])}
  <svg class="okl-density" role="img"
    aria-label="prior, posterior and encoder as densities of z, and nine samples z = f(ε)"></svg>
  <div class="okl-columns okl-stack">
    <div>
      ${radiosHtml("encoder", "the encoder", ENCODERS)}
      <div class="okl-buttons">
        ${buttonHtml("gaussian", "best Gaussian")}
        ${buttonHtml("box", "best black box")}
        ${buttonHtml("reset", "reset")}
      </div>
    </div>
    <div>${KNOBS.map(sliderHtml).join("")}</div>
  </div>
  ${tableHtml(
    "what each encoder can reach",
    ["in nats", "bound", "gap"],
    [
      ["best-gaussian", "best Gaussian"],
      ["best-box", "best black box"],
      ["now", "the encoder above"],
    ],
  )}
  <p class="okl-note">
    The gap is log <i>q</i>(<i>x</i>) minus the bound, which is
    KL(<i>p</i>(<i>z</i>|<i>x</i>) ‖ <i>q</i>(<i>z</i>|<i>x</i>)).
    log <i>q</i>(<i>x</i>) = <output data-value="evidence"></output>.
    The best black box is what a search within the sliders' ends finds.
  </p>
  <div class="okl-title">The discriminator tells <span data-value="sides"></span></div>
  ${legendHtml([
    ["whole", "<i>T</i>* (thick)"],
    ["remainder", "the best broken line <i>T</i> (dashed, dots at its knots)"],
    ["p", "what the encoder shows (filled)"],
  ])}
  <svg class="okl-logits" role="img"
    aria-label="the true logit, the best broken line, and where the encoder has its mass"></svg>
  <div class="okl-columns okl-stack">
    ${sliderHtml("pieces")}
    <div>${switchHtml("contrast", "adaptive contrast")}</div>
  </div>
  <p class="okl-note">
    <i>T</i>* is the true log ratio. <i>T</i> is the broken line of so many pieces that tells the
    two apart best. With adaptive contrast its knots lie on the axis of <i>ẑ</i>: the encoder's
    centre and width are known already, and its shape is left to <i>T</i>.
  </p>
  ${tableHtml(
    "what the discriminator reports",
    ["in nats", "reported", "off by"],
    [
      ["true", "<i>T</i>*: the bound itself"],
      ["plain", "<i>T</i>"],
      ["contrasted", "<i>T</i>, adaptive contrast"],
    ],
  )}
  <svg class="okl-reports" role="img"
    aria-label="the bound, the two reports and log q(x) on one axis"></svg>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

// The densities stand on the height 0, and the samples' ε lie 54 pixels below it.
function drawDensity(svg, { x, noise }, { z, log }, evidence) {
  const [high, low, below] = [128, -54, -80];
  const zs = grid(-Z_END, Z_END, 400);
  const posterior = zs.map((v) => [
    v,
    Math.exp(logNormal(v) + logLikelihood(x, noise, v) - evidence),
  ]);
  const prior = zs.map((v) => [v, Math.exp(logNormal(v))]);
  const encoder = z.map((v, i) => [v, Math.exp(log[i])]);
  const peak = Math.max(...[...posterior, ...encoder].map(([, height]) => height));
  const plot = new Plot(svg, {
    height: 218,
    x: [-Z_END, Z_END],
    y: [below, high],
    margin: { top: 8, right: 0, bottom: 0, left: 0 },
  });
  const up = (points) => points.map(([v, height]) => [v, (high * height) / peak]);
  plot.area(up(encoder), 0, { class: "okl-area okl-p okl-shown" });
  plot.group({ class: "okl-trace okl-marginal" }, () =>
    plot.curve(up(posterior), { class: "okl-wide" }),
  );
  plot.group({ class: "okl-trace okl-q" }, () => plot.curve(up(prior), { class: "okl-dashed" }));
  plot.rule(0);
  plot.rule(low);
  drawSamples(plot, z, low);
  for (const v of [-3, -2, -1, 0, 1, 2, 3])
    plot.text([v, low], minus(v), { dy: 20, "text-anchor": "middle" });
  plot.text([-Z_END, 0], "z = f(ε)", { dx: 2, dy: 16 });
  plot.text([-Z_END, low], "ε", { dx: 2, dy: -6 });
  plot.show();
}

function drawSamples(plot, z, low) {
  for (const i of SAMPLES) {
    plot.segment([EPSILON[i], low], [z[i], 0], { class: "okl-ray" });
    plot.dot([z[i], 0], 4, { class: "okl-dot okl-p" });
    plot.dot([EPSILON[i], low], 4, { class: "okl-dot okl-q" });
  }
}

// What lies below the lower end is drawn on it.
function drawLogits(svg, { seen, heights, best }, contrast) {
  const [low, high] = [-8, 6];
  const plot = new Plot(svg, {
    height: 190,
    x: [-Z_END, Z_END],
    y: [low, high],
    margin: { left: 34 },
  });
  const density = best.map((v, i) => Math.exp(v + logNormal(seen[i])));
  const tall = (0.5 * (high - low)) / Math.max(...density);
  const inside = (points) => points.filter(([v]) => Math.abs(v) <= Z_END);
  const at = (values) => inside(seen.map((v, i) => [v, clip(values[i], low, high)]));
  plot.area(at(density.map((v) => low + tall * v)), low, { class: "okl-area okl-p okl-faint" });
  plot.rule(0);
  plot.xAxis([-3, -2, -1, 0, 1, 2, 3], contrast ? "ẑ" : "z");
  plot.yTicks([[low, `≤ ${minus(low)}`], -4, 0, 4]);
  plot.curve(at(best), { class: "okl-whole okl-thick" });
  plot.group({ class: "okl-trace okl-remainder" }, () => {
    const zs = grid(-Z_END, Z_END, heights.length - 1);
    const knots = heights.map((h, j) => [zs[j], clip(h, low, high)]);
    // between the knots too: a clipped line is not straight there
    plot.curve(grid(-Z_END, Z_END, 400).map((v) => [v, clip(line(heights, v), low, high)]));
    for (const knot of knots) plot.dot(knot, 3.5, { class: "okl-dot" });
  });
  plot.show();
}

// The distance of the ticks: about four of them.
const tickStep = (range) =>
  [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].find((v) => range / v < 5) ?? 500;

function drawReports(svg, evidence, rows) {
  const values = [evidence, ...rows.map(({ value }) => value)];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const step = tickStep(Math.max(0.4, most - least));
  const [from, to] = [Math.floor(least / step - 0.2), Math.ceil(most / step + 0.2)];
  const plot = new Plot(svg, {
    height: 116,
    x: [from * step, to * step],
    y: [0, 4],
    margin: { top: 4, left: 80, right: 14 },
  });
  const ticks = grid(from, to, to - from).map((v) => v * step);
  plot.xAxis(
    ticks.map((v) => [v, fixed(v, step < 1 ? 1 : 0)]),
    "",
  );
  plot.segment([evidence, 3.3], [evidence, 0], { class: "okl-truth" });
  const anchor = evidence - from * step > ((to - from) * step) / 2 ? "end" : "start";
  plot.text([evidence, 3.45], "log q(x)", { "text-anchor": anchor });
  for (const [i, { name, value, chosen }] of rows.entries()) {
    const height = 2.7 - i;
    plot.text([from * step, height], name, { dx: -8, dy: 4, "text-anchor": "end" });
    plot.segment([rows[0].value, height], [value, height], { class: "okl-off" });
    plot.dot([value, height], 5, { class: chosen ? "okl-reported" : "okl-best" });
  }
  plot.show();
}

const SIDES = {
  false: "the encoder's z from the prior's",
  true: "the encoder's standardised ẑ = (z − m)/d from N(0, 1)",
};

const knobsOf = ({ encoder, c, a, b, log_k }) => [c, a, encoder === "gaussian" ? 0 : b, log_k];

function showControls(el, now) {
  for (const key of Object.keys(SLIDERS))
    showSlider(el, key, now[key], fixed(now[key], key === "pieces" ? 0 : 2));
  showRadio(el, "encoder", now.encoder);
  showSwitch(el, "contrast", now.contrast);
  for (const key of ["b", "log_k"])
    el.querySelector(`[data-key=${key}]`).disabled = now.encoder === "gaussian";
}

const shown = (v) => fixed(Math.abs(v) < 5e-4 ? 0 : v, 3);
const signed = (v) => (shown(v) === "0.000" ? "" : v < 0 ? "−" : "+") + shown(Math.abs(v));

const exactly = (off) => shown(off) === "0.000";

// What the report is with the switch the other way.
function otherwise(contrast, off, now) {
  const words = `${contrast ? "Without" : "With"} adaptive contrast it is`;
  if (exactly(off)) return `${words} exact.`;
  const change = Math.abs(off) - Math.abs(now);
  const compared = change > 0 ? "which is further off" : "which is nearer";
  return `${words} off by ${signed(off)}${exactly(change) ? "" : `, ${compared}`}.`;
}

function explain({ encoder, contrast }, evidence, { true: exact, plain, contrasted }) {
  const [used, other] = contrast ? [contrasted, plain] : [plain, contrasted];
  const off = used - exact;
  const then = otherwise(contrast, other - exact, off);
  if (encoder === "gaussian" && contrast)
    return (
      "A Gaussian encoder, standardised, is N(0, 1): there T* = 0, and every broken line can " +
      `be 0. The report is exact. ${then}`
    );
  if (exactly(off)) return `What T reports is right to three decimals. ${then}`;
  const over = used > evidence ? ", and more than log q(x): the report is no bound" : "";
  const amount = `${shown(Math.abs(off))} nats too ${off > 0 ? "much" : "little"}`;
  return `T reports ${amount}${over}. ${then}`;
}

function render({ model, el }) {
  const names = ["x", "noise", "encoder", ...KNOBS, "pieces", "contrast"];
  const state = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const start = state();
  let reach = {};
  fill(el, HTML);

  // The search is for x and s alone.
  const reachable = ({ x, noise }) => {
    if (reach.x !== x || reach.noise !== noise)
      reach = { x, noise, gaussian: bestGaussian(x, noise), box: bestBlackBox(x, noise) };
    return reach;
  };
  const draw = () => {
    const now = state();
    const { x, noise, pieces, contrast } = now;
    const knobs = knobsOf(now);
    const evidence = logEvidence(x, noise);
    const exact = bound(x, noise, knobs);
    const { gaussian, box } = reachable(now);
    const plain = discriminator(x, noise, knobs, pieces, false);
    const contrasted = discriminator(x, noise, knobs, pieces, true);
    const reports = { true: exact, plain: plain.reported, contrasted: contrasted.reported };
    drawDensity(el.querySelector(".okl-density"), now, encode(knobs), evidence);
    drawLogits(el.querySelector(".okl-logits"), contrast ? contrasted : plain, contrast);
    drawReports(el.querySelector(".okl-reports"), evidence, [
      { name: "T*", value: exact },
      { name: "T", value: reports.plain, chosen: !contrast },
      { name: "T, adaptive", value: reports.contrasted, chosen: contrast },
    ]);
    const bounds = { "best-gaussian": gaussian, "best-box": box, now: knobs };
    for (const [key, tried] of Object.entries(bounds)) {
      const value = bound(x, noise, tried);
      showValues(el, { [key]: shown(value), [`${key}-gap`]: shown(evidence - value) });
    }
    for (const [key, value] of Object.entries(reports))
      showValues(el, { [key]: shown(value), [`${key}-gap`]: signed(value - exact) });
    showValues(el, { evidence: shown(evidence), sides: SIDES[contrast] });
    showControls(el, now);
    say(el, explain(now, evidence, reports));
  };
  const reached = (encoder) => {
    const { gaussian, box } = reachable(state());
    const [c, a, b, log_k] = encoder === "gaussian" ? gaussian : box;
    update(model, encoder === "gaussian" ? { encoder, c, a } : { encoder, c, a, b, log_k });
  };
  onSliders(el, (key, value) => update(model, { [key]: value }));
  onSwitches(el, (key, on) => update(model, { [key]: on }));
  onRadios(el, (key, value) => update(model, { [key]: value }));
  onButtons(el, {
    gaussian: () => reached("gaussian"),
    box: () => reached("black-box"),
    reset: () => update(model, start),
  });
  return redrawWhen(model, names, el, draw);
}

export default { render };
