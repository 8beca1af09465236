// The encoder N(μ, σ²) beside the prior N(0, 1): the parts of their KL (sn-9), the reparameterised
// sample (sn-10), and what the reconstruction loss alone does to σ (sn-8).

// sn-9's four parts in nats, and their sum.
// expm1 keeps the sum exact near σ² = 1, where it is nearly zero.
export function parts(mu, log_var) {
  return {
    mean: mu ** 2 / 2,
    variance: Math.exp(log_var) / 2,
    logVariance: -log_var / 2,
    constant: -0.5,
    kl: (mu ** 2 + Math.expm1(log_var) - log_var) / 2,
  };
}

// E (x − wz)² for z ~ N(μ, σ²).
export function squaredError(x, w, mu, variance) {
  return (x - w * mu) ** 2 + w ** 2 * variance;
}

// For the decoder N(wz, s²) the loss is squaredError/(2s²) + KL + a constant.  Its derivative in
// σ² is w²/(2s²) + ½ − 1/(2σ²), which is zero at σ² = 1/(1 + w²/s²); the second derivative is
// positive.
export function bestVariance(w, s2) {
  return 1 / (1 + w ** 2 / s2);
}

// The whole loss, times 2s², without what does not change with σ.
const withKl = (x, w, s2, mu, variance) =>
  squaredError(x, w, mu, variance) + 2 * s2 * parts(mu, Math.log(variance)).kl;

const density = (z, mu, sigma) =>
  Math.exp(-(((z - mu) / sigma) ** 2) / 2) / (sigma * Math.sqrt(2 * Math.PI));

const X = 1; // the data point that the decoder must give back
const Z_END = 7;
const SIGMA_END = Math.E;
// nine ε: the normal quantiles of 1/18, 3/18, …, 17/18
const EPSILON = [-1.593, -0.967, -0.589, -0.282, 0, 0.282, 0.589, 0.967, 1.593];

const SLIDERS = {
  mu: { label: "mean <i>μ</i>", min: -2.5, max: 2.5, step: 0.05 },
  log_var: { label: "log <i>σ</i>²", min: -6, max: 2, step: 0.05 },
  w: { label: "weight <i>w</i>", min: 0.25, max: 2, step: 0.05 },
  s2: { label: "variance <i>s</i>²", min: 0.1, max: 2, step: 0.05 },
};

const PARTS = {
  mean: "½<i>μ</i>²",
  variance: "½<i>σ</i>²",
  logVariance: "−½ log <i>σ</i>²",
  constant: "−½",
  kl: "KL",
};

const sliderHtml = (key) => sliderRowHtml(key, SLIDERS[key]);

const partHtml = (key) => `
  <div class="okl-part">
    <span>${PARTS[key]}</span>
    ${trackHtml(barHtml(key))}
    <output data-value="${key}"></output>
  </div>`;

const HTML = `
  <div class="okl-columns">${sliderHtml("mu")}${sliderHtml("log_var")}</div>
  ${legendHtml([
    ["q", "prior <i>q</i>(<i>z</i>) = N(0, 1)"],
    ["p", "encoder <i>p</i>(<i>z</i>|<i>x</i>) = N(<i>μ</i>, <i>σ</i>²)"],
  ])}
  <svg class="okl-density" role="img"
    aria-label="the two densities, and nine samples z = μ + σε"></svg>
  <div class="okl-columns">
    <div class="okl-panel">
      <div class="okl-title">KL(N(<i>μ</i>, <i>σ</i>²) ‖ N(0, 1)), in four parts</div>
      ${Object.keys(PARTS).map(partHtml).join("")}
      <p class="okl-note">
        Each bar starts where the one above it ends; the last one is their sum, in nats.
      </p>
      <p class="okl-note">
        On the other side, the decoder N(<i>wz</i>, <i>s</i>²) has to give back <i>x</i> = ${X}.
        Its expected squared error is (<i>x</i> − <i>wμ</i>)² + <i>w</i>²<i>σ</i>².
        The whole loss, times 2<i>s</i>², is that error plus 2<i>s</i>² KL.
        The curves leave out what does not change with <i>σ</i>.
      </p>
    </div>
    <div class="okl-panel">
      <div class="okl-title">loss as a function of <i>σ</i></div>
      ${legendHtml([
        ["remainder", "error + 2<i>s</i>² KL"],
        ["marginal", "error alone"],
      ])}
      <svg class="okl-loss" role="img"
        aria-label="the loss as a function of σ, and its minimum"></svg>
      <div class="okl-buttons">
        ${switchHtml("alone", "reconstruction only")}
        ${buttonHtml("minimum", "move <i>σ</i> to the minimum")}
      </div>
      ${sliderHtml("w")}
      ${sliderHtml("s2")}
      <p class="okl-status" aria-live="polite"></p>
    </div>
  </div>`;

