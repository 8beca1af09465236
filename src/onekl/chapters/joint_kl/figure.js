// The chain rule of su-4 on two joint tables that the reader drags: joint = marginal + remainder.
// Tables are arrays p[x][z].  The conventions are those of onekl.finite, and a test holds the two together.

// KL of two lists.  log 0 = -Infinity makes p·log(p/0) = +Infinity; cells with p = 0 add nothing.
const divergence = (p, q) => sum(p.map((v, i) => (v > 0 ? v * (Math.log(v) - Math.log(q[i])) : 0)));

const conditional = (row) => row.map((v) => v / sum(row));

// The three numbers of su-4 in nats, each from its own definition.
// Where q(x) = 0, q(z|x) is undefined and is taken to be p(z|x): it adds nothing to the remainder.
export function terms(p, q) {
  const pData = p.map(sum), qX = q.map(sum);
  const gaps = pData.map((mass, x) =>
    mass > 0 && qX[x] > 0 ? mass * divergence(conditional(p[x]), conditional(q[x])) : 0);
  return { joint: divergence(p.flat(), q.flat()), marginal: divergence(pData, qX), remainder: sum(gaps) };
}

// The table with cell (x, z) set to value in [0, 1]; the other cells keep their proportions and share the rest
// (equally, when all of them are zero).
export function withCell(table, x, z, value) {
  const v = clip(value, 0, 1);
  const others = sum(table.flat().filter((_, k) => k !== x * table[0].length + z));
  const spread = (1 - v) / (table.flat().length - 1);
  return table.map((row, i) => row.map((old, j) =>
    i === x && j === z ? v : others > 0 ? (old / others) * (1 - v) : spread));
}

// q(x)·p(z|x): the model side with its posterior made equal to the encoder (kept where p(z|x) is undefined).
export function tighten(p, q) {
  return q.map((row, x) => (sum(p[x]) > 0 ? conditional(p[x]).map((v) => v * sum(row)) : row));
}

// A zero in q at p's largest cell.
export function punch(p, q) {
  const largest = Math.max(...p.flat());
  const x = p.findIndex((row) => row.includes(largest));
  return withCell(q, x, p[x].indexOf(largest), 0);
}

const number = (v) => (v === Infinity ? "∞" : Math.max(0, v).toFixed(3));

// The smallest of …, ¼, ½, 1, 2, 4, … that holds v: the axis jumps seldom while a tile is dragged.
const axisFor = (v) => Math.max(0.125, 2 ** Math.ceil(Math.log2(v)));

function explain({ joint, marginal, remainder }, [first, second]) {
  if (marginal === Infinity)
    return `${second}(x) is zero at an x that ${first} reaches: the marginal KL is ∞, and so is the joint one. ` +
      `There ${second}(z|x) is undefined, and adds nothing to the remainder.`;
  if (joint === Infinity)
    return `${second} is zero in a cell where ${first} is not: the joint KL is ∞. ` +
      "The marginal KL is still finite; the remainder takes the whole infinity.";
  if (joint < 1e-9) return "The two tables are equal: all three are zero.";
  if (remainder < 1e-9) return "q(z|x) = p(z|x): nothing remains, and the joint KL equals the marginal one.";
  return "The joint bar is longer than the marginal one by the remainder, which is never negative.";
}

const SIDES = {
  p: { title: "data side <i>p</i>(<i>x</i>, <i>z</i>)", marginal: "<i>p̃</i>(<i>x</i>)" },
  q: { title: "model side <i>q</i>(<i>x</i>, <i>z</i>)", marginal: "<i>q</i>(<i>x</i>)" },
};

function tableHtml(side, table) {
  const names = table.map((_, x) => `<span class="okl-head"><i>x</i><sub>${x + 1}</sub></span>`).join("");
  const tile = (x, z) =>
    `<div class="okl-tile" role="slider" tabindex="0" aria-orientation="vertical" aria-valuemin="0" aria-valuemax="1"
      aria-label="${side}(x${x + 1}, z${z + 1})" data-side="${side}" data-x="${x}" data-z="${z}">
      <div class="okl-fill"></div><div class="okl-other"></div><span></span></div>`;
  const rows = table[0].map((_, z) =>
    `<span class="okl-head"><i>z</i><sub>${z + 1}</sub></span>` + table.map((_, x) => tile(x, z)).join("")).join("");
  const foot = table.map((_, x) => `<div class="okl-tile okl-sum" data-side="${side}" data-x="${x}">
      <div class="okl-fill"></div><div class="okl-other"></div><span></span></div>`).join("");
  return `<div class="okl-panel okl-${side}"><div class="okl-title">${SIDES[side].title}</div>
    <div class="okl-grid"><span></span>${names}${rows}<span class="okl-head">${SIDES[side].marginal}</span>${foot}</div></div>`;
}

function termsHtml() {
  const line = (key) => `<div class="okl-line"><span><b class="okl-swatch okl-${key}"></b>${key}
    <span class="okl-formula" data-formula="${key}"></span></span><output data-term="${key}"></output></div>`;
  const bar = (key) => `<div class="okl-bar okl-${key}" data-bar="${key}"></div>`;
  return `<div class="okl-terms">${line("joint")}
    <div class="okl-track">${bar("joint")}</div><div class="okl-track">${bar("marginal")}${bar("remainder")}</div>
    <div class="okl-axis"><span>0</span><span data-axis="half"></span><span data-axis="end"></span></div>
    ${line("marginal")}${line("remainder")}</div>`;
}

