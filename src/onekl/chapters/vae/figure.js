// The encoder N(μ, σ²) beside the prior N(0, 1): the parts of their KL (sn-9), the reparameterised sample (sn-10),
// and what the reconstruction loss alone does to σ (sn-8).

// sn-9's four parts in nats, and their sum; expm1 keeps the sum exact near σ² = 1, where it is nearly zero.
export function parts(mu, log_var) {
  return {
    mean: mu ** 2 / 2,
    variance: Math.exp(log_var) / 2,
    log_variance: -log_var / 2,
    constant: -0.5,
    kl: (mu ** 2 + Math.expm1(log_var) - log_var) / 2,
  };
}

// E (x − wz)² for z ~ N(μ, σ²).
export function squared_error(x, w, mu, variance) {
  return (x - w * mu) ** 2 + w ** 2 * variance;
}

// For the decoder N(wz, s²) the loss is squared_error/(2s²) + KL + a constant.  Its derivative in σ² is
// w²/(2s²) + ½ − 1/(2σ²), which is zero at σ² = 1/(1 + w²/s²); the second derivative is positive.
export function best_variance(w, s2) {
  return 1 / (1 + w ** 2 / s2);
}

const X = 1;  // the data point that the decoder must give back
const Z_END = 7, SIGMA_END = Math.E;
// nine ε: the normal quantiles of 1/18, 3/18, …, 17/18
const EPSILON = [-1.593, -0.967, -0.589, -0.282, 0, 0.282, 0.589, 0.967, 1.593];

const density = (z, mu, sigma) => Math.exp(-(((z - mu) / sigma) ** 2) / 2) / (sigma * Math.sqrt(2 * Math.PI));
const signed = (v) => (v < 0 ? "−" : "+") + Math.abs(v).toFixed(3);

const SLIDERS = {
  mu: { label: "mean <i>μ</i>", min: -2.5, max: 2.5, step: 0.05 },
  log_var: { label: "log <i>σ</i>²", min: -6, max: 2, step: 0.05 },
  w: { label: "weight <i>w</i>", min: 0.25, max: 2, step: 0.05 },
  s2: { label: "variance <i>s</i>²", min: 0.1, max: 2, step: 0.05 },
};

const PARTS = {
  mean: "½<i>μ</i>²", variance: "½<i>σ</i>²", log_variance: "−½ log <i>σ</i>²", constant: "−½", kl: "KL",
};

function sliderHtml(key) {
  const { label, min, max, step } = SLIDERS[key];
  return `<label class="okl-slider"><span>${label}</span><input type="range" data-key="${key}" min="${min}" max="${max}"
    step="${step}"><output data-value="${key}"></output></label>`;
}

const partsHtml = () => Object.entries(PARTS).map(([key, label]) => `<div class="okl-part" data-part="${key}">
  <span>${label}</span><div class="okl-track"><div class="okl-bar"></div></div><output></output></div>`).join("");

const HTML = `<div class="okl-columns">${sliderHtml("mu")}${sliderHtml("log_var")}</div>
  <div class="okl-legend"><span><b class="okl-swatch okl-q"></b>prior <i>q</i>(<i>z</i>) = N(0, 1)</span>
    <span><b class="okl-swatch okl-p"></b>encoder <i>p</i>(<i>z</i>|<i>x</i>) = N(<i>μ</i>, <i>σ</i>²)</span></div>
  <svg class="okl-density" role="img" aria-label="the two densities, and nine samples z = μ + σε"></svg>
  <div class="okl-columns"><div class="okl-panel">
    <div class="okl-title">KL(N(<i>μ</i>, <i>σ</i>²) ‖ N(0, 1)), in four parts</div>${partsHtml()}
    <p class="okl-note">Each bar starts where the one above it ends; the last one is their sum, in nats.</p>
    <p class="okl-note">On the other side, the decoder N(<i>wz</i>, <i>s</i>²) has to give back <i>x</i> = ${X}.
    Its expected squared error is (<i>x</i> − <i>wμ</i>)² + <i>w</i>²<i>σ</i>².
    The whole loss, times 2<i>s</i>², is that error plus 2<i>s</i>² KL.
    The curves leave out what does not change with <i>σ</i>.</p></div>
  <div class="okl-panel"><div class="okl-title">loss as a function of <i>σ</i></div>
    <div class="okl-legend"><span><b class="okl-swatch okl-remainder"></b>error + 2<i>s</i>² KL</span>
    <span><b class="okl-swatch okl-marginal"></b>error alone</span></div>
    <svg class="okl-loss" role="img" aria-label="the loss as a function of σ, and its minimum"></svg>
    <div class="okl-buttons"><label class="okl-switch"><input type="checkbox" role="switch" data-switch>reconstruction only</label>
      <button type="button">move <i>σ</i> to the minimum</button></div>
    ${sliderHtml("w")}${sliderHtml("s2")}<p class="okl-status" aria-live="polite"></p></div></div>`;

