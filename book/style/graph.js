// The graph of the claims: the page is a list of all of them; here it becomes a chooser that shows
// one at a time.  Which one, the fragment of the address says (graph.html#su-19), so that each has a
// link and the browser's back button works.

const graph = document.querySelector(".onekl-graph");
const entries = [...graph.querySelectorAll(".onekl-graph-entry")];

function optionFor(entry) {
  const [head, words] = entry.querySelectorAll(".onekl-graph-claim > p");
  const word = head.querySelector(".onekl-badge").textContent;
  return new Option(`${entry.id} (${word}): ${words.textContent}`, entry.id);
}

// A group of options for each chapter: its title, and the entries up to the next one.
function groupFor(title) {
  const group = document.createElement("optgroup");
  group.label = title.textContent;
  for (let at = title.nextElementSibling; at && at.id; at = at.nextElementSibling)
    group.append(optionFor(at));
  return group;
}

function addChooser() {
  const label = document.createElement("label");
  const chooser = document.createElement("select");
  label.className = "onekl-graph-chooser";
  label.append("Choose a claim: ", chooser);
  chooser.append(...[...graph.querySelectorAll(".rubric")].map(groupFor));
  graph.prepend(label);
  graph.classList.add("onekl-graph-live");
  return chooser;
}

const named = () => entries.find((entry) => `#${entry.id}` === location.hash);

function show(chosen, chooser) {
  for (const entry of entries) entry.hidden = entry !== chosen;
  chooser.value = chosen.id;
}

if (graph) {
  const chooser = addChooser();
  const start = graph.querySelector(".onekl-graph-start");
  show(named() ?? start, chooser);
  named()?.scrollIntoView();
  // Not by location.hash, which would take the keyboard from the chooser.
  chooser.addEventListener("change", () => {
    history.pushState(null, "", `#${chooser.value}`);
    show(named(), chooser);
  });
  // A link, or the back button.
  addEventListener("hashchange", () => {
    if (!location.hash) show(start, chooser);
    const entry = named();
    if (!entry) return; // another place of the page
    show(entry, chooser);
    entry.scrollIntoView();
    // The link that was followed is hidden with its entry: the keyboard goes on from the new one.
    entry.tabIndex = -1;
    entry.focus({ preventScroll: true });
  });
}