const BUTTONS = `<div class="okl-buttons">
  <button type="button" data-do="reverse" aria-pressed="false">reverse the KL</button>
  <button type="button" data-do="tighten">make <i>q</i>(<i>z</i>|<i>x</i>) = <i>p</i>(<i>z</i>|<i>x</i>)</button>
  <button type="button" data-do="punch">put a zero into <i>q</i> where <i>p</i> is not</button>
  <button type="button" data-do="reset">reset</button></div>`;

function formulas(reversed) {
  const p = "<i>p</i>", q = "<i>q</i>", data = "<i>p̃</i>(<i>x</i>)", model = "<i>q</i>(<i>x</i>)";
  const [a, b, aX, bX] = reversed ? [q, p, model, data] : [p, q, data, model];
  const pair = "(<i>x</i>, <i>z</i>)", given = "(<i>z</i>|<i>x</i>)";
  return {
    joint: `KL(${a}${pair} ‖ ${b}${pair})`,
    marginal: `KL(${aX} ‖ ${bX})`,
    remainder: `Σ<sub><i>x</i></sub> ${aX} KL(${a}${given} ‖ ${b}${given})`,
  };
}

function drawTile(tile, value, other) {
  tile.querySelector(".okl-fill").style.height = `${100 * value}%`;
  tile.querySelector(".okl-other").style.bottom = `${100 * other}%`;
  tile.querySelector("span").textContent = value.toFixed(2);
  if (tile.dataset.z === undefined) return;
  tile.setAttribute("aria-valuenow", value);
  tile.setAttribute("aria-valuetext", value.toFixed(3));
}

function drawTables(el, tables) {
  for (const tile of el.querySelectorAll(".okl-tile")) {
    const { side, x, z } = tile.dataset;
    const read = (table) => (z === undefined ? sum(table[x]) : table[x][z]);
    drawTile(tile, read(tables[side]), read(tables[side === "p" ? "q" : "p"]));
  }
}

// Bars are shares of the axis.  An infinite bar is hatched and runs to the end of its track.
function drawBars(el, values) {
  const finite = Object.values(values).filter(Number.isFinite);
  const end = axisFor(values.joint === Infinity ? 2 * Math.max(0, ...finite) : values.joint);
  for (const [key, value] of Object.entries(values)) {
    const bar = el.querySelector(`[data-bar=${key}]`);
    bar.style.width = `${Math.min(100, (100 * Math.max(0, value)) / end)}%`;
    bar.classList.toggle("okl-infinite", value === Infinity);
    el.querySelector(`[data-term=${key}]`).textContent = number(value);
  }
  el.querySelector("[data-axis=half]").textContent = end / 2;
  el.querySelector("[data-axis=end]").textContent = `${end} nats`;
}

function render({ model, el }) {
  const start = { p: model.get("p"), q: model.get("q") };
  let reversed = false;
  el.classList.add("onekl-figure");
  el.innerHTML = `<div class="okl-columns">${tableHtml("p", start.p)}${tableHtml("q", start.q)}</div>
    <p class="okl-note">Drag a tile up or down, or focus it and press the arrow keys.
    The other cells of its table shrink or grow in proportion, so that it always sums to one.
    The dashed line is the other table's value.</p>${BUTTONS}${termsHtml()}<p class="okl-status" aria-live="polite"></p>`;

  const draw = () => {
    const p = model.get("p"), q = model.get("q");
    const values = reversed ? terms(q, p) : terms(p, q);
    drawTables(el, { p, q });
    drawBars(el, values);
    for (const [key, html] of Object.entries(formulas(reversed))) el.querySelector(`[data-formula=${key}]`).innerHTML = html;
    el.querySelector("[data-do=reverse]").setAttribute("aria-pressed", reversed);
    say(el, explain(values, reversed ? ["q", "p"] : ["p", "q"]));
  };
  const set = (state) => {
    for (const [key, table] of Object.entries(state)) model.set(key, table);
    model.save_changes();  // the model's events draw
  };
  const actions = {
    reverse: () => { reversed = !reversed; draw(); },
    tighten: () => set({ q: tighten(model.get("p"), model.get("q")) }),
    punch: () => set({ q: punch(model.get("p"), model.get("q")) }),
    reset: () => { reversed = false; set(start); draw(); },
  };
  for (const button of el.querySelectorAll("button")) button.addEventListener("click", actions[button.dataset.do]);
  for (const tile of el.querySelectorAll("[role=slider]")) {
    const { side, x, z } = tile.dataset;
    const hold = () => {
      const table = model.get(side);
      return { value: table[x][z], set: (value) => set({ [side]: withCell(table, +x, +z, value) }) };
    };
    draggable(tile, hold, (right, up) => up / tile.clientHeight);
  }
  model.on("change:p", draw);
  model.on("change:q", draw);
  draw();
}

export default { render };