function drawDensity(svg, mu, sigma) {
  const width = svg.clientWidth || 340, floor = 130, base = 190;
  const at = (z) => ((z + Z_END) / (2 * Z_END)) * width;
  const top = Math.max(density(0, 0, 1), density(mu, mu, sigma));
  const curve = (m, s) => {
    // the peak is put among the points: a narrow curve would miss it
    const zs = [...grid(-Z_END, Z_END, 280), ...grid(m - 4 * s, m + 4 * s, 80)].sort((a, b) => a - b);
    return path(zs.map((z) => [at(z), floor - (floor - 12) * density(z, m, s) / top]));
  };
  const rays = EPSILON.map((e) => {
    const z = at(mu + sigma * e);
    return `<line class="okl-ray" x1="${at(e)}" y1="${base}" x2="${z}" y2="${floor}"/>
      <circle class="okl-dot okl-p" cx="${z}" cy="${floor}" r="4"/><circle class="okl-dot okl-q" cx="${at(e)}" cy="${base}" r="4"/>`;
  });
  const ticks = [-6, -4, -2, 0, 2, 4, 6].map((z) => `<text x="${at(z)}" y="${base + 20}" text-anchor="middle">${minus(z)}</text>`);
  svg.setAttribute("viewBox", `0 0 ${width} 216`);
  svg.innerHTML = `<path class="okl-area okl-q" d="${curve(0, 1)}"/><path class="okl-area okl-p" d="${curve(mu, sigma)}"/>
    <line class="okl-rule" x1="0" x2="${width}" y1="${floor}" y2="${floor}"/><line class="okl-rule" x1="0" x2="${width}" y1="${base}" y2="${base}"/>
    ${rays.join("")}${ticks.join("")}<text x="2" y="${floor + 16}">z = μ + σε</text><text x="2" y="${base - 6}">ε</text>`;
}

// A waterfall: the running total is never negative, because σ² − log σ² ≥ 1.
function drawParts(el, values) {
  const end = Math.max(1, 2 ** Math.ceil(Math.log2(values.mean + values.variance + Math.max(0, values.log_variance))));
  let total = 0;
  for (const row of el.querySelectorAll("[data-part]")) {
    const key = row.dataset.part, value = values[key];
    const from = key === "kl" ? 0 : total;
    const bar = row.querySelector(".okl-bar");
    bar.className = `okl-bar ${key === "kl" ? "okl-joint" : value < 0 ? "okl-minus" : "okl-plus"}`;
    bar.style.left = `${(100 * Math.min(from, from + value)) / end}%`;
    bar.style.width = `${(100 * Math.abs(value)) / end}%`;
    row.querySelector("output").textContent = key === "kl" ? Math.max(0, value).toFixed(3) : signed(value);
    total = from + value;
  }
}

const withKl = (x, w, s2, mu, variance) => squared_error(x, w, mu, variance) + 2 * s2 * parts(mu, Math.log(variance)).kl;

