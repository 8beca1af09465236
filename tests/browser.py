"""What the tests of the moving figures share."""


def call(page, name, function, inputs):
    """The module's own function on each list of arguments; the module is imported, not the inline copy."""
    source = _source(name)
    script = """async ([source, name, inputs]) => {
        const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
        return inputs.map((input) => module[name](...input));
    }"""
    return page.evaluate(script, [source, function, inputs])


def sizes(page):
    """Height of the figure, and where in it each control begins."""
    script = """figure => [figure.offsetHeight, ...[...figure.querySelectorAll("button, input, p, svg")].map(e =>
        Math.round(e.getBoundingClientRect().top - figure.getBoundingClientRect().top))]"""
    return page.eval_on_selector("#figure", script)
