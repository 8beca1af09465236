// Probabilities in lists: the arithmetic of onekl.tables, and a test holds the two together.

const scaled = (list) => {
  const total = sum(list);
  return list.map((v) => v / total);
};

// log Σ exp; the largest is taken out, so that nothing overflows.
function logSumExp(list) {
  const largest = Math.max(...list);
  return largest + Math.log(sum(list.map((v) => Math.exp(v - largest))));
}

function softmax(logits) {
  const largest = Math.max(...logits);
  return scaled(logits.map((l) => Math.exp(l - largest)));
}

// a log(a/b) − a + b, with its digits where a is close to b.  There log(a/b) = 2 artanh v,
// and the first term of its series cancels against −a + b up to (a − b)²/(a + b).
export function klDiv(a, b) {
  const v = (a - b) / (a + b);
  const log = Math.abs(v) < 0.5 ? 2 * Math.atanh(v) : Math.log(a) - Math.log(b);
  if (!(Math.abs(v) < 0.1)) return (a > 0 ? a * log : 0) - a + b;
  let series = 0;
  for (let j = 1; j < 9; j++) series += v ** (2 * j + 1) / (2 * j + 1);
  return (a - b) * v + 2 * a * series;
}

// The list with one value set, in [0, 1]; the others keep their proportions and share the rest
// (equally, when all of them are 0).
export function withValue(list, index, value) {
  const v = clip(value, 0, 1);
  const others = sum(list.filter((_, i) => i !== index));
  const equal = (1 - v) / (list.length - 1);
  return list.map((old, i) => {
    if (i === index) return v;
    return others > 0 ? (old / others) * (1 - v) : equal;
  });
}