function drawLoss(svg, { mu, log_var, w, s2, alone }) {
  const width = svg.clientWidth || 340, floor = 150, sigma = Math.exp(log_var / 2);
  const error = (s) => squared_error(X, w, mu, s * s), full = (s) => withKl(X, w, s2, mu, s * s);
  const low = error(0), high = Math.max(full(Math.exp(SLIDERS.log_var.min / 2)), full(SIGMA_END));
  const at = (s, v) => [8 + (s / SIGMA_END) * (width - 16), floor - ((v - low) / (high - low)) * (floor - 10)];
  const sigmas = grid(Math.exp(SLIDERS.log_var.min / 2), SIGMA_END, 120);
  const curve = (f, name, active) => `<path class="okl-curve ${name} ${active ? "" : "okl-faint"}" d="${path(sigmas.map((s) => at(s, f(s))))}"/>`;
  const best = alone ? 0 : Math.sqrt(best_variance(w, s2)), loss = alone ? error : full;
  const [bestX, bestY] = at(best, loss(best)), [nowX, nowY] = at(sigma, loss(sigma));
  const ticks = [0, 0.5, 1, 1.5, 2, 2.5].map((s) => `<text x="${at(s, low)[0]}" y="${floor + 18}" text-anchor="middle">${s}</text>`);
  svg.setAttribute("viewBox", `0 0 ${width} 174`);
  svg.innerHTML = `<line class="okl-rule" x1="8" x2="${width - 8}" y1="${floor}" y2="${floor}"/>${ticks.join("")}
    <text x="${width - 8}" y="${floor - 6}" text-anchor="end">σ</text>${curve(error, "okl-error", alone)}${curve(full, "okl-full", !alone)}
    <line class="okl-ray" x1="${bestX}" x2="${bestX}" y1="${bestY}" y2="${floor}"/>
    <circle class="okl-best" cx="${bestX}" cy="${bestY}" r="6"/><circle class="okl-now" cx="${nowX}" cy="${nowY}" r="5"/>`;
}

function explain({ log_var, w, s2, alone }) {
  const now = `Now σ² = ${Math.exp(log_var).toFixed(3)}.`;
  return alone
    ? `Reconstruction only: the minimum (ring) is at σ = 0, where the encoder has no noise left: an autoencoder. ${now}`
    : `With the KL term: the minimum (ring) is at σ² = 1/(1 + w²/s²) = ${best_variance(w, s2).toFixed(3)}. ${now}`;
}

function render({ model, el }) {
  const local = { w: 1, s2: 1, alone: false };
  const state = () => ({ ...local, mu: model.get("mu"), log_var: model.get("log_var") });
  el.classList.add("onekl-figure");
  el.innerHTML = HTML;

  const draw = () => {
    const now = state();
    drawDensity(el.querySelector(".okl-density"), now.mu, Math.exp(now.log_var / 2));
    drawParts(el, parts(now.mu, now.log_var));
    drawLoss(el.querySelector(".okl-loss"), now);
    el.querySelector(".okl-status").textContent = explain(now);
    for (const input of el.querySelectorAll("[data-key]")) {
      input.value = now[input.dataset.key];
      el.querySelector(`[data-value=${input.dataset.key}]`).textContent = minus(now[input.dataset.key].toFixed(2));
    }
  };
  const set = (key, value) => {
    if (key in local) { local[key] = value; draw(); }
    else { model.set(key, value); model.save_changes(); }  // the model's event draws
  };
  for (const input of el.querySelectorAll("[data-key]"))
    input.addEventListener("input", () => set(input.dataset.key, Number(input.value)));
  el.querySelector("[data-switch]").addEventListener("change", (event) => set("alone", event.target.checked));
  el.querySelector("button").addEventListener("click", () =>
    set("log_var", local.alone ? SLIDERS.log_var.min : Math.log(best_variance(local.w, local.s2))));
  model.on("change:mu", draw);
  model.on("change:log_var", draw);
  const sized = new ResizeObserver(draw);
  sized.observe(el);
  draw();
  return () => sized.disconnect();
}

export default { render };
