// The chain rule of su-4 on two joint tables that the reader drags: joint = marginal + remainder.
// Tables are arrays p[x][z].  The conventions are those of onekl.tables, and a test holds the two
// together.

// KL of two lists.  log 0 = -Infinity makes p·log(p/0) = +Infinity; cells with p = 0 add nothing.
const divergence = (p, q) => sum(p.map((v, i) => (v > 0 ? v * (Math.log(v) - Math.log(q[i])) : 0)));

// The three numbers of su-4 in nats, each from its own definition.
// Where q(x) = 0, q(z|x) is undefined and is taken to be p(z|x): it adds nothing to the remainder.
export function terms(p, q) {
  const pData = p.map(sum);
  const qX = q.map(sum);
  const gaps = pData.map((mass, x) =>
    mass > 0 && qX[x] > 0 ? mass * divergence(scaled(p[x]), scaled(q[x])) : 0,
  );
  return {
    joint: divergence(p.flat(), q.flat()),
    marginal: divergence(pData, qX),
    remainder: sum(gaps),
  };
}

// The table with cell (x, z) set to value in [0, 1]; the other cells keep their proportions.
export function withCell(table, x, z, value) {
  const columns = table[0].length;
  const cells = withValue(table.flat(), x * columns + z, value);
  return table.map((_, i) => cells.slice(i * columns, (i + 1) * columns));
}

// q(x)·p(z|x): the model side with its posterior made equal to the encoder.
// A row stays as it is where p(z|x) is undefined.
export function tighten(p, q) {
  return q.map((row, x) => (sum(p[x]) > 0 ? scaled(p[x]).map((v) => v * sum(row)) : row));
}

// A zero in q at p's largest cell.
export function punch(p, q) {
  const largest = Math.max(...p.flat());
  const x = p.findIndex((row) => row.includes(largest));
  return withCell(q, x, p[x].indexOf(largest), 0);
}

// Three decimals even of small values; a sum that rounding left below 0 is shown as 0.
const number = (v) => (v === Infinity ? "∞" : fixed(Math.max(0, v), 3));

function explain({ joint, marginal, remainder }, [first, second]) {
  if (marginal === Infinity)
    return (
      `${second}(x) is zero at an x that ${first} reaches: the marginal KL is ∞, ` +
      "and so is the joint one. " +
      `There ${second}(z|x) is undefined, and adds nothing to the remainder.`
    );
  if (joint === Infinity)
    return (
      `${second} is zero in a cell where ${first} is not: the joint KL is ∞. ` +
      "The marginal KL is still finite; the remainder takes the whole infinity."
    );
  if (joint < 1e-9) return "The two tables are equal: all three are zero.";
  if (remainder < 1e-9)
    return "q(z|x) = p(z|x): nothing remains, and the joint KL equals the marginal one.";
  return "The joint bar is longer than the marginal one by the remainder, which is never negative.";
}

const SIDES = {
  p: { title: "data side <i>p</i>(<i>x</i>, <i>z</i>)", marginal: "<i>p̃</i>(<i>x</i>)" },
  q: { title: "model side <i>q</i>(<i>x</i>, <i>z</i>)", marginal: "<i>q</i>(<i>x</i>)" },
};

const cellHtml = (side, x, z) =>
  tileBoxHtml({
    class: "okl-tile",
    ...sliderRole(`${side}(x${x + 1}, z${z + 1})`),
    "aria-orientation": "vertical",
    "data-side": side,
    "data-x": x,
    "data-z": z,
  });

const marginHtml = (side, x) =>
  tileBoxHtml({ class: "okl-tile okl-sum", "data-side": side, "data-x": x });

function tableHtml(side, table) {
  const xs = [...table.keys()];
  const zs = [...table[0].keys()];
  const names = xs.map((x) => headHtml(letterHtml("x", x + 1)));
  const rows = zs.flatMap((z) => [
    headHtml(letterHtml("z", z + 1)),
    ...xs.map((x) => cellHtml(side, x, z)),
  ]);
  const foot = [headHtml(SIDES[side].marginal), ...xs.map((x) => marginHtml(side, x))];
  return `
    <div class="okl-panel okl-${side}">
      <div class="okl-title">${SIDES[side].title}</div>
      <div class="okl-grid"><span></span>${[...names, ...rows, ...foot].join("")}</div>
    </div>`;
}

const termHtml = (key) =>
  valueHtml(key, `${swatchHtml(key)}${key} <span data-formula="${key}"></span>`);

