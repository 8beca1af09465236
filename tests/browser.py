"""What the tests of the moving figures share."""


def call(page, figure, function, inputs):
    """The figure's own function on each list of arguments, from its script imported as a module."""
    script = """async ([source, name, inputs]) => {
        const blob = new Blob([source], { type: "text/javascript" });
        const module = await import(URL.createObjectURL(blob));
        return inputs.map((input) => module[name](...input));
    }"""
    return page.evaluate(script, [figure.script, function, inputs])


def sizes(page):
    """Height of the figure, and where in it each control begins."""
    script = """figure => {
        const top = (element) => element.getBoundingClientRect().top;
        const controls = [...figure.querySelectorAll("button, input, p, svg")];
        return [figure.offsetHeight, ...controls.map((e) => Math.round(top(e) - top(figure)))];
    }"""
    return page.eval_on_selector("#figure", script)