// The densities stand on the height 0, and the samples ε 60 pixels below it.
function drawDensity(svg, mu, sigma) {
  const [high, low, below] = [118, -60, -86];
  const plot = new Plot(svg, {
    height: 216,
    x: [-Z_END, Z_END],
    y: [below, high],
    margin: { top: 12, right: 0, bottom: 0, left: 0 },
  });
  const top = Math.max(density(0, 0, 1), density(mu, mu, sigma));
  const bell = (m, s, look) => {
    const zs = gridWith(-Z_END, Z_END, 280, grid(m - 4 * s, m + 4 * s, 80));
    plot.curve(
      zs.map((z) => [z, (high * density(z, m, s)) / top]),
      look,
    );
  };
  bell(0, 1, { class: "okl-area okl-q" });
  bell(mu, sigma, { class: "okl-area okl-p" });
  plot.rule(0);
  plot.rule(low);
  for (const epsilon of EPSILON) {
    const z = mu + sigma * epsilon;
    plot.segment([epsilon, low], [z, 0], { class: "okl-ray" });
    plot.dot([z, 0], 4, { class: "okl-dot okl-p" });
    plot.dot([epsilon, low], 4, { class: "okl-dot okl-q" });
  }
  for (const z of [-6, -4, -2, 0, 2, 4, 6])
    plot.text([z, low], minus(z), { dy: 20, "text-anchor": "middle" });
  plot.text([-Z_END, 0], "z = μ + σε", { dx: 2, dy: 16 });
  plot.text([-Z_END, low], "ε", { dx: 2, dy: -6 });
  plot.show();
}

const signed = (v) => (v < 0 ? "−" : "+") + fixed(Math.abs(v), 3);

// A waterfall: the running total is never negative, because σ² − log σ² ≥ 1.
function drawParts(el, values) {
  const { mean, variance, logVariance } = values;
  const end = powerOfTwo(mean + variance + Math.max(0, logVariance), 1);
  let total = 0;
  for (const [key, value] of Object.entries(values)) {
    const whole = key === "kl";
    const from = whole ? 0 : total;
    const sign = value < 0 ? "okl-minus" : "okl-plus";
    const bar = el.querySelector(`[data-bar=${key}]`);
    bar.className = `okl-bar ${whole ? "okl-joint" : sign}`;
    bar.style.left = `${(100 * Math.min(from, from + value)) / end}%`;
    drawBar(bar, Math.abs(value) / end);
    showValues(el, { [key]: whole ? fixed(Math.max(0, value), 3) : signed(value) });
    total = from + value;
  }
}

function drawLoss(svg, { mu, log_var, w, s2, alone }) {
  const error = (s) => squaredError(X, w, mu, s * s);
  const full = (s) => withKl(X, w, s2, mu, s * s);
  const loss = alone ? error : full;
  const least = Math.exp(SLIDERS.log_var.min / 2);
  const sigma = Math.exp(log_var / 2);
  const best = alone ? 0 : Math.sqrt(bestVariance(w, s2));
  const plot = new Plot(svg, {
    height: 174,
    x: [0, SIGMA_END],
    y: [error(0), Math.max(full(least), full(SIGMA_END))],
  });
  const curve = (f, look) =>
    plot.curve(
      grid(least, SIGMA_END, 120).map((s) => [s, f(s)]),
      { class: `okl-curve ${look} ${f === loss ? "" : "okl-faint"}` },
    );
  plot.xAxis([0, 0.5, 1, 1.5, 2, 2.5], "σ");
  curve(error, "okl-error");
  curve(full, "okl-full");
  plot.segment([best, loss(best)], [best, error(0)], { class: "okl-ray" });
  plot.dot([best, loss(best)], 6, { class: "okl-best" });
  plot.dot([sigma, loss(sigma)], 5, { class: "okl-now" });
  plot.show();
}

function explain({ log_var, w, s2, alone }) {
  const now = `Now σ² = ${fixed(Math.exp(log_var), 3)}.`;
  return alone
    ? "Reconstruction only: the minimum (ring) is at σ = 0, where the encoder has no noise left: " +
        `an autoencoder. ${now}`
    : "With the KL term: the minimum (ring) is at σ² = 1/(1 + w²/s²) = " +
        `${fixed(bestVariance(w, s2), 3)}. ${now}`;
}

function render({ model, el }) {
  const local = { w: 1, s2: 1, alone: false };
  const state = () => ({ ...local, mu: model.get("mu"), log_var: model.get("log_var") });
  fill(el, HTML);

  const draw = () => {
    const now = state();
    drawDensity(el.querySelector(".okl-density"), now.mu, Math.exp(now.log_var / 2));
    drawParts(el, parts(now.mu, now.log_var));
    drawLoss(el.querySelector(".okl-loss"), now);
    for (const key of Object.keys(SLIDERS)) showSlider(el, key, now[key], fixed(now[key], 2));
    say(el, explain(now));
  };
  const set = (key, value) => {
    if (!(key in local)) return update(model, { [key]: value });
    local[key] = value;
    draw();
  };
  onSliders(el, set);
  onSwitches(el, set);
  onButtons(el, {
    minimum() {
      const best = Math.log(bestVariance(local.w, local.s2));
      update(model, { log_var: local.alone ? SLIDERS.log_var.min : best });
    },
  });
  return redrawWhen(model, ["mu", "log_var"], el, draw);
}

export default { render };