const html = ({ p, q }) => `
  <div class="okl-columns">${tableHtml("p", p)}${tableHtml("q", q)}</div>
  <p class="okl-note">
    Drag a tile up or down, or focus it and press the arrow keys.
    The other cells of its table shrink or grow in proportion, so that it always sums to one.
    The dashed line is the other table's value.
  </p>
  <div class="okl-buttons">
    ${buttonHtml("reverse", "reverse the KL", { "aria-pressed": false })}
    ${buttonHtml("tighten", "make <i>q</i>(<i>z</i>|<i>x</i>) = <i>p</i>(<i>z</i>|<i>x</i>)")}
    ${buttonHtml("punch", "put a zero into <i>q</i> where <i>p</i> is not")}
    ${buttonHtml("reset", "reset")}
  </div>
  <div class="okl-terms">
    ${termHtml("joint")}
    ${trackHtml(barHtml("joint"))}
    ${trackHtml(barHtml("marginal"), barHtml("remainder"))}
    <div class="okl-axis">
      <span>0</span><span data-axis="half"></span><span data-axis="end"></span>
    </div>
    ${termHtml("marginal")}
    ${termHtml("remainder")}
  </div>
  <p class="okl-status" aria-live="polite"></p>`;

function formulas(reversed) {
  const data = { joint: "<i>p</i>", marginal: "<i>p̃</i>(<i>x</i>)" };
  const model = { joint: "<i>q</i>", marginal: "<i>q</i>(<i>x</i>)" };
  const [a, b] = reversed ? [model, data] : [data, model];
  const kl = (first, second) => `KL(${first} ‖ ${second})`;
  const both = "(<i>x</i>, <i>z</i>)";
  const given = "(<i>z</i>|<i>x</i>)";
  return {
    joint: kl(a.joint + both, b.joint + both),
    marginal: kl(a.marginal, b.marginal),
    remainder: `Σ<sub><i>x</i></sub> ${a.marginal} ${kl(a.joint + given, b.joint + given)}`,
  };
}

function drawTables(el, tables) {
  for (const tile of el.querySelectorAll(".okl-tile")) {
    const { side, x, z } = tile.dataset;
    const read = (table) => (z === undefined ? sum(table[x]) : table[x][z]);
    fillTile(tile, read(tables[side]), read(tables[side === "p" ? "q" : "p"]));
  }
}

function drawBars(el, values) {
  const finite = Object.values(values).filter(Number.isFinite);
  const longest = values.joint === Infinity ? 2 * Math.max(0, ...finite) : values.joint;
  const end = powerOfTwo(longest, 0.125);
  for (const [key, value] of Object.entries(values)) {
    drawBar(el.querySelector(`[data-bar=${key}]`), value / end);
    showValues(el, { [key]: number(value) });
  }
  el.querySelector("[data-axis=half]").textContent = end / 2;
  el.querySelector("[data-axis=end]").textContent = `${end} nats`;
}

function drawFormulas(el, reversed) {
  for (const [key, formula] of Object.entries(formulas(reversed)))
    el.querySelector(`[data-formula=${key}]`).innerHTML = formula;
  el.querySelector("[data-do=reverse]").setAttribute("aria-pressed", reversed);
}

function render({ model, el }) {
  const tables = () => ({ p: model.get("p"), q: model.get("q") });
  const start = tables();
  let reversed = false;
  fill(el, html(start));

  const draw = () => {
    const { p, q } = tables();
    const values = reversed ? terms(q, p) : terms(p, q);
    drawTables(el, { p, q });
    drawBars(el, values);
    drawFormulas(el, reversed);
    say(el, explain(values, reversed ? ["q", "p"] : ["p", "q"]));
  };
  onButtons(el, {
    reverse() {
      reversed = !reversed;
      draw();
    },
    tighten: () => update(model, { q: tighten(model.get("p"), model.get("q")) }),
    punch: () => update(model, { q: punch(model.get("p"), model.get("q")) }),
    reset() {
      reversed = false;
      updateAndDraw(model, start, draw);
    },
  });
  for (const tile of el.querySelectorAll("[role=slider]")) {
    const { side, x, z } = tile.dataset;
    const hold = () => {
      const table = model.get(side);
      const set = (value) => update(model, { [side]: withCell(table, +x, +z, value) });
      return { value: table[x][z], set };
    };
    draggable(tile, hold, (right, up) => up / tile.clientHeight);
  }
  return redrawWhen(model, ["p", "q"], el, draw);
}

export default { render };
